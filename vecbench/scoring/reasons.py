"""Why the strict protocol and the emocaliber protocol read one response differently."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vecbench.answers.label import labels_named
from vecbench.labels import normal_form
from vecbench.parsing import emocaliber
from vecbench.parsing.prediction import Reading
from vecbench.parsing.statements import Stated, stated_answer, stated_confidence, without_confidence
from vecbench.parsing.visible import without_reasoning

INSIDE_WORD = "a label inside another word or label"
FROM_REASONING = "label taken from the reasoning"
FROM_RUNNING_TEXT = "label taken from text that is no answer"
CUT_OFF = "label taken from a response that was cut off"
LIST_ORDER = "several labels named: the first in list order is taken"
NEGATED = "a negated label is taken"
FIRST_ANSWER = "the first answer tag is taken, the last is the answer"
ALIAS = "only the task's aliases know this spelling"
TYPOGRAPHY = "the label is found only without typography and markup"
OTHER_LABEL = "labels read differently"

NO_RESPONSE = "row dropped: no response"
NO_NUMBER = "row dropped: its confidence is no number"
FIRST_CONFIDENCE = "the first confidence tag is taken, not the last"
CONFIDENCE_FROM_REASONING = "confidence taken from the reasoning"
CONFIDENCE_FORM = "a form of confidence that only strict reads"
CLIPPED = "confidence outside [0, 1]: clipped"
NAN = "confidence nan: counts as a confidence"
PYTHON_NUMBER = "a number that only Python reads as one"
OTHER_CONFIDENCE = "confidences read differently"

_WORD_PART = r"[\w'\-\u2010\u2019]*"
_MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two readings differ.

    Attributes:
        kind: One of this module's constants: what the emocaliber protocol does, in words.
        detail: The words of the response that it is about; empty if there are none.
    """

    kind: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


def reasons(
    response: str | None,
    candidates: Sequence[str],
    aliases: Mapping[str, str],
    strict: Reading,
    published: Reading,
) -> list[Reason]:
    """Why the two protocols' readings of a response differ.

    Args:
        response: The generated text; None when there is none.
        candidates: The closed list.
        aliases: Other spellings → label.
        strict: What the strict protocol reads.
        published: What the emocaliber protocol reads.

    Returns:
        At most one reason for the label and one for the confidence; none if the readings agree.
    """
    if response is None:
        return [Reason(NO_RESPONSE)]
    visible = without_reasoning(response).text
    found = []
    if strict.answer != published.answer:
        found.append(_of_label(response, visible, candidates, aliases, strict, published))
    if published.confidence_status == "not_a_number":
        found.append(Reason(NO_NUMBER, _shown(emocaliber.first_confidence(response) or "")))
    elif published.confidence_status == "out_of_range":
        found.append(Reason(NAN))
    elif strict.confidence != published.confidence:
        found.append(_of_confidence(response, visible, strict, published))
    return found


def _of_label(
    response: str,
    visible: str,
    candidates: Sequence[str],
    aliases: Mapping[str, str],
    strict: Reading,
    published: Reading,
) -> Reason:
    answer = stated_answer(visible)
    tag = emocaliber.first_answer(response)
    if tag and not _is_same_answer(tag, answer):
        seen = f"<answer>{tag}</answer>" in visible.lower()
        return Reason(FIRST_ANSWER if seen else FROM_REASONING, _shown(tag))
    if published.answer is None:
        if strict.answer_status == "alias":
            return Reason(ALIAS, _shown(answer.text if answer else visible))
        return Reason(TYPOGRAPHY, _shown(answer.text if answer else visible))
    label = published.answer.lower()
    # Without a tag of its own kind, the script has searched everything.
    stated = tag or (answer.text.lower() if answer else visible.lower() if strict.answer is not None else "")
    if label in stated:
        return _of_matching(stated, label, candidates, aliases, strict)
    if label not in visible.lower():
        return Reason(FROM_REASONING, _word_around(response.lower(), label))
    cut_off = strict.answer_status == "truncated"
    return Reason(CUT_OFF if cut_off else FROM_RUNNING_TEXT, _word_around(visible.lower(), label))


def _is_same_answer(tag: str, answer: Stated | None) -> bool:
    return answer is not None and answer.text.strip().lower() == without_confidence(tag).strip()


def _of_matching(
    stated: str, label: str, candidates: Sequence[str], aliases: Mapping[str, str], strict: Reading
) -> Reason:
    """Why a label that stands in the answer that both read is not what strict reads there."""
    named = labels_named(stated, candidates, aliases)
    if normal_form(label) not in {normal_form(each) for each in named}:
        longer = (strict.answer or "").lower()
        inside = f"{label!r} in {longer!r}" if label in longer else _word_around(stated, label)
        return Reason(INSIDE_WORD, inside)
    if strict.answer_status == "truncated":
        return Reason(CUT_OFF, _shown(stated))
    if len(named) > 1:
        return Reason(LIST_ORDER, _shown(stated))
    if strict.answer_status == "ambiguous":
        return Reason(NEGATED, _shown(stated))
    return Reason(OTHER_LABEL, _shown(stated))


def _of_confidence(response: str, visible: str, strict: Reading, published: Reading) -> Reason:
    first = emocaliber.first_confidence(response)
    found = stated_confidence(visible)
    stated = None if found is None else found.text
    if first is None:
        return Reason(CONFIDENCE_FORM, _shown(stated or ""))
    if f"<confidence>{first}</confidence>" not in visible:
        return Reason(CONFIDENCE_FROM_REASONING, _shown(first))
    if stated is not None and stated.strip() != first.strip():
        return Reason(FIRST_CONFIDENCE, f"{_shown(first)} before {_shown(stated)}")
    if strict.confidence_status == "out_of_range":
        return Reason(CLIPPED, _shown(first))
    if strict.confidence_status == "not_a_number" and published.confidence is not None:
        return Reason(PYTHON_NUMBER, _shown(first))
    return Reason(OTHER_CONFIDENCE, _shown(first))


def _word_around(text: str, label: str) -> str:
    """The label and the word that it stands in, as in "'awe' in 'awesome'"."""
    found = re.search(f"{_WORD_PART}{re.escape(label)}{_WORD_PART}", text)
    word = found[0] if found else label
    return repr(label) if word == label else f"{label!r} in {_shown(word)}"


def _shown(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…")
