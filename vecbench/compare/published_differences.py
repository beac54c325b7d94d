"""The differences between two sides that are read and scored as a published program does.

Values are those that `vecbench score` prints under the protocol. Tested is what the protocol defines row by
row, means over rows and means of such means: accuracy, coverage, Brier score, mean confidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vecbench.compare.differences import AllDifferences, CandidateReplicates, Difference, Differences
from vecbench.compare.methods import METHODS, PERCENTILE
from vecbench.compare.pairs import Pair
from vecbench.compare.row_differences import adjusted_for_tasks, exactly_tested, note_on_sharing, why_of_few
from vecbench.compare.sides import Side, key_of
from vecbench.metrics.bootstrap import REPLICATES, SEED
from vecbench.metrics.cells import Values
from vecbench.metrics.significance import bootstrap_p, difference_interval
from vecbench.parsing import EMOBSERVER, Prediction
from vecbench.scoring import RowScores, Score, Scores, score_responses
from vecbench.scoring.aggregate import OVERALL
from vecbench.scoring.emobserver import task_weights
from vecbench.scoring.emocaliber import is_right_anywhere
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

AT_ONCE = 500
"""Replicates that are drawn at once."""

Weights = Mapping[str, float]
"""Task → its weight in a mean of the tasks' means."""


def published_differences(
    baseline: Side,
    candidate: Side,
    pairs: Iterable[Pair],
    catalogue: Catalogue,
    *,
    replicates: int | None = None,
    seed: int = SEED,
) -> AllDifferences:
    """The differences of two sides under a published protocol.

    Args:
        baseline: With responses.
        candidate: With responses, read by the same protocol.
        pairs: The rows that both have.
        catalogue: Brings the groups and the names.
        replicates: Of the paired bootstrap; None for 10,000.
        seed: Of its draws.
    """
    protocol = candidate.protocol or ""
    pairs = list(pairs)
    common = {key_of(old) for old, _ in pairs}
    kept = [
        [each for each in side.responses if (each.task, each.sample_id, each.repeat) in common]
        for side in (baseline, candidate)
    ]
    complete = [score_responses(each, protocol, catalogue) for each in kept]
    first, second = (each.scores for each in complete)
    told = [_told(each.rows, rows, protocol) for each, rows in zip(complete, kept, strict=True)]
    means = _Means.of(first, second, protocol, told, replicates or REPLICATES, seed)
    weights = task_weights(list(first.tasks), catalogue) if protocol == EMOBSERVER else {}

    lost = Counter(old.task for old, new in pairs if old.dropped is None and new.dropped is not None)

    def with_dropped(found: Differences) -> Differences:
        return replace(found, dropped=sum(lost[task] for task in found.tasks))

    def pooled(name: str) -> Differences:
        old, new = (scores.overall if name == OVERALL else scores.groups[name] for scores in (first, second))
        level = "overall" if name == OVERALL else "group"
        # A task of which a side has dropped every row is the other side's all the same.
        tasks = tuple(task for task in means.tasks if task in old.tasks or task in new.tasks)
        found = means.differences(level, tasks, old.pooled, new.pooled, weights.get(name))
        equal = {task: 1 / len(tasks) for task in tasks}
        drawn = means.drawn("task", old.macro, tasks, equal)
        macro = {
            key: means.difference("task", key, tasks, (value, new.macro.get(key)), drawn.get(key), equal)
            for key, value in old.macro.items()
        }
        return with_dropped(replace(found, macro=macro))

    tasks = {
        name: with_dropped(means.differences("task", (name,), scores, second.tasks[name]))
        for name, scores in first.tasks.items()
        if name in second.tasks
    }
    groups = {name: pooled(name) for name in first.groups if name in second.groups}
    notes = (*_notes(first, second), *note_on_sharing(pairs))
    return AllDifferences(
        adjusted_for_tasks(tasks), groups, pooled(OVERALL), first.names, means.replicates, notes
    )


def _notes(first: Scores, second: Scores) -> Iterator[str]:
    """What the scores themselves say must be known to read them."""
    for which, scores, other in (("Baseline", first, second), ("Candidate", second, first)):
        for note in scores.notes:
            if note not in other.notes:
                yield f"{which}: {note}"
            elif scores is first:
                yield note


Told = Sequence[tuple[Prediction, bool]]
"""Rows, and whether each is right by the matcher that only EmoCaliber's overall accuracy uses."""


def _told(rows: Sequence[Prediction], responses: Sequence[StoredResponse], protocol: str) -> Told:
    if protocol == EMOBSERVER:
        return [(row, False) for row in rows]
    return [(row, is_right_anywhere(each)) for row, each in zip(rows, responses, strict=True)]


Term = tuple[float, float]
"""What a row adds to a sum, and to the number that the sum is divided by."""


def _terms(row: Prediction, right_anywhere: bool, protocol: str) -> Iterator[tuple[str, str, Term]]:
    """(level, metric, term) of everything that a row counts in."""
    if row.dropped is not None:
        return
    right, stated = float(row.correct), row.reading.confidence
    yield "task", "accuracy", (right, 1)
    if protocol == EMOBSERVER:
        return
    # One that is nan counts as stated, and leaves the Brier score and the mean undefined.
    confident = row.reading.confidence_status != "missing"
    yield "overall", "accuracy", (float(right_anywhere), 1)
    yield "group", "accuracy_all_rows", (right, 1)
    yield "group", "coverage", (float(confident), 1)
    if confident:
        yield "group", "accuracy", (right, 1)
    if stated is not None:
        yield "group", "brier", ((stated - right) ** 2, 1)
        yield "group", "mean_confidence", (stated, 1)


@dataclass(frozen=True)
class _Means:
    """Everything that is a mean over rows.

    Attributes:
        protocol: Of the rows.
        tasks: Ids, in the order of the sums.
        sums: (level, metric) → each image's sum and number of rows by task, for both sides; shape
            (images, tasks, 2, 2): side, then sum and number.
        present: Which tasks each image has rows of; shape (images, tasks).
        replicates: Of the bootstrap.
        seed: Of its draws.
    """

    protocol: str
    tasks: tuple[str, ...]
    sums: Mapping[tuple[str, str], NDArray[np.float64]]
    present: NDArray[np.bool_]
    replicates: int
    seed: int

    @classmethod
    def of(
        cls,
        first: Scores,
        second: Scores,
        protocol: str,
        told: Sequence[Told],
        replicates: int,
        seed: int,
    ) -> _Means:
        """The sums of two sides' rows."""
        tasks = tuple(dict.fromkeys([*first.tasks, *second.tasks]))
        place = {name: number for number, name in enumerate(tasks)}
        images: dict[Hashable, int] = {}
        for rows in told:
            for row, _ in rows:
                images.setdefault(row.image_key, len(images))
        shape = (len(images), len(tasks), 2, 2)
        sums: dict[tuple[str, str], NDArray[np.float64]] = {}
        present = np.zeros(shape[:2], dtype=np.bool_)
        for side, rows in enumerate(told):
            for row, right_anywhere in rows:
                if row.task not in place:
                    continue
                at = images[row.image_key], place[row.task]
                present[at] = True
                for level, key, term in _terms(row, right_anywhere, protocol):
                    if (level, key) not in sums:
                        sums[level, key] = np.zeros(shape)
                    sums[level, key][(*at, side)] += term
        if protocol == EMOBSERVER:
            accuracy = sums.get(("task", "accuracy"), np.zeros(shape))
            sums |= {("group", "accuracy"): accuracy, ("overall", "accuracy"): accuracy}
        return cls(protocol, tasks, sums, present, replicates, seed)

    def differences(
        self,
        level: str,
        tasks: Sequence[str],
        old: RowScores,
        new: RowScores,
        weights: Weights | None = None,
    ) -> Differences:
        """Of a task, a group or everything; without weights, the tasks' rows are pooled."""
        columns = [self.tasks.index(name) for name in tasks]
        drawn = self.drawn(level, old.metrics, tasks, weights)
        metrics = {
            key: self.difference(level, key, tasks, (value, new.metrics.get(key)), drawn.get(key), weights)
            for key, value in old.metrics.items()
        }
        known = [sums for (of, _), sums in self.sums.items() if of == level]
        changed = np.zeros(len(self.present), dtype=np.bool_)
        for sums in known:
            changed |= _changed(sums[:, columns])
        right = None
        if weights is None and (level, "accuracy") in self.sums:
            counted = self.sums[level, "accuracy"][:, columns]
            right = round(float(counted[:, :, 1, 0].sum())) if _is_one_row_each(counted) else None
        samples = int(self.present[:, columns].any(axis=1).sum())
        own = {key: values[1] for key, values in drawn.items() if key in METHODS}
        alone = CandidateReplicates(own, right, None, new.cells)
        return Differences(new.n, samples, tuple(tasks), metrics, alone, int(changed.sum()))

    def difference(
        self,
        level: str,
        key: str,
        tasks: Sequence[str],
        scores: tuple[Score, Score | None],
        drawn: Values | None,
        weights: Weights | None = None,
    ) -> Difference:
        """Of a metric, with its replicates, see `drawn`, None if it has none."""
        old, new = scores
        if new is None:
            return Difference(old.value, None, why="the candidate has no such score")
        plain = Difference(old.value, new.value, why=old.why or new.why)
        if plain.change is None:
            return plain
        if drawn is None:
            return replace(
                plain,
                why=f"no interval: {key} is no mean over rows, and under {self.protocol} only those are "
                "tested; --protocol strict has a test",
            )
        columns = [self.tasks.index(name) for name in tasks]
        sums = self.sums[level, key][:, columns]
        changed = int(_changed(sums).sum())
        change = drawn[1] - drawn[0]
        interval = difference_interval(plain.change, change)
        p = bootstrap_p(plain.change, change)
        if interval is None or p is None:
            return replace(plain, why=f"{key} is undefined in too many bootstrap replicates")
        found = replace(plain, samples_changed=changed, error=float(np.nanstd(change)))
        if found.is_of_few:
            found = replace(found, why=why_of_few(changed))
        else:
            found = replace(found, low=interval[0], high=interval[1], p=p, method=PERCENTILE)
        if weights is not None and len(tasks) > 1:
            return found
        counts = sums[..., 1]
        exact = bool(np.array_equal(counts[..., 0], counts[..., 1])) and key not in {
            "brier",
            "mean_confidence",
        }
        if not exact:
            return found
        gained = (sums[:, :, 1, 0] - sums[:, :, 0, 0]).sum(axis=1)
        return exactly_tested(found, np.rint(gained).astype(np.int64), by_image=not _is_one_row_each(sums))

    def drawn(
        self, level: str, keys: Iterable[str], tasks: Sequence[str], weights: Weights | None
    ) -> dict[str, Values]:
        """The replicates of those metrics that are means; shape (2, replicates) each.

        Without weights, the tasks' rows are pooled.
        """
        return {key: self._drawn(level, key, tasks, weights) for key in keys if (level, key) in self.sums}

    def _drawn(self, level: str, key: str, tasks: Sequence[str], weights: Weights | None) -> Values:
        """A metric of both sides in every replicate; shape (2, replicates)."""
        columns = [self.tasks.index(name) for name in tasks]
        drawn = self._resampled(self.sums[level, key][:, columns], self.present[:, columns])
        with np.errstate(invalid="ignore", divide="ignore"):
            if weights is None:
                total = drawn.sum(axis=1)
                return np.asarray((total[..., 0] / total[..., 1]).T)
            share = np.array([weights.get(name, 0.0) for name in tasks])
            return np.asarray(np.einsum("rts,t->sr", drawn[..., 0] / drawn[..., 1], share))

    def _resampled(self, sums: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Sums over images drawn with replacement; shape (replicates, tasks, 2, 2).

        Images that belong to the same tasks are drawn from each other, so that every task keeps its number.
        """
        stream = np.random.default_rng(self.seed)
        drawn = np.zeros((self.replicates, *sums.shape[1:]))
        _, stratum = np.unique(present, axis=0, return_inverse=True)
        for number in range(int(stratum.max()) + 1):
            own = (stratum.ravel() == number) & present.any(axis=1)
            if not own.any():
                continue
            flat = sums[own].reshape(int(own.sum()), -1)
            patterns, counts = np.unique(flat, axis=0, return_counts=True)
            # One thread, so that the sums are the same to the last bit on any number of processors.
            with threadpool_limits(1, user_api="blas"):
                for begin in range(0, self.replicates, AT_ONCE):
                    block = drawn[begin : begin + AT_ONCE]
                    times = stream.multinomial(len(flat), counts / len(flat), size=len(block))
                    block += (times @ patterns).reshape(block.shape)
        return drawn


def _changed(sums: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which images' sums differ between the sides; shape (images,)."""
    return np.asarray((sums[:, :, 0] != sums[:, :, 1]).any(axis=(1, 2)))


def _is_one_row_each(sums: NDArray[np.float64]) -> bool:
    """Whether rows are independent, and the same on both sides."""
    numbers = sums[..., 1].sum(axis=1)
    return bool(np.array_equal(numbers[:, 0], numbers[:, 1]) and numbers.max(initial=0) <= 1)
