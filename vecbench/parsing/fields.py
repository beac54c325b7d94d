"""Fields that a prompt names otherwise than `answer` and `confidence`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from vecbench.parsing.form import Scale

_BEFORE = r"^(?:[^\w\n<]|_){0,16}(?:[0-9]{1,2}[.)](?:[^\w\n<]|_){0,8})?(?:(?:the|my|final)[ \t]+){0,2}"
_GAP = r"[^\w\n:\uff1a=(]{0,8}"
_COLON = rf"(?:[ \t]+is\b)?{_GAP}(?:\([^()\n]{{0,40}}\){_GAP})?[:\uff1a=]"

_ENDS: Mapping[Scale, str] = {"unit": "1", "ten": "10", "percent": "100"}
_SCALES = {
    scale: re.compile(
        rf"[(\[]\s?0\s?%?\s?(?:[-\u2013\u2014]|to)\s?{end}\s?%?\s?[)\]](?=[^\w\n]{{0,8}}[:\uff1a=])"
    )
    for scale, end in _ENDS.items()
}


def with_own_names(text: str, answer: Sequence[str] = (), confidence: Sequence[str] = ()) -> str:
    """A response with the fields that a prompt names so, written as `answer` and `confidence`.

    They are tags, JSON keys, lines with a colon and headings, and a name before a box. Where a text has a
    JSON key of the prompt's, its own key `answer` is another field. Takes linear time.
    """
    for name, own in (("answer", answer), ("confidence", confidence)):
        patterns = _patterns(tuple(each for each in own if each.casefold() != name))
        if patterns is None:
            continue
        tag, key, word = patterns
        text = tag.sub(rf"\g<1>{name}\g<2>", text)
        if key.search(text):
            text = re.sub(rf"([\"']){name}\1(?=\s{{0,8}}:)", rf"\g<1>other {name}\g<1>", text)
            text = key.sub(rf"\g<1>{name}\g<1>", text)
        text = word.sub(rf"\g<1>{name.capitalize()}", text)
    return text


def without_scale(text: str, scale: Scale | None) -> str:
    """A response that does not repeat the scale that it was asked for: "Confidence (0-100): 85"."""
    return text if scale is None else _SCALES[scale].sub(" ", text)


@lru_cache(maxsize=64)
def _patterns(names: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]] | None:
    """Of a tag, of a JSON key, and of a word that names a field."""
    if not names:
        return None
    either = "|".join(r"[\s_-]".join(map(re.escape, re.split(r"[\s_-]+", each.strip()))) for each in names)
    return (
        re.compile(rf"((?:<|&lt;)\s{{0,8}}/?\s{{0,8}})(?:{either})(\s{{0,8}}(?:>|&gt;))", re.IGNORECASE),
        re.compile(rf"([\"'])(?:{either})\1(?=\s{{0,8}}:)", re.IGNORECASE),
        re.compile(
            rf"({_BEFORE})(?:{either})(?={_COLON}|[*_# \t\r]{{0,8}}$|[ \t]+and\b)"
            rf"|(?<=[\s,;(])(?:{either})(?={_COLON}|[^\n{{}}\\]{{0,40}}\\boxed)",
            re.IGNORECASE | re.MULTILINE,
        ),
    )
