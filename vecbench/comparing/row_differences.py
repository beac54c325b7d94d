"""The differences between two sides whose rows are known: paired, resampled, tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vecbench.comparing.differences import AllDifferences, CandidateReplicates, Difference, Differences
from vecbench.comparing.observed_pairs import ObservedPairs, changes_by_image, images_of, observed_pairs
from vecbench.comparing.pairs import Pair
from vecbench.comparing.resampling import Replicates, replicates_of
from vecbench.comparing.tested import adjusted_for_tasks, exactly_tested, tested
from vecbench.metrics import Cells
from vecbench.metrics.bootstrap import SEED
from vecbench.metrics.catalogue import null_bins
from vecbench.metrics.consistency import consistency_p, null_eces, null_effect, widened
from vecbench.metrics.definition import Aspect, Metric
from vecbench.metrics.replication import in_threads
from vecbench.metrics.totals import Totals
from vecbench.scoring import GroupScores, RowScores, Score, score
from vecbench.scoring.aggregate import is_excluded
from vecbench.scoring.observations import kinds_of
from vecbench.scoring.scores import OVERALL
from vecbench.tasks import Catalogue

PByBins = Mapping[int, float]
EffectByBins = Mapping[int, float]
ScoresOfBoth = tuple[RowScores, RowScores]


def row_differences(
    pairs: Sequence[Pair],
    protocol: str,
    catalogue: Catalogue,
    *,
    replicates: int | None = None,
    seed: int = SEED,
) -> AllDifferences:
    """The differences between paired rows.

    Args:
        pairs: (baseline, candidate) of the same task, sample and repeat; at least one.
        protocol: Of both.
        catalogue: Brings the groups and the names.
        replicates: Of the paired bootstrap; None for 10,000, or fewer if those would take too long.
        seed: Of its draws.
    """
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
    members: dict[str, Sequence[str]] = {name: [name] for name in first.tasks}
    members |= {f"group {name}": group.tasks for name, group in first.groups.items()}
    members[OVERALL] = first.overall.tasks
    every: dict[str, ScoresOfBoth] = {OVERALL: (first.overall.pooled, second.overall.pooled)}
    every |= {name: (scores, second.tasks[name]) for name, scores in first.tasks.items()}
    every |= {
        f"group {name}": (group.pooled, second.groups[name].pooled) for name, group in first.groups.items()
    }
    pools = {
        name: tasks
        for name, tasks in members.items()
        if name not in rows and len({kinds[task].name for task in tasks}) == 1
    }
    drawn = replicates_of(rows, pools, _wanted([*rows, *pools], every), replicates, seed)
    effects = {
        name: _null_effects([rows[task] for task in tasks], every[name]) for name, tasks in members.items()
    }
    consistency = _consistency(every, effects, drawn.count, seed)
    repeated = len({old.repeat for old, _ in pairs}) > 1

    def block(name: str, tasks: Sequence[str]) -> _Block:
        of_tasks = [rows[task] for task in tasks]
        return _Block(
            name, of_tasks, every[name], drawn, consistency[name], effects[name][1], repeated=repeated
        )

    tasks = {name: block(name, [name]) for name in first.tasks}

    def pooled(name: str, old: GroupScores, new: GroupScores) -> Differences:
        found = block(name, old.tasks).differences(tuple(old.tasks))
        macro = _Macro([tasks[task] for task in old.tasks], (old.macro, new.macro), drawn)
        return replace(found, macro=macro.metrics())

    by_name = {name: each.differences((name,)) for name, each in tasks.items()}
    groups = {
        name: pooled(f"group {name}", group, second.groups[name]) for name, group in first.groups.items()
    }
    overall = pooled(OVERALL, first.overall, second.overall)
    notes = (*drawn.notes, *note_on_sharing(pairs))
    return AllDifferences(adjusted_for_tasks(by_name), groups, overall, first.names, drawn.count, notes)


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
    """A task, or several pooled.

    Attributes:
        name: Of its replicates.
        rows: Of its tasks.
        scores: Of both sides.
        drawn: All replicates.
        consistency: Of both sides: bins → the p value of the test that it is calibrated.
        null_effect: Of the candidate, see `CandidateReplicates`.
        repeated: Whether there are several answers to a sample.
    """

    name: str
    rows: Sequence[ObservedPairs]
    scores: tuple[RowScores, RowScores]
    drawn: Replicates
    consistency: tuple[PByBins, PByBins]
    null_effect: EffectByBins
    repeated: bool

    def differences(self, tasks: tuple[str, ...]) -> Differences:
        old, new = self.scores
        metrics = {
            metric.key: self._difference(metric, old.metrics[metric.key], new.metrics[metric.key])
            for metric in old.scored_by
            if not metric.is_of_one_run
        }
        samples = images_of(self.rows).size
        of_one_row = (
            [metric for metric in new.scored_by if metric.counts is not None] if samples == old.n else []
        )
        drawn = self.drawn.values.get(self.name, {})
        alone = CandidateReplicates(
            {
                metric.key: drawn[metric.key][1]
                for metric in new.scored_by
                if metric.key in drawn and metric.change.refused([Totals(new.cells)]) is None
            },
            {metric.key: self._count(metric) for metric in of_one_row},
            {metric.key: metric for metric in new.scored_by},
            new.cells,
            self.null_effect,
        )
        return Differences(old.n, samples, tasks, metrics, alone, self._changed("outcome"))

    def _count(self, metric: Metric) -> int:
        return sum(int(np.count_nonzero(metric.counts(rows.new))) for rows in self.rows if metric.counts)

    def _changed(self, aspect: Aspect) -> int:
        return np.unique(np.concatenate([rows.changed(aspect) for rows in self.rows])).size

    def _difference(self, metric: Metric, old: Score, new: Score) -> Difference:
        plain = Difference(old.value, new.value, why=old.why or new.why)
        if plain.change is None:
            return plain
        why = metric.change.refused([Totals(scores.cells) for scores in self.scores])
        if why is not None:
            return replace(plain, why=why)
        plain = replace(plain, samples_changed=self._changed(metric.change.aspect))
        found = tested(metric, plain, self.drawn.of(self.name, metric.key), self.zero_p(metric.bins))
        if metric.counts is None or self.repeated:
            return found
        by_image = images_of(self.rows).size < sum(rows.old.n for rows in self.rows)
        return exactly_tested(found, changes_by_image(self.rows, metric.counts), by_image=by_image)

    def zero_p(self, bins: int | None) -> tuple[float, float]:
        """The p values of the tests that either side is calibrated; 0 for errors that have none."""
        if bins is None:
            return 0.0, 0.0
        old, new = self.consistency
        return old[bins], new[bins]


@dataclass(frozen=True)
class _Macro:
    """The unweighted means over several tasks.

    Attributes:
        tasks: At least one.
        scores: Macro scores of both sides.
        drawn: All replicates.
    """

    tasks: Sequence[_Block]
    scores: tuple[Mapping[str, Score], Mapping[str, Score]]
    drawn: Replicates

    def metrics(self) -> dict[str, Difference]:
        old, new = self.scores
        declared = self.tasks[0].scores[0].scored_by if self.tasks else ()
        return {
            metric.key: self._difference(metric, old[metric.key], new[metric.key])
            for metric in declared
            if metric.key in old and not metric.is_of_one_run
        }

    def _difference(self, metric: Metric, old: Score, new: Score) -> Difference:
        plain = Difference(old.value, new.value, why=old.why or new.why)
        if plain.change is None:
            return plain
        for task in self.tasks:
            why = metric.change.refused([Totals(each.cells) for each in task.scores])
            if why is not None:
                return replace(plain, why=why)
        plain = replace(plain, samples_changed=self._changed(metric))
        # The mean can be 0 only where every task's error can; of so many tests one rejects by chance.
        each = np.array([task.zero_p(metric.bins) for task in self.tasks])
        old_p, new_p = np.minimum(1.0, len(self.tasks) * each.min(axis=0)).tolist()
        drawn = self.drawn.macro([task.name for task in self.tasks], metric.key)
        return tested(metric, plain, drawn, (old_p, new_p))

    def _changed(self, metric: Metric) -> float:
        """The samples of one task that would say as much of a change (Kish, 1965).

        A sample of a small task weighs more than one of a large task, and a few heavy ones say little.
        """
        rows = [rows for task in self.tasks for rows in task.rows]
        weights = np.zeros(1 + max(int(each.image.max()) for each in rows))
        for each in rows:
            weights[each.changed(metric.change.aspect)] += 1 / images_of([each]).size
        return float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0


def _null_effects(tasks: Sequence[ObservedPairs], scores: ScoresOfBoth) -> tuple[EffectByBins, EffectByBins]:
    """Of both sides, see `CandidateReplicates`."""
    image = np.concatenate([rows.image for rows in tasks])
    every_bins = null_bins(scores[0].scored_by)

    def of_side(side: int) -> EffectByBins:
        confidence = np.concatenate([rows.sides[side].confidence for rows in tasks])
        right = np.concatenate([rows.sides[side].right for rows in tasks])
        return {bins: null_effect(image, confidence, right, bins) for bins in every_bins}

    return of_side(0), of_side(1)


def _consistency(
    every: Mapping[str, ScoresOfBoth],
    effects: Mapping[str, tuple[EffectByBins, EffectByBins]],
    replicates: int,
    seed: int,
) -> dict[str, tuple[PByBins, PByBins]]:
    """Of both sides of every task and pool, see `_Block`."""

    def of_cells(cells: Cells, effect: EffectByBins) -> PByBins:
        null = null_eces(cells, list(effect), replicates, seed) if cells.n and effect else {}
        return {bins: consistency_p(cells, values, bins) for bins, values in widened(null, effect).items()}

    old, new = (
        in_threads(
            of_cells, [sides[side].cells for sides in every.values()], [effects[name][side] for name in every]
        )
        for side in (0, 1)
    )
    return dict(zip(every, zip(old, new, strict=True), strict=True))


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
