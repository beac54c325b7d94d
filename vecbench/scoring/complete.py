"""Everything that can be scored of some predictions, in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vecbench.metrics.recalibration import Method
from vecbench.parsing import Prediction
from vecbench.scoring.aggregate import score
from vecbench.scoring.recalibrated import Recalibrations, recalibrations
from vecbench.scoring.repeated import agreement, repeats_of, spread_json
from vecbench.scoring.scores import Scores
from vecbench.tasks import Catalogue


@dataclass(frozen=True)
class CompleteScores:
    """Scores with what was asked for beside them.

    Attributes:
        scores: Of all rows; its JSON holds all of the below.
        recalibration: After a cross-fitted recalibration; None unless asked for.
        spread: Mean and standard deviation over repeats, as scores.json has them; None with one repeat.
        consistency: Of the most frequent label, with the share of repeats that agree as its confidence;
            None with one repeat.
    """

    scores: Scores
    recalibration: Recalibrations | None
    spread: Mapping[str, Any] | None
    consistency: Scores | None


def complete_scores(
    rows: Sequence[Prediction],
    protocol: str,
    catalogue: Catalogue,
    run: Mapping[str, Any] | None = None,
    recalibrate: Method | None = None,
) -> CompleteScores:
    """Scores predictions, and, as far as asked for or possible, recalibrates them and compares repeats.

    Args:
        rows: At most one a task, sample and repeat.
        protocol: Named in the result.
        catalogue: Brings groups and names.
        run: What to say of the run.
        recalibrate: How to recalibrate; None for not at all.
    """
    scores = score(rows, protocol, catalogue, run)
    further: dict[str, Any] = {}
    recalibration = recalibrations(rows, scores, recalibrate) if recalibrate else None
    if recalibration:
        further["recalibration"] = recalibration.as_json()
    repeats = repeats_of(rows)
    spread: Mapping[str, Any] | None = None
    consistency: Scores | None = None
    if len(repeats) > 1:
        alone = [[row for row in rows if row.repeat == repeat] for repeat in repeats]
        spread = spread_json([score(each, protocol, catalogue) for each in alone])
        consistency = score(agreement(rows), protocol, catalogue)
        said = consistency.content()
        further |= {
            "repeats": spread,
            "consistency": {key: said[key] for key in ("tasks", "groups", "overall")},
        }
    return CompleteScores(replace(scores, further=further), recalibration, spread, consistency)
