"""The confidence that stands beside a label in one text."""

from __future__ import annotations

import re

from vecbench.parsing.lines import CONFIDENCE_COLON, CONFIDENCE_NAME

SHORT = 100
"""Characters of a label with its probability."""

# Possessive: a run of blanks is gone through once.
_IN_BRACKETS = re.compile(
    r"[(\[][ \t]*+(?:with[ \t]++)?"
    rf"(?:(?:my[ \t]++)?{CONFIDENCE_NAME}[ \t]*+(?:[:\uff1a=]|\b(?:is|of)\b)?[ \t]*+([^()\[\]{{}}\n]{{1,40}})"
    r"|([^()\[\]{}\n]{1,40}?)[ \t]*+\bconfiden(?:t|ce)[ \t]*+)[)\]]",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    rf"(?:[^\w\n]|_)(?:with[ \t]++)?(?:my[ \t]++)?{CONFIDENCE_NAME}{CONFIDENCE_COLON}(.*)", re.IGNORECASE
)
# A whole number may count options, people or stars, and so may a fraction.
_PROBABILITY = r"(?:[01]?[.,][0-9]+|[0-9]+(?:[.,][0-9]+)?\s*[%\uff05])"
_UNNAMED = re.compile(
    rf"(.*?)(?:[\s,:\uff1a(\[\u2013\u2014]|\s-\s)\s*[(\[]?({_PROBABILITY})[)\]]?[\s.*]*", re.DOTALL
)


def named_confidence(text: str) -> tuple[str, str, int] | None:
    """A text without the confidence that it names, that confidence, and where in the text it ends.

    It is named in brackets ("fear (confidence: 0.9)", "fear (90% confident)") or behind something else on
    the line ("fear, confidence: 0.9"). The last one counts. None if none is.
    """
    if "confiden" not in text.lower():
        return None
    found = None
    for each in _IN_BRACKETS.finditer(text):
        found = each
    found = found or _BEHIND.search(text)
    if found is None or not any(map(str.isalnum, text[: found.start()])):
        return None
    return f"{text[: found.start()]} {text[found.end() :]}", found[found.lastindex or 1], found.end()


def confidence_beside(text: str) -> tuple[str, str] | None:
    """What "fear (0.9)" or "fear (confidence: 0.9)" is, if the first part is a label: that, and "0.9".

    Without a name, the probability is a decimal or a percentage, and the only thing behind the first part.
    """
    if len(text) > SHORT:
        return None
    if named := named_confidence(text):
        return named[:2]
    unnamed = _UNNAMED.fullmatch(text)
    return None if unnamed is None else (unnamed[1], unnamed[2])
