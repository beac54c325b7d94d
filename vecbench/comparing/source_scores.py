"""Scores with several sources of confidence side by side, in every task, every group, and everything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from vecbench.answers import scores_confidences
from vecbench.comparing.observed_pairs import ObservedPairs
from vecbench.comparing.row_differences import Name
from vecbench.comparing.source_differences import SourceRows, why_no_value
from vecbench.errors import UsageError
from vecbench.metrics.bootstrap import REPLICATES, SEED
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Observations
from vecbench.metrics.significance import holm
from vecbench.parsing import Prediction
from vecbench.scoring import CompleteScores, RowScores, Score, Scores, is_published
from vecbench.scoring.aggregate import is_excluded
from vecbench.scoring.agreement import AGREEMENT
from vecbench.scoring.observations import kinds_of, paired_observations
from vecbench.scoring.row_scores import SetScorer
from vecbench.scoring.scores import ALL_ROWS, GroupScores, Pool
from vecbench.scoring.side_by_side import RankCorrelation, SideBySide, SourceDifference, compared
from vecbench.scoring.sources import chosen_sources, rows_by_source
from vecbench.tasks import Catalogue


def with_sources(
    complete: CompleteScores,
    asked: Iterable[str],
    catalogue: Catalogue,
    *,
    further: Collection[str] = (),
    replicates: int | None = None,
    seed: int = SEED,
) -> CompleteScores:
    """The scores with `RowScores.sources` wherever confidences are scored.

    Args:
        complete: Scored rows.
        asked: Names of sources; "all" for those that the rows have.
        catalogue: The tasks.
        further: Keys of metrics in which they are compared beside the usual ones.
        replicates: Of the bootstraps; None for 10,000, fewer for differences where those take too long.
        seed: Of their draws.

    Raises:
        UsageError: There is no such source, no row has it, or no confidence is scored here.
    """
    protocol = complete.scores.protocol
    if is_published(protocol):
        raise UsageError(f"--confidence: the protocol {protocol} knows one source", "Use strict.")
    rows = [row for row in complete.rows if not is_excluded(row, catalogue)]
    kinds = {row.task: catalogue.answers_of(row.task, row.kind) for row in rows}
    rows = [row for row in rows if scores_confidences(kinds[row.task])]
    if not rows:
        raise UsageError("--confidence: no task has confidences that are scored", "Leave it out.")
    sources = chosen_sources(asked, rows)
    fitted = {name for name, kind in kinds.items() if kind.judges and not kind.has_shares}
    scored = _Scored(rows_by_source(rows, sources, fitted), complete, catalogue, further)
    return replace(complete, scores=scored.scores(replicates, seed))


class _Scored:
    """Every source, by task and by pool."""

    def __init__(
        self,
        rows: Mapping[str, Sequence[Prediction]],
        complete: CompleteScores,
        catalogue: Catalogue,
        further: Collection[str],
    ) -> None:
        self._rows, self._complete, self._further = rows, complete, further
        present: dict[str, list[tuple[Prediction, ...]]] = {}
        for sides in zip(*rows.values(), strict=True):
            present.setdefault(sides[0].task, []).append(sides)
        self._by_task = {name: present[name] for name in complete.scores.tasks if name in present}
        each = {name: list(of[0]) for name, of in self._by_task.items()}
        self._kinds = kinds_of(each, catalogue)
        pools = {Pool(name): group.tasks for name, group in complete.scores.groups.items()}
        pools[ALL_ROWS] = complete.scores.overall.tasks
        self._pools = {name: parts for name, parts in pools.items() if present.keys() >= set(parts)}

    def scores(self, replicates: int | None, seed: int) -> Scores:
        found = self._side_by_side(replicates, seed)
        scores = self._complete.scores

        def group(pool: Pool, each: GroupScores) -> GroupScores:
            return replace(each, pooled=replace(each.pooled, sources=found.get(pool)))

        return replace(
            scores,
            tasks={name: replace(each, sources=found.get(name)) for name, each in scores.tasks.items()},
            groups={name: group(Pool(name), each) for name, each in scores.groups.items()},
            overall=group(ALL_ROWS, scores.overall),
        )

    def _side_by_side(self, replicates: int | None, seed: int) -> dict[Name, SideBySide]:
        sources = list(self._rows)
        by_source: dict[str, SetScorer] = {}
        for place, source in enumerate(sources):
            sets = {name: [row[place] for row in rows] for name, rows in self._by_task.items()}
            by_source[source] = SetScorer(
                sets, self._kinds, self._pools, replicates or REPLICATES, seed, self._is_wanted
            )
        first = by_source[sources[0]]
        names: list[Name] = [*self._by_task, *filter(first.is_of_one_kind, self._pools)]
        scored = {
            name: {source: _without(each.scores(name), source) for source, each in by_source.items()}
            for name in names
        }
        metrics = {name: compared(scored[name][sources[0]].scored_by, self._further) for name in names}
        common = self._in_common(names, metrics)
        differences: Mapping[Name, Sequence[SourceDifference]] = {}
        correlations: Mapping[Name, Sequence[RankCorrelation]] = {}
        count = 0
        if len(sources) > 1 and common.tasks:
            found, count = common.differences(replicates, seed)
            differences, correlations = _adjusted(found), common.correlations(seed)
        return {
            name: SideBySide(
                "samples" if AGREEMENT in sources else "answers",
                sum(common.tasks[part].old.n for part in self._members(name) if part in common.tasks),
                metrics[name],
                scored[name],
                differences.get(name, ()),
                correlations.get(name, ()),
                count,
            )
            for name in names
        }

    def _members(self, name: Name) -> Sequence[str]:
        return [name] if isinstance(name, str) else self._pools[name]

    def _is_wanted(self, metric: Metric) -> bool:
        # Most others take long of as many distinct confidences as token probabilities are.
        usual = metric.counts_stated or metric.shown != "asked"
        return metric.is_of_confidences and (usual or metric in compared([metric], self._further))

    def _in_common(self, names: Sequence[Name], metrics: Mapping[Name, Sequence[Metric]]) -> SourceRows:
        """What every source has a confidence of."""
        whole = {
            name: [row for row in rows if all(side.reading.confidence is not None for side in row)]
            for name, rows in self._by_task.items()
        }
        whole = {name: rows for name, rows in whole.items() if rows}
        tasks = (
            {
                name: ObservedPairs(tuple(map(_without_classes, sides)), tuple(frozenset() for _ in sides))
                for name, sides in paired_observations(whole, self._kinds).items()
            }
            if whole
            else {}
        )
        members = {name: [part for part in self._members(name) if part in whole] for name in names}
        return SourceRows(list(self._rows), tasks, {name: of for name, of in members.items() if of}, metrics)


def _without_classes(rows: Observations) -> Observations:
    """The rows without what their answers are: of all sources that is the same."""
    return Observations(rows.image, rows.right, rows.confidence, rows.answered, columns=rows.columns)


def _without(scores: RowScores, source: str) -> RowScores:
    """The scores without what a source cannot have."""
    metrics = {metric.key: metric for metric in scores.scored_by}

    def left(key: str, score: Score) -> Score:
        why = why_no_value(metrics[key], source)
        return score if why is None else Score(None, score.n, why=why)

    return replace(scores, metrics={key: left(key, score) for key, score in scores.metrics.items()})


def _adjusted(found: Mapping[Name, Sequence[SourceDifference]]) -> dict[Name, list[SourceDifference]]:
    """With p values adjusted over the table: over all tasks and pools, pairs of sources, and metrics."""
    tests = {
        (name, place): each.p
        for name, listed in found.items()
        for place, each in enumerate(listed)
        if each.p is not None
    }
    adjusted = holm(tests)
    return {
        name: [replace(each, p_holm=adjusted.get((name, place))) for place, each in enumerate(listed)]
        for name, listed in found.items()
    }
