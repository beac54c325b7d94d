"""The differences between two sides whose rows are known: paired, resampled, tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vecbench.compare.differences import (
    OF_ONE_RUN,
    AllDifferences,
    CandidateReplicates,
    Difference,
    Differences,
)
from vecbench.compare.methods import (
    EXACT,
    EXACT_ALONE,
    EXACT_BY_IMAGE,
    EXACT_BY_IMAGE_ALONE,
    METHODS,
    Aspect,
    why_untested,
)
from vecbench.compare.pairs import Pair
from vecbench.compare.resampling import Replicates, replicates_of
from vecbench.compare.task_rows import (
    TaskRows,
    changes_by_image,
    images_of,
    is_covered,
    is_right,
    rows_by_task,
)
from vecbench.metrics import Cells
from vecbench.metrics.bootstrap import SEED
from vecbench.metrics.cells import Values
from vecbench.metrics.consistency import consistency_p, null_eces, null_effect, widened
from vecbench.metrics.replication import in_threads
from vecbench.metrics.significance import (
    FEWEST_SAMPLES,
    bootstrap_p,
    difference_interval,
    error_difference_interval,
    error_difference_p,
    holm,
    sign_flip_p,
)
from vecbench.scoring import GroupScores, RowScores, Score, score
from vecbench.scoring.aggregate import OVERALL
from vecbench.scoring.definitions import NULL_BINS
from vecbench.tasks import Catalogue

PByBins = Mapping[int, float]
EffectByBins = Mapping[int, float]


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
    # Only values are used: what one run's intervals say of it is no part of a comparison.
    first, second = (
        score([pair[side] for pair in pairs], protocol, catalogue, replicates=0) for side in (0, 1)
    )
    by_task: dict[str, list[Pair]] = {name: [] for name in first.tasks}
    for pair in pairs:
        by_task[pair[0].task].append(pair)
    pools = {f"group {name}": group.tasks for name, group in first.groups.items()}
    pools[OVERALL] = first.overall.tasks
    rows = rows_by_task(by_task)
    every = {OVERALL: (first.overall.pooled, second.overall.pooled)}
    every |= {name: (scores, second.tasks[name]) for name, scores in first.tasks.items()}
    every |= {
        f"group {name}": (group.pooled, second.groups[name].pooled) for name, group in first.groups.items()
    }
    drawn = replicates_of(rows, pools, replicates, seed, _tested_somewhere(every.values()))
    members = {**{name: [name] for name in first.tasks}, **pools}
    effects = {name: _null_effects([rows[task] for task in tasks]) for name, tasks in members.items()}
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
    rows: Sequence[TaskRows]
    scores: tuple[RowScores, RowScores]
    drawn: Replicates
    consistency: tuple[PByBins, PByBins]
    null_effect: EffectByBins
    repeated: bool

    def differences(self, tasks: tuple[str, ...]) -> Differences:
        old, new = self.scores
        metrics = {
            key: self._difference(key, value, new.metrics[key])
            for key, value in old.metrics.items()
            if key not in OF_ONE_RUN
        }
        samples = images_of(self.rows).size
        is_of_one_row = samples == old.n
        alone = CandidateReplicates(
            {
                key: self.drawn.of(self.name, key)[1]
                for key in self.drawn.values
                if why_untested(key, [new.cells]) is None
            },
            sum(int(rows.sides[1].right.sum()) for rows in self.rows) if is_of_one_row else None,
            new.counts["confident"] if is_of_one_row else None,
            new.cells,
            self.null_effect,
        )
        return Differences(old.n, samples, tasks, metrics, alone, self._changed("outcome"))

    def _changed(self, aspect: Aspect) -> int:
        return np.unique(np.concatenate([rows.changed(aspect) for rows in self.rows])).size

    def _difference(self, key: str, old: Score, new: Score) -> Difference:
        plain = Difference(old.value, new.value, why=old.why or new.why)
        if plain.change is None:
            return plain
        why = why_untested(key, [scores.cells for scores in self.scores])
        if why is not None:
            return replace(plain, why=why)
        method = METHODS[key]
        plain = replace(plain, samples_changed=self._changed(method.aspect))
        zero_p = self.zero_p(method.bins)
        found = _tested(key, plain, self.drawn.of(self.name, key), zero_p)
        if not method.is_share or self.repeated:
            return found
        counts = is_right if key == "accuracy" else is_covered
        by_image = images_of(self.rows).size < sum(rows.n for rows in self.rows)
        return exactly_tested(found, changes_by_image(self.rows, counts), by_image=by_image)

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
        return {
            key: self._difference(key, value, new[key]) for key, value in old.items() if key not in OF_ONE_RUN
        }

    def _difference(self, key: str, old: Score, new: Score) -> Difference:
        plain = Difference(old.value, new.value, why=old.why or new.why)
        if plain.change is None:
            return plain
        reasons = [why_untested(key, [each.cells for each in task.scores]) for task in self.tasks]
        why = next((each for each in reasons if each is not None), None)
        if why is not None:
            return replace(plain, why=why)
        method = METHODS[key]
        plain = replace(plain, samples_changed=self._changed(key))
        # The mean can be 0 only where every task's error can; of so many tests one rejects by chance.
        each = np.array([task.zero_p(method.bins) for task in self.tasks])
        old_p, new_p = np.minimum(1.0, len(self.tasks) * each.min(axis=0)).tolist()
        return _tested(key, plain, self.drawn.macro([task.name for task in self.tasks], key), (old_p, new_p))

    def _changed(self, key: str) -> float:
        """The samples of one task that would say as much of a change (Kish, 1965).

        A sample of a small task weighs more than one of a large task, and a few heavy ones say little.
        """
        rows = [rows for task in self.tasks for rows in task.rows]
        weights = np.zeros(1 + max(int(each.image.max()) for each in rows))
        for each in rows:
            weights[each.changed(METHODS[key].aspect)] += 1 / images_of([each]).size
        return float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0


def _null_effects(tasks: Sequence[TaskRows]) -> tuple[EffectByBins, EffectByBins]:
    """Of both sides, see `CandidateReplicates`."""
    image = np.concatenate([rows.image for rows in tasks])

    def of_side(side: int) -> EffectByBins:
        confidence = np.concatenate([rows.sides[side].confidence for rows in tasks])
        right = np.concatenate([rows.sides[side].right for rows in tasks])
        return {bins: null_effect(image, confidence, right, bins) for bins in NULL_BINS}

    return of_side(0), of_side(1)


def _consistency(
    every: Mapping[str, tuple[RowScores, RowScores]],
    effects: Mapping[str, tuple[EffectByBins, EffectByBins]],
    replicates: int,
    seed: int,
) -> dict[str, tuple[PByBins, PByBins]]:
    """Of both sides of every task and pool, see `_Block`."""

    def of_cells(cells: Cells, effect: EffectByBins) -> PByBins:
        null = null_eces(cells, NULL_BINS, replicates, seed) if cells.n else {}
        return {bins: consistency_p(cells, values, bins) for bins, values in widened(null, effect).items()}

    old, new = (
        in_threads(
            of_cells, [sides[side].cells for sides in every.values()], [effects[name][side] for name in every]
        )
        for side in (0, 1)
    )
    return dict(zip(every, zip(old, new, strict=True), strict=True))


def _tested_somewhere(every: Collection[tuple[RowScores, RowScores]]) -> list[str]:
    """The metrics that are tested of a task or pool; the candidate's alone may be held to a bound."""
    return [
        key
        for key in METHODS
        if any(why_untested(key, [scores.cells]) is None for sides in every for scores in sides)
    ]


def _tested(key: str, plain: Difference, replicates: Values, zero_p: tuple[float, float]) -> Difference:
    """The difference with what the bootstrap says of it."""
    method = METHODS[key]
    values = plain.baseline or 0.0, plain.candidate or 0.0
    change = replicates[1] - replicates[0]
    if method.bias == "fading":
        interval = error_difference_interval(values, replicates, zero_p)
        p = error_difference_p(values, replicates, zero_p)
    else:
        interval = difference_interval(values[1] - values[0], change, method.bias)
        p = bootstrap_p(values[1] - values[0], change, method.bias)
    if interval is None or p is None:
        return replace(plain, why=f"{key} is undefined in too many bootstrap replicates")
    error = float(np.nanstd(change))
    if plain.is_of_few:
        return replace(plain, error=error, why=why_of_few(plain.samples_changed or 0.0))
    return replace(plain, low=interval[0], high=interval[1], error=error, p=p, method=method.name)


def exactly_tested(found: Difference, changes: NDArray[np.int64], *, by_image: bool) -> Difference:
    """The difference of a share with the exact test's p value in place of the bootstrap's.

    Args:
        found: With the bootstrap's interval, or without.
        changes: Of each image or sample, rows that it gained less those that it lost.
        by_image: Whether they are images that may have several rows.
    """
    alone, with_interval = (EXACT_BY_IMAGE_ALONE, EXACT_BY_IMAGE) if by_image else (EXACT_ALONE, EXACT)
    return replace(found, p=sign_flip_p(changes), method=alone if found.p is None else with_interval)


def why_of_few(changed: float) -> str:
    """Why so few samples that differ have no interval."""
    differ = "1 sample differs" if changed == 1 else f"{changed:.0f} samples differ"
    return f"{differ}, too few for a bootstrap: it takes {FEWEST_SAMPLES}"


def adjusted_for_tasks(tasks: Mapping[str, Differences]) -> dict[str, Differences]:
    """The tasks with their p values adjusted for the number of tasks, metric by metric."""
    metrics = {name: dict(each.metrics) for name, each in tasks.items()}
    keys = dict.fromkeys(key for each in metrics.values() for key in each)
    for key in keys:
        tested = {
            name: each[key].p for name, each in metrics.items() if key in each and each[key].p is not None
        }
        adjusted = holm({name: p.two_sided for name, p in tested.items() if p is not None})
        for name, p_holm in adjusted.items():
            metrics[name][key] = replace(metrics[name][key], p_holm=p_holm)
    return {name: replace(each, metrics=metrics[name]) for name, each in tasks.items()}
