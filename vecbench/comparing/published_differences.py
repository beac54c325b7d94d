"""The differences between two sides that are read and scored as a published program does.

Values are those that `vecbench score` prints under the protocol. Tested are the means over rows that it
prints, and means of such means: its protocol says which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vecbench.comparing.differences import (
    AllDifferences,
    CandidateReplicates,
    Difference,
    Differences,
    exactly_tested,
    tested,
)
from vecbench.comparing.pairs import Pair
from vecbench.comparing.row_differences import note_on_sharing
from vecbench.comparing.sides import Side, key_of
from vecbench.metrics.bootstrap import REPLICATES, SEED
from vecbench.metrics.cells import Values
from vecbench.metrics.definition import Metric
from vecbench.metrics.labels import ACCURACY
from vecbench.metrics.observations import Observations
from vecbench.metrics.resampling import resampled
from vecbench.parsing import Prediction
from vecbench.scoring import Protocol, RowScores, Score, Scores, protocol_named, score_responses
from vecbench.scoring.protocol import Level, Term
from vecbench.scoring.scores import ALL_ROWS, Pool
from vecbench.tasks import Catalogue

Weights = Mapping[str, float]
"""Task → its weight in a mean of the tasks' means."""

Models = tuple[dict[str, Observations], dict[str, Observations]]
"""Task → rows, of the baseline and of the candidate."""


def published_differences(
    baseline: Side,
    candidate: Side,
    pairs: Iterable[Pair],
    catalogue: Catalogue,
    *,
    replicates: int | None = None,
    seed: int = SEED,
) -> AllDifferences:
    """The differences of two sides under a published protocol."""
    protocol = protocol_named(candidate.protocol or "")
    pairs = list(pairs)
    common = {key_of(old) for old, _ in pairs}
    kept = [
        [each for each in side.responses if (each.task, each.sample_id, each.repeat) in common]
        for side in (baseline, candidate)
    ]
    complete = [score_responses(each, protocol, catalogue) for each in kept]
    first, second = (each.scores for each in complete)
    terms = [list(protocol.terms(own, each.rows)) for own, each in zip(kept, complete, strict=True)]
    tasks = tuple(dict.fromkeys([*first.tasks, *second.tasks]))
    means = _Means.of(protocol, terms, tasks, replicates or REPLICATES, seed)
    weights = protocol.weights(list(first.tasks), catalogue)
    lost = Counter(old.task for old, new in pairs if old.dropped is None and new.dropped is not None)

    def with_dropped(found: Differences) -> Differences:
        return replace(found, dropped=sum(lost[task] for task in found.tasks))

    def pooled(pool: Pool) -> Differences:
        old, new = (
            scores.overall if pool.group is None else scores.groups[pool.group] for scores in (first, second)
        )
        level: Level = "overall" if pool == ALL_ROWS else "group"
        # A task of which a side has dropped every row is the other side's all the same.
        members = tuple(task for task in tasks if task in old.tasks or task in new.tasks)
        found = means.differences(level, members, old.pooled, new.pooled, weights.get(pool))
        equal = dict.fromkeys(members, 1 / max(1, len(members)))
        drawn = means.drawn("task", members, equal)
        return with_dropped(
            replace(found, macro=means.each("task", members, old.macro, new.macro, drawn, equal))
        )

    by_task = {
        name: with_dropped(means.differences("task", (name,), scores, second.tasks[name]))
        for name, scores in first.tasks.items()
        if name in second.tasks
    }
    groups = {name: pooled(Pool(name)) for name in first.groups if name in second.groups}
    notes = (*_notes(first, second), *note_on_sharing(pairs))
    return AllDifferences(by_task, groups, pooled(ALL_ROWS), first.names, means.replicates, notes)


def _notes(first: Scores, second: Scores) -> Iterator[str]:
    """What the scores themselves say must be known to read them."""
    for which, scores, other in (("Baseline", first, second), ("Candidate", second, first)):
        for note in scores.notes:
            if note not in other.notes:
                yield f"{which}: {note}"
            elif scores is first:
                yield note


@dataclass(frozen=True)
class _Means:
    """Everything that is a mean over rows.

    Attributes:
        models: The rows of both sides; their columns hold each term, and 1 where a row has it.
        means: Level → key → the mean that its terms are of.
        images: How many there are.
    """

    protocol: Protocol
    models: Models
    means: Mapping[Level, Mapping[str, Metric]]
    images: int
    replicates: int
    seed: int

    @classmethod
    def of(
        cls,
        protocol: Protocol,
        terms: Sequence[Sequence[tuple[Prediction, list[Term]]]],
        tasks: Sequence[str],
        replicates: int,
        seed: int,
    ) -> _Means:
        """The means of two sides' rows."""
        images: dict[str, int] = {}
        for side in terms:
            for row, _ in side:
                images.setdefault(row.image_key, len(images))
        names = dict.fromkeys((each.level, each.key) for side in terms for _, own in side for each in own)
        old, new = (
            {
                task: _observations([each for each in side if each[0].task == task], names, images)
                for task in tasks
            }
            for side in terms
        )
        means: dict[Level, dict[str, Metric]] = {}
        for level, key in names:
            means.setdefault(level, {})[key] = _mean(level, key)
        if set(means) == {"task"}:  # whose means are what groups are means of
            means |= {"group": means["task"], "overall": means["task"]}
        return cls(protocol, (old, new), means, len(images), replicates, seed)

    def differences(
        self,
        level: Level,
        tasks: Sequence[str],
        old: RowScores,
        new: RowScores,
        weights: Weights | None = None,
    ) -> Differences:
        """Of a task, a group or everything; without weights, the tasks' rows are pooled."""
        drawn = self.drawn(level, tasks, weights)
        means = self.means.get(level, {})
        changed = np.zeros(self.images, dtype=np.bool_)
        for mean in means.values():
            changed |= self._changed(mean, tasks)
        counted = {}
        if weights is None and ACCURACY.key in self.protocol.counted & means.keys():
            sums = self._sums(means[ACCURACY.key], tasks)
            if _is_one_row_each(sums):
                counted[ACCURACY.key] = round(float(sums[:, 1, 0].sum()))
        shown = {image for model in self.models for task in tasks for image in model[task].image.tolist()}
        alone = CandidateReplicates({key: values[1] for key, values in drawn.items()}, counted, means)
        metrics = self.each(level, tasks, old.metrics, new.metrics, drawn, weights)
        return Differences(new.n, len(shown), tuple(tasks), metrics, alone, int(changed.sum()))

    def each(
        self,
        level: Level,
        tasks: Sequence[str],
        old: Mapping[str, Score],
        new: Mapping[str, Score],
        drawn: Mapping[str, Values],
        weights: Weights | None,
    ) -> dict[str, Difference]:
        """Of every metric, with the replicates of those that have some, see `drawn`."""
        found = {}
        for key, score in old.items():
            candidate = new.get(key)
            if candidate is None:
                found[key] = Difference(score.value, None, why="the candidate has no such score")
                continue
            plain = Difference(score.value, candidate.value, why=score.why or candidate.why)
            if plain.change is None:
                found[key] = plain
            elif key in drawn:
                mean = self.means[level][key]
                found[key] = self._tested(mean, tasks, plain, drawn[key], weights)
            else:
                why = (
                    f"no interval: {key} is no mean over rows, and under {self.protocol.name} only those are "
                    "tested; --protocol strict has a test"
                )
                found[key] = replace(plain, why=why)
        return found

    def _tested(
        self, mean: Metric, tasks: Sequence[str], plain: Difference, drawn: Values, weights: Weights | None
    ) -> Difference:
        plain = replace(plain, samples_changed=int(self._changed(mean, tasks).sum()))
        found = tested(mean, plain, drawn, lambda _: (0.0, 0.0), None)
        if (weights is not None and len(tasks) > 1) or mean.heading not in self.protocol.counted:
            return found
        sums = self._sums(mean, tasks)
        if found.error is None or not np.array_equal(sums[:, 0, 1], sums[:, 1, 1]):
            return found
        gained = np.rint(sums[:, 1, 0] - sums[:, 0, 0]).astype(np.int64)
        rows = int(sums[:, 1, 1].sum())
        return exactly_tested(found, gained, rows, by_image=not _is_one_row_each(sums))

    def drawn(self, level: Level, tasks: Sequence[str], weights: Weights | None) -> dict[str, Values]:
        """The replicates of the means of a level; shape (2, replicates) each."""
        means = self.means.get(level, {}) if tasks else {}
        return {key: self._drawn(mean, tasks, weights) for key, mean in means.items()}

    def _drawn(self, mean: Metric, tasks: Sequence[str], weights: Weights | None) -> Values:
        """A mean alone, since its few patterns of sums are drawn at once."""
        columns = _columns(mean.key)
        models = [
            {
                task: replace(model[task], columns={name: model[task].columns[name] for name in columns})
                for task in tasks
            }
            for model in self.models
        ]
        members = [tasks] if weights is None else [[task] for task in tasks]
        wanted = dict.fromkeys(range(len(members)), (mean,))
        found = resampled(models, dict(enumerate(members)), wanted, self.replicates, self.seed)
        if weights is None:
            return found[0][mean.key]
        return np.asarray(
            sum(weights.get(task, 0.0) * found[place][mean.key] for place, task in enumerate(tasks))
        )

    def _sums(self, mean: Metric, tasks: Sequence[str]) -> Values:
        """Each image's sum and number of rows over some tasks; shape (images, 2, 2): side, then which."""
        sums = np.zeros((self.images, 2, 2))
        for side, model in enumerate(self.models):
            for task in tasks:
                for which, column in enumerate(_columns(mean.key)):
                    weights = model[task].columns[column]
                    sums[:, side, which] += np.bincount(model[task].image, weights, self.images)
        return sums

    def _changed(self, mean: Metric, tasks: Sequence[str]) -> NDArray[np.bool_]:
        """Which images differ between the sides in any task; shape (images,)."""
        changed = np.zeros(self.images, dtype=np.bool_)
        for task in tasks:
            sums = self._sums(mean, [task])
            changed |= (sums[:, 0] != sums[:, 1]).any(axis=1)
        return changed


def _columns(name: str) -> tuple[str, str]:
    return name, f"rows of {name}"


def _mean(level: Level, key: str) -> Metric:
    name = f"{level} {key}"
    return Metric(
        key=name,
        heading=key,
        description=f"What a published program prints as {key}.",
        value=lambda totals: totals.mean(*_columns(name)),
        basis="sums",
        interval="percentile",
        better=None,
    )


def _observations(
    rows: Sequence[tuple[Prediction, list[Term]]],
    names: Iterable[tuple[Level, str]],
    images: Mapping[str, int],
) -> Observations:
    image = np.array([images[row.image_key] for row, _ in rows], dtype=np.intp)
    columns: dict[str, Values] = {
        column: np.zeros(image.size) for level, key in names for column in _columns(f"{level} {key}")
    }
    for place, (_, terms) in enumerate(rows):
        for term in terms:
            value, number = _columns(f"{term.level} {term.key}")
            columns[value][place], columns[number][place] = term.value, 1
    none = np.zeros(image.size, dtype=np.bool_)
    return Observations(image, none, np.full(image.size, np.nan), none, columns=columns)


def _is_one_row_each(sums: Values) -> bool:
    """Whether rows are independent, and the same on both sides."""
    numbers = sums[..., 1]
    return bool(np.array_equal(numbers[:, 0], numbers[:, 1]) and numbers.max(initial=0) <= 1)
