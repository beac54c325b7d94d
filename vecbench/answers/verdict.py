"""The kind "verdict": whether a statement about an image is correct or incorrect."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from vecbench.answers.choice import Choice
from vecbench.answers.kind import AnswerSpecification, Read
from vecbench.answers.label import Label
from vecbench.answers.mentions import plain_text
from vecbench.metrics.catalogue import STATEMENT_METRICS
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Floats
from vecbench.parsing.negation import is_crossed_out
from vecbench.parsing.prediction import AnswerStatus, Prediction

CORRECT, INCORRECT = "correct", "incorrect"
VERDICTS = (CORRECT, INCORRECT)
LONGEST = 400
"""Characters of a text in which words are looked for; longer ones are read by letter alone."""

_LETTERED = Choice(VERDICTS)
_ATTRIBUTE = re.compile(
    r"\b(?:correct|right|true|final)\s+(?:answer|choice|option|verdict|response|judge?ment)\b"
)
"""Where "correct" says nothing of the statement: "the correct answer is B"."""
_DISAGREES = re.compile(
    r"\b(?:(?:do|does|did) not|(?:do|does|did)n't|cannot|can't|fails to)\s+(?:agree|align|fit|match|hold)\b"
)
_NO = (
    r"(?:in-? ?|un)correct(?:ly)?|wrong|false|untrue|inaccurate|no|disagree[sd]?|mismatch(?:es)?|不正确|错误"
)
_YES = r"correct(?:ly)?|right|true|accurate|yes|agree[sd]?|align(?:s|ed)?|fits?|match(?:es|ed)?|holds|正确"
_NEITHER = r"not|never|cannot|\w+n't|hardly|partial(?:ly)?|partly|half|neither"
_WORD = re.compile(rf"\b(?:(?P<no>{_NO})|(?P<yes>{_YES})|(?P<neither>{_NEITHER}))\b")
_ABSTAINS = re.compile(
    r"n/?a|none|null|unknown|unsure|maybe|perhaps|it depends|not (?:sure|applicable|enough|certain)\b.*"
    r"|(?:it |this |i )?(?:can(?:no|')t|cannot|can not|am (?:unable|not able))\b(?!.*correct).*"
    r"|(?:there is )?insufficient\b.*|as an ai\b.*|(?:i'm |i am )?sorry\b.*",
    re.DOTALL,
)


@dataclass(frozen=True)
class StatementVerdict(Label):
    """Whether a statement is correct or incorrect; a row's target is one of the two.

    An answer says so in these words, by letter (A is correct, B is not), or by agreement: yes, true, "it
    aligns". One that names both, or denies what it names ("not correct"), is ambiguous; one that says that it
    cannot tell has abstained.
    """

    name: ClassVar[str] = "verdict"
    remedy: ClassVar[str] = "Ask in the prompt whether the statement is correct or incorrect."
    metrics: ClassVar[Sequence[Metric]] = STATEMENT_METRICS

    @classmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        specification.require_only()
        if specification.labels or specification.aliases:
            raise ValueError("a verdict is correct or incorrect, and has neither labels nor aliases")
        return cls(VERDICTS)

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        del columns
        return VERDICTS

    def target(self, written: object, candidates: Sequence[str]) -> str:
        del candidates
        verdict = written.strip().lower() if isinstance(written, str) else written
        if verdict in VERDICTS:
            return str(verdict)
        raise ValueError(f"the target {written!r:.60} is neither correct nor incorrect")

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        return {"labels": list(candidates)}

    def read(self, text: str, candidates: Sequence[str]) -> Read:
        del candidates
        return _read(text, "not_a_candidate")

    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        del candidates
        return _read(text, "no_answer")

    def columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        """positive: 1 for a statement that is called correct; given_up: 1 without a verdict."""
        answers = [row.reading.answer for row in rows]
        return {
            "positive": np.array([float(answer == CORRECT) for answer in answers]),
            "given_up": np.array([float(answer is None) for answer in answers]),
        }


def _read(text: str, status: AnswerStatus) -> Read:
    """The verdict of a text; `status` is that of one that gives none."""
    # Paragraphs behind the first one explain.
    plain = plain_text(text).removeprefix("<answer>").strip().split("\n\n", 1)[0]
    words = plain.casefold().strip(" \t\n.!?\"'()[]{}:;,")
    if _ABSTAINS.fullmatch(words):
        return None, "abstained"
    if is_crossed_out(plain):
        return None, "ambiguous"
    letter, how = _LETTERED.read(plain, VERDICTS)
    if _LETTERED.may_go_on(plain, VERDICTS):
        letter = None  # named by words, which are judged below
    elif how == "ambiguous":
        return None, how
    said = _DISAGREES.sub("disagree", _ATTRIBUTE.sub("answer", words)) if len(words) <= LONGEST else ""
    kinds = {each.lastgroup for each in _WORD.finditer(said)}
    if not kinds and letter is None:
        return None, status
    found = {VERDICTS[0] if kind == "yes" else VERDICTS[1] for kind in kinds}
    found |= {VERDICTS["AB".index(letter)]} if letter else set()
    if len(found) > 1 or "neither" in kinds:
        return None, "ambiguous"
    return found.pop(), "ok"
