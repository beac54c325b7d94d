"""The columns of what controls show, which a board has where one of its entries has a control."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from vecbench.leaderboard.control import ControlEffect
from vecbench.leaderboard.standings import STAYS, Standing
from vecbench.leaderboard.value import Value
from vecbench.scoring.scores import OVERALL, Pool


@dataclass(frozen=True, slots=True)
class ControlColumn:
    """A column of every group's block, of shares or of their difference.

    Attributes:
        field: Of `ControlEffect`.
        key: What the CSV calls its values, as `vecbench score` does.
        heading: What it is called below or behind "Control".
        description: What its values are.
        is_main: Whether it is shown when all groups are.
    """

    field: Literal["accuracy", "confidence_fall", "auroc"]
    key: str
    heading: str
    description: str
    is_main: bool = False

    def value(self, standing: Standing, block: Pool) -> Value | None:
        """What an entry has in it; None if it has no control, or that has no such value."""
        effect = standing.entry.effect(block)
        said: Value | None = None if effect is None else getattr(effect, self.field)
        return said

    def cell(self, standing: Standing, block: Pool) -> str:
        """The value × 100, and behind a fall its mark; empty for None."""
        value = self.value(standing, block)
        if value is None:
            return ""
        return f"{100 * value.value:.2f}" + (self.is_fall and standing.entry.stays(block)) * STAYS

    def beside(self, standing: Standing, block: Pool) -> list[str]:
        """What stands small beside a value: its interval; beside a fall the control and what it says too."""
        control, effect = standing.entry.control, standing.entry.effect(block)
        value = self.value(standing, block)
        if control is None or effect is None or value is None:
            return []
        if not self.is_fall:
            return [*filter(None, [self.interval(value)])]
        pairs = [f"{effect.stated:,} pairs"] if effect.stated < effect.n else []
        return [self.interval(value), control.name, _in_words(effect), *pairs]

    def interval(self, value: Value) -> str:
        """Its ends × 100: "58.1–63.0", of a fall "[-7.3, -4.6]"; empty if there is none."""
        if value.low is None or value.high is None:
            return ""
        low, high = (f"{100 * each:.1f}" for each in (value.low, value.high))
        return f"[{low}, {high}]" if self.is_fall else f"{low}–{high}"

    @property
    def is_fall(self) -> bool:
        """Whether its values are differences, which may be below 0."""
        return self.field == "confidence_fall"


CONTROL_COLUMNS = (
    ControlColumn(
        "accuracy", "control_accuracy", "Acc", "Accuracy of the control: right answers without the image."
    ),
    ControlColumn(
        "confidence_fall",
        "confidence_fall",
        "falls by",
        "What mean confidence falls by where the control takes the image away, of pairs that both state one; "
        "whether it falls is said by the whole interval. It need not fall where other samples' images are "
        "shown and all samples of a task are asked the same.",
        is_main=True,
    ),
    ControlColumn(
        "auroc",
        "control_auroc",
        "AUROC",
        "How often an answer to the image has more confidence than one to the control; at 50 confidence "
        "cannot tell them apart.",
    ),
)


def control_columns(standings: Iterable[Standing], block: Pool) -> list[ControlColumn]:
    """Those in which any of the entries has something."""
    listed = list(standings)
    return [each for each in CONTROL_COLUMNS if any(each.value(standing, block) for standing in listed)]


def csv_rows(standing: Standing, blocks: Iterable[Pool]) -> Iterator[tuple[object, ...]]:
    """What an entry's control shows, as fractions: the CSV's cells behind the entry's own, verdict last."""
    control = standing.entry.control
    for block in blocks if control is not None else ():
        effect = standing.entry.effect(block)
        level, name = ("group", block.group) if block.group else (OVERALL, OVERALL)
        for column in CONTROL_COLUMNS:
            value = column.value(standing, block)
            if control is None or effect is None or value is None:
                continue
            n = effect.n if column.field == "accuracy" else effect.stated
            verdict = effect.verdict if column.is_fall else None
            numbers = (value.value, value.low, value.high, None, n)
            yield level, name, f"control={control.name}", column.key, *numbers, *[None] * 4, verdict


def _in_words(effect: ControlEffect) -> str:
    return "need not fall" if effect.asks_alike else effect.verdict or ""
