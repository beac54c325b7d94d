"""Which labels a text says are there: by listing them, or by a confidence or a yes or no for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from vecbench.answers.enumeration import enumerated
from vecbench.answers.spellings import FIRST_SIGN, LAST_SIGN, SIGN, Spellings
from vecbench.labels import normal_form
from vecbench.parsing.confidence import read_confidence
from vecbench.parsing.negation import LABEL, is_crossed_out, is_negated
from vecbench.parsing.prediction import AnswerStatus

_EMPTY = re.compile(r"[\s\"'`*]*(?:\[\s*\]|\{\s*\}|\(\s*\)|∅)[\s\"'`*.]*")
_KINDS_OF_LABELS = r"(?:labels?|categor(?:y|ies)|emotions?|objects?)"
_NONE = re.compile(
    rf"(?:there (?:is|are) )?(?:nothing|no {_KINDS_OF_LABELS}"
    rf"|none(?: of (?:them|th[eo]se|the above|(?:the|these) {_KINDS_OF_LABELS}))?)"
    r"(?: (?:(?:is|are) )?(?:present|visible|shown|appl(?:y|ies)))?|empty(?: set| list)?"
)
_MARKUP = r"[\s\"'`*]*"
_FLAGS = {"yes": 1.0, "true": 1.0, "present": 1.0, "no": 0.0, "false": 0.0, "absent": 0.0}
_NUMBER = r"[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[-+]?\d+)?(?: ?%| ?/ ?\d+(?:[.,]\d+)?)?"
_PAIR = re.compile(
    rf"(?P<sign>[{FIRST_SIGN}-{LAST_SIGN}]){_MARKUP}"
    rf"(?:(?:[:=(|]|->)[\s\"'`*(]*(?P<value>{_NUMBER}|{'|'.join(_FLAGS)})"
    rf"|[-\u2013\u2014 ]*(?P<bare>[01]?\.\d+|\d+(?:\.\d+)? ?%))(?![\w%]|[.,]\d)"
)
_QUOTED = rf"[\"'`*]{{0,3}}{SIGN.pattern}[\"'`*]{{0,3}}"
_PLAIN_LIST = re.compile(rf"[\s\[]*{_QUOTED}(?:\s*[,;\n]\s*{_QUOTED})*[\s\].]*")
_BESIDE = re.compile(r"[:=(]\W{0,3}[-+]?\d")
_INTRODUCED = re.compile(r"\W*|\D{0,120}[:=\[({\n]\W*")
_LITTLE = re.compile(rf"{SIGN.pattern}\W{{1,5}}(?:very )?(?:low|weak|minimal|zero|little|unlikely)\b")
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")


class StatedLabels(NamedTuple):
    """What a text says is there.

    Attributes:
        labels: Each once, in no order.
        confidences: Label → in [0, 1], where the text states them per label; else None.
        by_alias: Whether any label is named by an alias.
    """

    labels: frozenset[str]
    confidences: Mapping[str, float] | None = None
    by_alias: bool = False


def stated_labels(text: str, spellings: Spellings, *, bare: bool) -> StatedLabels | AnswerStatus:
    """The labels that a text says are there, or why it says nothing that can be read.

    Labels with a number each, or a yes or no, are there from a confidence of 0.5 on. Of a whole response,
    which is `bare`, only what is surely one of these is an answer.

    Returns:
        The labels, none where it says "none" or shows an empty list. Or "ambiguous" (a label is denied, has
        two values, or only some have one), "out_of_range" (a number that is no confidence),
        "not_a_candidate" (something else stands among the labels), "no_answer".
    """
    lines = [line for each in text.split("\n") if (line := spellings.masked(each)).strip()]
    masked = "\n".join(lines)
    if not SIGN.search(masked) and (_EMPTY.fullmatch(text) or _NONE.fullmatch(normal_form(text))):
        return StatedLabels(frozenset())
    if is_crossed_out(text):
        return "ambiguous" if SIGN.search(masked) else "no_answer" if bare else "not_a_candidate"
    if _PLAIN_LIST.fullmatch(masked):
        names = [spellings.named_by(sign) for sign in SIGN.findall(masked)]
        return StatedLabels(frozenset(n.label for n in names), by_alias=any(n.is_alias for n in names))
    if pairs := list(_PAIR.finditer(masked)):
        return _valued(masked, pairs, spellings, bare)
    found = enumerated(text, spellings, bare=bare)
    if isinstance(found, str):
        return found
    labels = frozenset(each.label for each in found)
    if labels & _denied(lines, spellings):
        return "ambiguous"
    return StatedLabels(labels, by_alias=any(each.is_alias for each in found))


def _denied(lines: list[str], spellings: Spellings) -> set[str]:
    """The labels of sentences that deny one."""
    sentences = [each for line in lines for each in _SENTENCE_END.split(line)]
    denying = [each for each in sentences if SIGN.search(each) and is_negated(SIGN.sub(LABEL, each))]
    denying += _LITTLE.findall("\n".join(lines))
    return {spellings.named_by(sign).label for each in denying for sign in SIGN.findall(each)}


def _valued(
    masked: str, pairs: list[re.Match[str]], spellings: Spellings, bare: bool
) -> StatedLabels | AnswerStatus:
    """The labels of a text that gives some a value."""
    ends = [*(each.start() for each in pairs[1:]), len(masked)]
    before = masked[: pairs[0].start()]
    rest = " ".join(masked[each.end() : end] for each, end in zip(pairs, ends, strict=True))
    if SIGN.search(before + rest):
        return "ambiguous"
    if any(map(str.isalpha, before)) and is_negated(before):
        return "ambiguous"
    if any(map(str.isalpha, rest)) or not _INTRODUCED.fullmatch(before):
        return "no_answer" if bare and not _BESIDE.search(rest) else "not_a_candidate"
    said = [each["value"] or each["bare"] for each in pairs]
    flags = [each in _FLAGS for each in said]
    values = [_FLAGS[each] if each in _FLAGS else read_confidence(each)[0] for each in said]
    if any(flags) and not all(flags):
        return "ambiguous"
    names = [spellings.named_by(each["sign"]) for each in pairs]
    confidences: dict[str, float] = {}
    for name, value in zip(names, values, strict=True):
        if value is None:
            return "out_of_range"
        if confidences.setdefault(name.label, value) != value:
            return "ambiguous"
    labels = frozenset(label for label, value in confidences.items() if value >= 0.5)
    return StatedLabels(
        labels, None if all(flags) else confidences, by_alias=any(each.is_alias for each in names)
    )
