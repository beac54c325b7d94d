"""What a protocol is: how it reads, what it scores, how it pools and how its numbers are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vecbench.parsing import Prediction, Reading
from vecbench.parsing.form import Form
from vecbench.scoring.scores import Pool, Scores
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind

Reader = Callable[[str | None, Sequence[str], "AnswerKind", str | None, Form], Reading]
"""(response text, candidates, answer kind, finish reason, form of the task's answers) → reading."""

Scorer = Callable[
    [Iterable[StoredResponse], Catalogue, Mapping[str, Any] | None], tuple[list[Prediction], Scores]
]
"""(responses, catalogue, what to say of the run) → what each says, and the scores."""

Level = Literal["task", "group", "overall"]


class Term(NamedTuple):
    """What a row adds to one of the means that a published program prints."""

    level: Level
    key: str
    value: float


Terms = Callable[[Sequence[StoredResponse], Sequence[Prediction]], Iterator[tuple[Prediction, list[Term]]]]
"""(responses, what they say) → each row with its terms; none for one that is dropped."""

Weights = Callable[[Sequence[str], Catalogue], Mapping[Pool, Mapping[str, float]]]
"""(tasks that have rows, catalogue) → group, or all rows → task → its weight."""


@dataclass(frozen=True)
class Protocol:
    """A named way to read and score.

    Attributes:
        name: In files and on the command line.
        read: Makes a reading of a response.
        scored: Scores responses as a published program does; None for what metrics declare themselves.
        headings: Metric key → heading, of a published program's own output.
        decimals: Of values in percent.
        has_confidences: Whether it reads any.
        terms: The means over rows that it prints: what can be tested.
        counted: Keys of those whose terms are 0 or 1, so that they have exact tests.
        weights: Those of the tasks, where the value of a group is a mean of their values and not of rows.
        headline_is_overall: Whether its headline is that of everything, even where there are groups.
        figure_note: What has to be known of the diagrams beside its numbers.
    """

    name: str
    read: Reader
    scored: Scorer | None = None
    headings: Mapping[str, str] = field(default_factory=dict)
    decimals: int = 1
    has_confidences: bool = True
    terms: Terms = lambda _responses, _rows: iter(())
    counted: frozenset[str] = frozenset({"accuracy"})
    weights: Weights = lambda _present, _catalogue: {}
    headline_is_overall: bool = False
    figure_note: str = ""

    @property
    def is_published(self) -> bool:
        """Whether it scores as a published program does: groups then have scores that a task has not."""
        return self.scored is not None
