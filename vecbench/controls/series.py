"""A corruption at several strengths: whether confidence falls as accuracy does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vecbench.controls.effects import Effect
from vecbench.controls.report import ControlReport, points
from vecbench.scoring import Score
from vecbench.scoring.scores import STATED

LEAST = 3
"""Strengths, that of 0 among them, of which a rank correlation says something."""

FOLLOWED = ("accuracy", "mean_confidence")
FALL = "confidence_fall"


@dataclass(frozen=True)
class Series:
    """One corruption, by one source of confidences.

    Attributes:
        name: The corruption's.
        source: Of the confidences.
        reports: By strength, the weakest first; at least one.
    """

    name: str
    source: str
    reports: tuple[ControlReport, ...]

    def at_strengths(self, scope: Effect) -> Iterator[tuple[int, dict[str, Score]]]:
        """Strength → the scores at it, from 0, the run itself, up: accuracy, confidence, calibration."""
        for place, report in enumerate(self.reports):
            [each] = [each for each in report.effects if (each.scope, each.name) == (scope.scope, scope.name)]
            if place == 0:
                own = {key: each.scores[key] for key in FOLLOWED}
                yield 0, own | {key: real for key, (real, _) in each.calibration.items()}
            there = {key: each.scores[f"control_{key}"] for key in FOLLOWED} | {FALL: each.scores[FALL]}
            strength = report.control.strength or 0
            yield strength, there | {key: control for key, (_, control) in each.calibration.items()}

    def correlation(self, scope: Effect) -> float | None:
        """Spearman's rank correlation of accuracy and mean confidence over the strengths, from 0 up.

        None of fewer than `LEAST`, and where one of both is the same at all or unknown at one.
        """
        from scipy.stats import spearmanr

        points = [[scores[key].value for key in FOLLOWED] for _, scores in self.at_strengths(scope)]
        sides = list(zip(*points, strict=True))
        if len(points) < LEAST or any(None in side or len(set(side)) == 1 for side in sides):
            return None
        return float(spearmanr(*sides).statistic)

    @property
    def sentence(self) -> str:
        """What all rows say of the strongest, and of all strengths, in words."""
        of = "confidence" if self.source == STATED else f"confidence ({self.source})"
        last = self.reports[-1].overall
        accuracy, confidence = (last.scores[f"{key}_fall"] for key in ("accuracy", "confidence"))
        known = self.correlation(last)
        said = f" (rank correlation over strengths 0 to {self.strongest}: {known:.2f})" if known else ""
        at = f"{self.name}: at strength {self.strongest} accuracy has fallen by {points(accuracy)}, {of} by "
        if accuracy.low is None or last.verdict is None:
            why = accuracy.why or confidence.why
            return f"{self.name}: whether {of} falls with accuracy is unknown: {why}."
        if accuracy.low <= 0:
            how = f"accuracy is not shown to fall, and there is nothing for {of} to follow"
        elif last.verdict == "falls":
            how = f"{of} falls with accuracy"
        elif last.verdict == "undecided":
            how = f"whether {of} falls with accuracy more samples would tell"
        else:
            how = f"{of} does not fall with accuracy"
        return f"{at}{points(confidence)}: {how}{said}."

    @property
    def strongest(self) -> int:
        """Its highest strength."""
        return self.reports[-1].control.strength or 0

    def as_json(self) -> dict[str, Any]:
        """As scores.json has it."""
        return {
            "corruption": self.name,
            "source": self.source,
            "strengths": [strength for strength, _ in self.at_strengths(self.reports[0].overall)],
            "said": self.sentence,
            "rank_correlations": [
                {"scope": each.scope, "name": each.name, "value": self.correlation(each)}
                for each in self.reports[0].effects
            ],
        }


def series_of(reports: Sequence[ControlReport]) -> tuple[Series, ...]:
    """The corruptions among reports, each at every strength that there is; of two at one, the last."""
    found: dict[tuple[str, str], dict[int, ControlReport]] = {}
    for each in reports:
        if each.control.strength is not None:
            of = found.setdefault((each.control.name, each.source), {})
            of[each.control.strength] = each
    return tuple(
        Series(*about, tuple(by[strength] for strength in sorted(by))) for about, by in found.items()
    )
