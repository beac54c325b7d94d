"""Everything that can be scored of some responses, in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vecbench.errors import UsageError
from vecbench.metrics.recalibration import Method
from vecbench.parsing import Prediction
from vecbench.scoring.aggregate import score
from vecbench.scoring.coarse import CoarseScores, coarse_scores
from vecbench.scoring.predictions import predictions
from vecbench.scoring.protocol import Protocol
from vecbench.scoring.recalibrated import Recalibrations, recalibrations
from vecbench.scoring.repeated import agreement, repeats_of, spread_json
from vecbench.scoring.scores import Scores
from vecbench.scoring.shared_images import shared_images
from vecbench.store import StoredResponse
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
        rows: What the responses say, as the protocol reads them.
        coarse: Task id → scores by coarser labels, of the tasks that have such.
    """

    scores: Scores
    recalibration: Recalibrations | None
    spread: Mapping[str, Any] | None
    consistency: Scores | None
    rows: Sequence[Prediction] = ()
    coarse: Mapping[str, CoarseScores] = field(default_factory=dict)


def score_responses(
    responses: Iterable[StoredResponse],
    protocol: Protocol,
    catalogue: Catalogue,
    run: Mapping[str, Any] | None = None,
    recalibrate: Method | None = None,
) -> CompleteScores:
    """Reads and scores responses the way that a protocol does.

    Args:
        responses: In the order in which they were stored, with every further response to a sample.
        protocol: How they are read and scored.
        catalogue: Brings aliases, groups and names.
        run: What to say of the run.
        recalibrate: How to recalibrate; None for not at all. A published protocol cannot.

    Raises:
        UsageError: The protocol does not recalibrate.
    """
    if protocol.scored is None:
        rows = predictions(responses, protocol, catalogue)
        return complete_scores(rows, protocol.name, catalogue, run, recalibrate)
    if recalibrate is not None:
        raise UsageError(
            f"the protocol {protocol.name} does not recalibrate", "Score with the protocol strict."
        )
    rows, scores = protocol.scored(responses, catalogue, run)
    return CompleteScores(scores, None, None, None, rows)


def predicted(
    responses: Iterable[StoredResponse], protocol: Protocol, catalogue: Catalogue
) -> Sequence[Prediction]:
    """What responses say, as a protocol reads them.

    Args:
        responses: As for `score_responses`.
        protocol: How they are read.
        catalogue: Brings the tasks' answer kinds.
    """
    if protocol.is_published:  # which rows it drops shows once it has scored them
        return score_responses(responses, protocol, catalogue).rows
    return predictions(responses, protocol, catalogue)


def complete_scores(
    rows: Sequence[Prediction],
    protocol: str,
    catalogue: Catalogue,
    run: Mapping[str, Any] | None = None,
    recalibrate: Method | None = None,
) -> CompleteScores:
    """Scores predictions as their metrics declare; recalibrates and compares repeats where possible.

    Args:
        rows: At most one a task, sample and repeat.
        protocol: Named in the result.
        catalogue: Brings groups and names.
        run: What to say of the run.
        recalibrate: How to recalibrate; None for not at all.
    """
    scores = score(rows, protocol, catalogue, run)
    shared = shared_images(rows, scores)
    further: dict[str, Any] = {"shared_images": shared} if shared else {}
    coarse = coarse_scores(scores, catalogue)
    if coarse:
        further["coarse"] = {name: each.as_json() for name, each in coarse.items()}
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
    return CompleteScores(replace(scores, further=further), recalibration, spread, consistency, rows, coarse)
