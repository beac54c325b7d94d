"""The emobserver protocol: reads a response exactly as EmObserver's evaluators do.

A response without any label counts as the first candidate, and one without any letter as A. Source:
`evaluate/metrics_calculators/` of github.com/wdqqdw/EmObserver: `vecbench.py`, `mvei.py`, `eemo_bench.py`.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vecbench.parsing.prediction import Reading

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind
    from vecbench.parsing.form import Form

# Two searches, where the evaluator has one expression: that takes forever where nothing is closed.
_OPENING = re.compile("<answer>", re.IGNORECASE)
_CLOSING = re.compile("</answer>", re.IGNORECASE)

LETTERS = ("A", "B", "C", "D")
_BRACES = re.compile(r"\{[^{}]*\}")
_LONGEST = 100_000
_LONE_A, _LONE_B = re.compile(r"\ba\b"), re.compile(r"\bb\b")


def read(
    response: str | None,
    candidates: Sequence[str],
    kind: AnswerKind | None = None,
    finish_reason: str | None = None,
    form: Form | None = None,
) -> Reading:
    """The label or verdict that EmObserver's evaluator reads, which knows no confidence."""
    del finish_reason, form
    if kind is not None and kind.name == "verdict":
        verdict = verdict_on_statement(response or "")
        return Reading(verdict, "ok" if verdict else "abstained", None, "missing")
    if kind is not None and kind.name == "choice":  # without its target, of which the evaluator makes use
        return Reading(named_letter(answer_text(response or "")) or LETTERS[0], "ok", None, "missing")
    found = named_label(response or "", candidates)
    label = found if found is not None else candidates[0] if candidates else None
    return Reading(label, "ok" if label is not None else "no_answer", None, "missing")


def named_label(response: str, candidates: Sequence[str]) -> str | None:
    """The first candidate in list order that is a substring of the answer; None if there is none."""
    answer = answer_text(response).lower()
    return next((candidate for candidate in candidates if candidate.lower() in answer), None)


def answer_text(response: str) -> str:
    """Its first complete answer; else what follows the last `<answer>` or `</think>`; else everything."""
    tagged = _in_tag(response)
    if tagged is not None:
        return tagged
    lowered = response.lower()
    ends = [lowered.rfind(tag) + len(tag) for tag in ("<answer>", "</think>") if tag in lowered]
    return response[max(ends, default=0) :]


def _in_tag(response: str) -> str | None:
    opening = _OPENING.search(response)
    if opening and (closing := _CLOSING.search(response, opening.end())):
        return response[opening.end() : closing.start()]
    return None


def chosen_letter(response: str, target: str, prompt: str | None, options: Mapping[str, str]) -> str | None:
    """The letter that its evaluator of questions takes for the choice; None where it takes A for want of any.

    That is the target if the text of that option is a substring of a complete answer; else the first letter
    that the answer has. The options are those that the evaluator finds in the prompt;
    `options` stand for them where the prompt is unknown.
    """
    tagged = _in_tag(response)
    if tagged is not None:
        there = options if prompt is None else _options_in(prompt)
        right = str(there.get(target, ""))
        if right and right.lower() in tagged.lower():
            return target
    return named_letter(answer_text(response))


def named_letter(text: str) -> str | None:
    """The first of A to D that is a capital anywhere in a text, or small without a letter beside it."""
    return next((each for each in LETTERS if each in text or _alone(each.lower(), text)), None)


def _alone(letter: str, text: str) -> bool:
    return re.search(rf"(?<![A-Za-z]){letter}(?![A-Za-z])", text) is not None


def _options_in(prompt: str) -> Mapping[object, object]:
    """The object in the last braces of a prompt; nothing if they hold none."""
    last = (_BRACES.findall(prompt[-_LONGEST:]) or [""])[-1]
    try:
        with warnings.catch_warnings():  # of a backslash that escapes nothing
            warnings.simplefilter("ignore")
            found = ast.literal_eval(last)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        try:
            found = json.loads(last.replace("'", '"'))
        except (ValueError, RecursionError):
            return {}
    return found if isinstance(found, dict) else {}


def verdict_on_statement(response: str) -> str | None:
    """The verdict of its evaluator of statements; None for its choice C, which is never right.

    Source: `evaluate/metrics_calculators/mvei.py`, there.
    """
    text = answer_text(response)
    lowered = text.lower()
    if "incorrect" in lowered:
        return "incorrect"
    if "correct" in lowered or "A" in text or _LONE_A.search(lowered):
        return "correct"
    return "incorrect" if "B" in text or _LONE_B.search(lowered) else None
