"""Whether a text declines to answer, or says that there is nothing to answer about."""

from __future__ import annotations

import re

_CANNOT = (
    r"(?:can(?:no|['’])t|can not|could(?:n['’]t| not)|won['’]t|unable to|not able to|not allowed to"
    r"|do(?:n['’]t| not) have the ability to)"
)
_DOING = (
    r"(?:help|assist|provide|identify|determine|analy[sz]e|answer|comply|comment|fulfil|fulfill|engage|view|see"
    r"|access|process|open|load|recogni[sz]e|describe|interpret|discuss|complete|feel)"
)
_REFUSAL = re.compile(
    r"\b(?:i['’]?m sorry|i am sorry|sorry,? (?:but )?i|apologi[sz]e"
    rf"|{_CANNOT}(?: \w+){{0,2}}? {_DOING}\b|unable to determine|beyond me"
    r"|as an ai\b|i(?:['’]m| am) an ai\b|could not be loaded|no image (?:was|is|has been)"
    r"|image (?:was|is) missing|please (?:provide|upload|attach|share) (?:the|an|your) image)"
    r"|(?:抱歉|无法(?:分析|判断|回答|查看|识别)|lo siento|no puedo (?:ayudar|analizar|ver)|tut mir leid"
    r"|ich kann (?:das|dieses) bild nicht|je ne peux pas|désolé)",
    re.IGNORECASE,
)


def refuses(text: str) -> bool:
    """Whether it does, in one of the turns that models use; an expression of feeling is none."""
    return _REFUSAL.search(text) is not None
