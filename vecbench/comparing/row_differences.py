"""The differences between two sides whose rows are known: paired, resampled, tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from vecbench.comparing.differences import (
    AllDifferences,
    CandidateReplicates,
    Difference,
    Differences,
    adjusted_for_tasks,
    exactly_tested,
    tested,
)
from vecbench.comparing.observed_pairs import ObservedPairs, changes_by_image, image_count, observed_pairs
from vecbench.comparing.pairs import Pair
from vecbench.comparing.resampling import replicates_of
from vecbench.metrics.bootstrap import SEED
from vecbench.metrics.catalogue import null_bins
from vecbench.metrics.cells import Values
from vecbench.metrics.consistency import consistency_p, null_eces, null_effect, widened
from vecbench.metrics.definition import Aspect, Metric
from vecbench.metrics.replication import in_threads
from vecbench.metrics.totals import Totals
from vecbench.scoring import RowScores, Score, score
from vecbench.scoring.aggregate import is_excluded
from vecbench.scoring.observations import kinds_of
from vecbench.scoring.scores import OVERALL
from vecbench.tasks import Catalogue

ScoresOfBoth = tuple[RowScores, RowScores]


def row_differences(
    pairs: Sequence[Pair],
    protocol: str,
    catalogue: Catalogue,
    *,
    replicates: int | None = None,
    seed: int = SEED,
) -> AllDifferences:
    """The differences between paired rows."""
    pairs = [pair for pair in pairs if not is_excluded(pair[0], catalogue)]
    # Only values are used: what one run's intervals say of it is no part of a comparison.
    first, second = (
        score([pair[side] for pair in pairs], protocol, catalogue, replicates=0) for side in (0, 1)
    )
    by_task: dict[str, list[Pair]] = {name: [] for name in first.tasks}
    for pair in pairs:
        by_task[pair[0].task].append(pair)
    kinds = kinds_of({name: [pair[0] for pair in each] for name, each in by_task.items()}, catalogue)
    rows = observed_pairs(by_task, kinds)
    pooled = {f"pool {name}": (group, second.groups[name]) for name, group in first.groups.items()}
    pooled[f"pool {OVERALL}"] = first.overall, second.overall
    members = {name: (name,) for name in rows} | {name: old.tasks for name, (old, _) in pooled.items()}
    every = {name: (scores, second.tasks[name]) for name, scores in first.tasks.items()}
    every |= {name: (old.pooled, new.pooled) for name, (old, new) in pooled.items()}
    pools = {
        name: old.tasks
        for name, (old, _) in pooled.items()
        if len({kinds[task].name for task in old.tasks}) == 1
    }
    drawn = replicates_of(rows, pools, _wanted([*rows, *pools], every), replicates, seed)

    def calibrated(name: str, side: int) -> _Calibrated:
        """Whether a side of a task or pool may be calibrated: bins → the p value of that."""
        scores, own = every[name][side], [rows[task].sides[side] for task in members[name]]
        image, confidence, right = (
            np.concatenate([getattr(each, column) for each in own])
            for column in ("image", "confidence", "right")
        )
        bins = null_bins(scores.scored_by)
        effect = {each: null_effect(image, confidence, right, each) for each in bins}
        null = null_eces(scores.cells, bins, drawn.count, seed) if scores.cells.n and bins else {}
        p = {each: consistency_p(scores.cells, eces, each) for each, eces in widened(null, effect).items()}
        return _Calibrated(p, effect)

    names = [(name, side) for name in members for side in (0, 1)]
    of_sides = dict(zip(names, in_threads(calibrated, *zip(*names, strict=True)), strict=True))
    repeated = len({old.repeat for old, _ in pairs}) > 1
    blocks = {
        name: _Block(
            tuple(tasks),
            [rows[task] for task in tasks],
            every[name],
            drawn.values.get(name, {}),
            (of_sides[name, 0], of_sides[name, 1]),
            repeated=repeated,
        )
        for name, tasks in members.items()
    }

    def differences(name: str) -> Differences:
        old, new = pooled[f"pool {name}"]
        macro = _macro_differences([blocks[task] for task in old.tasks], old.macro, new.macro)
        return replace(blocks[f"pool {name}"].differences(), macro=macro)

    return AllDifferences(
        adjusted_for_tasks({name: blocks[name].differences() for name in rows}),
        {name: differences(name) for name in first.groups},
        differences(OVERALL),
        first.names,
        drawn.count,
        (*drawn.notes, *note_on_sharing(pairs)),
    )


def note_on_sharing(pairs: Iterable[Pair]) -> Iterator[str]:
    """What becomes of images that are in several tasks, if any are."""
    tasks_of = Counter(image for image, _ in {(old.image_key, old.task) for old, _ in pairs})
    shared = sum(count > 1 for count in tasks_of.values())
    if shared:
        yield (
            f"{shared:,} images are in several tasks: over those, all answers to an image are resampled "
            "together, and accuracy and coverage are tested by image."
        )


class _Calibrated(NamedTuple):
    """Of one side: bins → the p value of the test that it is calibrated, and the design effect on that."""

    p: Mapping[int, float]
    effect: Mapping[int, float]


@dataclass(frozen=True)
class _Block:
    """A task, or several pooled: the rows of its tasks, its scores, and what was drawn of it."""

    tasks: tuple[str, ...]
    rows: Sequence[ObservedPairs]
    scores: ScoresOfBoth
    drawn: Mapping[str, Values]
    calibrated: tuple[_Calibrated, _Calibrated]
    repeated: bool

    def differences(self) -> Differences:
        old, new = self.scores
        metrics = {
            metric.key: self._difference(metric) for metric in old.scored_by if not metric.is_of_one_run
        }
        samples = image_count(self.rows)
        alone = CandidateReplicates(
            {
                metric.key: self.drawn[metric.key][1]
                for metric in new.scored_by
                if metric.key in self.drawn and metric.change.refused([Totals(new.cells)]) is None
            },
            {
                metric.key: sum(int(np.count_nonzero(metric.counts(rows.new))) for rows in self.rows)
                for metric in new.scored_by
                if metric.counts is not None and samples == old.n
            },
            {metric.key: metric for metric in new.scored_by},
            new.cells,
            self.calibrated[1].effect,
        )
        return Differences(old.n, samples, self.tasks, metrics, alone, self._changed("outcome"))

    def _changed(self, aspect: Aspect) -> int:
        return np.unique(np.concatenate([rows.changed[aspect] for rows in self.rows])).size

    def _difference(self, metric: Metric) -> Difference:
        old, new = (scores.metrics[metric.key] for scores in self.scores)
        plain = _values(metric, old, new, [self])
        if plain.change is None or plain.why is not None:
            return plain
        plain = replace(plain, samples_changed=self._changed(metric.change.aspect))
        found = tested(metric, plain, self.drawn[metric.key], self.zero_p(metric.bins))
        if metric.counts is None or self.repeated:
            return found
        by_image = image_count(self.rows) < sum(rows.old.n for rows in self.rows)
        return exactly_tested(found, changes_by_image(self.rows, metric.counts), by_image=by_image)

    def zero_p(self, bins: int | None) -> tuple[float, float]:
        """The p values of the tests that either side is calibrated; 0 for errors that have none."""
        if bins is None:
            return 0.0, 0.0
        old, new = self.calibrated
        return old.p[bins], new.p[bins]


def _values(metric: Metric, old: Score, new: Score, blocks: Iterable[_Block]) -> Difference:
    """Both values, and why they or their test are missing, of some blocks' rows."""
    plain = Difference(old.value, new.value, why=old.why or new.why)
    if plain.change is None:
        return plain
    refused = (metric.change.refused([Totals(each.cells) for each in block.scores]) for block in blocks)
    return replace(plain, why=next((why for why in refused if why is not None), None))


def _macro_differences(
    tasks: Sequence[_Block], old: Mapping[str, Score], new: Mapping[str, Score]
) -> dict[str, Difference]:
    """The differences of the unweighted means over several tasks."""
    found = {}
    for metric in tasks[0].scores[0].scored_by if tasks else ():
        key = metric.key
        if key not in old or metric.is_of_one_run:
            continue
        found[key] = _values(metric, old[key], new[key], tasks)
        if found[key].change is None or found[key].why is not None:
            continue
        plain = replace(found[key], samples_changed=_samples_changed(tasks, metric.change.aspect))
        # The mean can be 0 only where every task's error can; of so many tests one rejects by chance.
        each = np.array([task.zero_p(metric.bins) for task in tasks])
        old_p, new_p = np.minimum(1.0, len(tasks) * each.min(axis=0)).tolist()
        drawn = np.asarray(np.mean([task.drawn[key] for task in tasks], axis=0))
        found[key] = tested(metric, plain, drawn, (old_p, new_p))
    return found


def _samples_changed(tasks: Sequence[_Block], aspect: Aspect) -> float:
    """The samples of one task that would say as much of a change of a macro mean (Kish, 1965).

    A sample of a small task weighs more than one of a large task, and a few heavy ones say little.
    """
    rows = [rows for task in tasks for rows in task.rows]
    weights = np.zeros(1 + max(int(each.image.max()) for each in rows))
    for each in rows:
        weights[each.changed[aspect]] += 1 / image_count([each])
    return float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0


def _wanted(names: Iterable[str], every: Mapping[str, ScoresOfBoth]) -> dict[str, list[Metric]]:
    """The metrics of each task and pool that are tested anywhere: the candidate's may be held to a bound."""
    anywhere = {
        metric.key
        for sides in every.values()
        for scores in sides
        for metric in scores.scored_by
        if metric.change.refused([Totals(scores.cells)]) is None
    }
    return {name: [each for each in every[name][0].scored_by if each.key in anywhere] for name in names}
