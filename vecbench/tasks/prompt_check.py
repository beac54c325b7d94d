"""Whether what a prompt asks for can be read.

What it asks for is taken from the forms that it shows: a tag with its closing one, a key of a JSON object, a
box, lines with a colon and a placeholder. Answers in these forms are made up and read: no list says which are
known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from vecbench.answers import AnswerKind, Label
from vecbench.parsing import strict
from vecbench.parsing.form import Form
from vecbench.parsing.visible import without_reasoning

_TAG = re.compile(r"<([A-Za-z][\w:-]{0,39})>(?=[^<]{0,400}(?:<(?!/)[^<]{0,400}){0,4}</\1>)")
_KEY = re.compile(r"[\"']([A-Za-z_][\w -]{1,39})[\"']\s*:")
_LINE = re.compile(r"^\W{0,4}([A-Za-z]\w*(?: \w+)?): ?\{(?!\s?[\"'])", re.MULTILINE)
_CONFIDENCE = re.compile(r"confiden|probab|certain|likelihood|how sure|credence", re.IGNORECASE)
_BEYOND_ONE = re.compile(
    rf"(?:{_CONFIDENCE.pattern})[^.\n]{{0,120}}?\b0\s?(?:-|\u2013|to|and)\s?(100?)\b(?!\s?%)", re.IGNORECASE
)


class PromptFinding(NamedTuple):
    """What somebody should know of a prompt; without a remedy it is no fault."""

    problem: str
    remedy: str = ""


def prompt_findings(text: str, form: Form, kind: AnswerKind) -> Iterator[PromptFinding]:
    """What cannot be read of the answers that a prompt asks for, as a model gets it.

    Args:
        text: The prompt, rendered.
        form: How its answers are read.
        kind: Of its answers.
    """
    shown = [each for each in _shown(text) if not _is_reasoning(each[1], form)]
    asks = asks_for_confidence(text, form)
    named = ", ".join(dict.fromkeys(name for name, _ in shown))
    readings = [strict.read(example, _LABELS, Label(_LABELS), "stop", _fields(form)) for _, example in shown]
    if shown and not any(each.answer == _LABELS[0] for each in readings):
        yield PromptFinding(
            f"asks for {named}, and no answer is read of these",
            "Say what the answer is called: `fields: {answer: NAME}` beside `template:`.",
        )
    numbers = [example.replace(_LABELS[0], "0.7") for _, example in shown]
    numbers.append("\n".join(numbers))  # a confidence may be stated in two parts
    confidences = [strict.read(each, _LABELS, Label(_LABELS), "stop", _fields(form)) for each in numbers]
    if not asks:
        yield PromptFinding("asks for no confidence")
    elif len(shown) > 1 and all(each.confidence is None for each in confidences):
        yield PromptFinding(
            f"asks for {named}, and no confidence is read of these",
            "Say what it is called: `fields: {confidence: NAME}` beside `template:`.",
        )
    if form.scale is None and (asked := _BEYOND_ONE.search(text)):
        yield PromptFinding(
            f"asks for a confidence up to {asked[1]}, and a bare number is read as one up to 1",
            f"Write `scale: {'ten' if asked[1] == '10' else 'percent'}`.",
        )
    if not form.lettered and kind.lettered() != kind and re.search(_lettered(kind), text):
        yield PromptFinding(
            "letters the labels, and a letter alone is read as none",
            "Write `lettered: true` beside `template:`.",
        )


def asks_for_confidence(text: str, form: Form) -> bool:
    """Whether a rendered prompt asks for a confidence, by whatever name."""
    return _CONFIDENCE.search(text) is not None or any(name in text.lower() for name in form.confidence)


_LABELS = ("fear", "joy")


def _shown(text: str) -> Iterator[tuple[str, str]]:
    """The names in the forms that a prompt shows, each with an answer in that form."""
    for name in dict.fromkeys(_TAG.findall(text)):
        yield f"<{name}>", f"<{name}>{_LABELS[0]}</{name}>"
    for name in dict.fromkeys(_KEY.findall(text)):
        yield f'"{name}"', json.dumps({name: _LABELS[0]})
    if "\\boxed{" in text:
        yield "\\boxed{}", f"\\boxed{{{_LABELS[0]}}}"
    lines = dict.fromkeys(_LINE.findall(text))
    for name in lines if len(lines) > 1 else ():
        yield f"{name}:", f"{name}: {_LABELS[0]}"


def _is_reasoning(example: str, form: Form) -> bool:
    return not without_reasoning(example, form.reasoning).text.strip()


def _fields(form: Form) -> Form:
    """The form without what has nothing to do with names."""
    return Form(form.reasoning, form.answer, form.confidence, sentences=False)


def _lettered(kind: AnswerKind) -> str:
    try:
        labels = kind.candidates({})
    except ValueError:  # which only rows list
        labels = ()
    first, second, *_ = *labels, "\x00", "\x00"
    return rf"\bA[.):]\s?{re.escape(first)}\b[^\n]{{0,20}}\s\(?B[.):]\s?{re.escape(second)}\b"
