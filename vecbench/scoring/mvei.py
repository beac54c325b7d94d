"""Scores of statements as two published programs have them: MVEI's own script, and EmObserver's evaluator.

Sources: `eval/cal_metrics.py` of github.com/wdqqdw/MVEI and `evaluate/metrics_calculators/mvei.py` of
github.com/wdqqdw/EmObserver. Of both, shares of all rows, in total and of each statement class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vecbench.answers.verdict import CORRECT, VERDICTS, StatementVerdict
from vecbench.metrics import Cells
from vecbench.metrics.confusion import Confusion
from vecbench.parsing import Prediction, mvei
from vecbench.samples.mvei import CLASSES
from vecbench.scoring.aggregate import Arrangement
from vecbench.scoring.predictions import prediction
from vecbench.scoring.protocol import Level, Protocol, Term
from vecbench.scoring.scores import GroupScores, RowScores, Score, Scores
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

NAME = "mvei"
FURTHER_GENERATION = "not the first generation of its sample"
NO_VERDICT = "its target is no verdict"
NO_STATEMENT = "its answer is no verdict on a statement"
"""Why a row is dropped."""
CLASS = "statement_class"
HEADINGS = {"accuracy": "Acc", "positive_ratio": "Pos", "give_up_ratio": "Give up"}


def mvei_scores(
    responses: Iterable[StoredResponse], catalogue: Catalogue, run: Mapping[str, Any] | None = None
) -> tuple[list[Prediction], Scores]:
    """What every response says, and the scores, as MVEI's script has them: all rows pooled.

    Of several repeats of a sample the first counts. Rows whose target is no verdict, and those of other
    benchmarks, are left out.
    """
    latest, first = generations(responses)
    predictions = [_row(each, first[each.task, each.sample_id]) for each in latest.values()]
    by_task: dict[str, list[Prediction]] = {}
    for row in predictions:
        if row.dropped is None:
            by_task.setdefault(row.task, []).append(row)
    arrangement = Arrangement.of(by_task.keys(), catalogue)
    tasks = {name: statement_scores(by_task[name]) for name in arrangement.tasks}
    groups = {
        name: GroupScores(present, arrangement.absent[name], _pooled(present, by_task), {})
        for name, present in arrangement.members.items()
    }
    overall = GroupScores(arrangement.tasks, (), _pooled(arrangement.tasks, by_task), {})
    reasons = Counter(row.dropped for row in predictions if row.dropped is not None)
    dropped: dict[str, Any] = {
        "n": reasons.total(),
        "of": len(predictions),
        "reasons": dict(sorted(reasons.items())),
    }
    notes = [f"Rows dropped, {reason}: {count:,}." for reason, count in dropped["reasons"].items()]
    names = arrangement.names
    return predictions, Scores(
        NAME, run or {}, tasks, groups, overall, names, further={"dropped": dropped}, notes=tuple(notes)
    )


def generations(
    responses: Iterable[StoredResponse],
) -> tuple[dict[tuple[str, str, int], StoredResponse], dict[tuple[str, str], int]]:
    """The last response to each task, sample and repeat; and each sample's first repeat, which counts."""
    latest = {(each.task, each.sample_id, each.repeat): each for each in responses}
    # Of the repeats of a sample, the lowest overwrites the others.
    return latest, {(task, sample): repeat for task, sample, repeat in sorted(latest, reverse=True)}


def _row(response: StoredResponse, first: int) -> Prediction:
    reading = mvei.read(response.response, response.candidates)
    if response.kind != StatementVerdict.name:
        return prediction(response, reading, judged=False, dropped=NO_STATEMENT)
    dropped = NO_VERDICT if response.target not in VERDICTS else None
    if response.repeat != first:
        dropped = FURTHER_GENERATION
    return prediction(response, reading, dropped=dropped)


def _pooled(tasks: Sequence[str], by_task: Mapping[str, Sequence[Prediction]]) -> RowScores:
    return statement_scores([row for name in tasks for row in by_task[name]])


def statement_scores(rows: Sequence[Prediction], failures: int = 0) -> RowScores:
    """The scores of some rows, and of each statement class; rows of an unknown class are in none."""
    by_class = {name: [row for row in rows if row.attributes.get(CLASS) == name] for name in CLASSES}
    subsets = {name: _shares(of_class, 0) for name, of_class in by_class.items() if of_class}
    return _shares(rows, failures, {CLASS: subsets} if subsets else {})


def _shares(
    rows: Sequence[Prediction], failures: int, subsets: Mapping[str, Mapping[str, RowScores]] | None = None
) -> RowScores:
    n = len(rows)
    answers = [row.reading.answer for row in rows]
    counts = {
        "accuracy": sum(row.correct for row in rows),
        "positive_ratio": answers.count(CORRECT),
        "give_up_ratio": answers.count(None),
    }
    metrics = {
        key: Score(count / n, n) if n else Score(None, 0, why="there are no rows")
        for key, count in counts.items()
    }
    targets = [row.target if row.target in VERDICTS else None for row in rows]
    return RowScores(
        n,
        {"answered": n - counts["give_up_ratio"], "confident": 0, "errors": failures},
        metrics,
        Cells.of_rows([], []),
        VERDICTS,
        Confusion.of_labels(targets, answers, VERDICTS),
        kind=StatementVerdict.name,
        subsets=subsets or {},
    )


def _terms(
    responses: Sequence[StoredResponse], rows: Sequence[Prediction]
) -> Iterator[tuple[Prediction, list[Term]]]:
    """Each row with what it adds to the accuracies; see `Protocol.terms`."""
    del responses
    for row in rows:
        right = float(row.correct)
        levels: tuple[Level, ...] = ("task", "group", "overall") if row.dropped is None else ()
        yield row, [Term(level, "accuracy", right) for level in levels]


MVEI = Protocol(
    NAME,
    mvei.read,
    mvei_scores,
    headings=HEADINGS,
    decimals=2,
    has_confidences=False,
    terms=_terms,
)
