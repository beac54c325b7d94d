"""Scores of rankings and ratings as EEmo-Logic's scripts have them.

Source: `thinking_consistancy.py` of github.com/workerred/EEmo-Logic; that ratings which are no numbers are in
no correlation, and that the three dimensions are averaged, is inferred (see docs/eemo-ranking.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from vecbench.answers import Ranking, Rating
from vecbench.metrics.rankings import HITS, RankingScore
from vecbench.parsing import Prediction, eemo_logic
from vecbench.scoring.aggregate import Arrangement
from vecbench.scoring.mvei import FURTHER_GENERATION, generations
from vecbench.scoring.predictions import judged, prediction, status_counts
from vecbench.scoring.protocol import Level, Protocol, Term
from vecbench.scoring.scores import GroupScores, RowScores, Score, Scores
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

NAME = "eemo-logic"
NEITHER = "its answer is neither a ranking nor a rating"
NO_TARGET = "its target is no ranking of three, or no rating"
"""Why a row is dropped."""
HEADINGS = {
    "ranking_score": "Ranking",
    "hit": "Hit",
    "order": "Order",
    "spearman": "SRCC",
    "pearson": "PLCC",
}


def eemo_logic_scores(
    responses: Iterable[StoredResponse], catalogue: Catalogue, run: Mapping[str, Any] | None = None
) -> tuple[list[Prediction], Scores]:
    """What every response says, and the scores, as EEmo-Logic's scripts have them.

    Of rankings, means over all rows, unreadable ones being 0; of ratings, correlations over those that are
    numbers. A group of ratings has the mean of its tasks. Of several repeats of a sample the first counts.
    """
    latest, first = generations(responses)
    predictions = [_row(each, first[each.task, each.sample_id], catalogue) for each in latest.values()]
    by_task: dict[str, list[Prediction]] = {}
    for row in predictions:
        if row.dropped is None:
            by_task.setdefault(row.task, []).append(row)
    arrangement = Arrangement.of(by_task.keys(), catalogue)
    tasks = {name: _task_scores(by_task[name]) for name in arrangement.tasks}

    def together(present: Sequence[str], absent: Sequence[str]) -> GroupScores:
        rows = [row for name in present for row in by_task[name]]
        kinds = {tasks[name].kind for name in present}
        if kinds == {Rating.name}:
            means = _mean_of(rows, [tasks[name] for name in present])
            return GroupScores(tuple(present), tuple(absent), means, {}, line="mean of tasks")
        pooled = _task_scores(rows) if kinds == {Ranking.name} else _mixed(rows, kinds)
        return GroupScores(tuple(present), tuple(absent), pooled, {})

    groups = {
        name: together(present, arrangement.absent[name]) for name, present in arrangement.members.items()
    }
    reasons = Counter(row.dropped for row in predictions if row.dropped is not None)
    dropped = {
        "n": reasons.total(),
        "of": len(predictions),
        "reasons": dict(sorted(reasons.items())),
    }
    notes = [f"Rows dropped, {reason}: {count:,}." for reason, count in sorted(reasons.items())]
    overall = together(arrangement.tasks, ())
    return predictions, Scores(
        NAME,
        run or {},
        tasks,
        groups,
        overall,
        arrangement.names,
        further={"dropped": dropped},
        notes=tuple(notes),
    )


def published_score(answer: Sequence[str], target: Sequence[str]) -> RankingScore:
    """The score of one ranking as the script has it, the order rounded to hundredths of a point.

    It differs from `vecbench.metrics.rankings.ranking_score` in that it takes answers of any length, and
    compares the common names by alphabet instead of by rank.

    Args:
        answer: Names, the strongest first; any texts, of any number.
        target: Three distinct names.
    """
    hit = sum(weight for weight, name in zip(HITS, target, strict=True) if name in answer)
    said = [name for name in dict.fromkeys(answer) if name in target]
    true = [name for name in target if name in answer]
    k = len(true)
    if k < 2:
        return RankingScore(hit, 0.0)
    pairs = list(combinations(range(k), 2))
    agreeing = sum((said[i] < said[j]) == (true[i] < true[j]) for i, j in pairs)
    tau = 2 * agreeing / len(pairs) - 1
    return RankingScore(hit, round((tau + 1) * 25 * k / len(target), 2) / 100)


def _row(response: StoredResponse, first: int, catalogue: Catalogue) -> Prediction:
    kind = catalogue.answers_of(response.task, response.kind)
    reading = eemo_logic.read(response.response, response.candidates, kind)
    if kind.name not in {Ranking.name, Rating.name}:
        return prediction(response, reading, judged=False, dropped=NEITHER)
    row = judged(response, reading, kind)
    dropped = FURTHER_GENERATION if response.repeat != first else None
    if not _is_target(row):
        dropped = NO_TARGET
    return prediction(response, reading, judged=row.judged, dropped=dropped, target=row.target)


def _is_target(row: Prediction) -> bool:
    if row.kind == Rating.name:
        return isinstance(row.target, float)
    return isinstance(row.target, tuple) and len(row.target) == len(HITS)


def _task_scores(rows: Sequence[Prediction]) -> RowScores:
    metrics = _of_rankings(rows) if rows[0].kind == Ranking.name else _of_ratings(rows)
    return RowScores(len(rows), status_counts(rows), metrics, kind=rows[0].kind)


def _points(row: Prediction) -> RankingScore:
    return published_score(row.reading.answer or (), row.target)


def _of_rankings(rows: Sequence[Prediction]) -> dict[str, Score]:
    n = len(rows)
    points = np.array([_points(row) for row in rows])
    read = np.array([row.reading.answer is not None for row in rows])
    of_read: dict[str, float] = {"readable": int(read.sum())}
    if read.any():
        of_read["mean_of_readable"] = float(points[read].sum(axis=1).mean())
    hit, order = points.mean(axis=0)
    return {
        "ranking_score": Score(float(points.sum(axis=1).mean()), n, details=of_read),
        "hit": Score(float(hit), n),
        "order": Score(float(order), n),
    }


def _of_ratings(rows: Sequence[Prediction]) -> dict[str, Score]:
    from scipy.stats import pearsonr, spearmanr

    numbers = [(row.reading.answer, row.target) for row in rows if row.reading.answer is not None]
    answers, targets = np.array(numbers, dtype=np.float64).reshape(-1, 2).T
    n = len(numbers)
    if n < 2 or np.ptp(answers) == 0 or np.ptp(targets) == 0 or not np.isfinite(answers).all():
        why = "fewer than two different answers or targets, or one that is infinite"
        return dict.fromkeys(("spearman", "pearson"), Score(None, n, why=why))
    return {
        "spearman": Score(float(spearmanr(answers, targets).statistic), n),
        "pearson": Score(float(pearsonr(answers, targets).statistic), n),
    }


def _mean_of(rows: Sequence[Prediction], tasks: Sequence[RowScores]) -> RowScores:
    """The means of the correlations of some tasks."""
    metrics = {}
    for key in tasks[0].metrics:
        values = [task.metrics[key].value for task in tasks]
        known = [value for value in values if value is not None]
        metrics[key] = (
            Score(
                sum(known) / len(known), len(known), details={"note": "the mean of the tasks' correlations"}
            )
            if len(known) == len(values)
            else Score(None, len(values), why="it is undefined for a task")
        )
    return RowScores(len(rows), status_counts(rows), metrics, kind=Rating.name)


def _mixed(rows: Sequence[Prediction], kinds: Iterable[str]) -> RowScores:
    named = ", ".join(sorted(kinds))
    why = f"answers of several kinds ({named}) are not pooled" if rows else "there are no rows"
    return RowScores(len(rows), status_counts(rows), {"ranking_score": Score(None, 0, why=why)}, kind="mixed")


def _terms(
    responses: Sequence[StoredResponse], rows: Sequence[Prediction]
) -> Iterator[tuple[Prediction, list[Term]]]:
    """Each ranking with what it adds to the mean scores; see `Protocol.terms`."""
    del responses
    levels: tuple[Level, ...] = ("task", "group", "overall")
    for row in rows:
        is_ranking = row.dropped is None and row.kind == Ranking.name
        points = _points(row) if is_ranking else None
        keyed = {} if points is None else {"ranking_score": points.total, **points._asdict()}
        yield row, [Term(level, key, value) for level in levels for key, value in keyed.items()]


EEMO_LOGIC = Protocol(
    NAME,
    eemo_logic.read,
    eemo_logic_scores,
    headings=HEADINGS,
    decimals=2,
    has_confidences=False,
    terms=_terms,
)
