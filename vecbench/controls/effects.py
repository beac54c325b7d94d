"""Accuracy and confidence of a run and of its control on the same samples, with intervals of their fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vecbench.comparing.observed_pairs import ObservedPairs, observed_pairs
from vecbench.comparing.pairs import Pair
from vecbench.comparing.resampling import DECIMALS, MOST_DISTINCT, Strata
from vecbench.metrics.bootstrap import SEED
from vecbench.metrics.cells import Values, share
from vecbench.metrics.clusters import design_effect
from vecbench.metrics.observations import Floats, Observations
from vecbench.metrics.paired import observed_totals, paired_bootstrap
from vecbench.metrics.totals import Totals
from vecbench.parsing import Prediction
from vecbench.scoring import STRICT, RowScores, Score, score
from vecbench.scoring.aggregate import Arrangement, is_excluded
from vecbench.scoring.agreement import stated_and_other
from vecbench.scoring.observations import kinds_of
from vecbench.scoring.row_scores import share as counted_share
from vecbench.scoring.scores import ALL_ROWS, OVERALL, STATED, Pool
from vecbench.scoring.sources import with_confidence
from vecbench.tasks import Catalogue

REPLICATES = 4000

MARGIN = 0.05
"""A fall of confidence below this is as good as none: 5 points of 100."""

QUANTITIES = (
    "accuracy",
    "control_accuracy",
    "accuracy_fall",
    "mean_confidence",
    "control_mean_confidence",
    "confidence_fall",
    "control_auroc",
    "same_answers",
)
"""Keys of what is said of a run and its control, in their order.

Falls are run − control. `control_auroc` is the chance that an answer to the image has more confidence than
one to the control, ties one half; `same_answers` the share of answers that stay, where both have one.
"""

METHOD = "paired bootstrap over images, with two that were not seen"

Verdict = Literal["falls", "does not fall", "rises", "undecided"]
Scope = Literal["task", "group", "overall"]


@dataclass(frozen=True)
class Effect:
    """What a control says of some rows.

    Attributes:
        scope: Of what; a group's and all rows are pooled.
        name: Id of the task or group; "overall".
        tasks: How many tasks it is of.
        n: Pairs of rows.
        scores: `QUANTITIES` → value; None with the reason where there is none.
        calibration: Key of a metric of confidences → its values of the run and of the control, each of all
            its rows with a confidence.
    """

    scope: Scope
    name: str
    tasks: int
    n: int
    scores: Mapping[str, Score]
    calibration: Mapping[str, tuple[Score, Score]]

    @property
    def verdict(self) -> Verdict | None:
        """Whether confidence falls; None where there is none on both sides."""
        fall = self.scores["confidence_fall"]
        return None if fall.low is None or fall.high is None else verdict_of(fall.low, fall.high)

    def title(self, names: Mapping[str, str]) -> str:
        """What tables and figures call it; `names` is id → name of tasks and groups."""
        return "Overall" if self.scope == OVERALL else names.get(self.name, self.name)


def verdict_of(low: float, high: float) -> Verdict:
    """Whether confidence falls, by the ends of the interval of its fall.

    Where that is below `MARGIN` it does not, however many rows make a small fall certain, and below 0 it
    rises; else it falls where the interval is above 0.
    """
    if high < 0:
        return "rises"
    if high < MARGIN:
        return "does not fall"
    return "falls" if low > 0 else "undecided"


def effects(
    pairs: Sequence[Pair], catalogue: Catalogue, source: str = STATED, seed: int = SEED
) -> list[Effect]:
    """The effects on every task, every group, and all rows.

    Confidences are compared on pairs that have both, accuracy on all. Intervals are percentiles of a
    bootstrap that draws images with all rows of both sides, and in which two images are that were not seen,
    one that tells for a fall and one against it, each of a weight of one on average (Rubin, 1981): so a fall
    of exactly 0 in every row has an interval too, of about ±3 / images.

    Args:
        pairs: A row of the run and of the control, at least one.
        catalogue: Brings tasks and groups.
        source: Of the confidences: "stated", or one of `Prediction.confidences`.
        seed: Of the draws.
    """
    pairs = [pair for pair in pairs if not is_excluded(pair[0], catalogue)]
    sided = [(_by_source(old, source), _by_source(new, source)) for old, new in pairs]
    by_task: dict[str, list[Pair]] = {}
    for pair in sided:
        by_task.setdefault(pair[0].task, []).append(pair)
    arrangement = Arrangement.of(by_task.keys(), catalogue)
    by_task = {name: by_task[name] for name in arrangement.tasks}
    kinds = kinds_of({name: [old for old, _ in each] for name, each in by_task.items()}, catalogue)
    rows = {name: _counted(each) for name, each in observed_pairs(by_task, kinds).items()}
    pools: dict[Any, Sequence[str]] = {Pool(name): tasks for name, tasks in arrangement.members.items()}
    pools[ALL_ROWS] = arrangement.tasks
    drawn = _drawn(rows, pools, seed)
    whole = [
        score([pair[side] for pair in sided], STRICT.name, catalogue, replicates=REPLICATES, seed=seed)
        for side in (0, 1)
    ]

    found = []
    for place, (name, tasks) in enumerate({**{each: (each,) for each in by_task}, **pools}.items()):
        scope: Scope = "task" if isinstance(name, str) else "overall" if name == ALL_ROWS else "group"
        parts = [rows[task] for task in tasks]
        scores = _scores(parts, {key: each[..., place, :] for key, each in drawn.items()}, seed)
        if not all(kinds[task].judges for task in tasks):
            none = Score(None, scores["accuracy"].n, why="answers of this kind are neither right nor wrong")
            scores |= dict.fromkeys(("accuracy", "control_accuracy", "accuracy_fall"), none)
        scores["same_answers"] = _same_answers([pair for task in tasks for pair in by_task[task]], parts)
        shown = name if isinstance(name, str) else name.group or OVERALL
        blocks = [
            each.tasks[shown] if scope == "task"
            else each.overall.pooled if scope == "overall"
            else each.groups[shown].pooled
            for each in whole
        ]  # fmt: skip
        n = sum(each.old.n for each in parts)
        found.append(Effect(scope, shown, len(tasks), n, scores, _calibration(*blocks)))
    return found


def sources_of(pairs: Sequence[Pair]) -> list[str]:
    """The sources that rows of both sides have, the stated one first if any row states a confidence."""
    sides = ({source for pair in pairs for source in stated_and_other(pair[side])} for side in (0, 1))
    both = set.intersection(*sides) or {STATED}
    return sorted(both, key=lambda source: (source != STATED, source))


def _by_source(row: Prediction, source: str) -> Prediction:
    return with_confidence(row, stated_and_other(row).get(source))


def _counted(rows: ObservedPairs) -> ObservedPairs:
    """The rows as far as they are counted here; without a confidence where one side has none."""
    both = rows.old.stated & rows.new.stated
    sides = tuple(
        Observations(each.image, each.right, np.where(both, each.confidence, np.nan), each.answered)
        for each in rows.sides
    )
    return ObservedPairs(sides, (frozenset(), frozenset()))


def _accuracy(totals: Totals) -> Values:
    right = totals.cells.total_right + totals.missing_right
    return share(right, totals.cells.counts + totals.missing_right + totals.missing_wrong)


def _confidence(totals: Totals) -> Values:
    return share(totals.cells.total @ totals.cells.confidence, totals.cells.counts)


def _auroc(totals: Totals) -> Values:
    """Of the first side's confidences over the second's; the same for both sides."""
    real, control = totals.cells.total
    below = np.cumsum(control, axis=-1) - control / 2
    won = share(np.einsum("...k,...k->...", real, below), totals.cells.counts[0] * totals.cells.counts[1])
    return np.stack([won, won])


_STATISTICS = {"accuracy": _accuracy, "confidence": _confidence, "auroc": _auroc}


def _drawn(
    rows: Mapping[str, ObservedPairs], pools: Mapping[Any, Sequence[str]], seed: int
) -> dict[str, Values]:
    """Statistic → values of shape (2, tasks and pools, 1 + replicates); first that of the rows themselves."""
    exact = used = Strata.of(rows)
    if next(iter(exact.alone.values())).confidence.size > MOST_DISTINCT:
        used = Strata.of({name: each.rounded(DECIMALS) for name, each in rows.items()})
    none = np.zeros((2, len(rows) + len(pools)), dtype=np.int64)  # no class is counted
    drawn = paired_bootstrap(used.alone, pools, _STATISTICS, none, REPLICATES, seed, used.joint)
    told, near = (observed_totals(each.alone, pools, none, each.joint) for each in (exact, used))
    made = {}
    for key, statistic in _STATISTICS.items():
        value = statistic(told)
        made[key] = np.concatenate([value, drawn[key] + (value - statistic(near))], axis=-1)
    return made


def _scores(parts: Sequence[ObservedPairs], drawn: Mapping[str, Values], seed: int) -> dict[str, Score]:
    """The quantities of pooled rows; `drawn` is statistic → values of shape (2, 1 + replicates)."""
    old = Observations.pooled([each.old for each in parts])
    stated = old.taken(old.stated)
    first, second = np.random.default_rng(seed).standard_exponential((2, REPLICATES))
    nothing = Score(None, 0, why="no pair has a confidence on both sides" if old.n else "there are no rows")

    def scored(values: Floats, rows: Observations, *, pole: float) -> Score:
        """A value and its replicates, with unseen images at 1 and at `pole`."""
        if rows.n == 0:
            return nothing
        n = rows.images
        return _around(values[0], (n * values[1:] + first + pole * second) / (n + first + second), rows.n)

    accuracy, confidence, auroc = (drawn[key] for key in ("accuracy", "confidence", "auroc"))
    n = stated.images
    # An unseen image is apart from all others: its pairs with them are won, or lost, on both sides.
    apart = (n**2 * auroc[0, 1:] + 2 * n * first + first**2 + first * second) / (n + first + second) ** 2
    return {
        "accuracy": scored(accuracy[0], old, pole=0),
        "control_accuracy": scored(accuracy[1], old, pole=0),
        "accuracy_fall": scored(accuracy[0] - accuracy[1], old, pole=-1),
        "mean_confidence": scored(confidence[0], stated, pole=0),
        "control_mean_confidence": scored(confidence[1], stated, pole=0),
        "confidence_fall": scored(confidence[0] - confidence[1], stated, pole=-1),
        "control_auroc": _around(auroc[0, 0], apart, stated.n) if stated.n else nothing,
    }


def _around(value: float, replicates: Floats, n: int) -> Score:
    """A value with the percentiles of its replicates, and itself among these."""
    low, high = np.quantile(replicates, [0.025, 0.975])
    return Score(float(value), n, min(float(low), float(value)), max(float(high), float(value)), METHOD)


def _same_answers(pairs: Sequence[Pair], parts: Sequence[ObservedPairs]) -> Score:
    image = np.concatenate([each.old.image for each in parts])
    both = np.array([old.reading.is_read and new.reading.is_read for old, new in pairs])
    if not both.any():
        return Score(None, 0, why="no pair has an answer on both sides")
    same = np.array([bool(old.reading.answer == new.reading.answer) for old, new in pairs])[both]
    effect = design_effect(same - same.mean(), image[both])
    return counted_share(int(same.sum()), same.size, effect)


def _calibration(real: RowScores, control: RowScores) -> dict[str, tuple[Score, Score]]:
    """The metrics of confidences that every table has."""
    shown = [each.key for each in real.scored_by if each.over == "confident" and each.shown == "always"]
    return {key: (real.metrics[key], control.metrics[key]) for key in shown if key in control.metrics}
