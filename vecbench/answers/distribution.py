"""The kind "distribution": which label raters would choose, or what share of them each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from vecbench.answers.kind import AnswerSpecification, Read
from vecbench.answers.label import Label
from vecbench.answers.shares import Shares, shares_of_votes, stated_shares
from vecbench.answers.spellings import Spellings, spellings_of
from vecbench.answers.written import shown
from vecbench.labels import normal_form
from vecbench.metrics.catalogue import DISTRIBUTION_METRICS
from vecbench.metrics.definition import Metric
from vecbench.metrics.distributions import TIED, distribution_columns
from vecbench.metrics.observations import Floats
from vecbench.parsing.prediction import Prediction

LABEL = "{label}"


@dataclass(frozen=True)
class Distribution(Label):
    """Shares of raters as the target; the answer is one label or, where the prompt asks for them, shares.

    Right, where that is yes or no, is an answer whose largest share is the target's largest; of several that
    are tied there, any is. Confidences are not held against that: see `has_shares`.

    Attributes:
        columns_named: What columns of votes are called, such as "prob. {label}"; empty for the labels alone.
    """

    name: ClassVar[str] = "distribution"
    metrics: ClassVar[Sequence[Metric]] = DISTRIBUTION_METRICS
    has_confusion: ClassVar[bool] = False
    has_shares: ClassVar[bool] = True

    columns_named: str = ""

    @classmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        specification.require_only("columns")
        if len(specification.labels) < 2:
            raise ValueError("a distribution task lists at least two labels")
        named = specification.options.get("columns", "")
        if named and (not isinstance(named, str) or LABEL not in named):
            raise ValueError(f"'columns' is a text such as \"votes {LABEL}\", not {shown(named)}")
        return cls(specification.labels, specification.aliases, columns_named=named)

    def target(self, written: object, candidates: Sequence[str]) -> Any:
        """Votes or shares, see `shares_of_votes`."""
        return shares_of_votes(written, candidates, self._spellings(candidates))

    def target_columns(self, columns: Mapping[str, Any]) -> Mapping[str, str]:
        """The column of each label's votes, as the row spells it; case makes no difference."""
        spelt = {normal_form(name): name for name in columns if isinstance(name, str)}
        named = {(self.columns_named or LABEL).replace(LABEL, label): label for label in self.labels}
        return {spelt.get(normal_form(name), name): label for name, label in named.items()}

    def read(self, text: str, candidates: Sequence[str]) -> Read:
        """Shares, if the answer states some (see `stated_shares`), else the label that it names."""
        found = stated_shares(text, candidates, self._spellings(candidates))
        return super().read(text, candidates) if found is None else found

    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        found = stated_shares(text, candidates, self._spellings(candidates))
        return super().read_bare(text, candidates) if found is None else found

    def _spellings(self, candidates: Sequence[str]) -> Spellings:
        return spellings_of(tuple(candidates), tuple(self.aliases.items()))

    def load(self, stored: object) -> Any:
        if isinstance(stored, str):
            return stored
        if not isinstance(stored, Mapping):
            raise ValueError(f"{shown(stored)} is neither a label nor shares")
        return shares_of_votes(stored, [*stored], spellings_of(tuple(stored), ()))

    def says_how_sure(self, answer: Any) -> bool:
        return isinstance(answer, Shares)

    def is_right(self, answer: Any, target: Any) -> bool:
        """Whether the answer's label, or all that are tied for its largest share, has the most votes."""
        if answer is None or not isinstance(target, Shares):
            return False
        return _tops(answer) <= _tops(target)

    def view(self, answer: Any, target: Any, candidates: Sequence[str]) -> Mapping[str, Any]:
        """Shares; an answer that is a label has all of them."""
        said = {answer: 1.0} if isinstance(answer, str) else answer
        true = {target: 1.0} if isinstance(target, str) else target
        labels = [
            {"label": each, "target": true.get(each, 0.0), "answer": said and said.get(each, 0.0)}
            for each in candidates
        ]
        return {"type": "shares", "labels": labels}

    def classes(self, candidates: Sequence[str]) -> Sequence[str]:
        del candidates
        return ()

    def option_columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        """None: its targets are shares."""
        del rows
        return {}

    def columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        place = {
            label: number
            for number, label in enumerate(dict.fromkeys(label for row in rows for label in row.candidates))
        }

        def shares(values: Sequence[Any]) -> Floats:
            found = np.zeros((len(rows), len(place)))
            for number, value in enumerate(values):
                given = {value: 1.0} if isinstance(value, str) else value or {}
                for label, share in given.items():
                    if label in place:
                        found[number, place[label]] = share
            return found

        # A target that is a fault of the data is a text, and nothing agrees with it.
        targets = [row.target if isinstance(row.target, Shares) else None for row in rows]
        answers = [row.reading.answer for row in rows]
        states_shares = np.array([float(isinstance(each, Shares)) for each in answers])
        confidences = (row.reading.confidence for row in rows)
        confidence = np.array([np.nan if each is None else each for each in confidences], dtype=np.float64)
        return distribution_columns(shares(targets), shares(answers), states_shares, confidence)


def _tops(value: Any) -> set[str]:
    """The label, or those with the largest share."""
    if isinstance(value, str):
        return {value}
    largest = max(value.values())
    return {label for label, share in value.items() if share >= largest - TIED}
