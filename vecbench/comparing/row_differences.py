"""The differences between two sides whose rows are known: paired, resampled, tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from vecbench.comparing.differences import (
    AllDifferences,
    CandidateReplicates,
    Difference,
    Differences,
    exactly_tested,
    tested,
    with_worst,
)
from vecbench.comparing.observed_pairs import ObservedPairs, changes_by_image, image_count, observed_pairs
from vecbench.comparing.pairs import Pair
from vecbench.comparing.resampling import replicates_of
from vecbench.metrics.bootstrap import SEED
from vecbench.metrics.cells import Values
from vecbench.metrics.definition import Aspect, Metric
from vecbench.metrics.gaps import Gaps, Place, gap_effect, paired_excess
from vecbench.metrics.observations import Observations
from vecbench.metrics.totals import Totals
from vecbench.scoring import RowScores, Score, score
from vecbench.scoring.aggregate import is_excluded
from vecbench.scoring.observations import kinds_of
from vecbench.scoring.scores import ALL_ROWS, Pool
from vecbench.tasks import Catalogue

ScoresOfBoth = tuple[RowScores, RowScores]
Name = str | Pool
"""A task, or several pooled."""


def row_differences(
    pairs: Sequence[Pair],
    protocol: str,
    catalogue: Catalogue,
    *,
    metrics: Collection[str] | None = None,
    replicates: int | None = None,
    seed: int = SEED,
) -> AllDifferences:
    """The differences between paired rows; of some metrics, or of all that the rows are scored by."""
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
    pooled = {Pool(name): (group, second.groups[name]) for name, group in first.groups.items()}
    pooled[ALL_ROWS] = first.overall, second.overall
    members: dict[Name, tuple[str, ...]] = {name: (name,) for name in rows}
    members.update((pool, old.tasks) for pool, (old, _) in pooled.items())
    every: dict[Name, ScoresOfBoth] = {name: (each, second.tasks[name]) for name, each in first.tasks.items()}
    every.update((pool, (old.pooled, new.pooled)) for pool, (old, new) in pooled.items())
    if metrics is not None:
        every = {name: (_of(metrics, old), _of(metrics, new)) for name, (old, new) in every.items()}
    pools = {
        name: old.tasks
        for name, (old, _) in pooled.items()
        if len({kinds[task].name for task in old.tasks}) == 1
    }
    drawn = replicates_of(rows, pools, _wanted([*rows, *pools], every), replicates, seed)

    repeated = len({old.repeat for old, _ in pairs}) > 1
    blocks = {
        name: _Block(
            tuple(tasks),
            [rows[task] for task in tasks],
            every[name],
            drawn.values.get(name, {}),
            drawn.missing.get(name, np.ones((2, 1))),
            repeated=repeated,
        )
        for name, tasks in members.items()
    }

    def differences(pool: Pool) -> Differences:
        old, new = pooled[pool]
        macro = _macro_differences([blocks[task] for task in old.tasks], old.macro, new.macro)
        return replace(blocks[pool].differences(), macro=macro)

    return AllDifferences(
        {name: blocks[name].differences() for name in rows},
        {name: differences(Pool(name)) for name in first.groups},
        differences(ALL_ROWS),
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


@dataclass(frozen=True)
class _Block:
    """A task, or several pooled: the rows of its tasks, its scores, and what was drawn of it."""

    tasks: tuple[str, ...]
    rows: Sequence[ObservedPairs]
    scores: ScoresOfBoth
    drawn: Mapping[str, Values]
    missing: Values
    repeated: bool

    def differences(self) -> Differences:
        old, new = self.scores
        metrics = {
            metric.key: self._difference(metric)
            for metric in old.scored_by
            if not metric.is_of_one_run and metric.key in new.metrics
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
            {
                metric.key: self._most_noise(metric.place)
                for metric in new.scored_by
                if metric.place is not None and new.cells.n
            },
            self.missing[1],
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
        drawn = self.drawn[metric.key]
        found = tested(metric, plain, drawn, lambda error: self.noise(metric, error), self.missing)
        if metric.counts is None or self.repeated:
            return found
        by_image = image_count(self.rows) < sum(rows.old.n for rows in self.rows)
        return exactly_tested(found, changes_by_image(self.rows, metric.counts), old.n, by_image=by_image)

    def noise(self, metric: Metric, error: float) -> tuple[float, float]:
        """What chance has added to either side's error, at most, if a change has this standard error."""
        old, new = (scores.cells for scores in self.scores)
        if metric.place is None or not (old.n and new.n):
            return 0.0, 0.0
        first, second = (gap_effect(rows, metric.place) for rows in self._sides)
        return paired_excess(metric.place, (old, new), error, (first, second))

    def _most_noise(self, place: Place) -> float:
        """What noise adds to the candidate's error at most."""
        cells = self.scores[1].cells
        return Gaps.of(cells, place(cells), gap_effect(self._sides[1], place)).most_noise

    @cached_property
    def _sides(self) -> tuple[Observations, Observations]:
        """The rows of either side, pooled."""
        old, new = (Observations.pooled([rows.sides[side] for rows in self.rows]) for side in (0, 1))
        return old, new


def _values(metric: Metric, old: Score, new: Score, blocks: Iterable[_Block]) -> Difference:
    """Both values, and why they or their test are missing, of some blocks' rows."""
    plain = Difference(old.value, new.value, why=old.why or new.why)
    if old.value is None or new.value is None:
        return plain
    plain = with_worst(plain, metric, [each.details.get("bounds") for each in (old, new)])
    refused = (metric.change.refused([Totals(each.cells) for each in block.scores]) for block in blocks)
    return replace(plain, why=next((why for why in refused if why is not None), None))


def _macro_differences(
    tasks: Sequence[_Block], old: Mapping[str, Score], new: Mapping[str, Score]
) -> dict[str, Difference]:
    """The differences of the unweighted means over several tasks."""
    found = {}
    for metric in tasks[0].scores[0].scored_by if tasks else ():
        key = metric.key
        if key not in old or key not in new or metric.is_of_one_run:
            continue
        found[key] = _values(metric, old[key], new[key], tasks)
        if found[key].change is None or found[key].why is not None:
            continue
        plain = replace(found[key], samples_changed=_samples_changed(tasks, metric.change.aspect))
        drawn = np.asarray(np.mean([task.drawn[key] for task in tasks], axis=0))
        found[key] = tested(metric, plain, drawn, partial(_mean_noise, tasks, metric), None)
    return found


def _mean_noise(tasks: Sequence[_Block], metric: Metric, error: float) -> tuple[float, float]:
    first, second = np.mean([task.noise(metric, error) for task in tasks], axis=0)
    return float(first), float(second)


def _samples_changed(tasks: Sequence[_Block], aspect: Aspect) -> float:
    """The samples of one task that would say as much of a change of a macro mean (Kish, 1965).

    A sample of a small task weighs more than one of a large task, and a few heavy ones say little.
    """
    rows = [rows for task in tasks for rows in task.rows]
    weights = np.zeros(1 + max(int(each.image.max()) for each in rows))
    for each in rows:
        weights[each.changed[aspect]] += 1 / image_count([each])
    return float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0


def _of(metrics: Collection[str], scores: RowScores) -> RowScores:
    return replace(scores, scored_by=[each for each in scores.scored_by if each.key in metrics])


def _wanted(names: Iterable[Name], every: Mapping[Name, ScoresOfBoth]) -> dict[Name, list[Metric]]:
    """The metrics of each task and pool that are tested anywhere: the candidate's may be held to a bound."""
    anywhere = {
        metric.key
        for sides in every.values()
        for scores in sides
        for metric in scores.scored_by
        if metric.change.refused([Totals(scores.cells)]) is None
    }
    return {
        name: [each for each in old.scored_by if each.key in anywhere and each.key in new.metrics]
        for name in names
        for old, new in [every[name]]
    }
