"""Names from other people's files, made harmless for each output: no sample id may break a table."""

from __future__ import annotations

import html
import re

_MARKDOWN = str.maketrans(
    {each: f"\\{each}" for each in r"\`*_{}[]#|~$@"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_LINKED = re.compile(r"(?<=[A-Za-z]):(?=//)|(?<=www)\.|(?<=[\w.+-])\\@(?=\w)", re.IGNORECASE)
"""What GitHub makes a link of without any markup, whatever is escaped in it: addresses, of people too."""
_LATEX = str.maketrans(
    {each: f"\\{each}" for each in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "–": "--"}
    | {"−": "$-$", "×": r"$\times$", "±": r"$\pm$", "≤": r"$\le$", "≥": r"$\ge$", "→": r"$\to$"}
    | {"↑": r"$\uparrow$", "↓": r"$\downarrow$"}
)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str, width: int | None = None) -> str:
    """On one line, with everything invisible or half a character written as its escape; cut to a width."""
    shown = text
    if not text.isprintable():
        shown = "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
        )
    return shown if width is None or len(shown) <= width else shown[: width - 1] + "…"


def encodable(text: str) -> str:
    """With every half of a surrogate pair as its escape, which is JSON's too, so that UTF-8 can hold it.

    Names of files may have them: Python spells bytes that are not UTF-8 that way.
    """
    return text.encode(errors="backslashreplace").decode()


def in_markdown(text: str, width: int | None = None) -> str:
    """As `printable`, with everything that means something in Markdown or HTML escaped.

    What opens HTML becomes an entity: not every reader of Markdown lets a backslash stop it. A web or mail
    address gets an element in its middle, so that it is no link.
    """
    return _LINKED.sub(r"<span>\g<0></span>", printable(text, width).translate(_MARKDOWN))


def in_latex(text: str) -> str:
    """As `printable`, with everything that means something in LaTeX escaped and the dash as it is typed."""
    return printable(text).translate(_LATEX)


def in_html(text: str) -> str:
    """As `printable`, with everything that means something in HTML escaped, in attributes too."""
    return html.escape(printable(text))


def in_xml(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold, not even escaped; U+FFFD in their place."""
    return _NOT_XML.sub("\ufffd", text)


def in_annotation_message(text: str) -> str:
    """As GitHub's workflow commands want the text after `::`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def in_annotation_property(text: str) -> str:
    """As GitHub's workflow commands want the value of a property such as `title`."""
    return in_annotation_message(text).replace(":", "%3A").replace(",", "%2C")
