"""Names from other people's files, made harmless for each output: no sample id may break a table."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&$])")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str, width: int | None = None) -> str:
    """On one line, with everything invisible or half a character written as its escape; cut to a width."""
    shown = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )
    return shown if width is None or len(shown) <= width else shown[: width - 1] + "…"


def in_markdown(text: str, width: int | None = None) -> str:
    """As `printable`, with everything that means something in GitHub's Markdown or HTML escaped."""
    return _MARKDOWN.sub(r"\\\1", printable(text, width))


def in_latex(text: str) -> str:
    """With everything that means something in LaTeX escaped, and the dash as it is typed there."""
    special = {each: f"\\{each}" for each in "&%$#_{}"} | {"–": "--"}
    special |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
    return "".join(special.get(each, each) for each in text)


def in_xml(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold, not even escaped; U+FFFD in their place."""
    return _NOT_XML.sub("\ufffd", text)


def in_annotation_message(text: str) -> str:
    """As GitHub's workflow commands want the text after `::`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def in_annotation_property(text: str) -> str:
    """As GitHub's workflow commands want the value of a property such as `title`."""
    return in_annotation_message(text).replace(":", "%3A").replace(",", "%2C")
