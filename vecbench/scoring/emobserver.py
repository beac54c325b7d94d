"""The emobserver protocol: scores responses exactly as EmObserver's evaluators do.

Accuracy only. Source: `evaluate/metrics_calculators/` of github.com/wdqqdw/EmObserver. Here is VECBench's;
those of MVEI and EEmo-Bench have modules of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vecbench.answers import Choice
from vecbench.answers.verdict import StatementVerdict
from vecbench.metrics import Cells
from vecbench.metrics.confusion import Confusion
from vecbench.parsing import Prediction, emobserver
from vecbench.scoring.aggregate import Arrangement
from vecbench.scoring.eemo import APART, question_row, question_scores
from vecbench.scoring.mvei import FURTHER_GENERATION, HEADINGS, generations, statement_scores
from vecbench.scoring.predictions import prediction
from vecbench.scoring.protocol import Protocol, Term
from vecbench.scoring.scores import ALL_ROWS, GroupScores, Pool, RowScores, Score, Scores
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

NAME = "emobserver"


def emobserver_scores(
    responses: Iterable[StoredResponse], catalogue: Catalogue, run: Mapping[str, Any] | None = None
) -> tuple[list[Prediction], Scores]:
    """What every response says, and the scores, as EmObserver's evaluator has them.

    Of several responses to one sample and repeat the last counts, and of several repeats the first. There is
    the accuracy of the tasks; of a group, the mean of its tasks' accuracies; overall, the mean of the groups
    of the benchmark that the tasks belong to. A task without rows, and a group without tasks, counts as 0.
    """
    latest, first = generations(map(_as_compared, responses))
    predictions: list[Prediction] = []
    by_task: dict[str, list[Prediction]] = {}
    failures: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    guesses = 0
    for each in latest.values():
        is_first = each.repeat == first[each.task, each.sample_id]
        row, is_guess = _row(each, None if is_first else FURTHER_GENERATION, catalogue)
        predictions.append(row)
        if row.dropped is not None:
            reasons[row.dropped] += 1
            continue
        guesses += is_guess
        failures[each.task] += each.response is None
        by_task.setdefault(each.task, []).append(row)
    arrangement = Arrangement.of(by_task.keys(), catalogue)
    tasks = {name: _task_scores(by_task[name], failures[name]) for name in arrangement.tasks}
    benchmarks = _benchmarks(arrangement, catalogue)
    listed = dict.fromkeys([*arrangement.members, *(name for each in benchmarks.values() for name in each)])
    groups = {name: _group_scores(catalogue.groups[name].members, tasks, by_task) for name in listed}
    every = [row for name in arrangement.tasks for row in by_task[name]]
    overall = _overall_scores(every, arrangement.tasks, benchmarks, groups, failures.total())
    further = {
        "dropped": {"n": reasons.total(), "of": len(latest), "reasons": dict(sorted(reasons.items()))},
        "first_candidate": {"n": guesses, "without_response": failures.total()},
    }
    notes = [
        "Acc of a group: the mean of its tasks; overall: the mean of the groups; what is absent counts as 0."
    ]
    if guesses:
        notes.append(
            f"Responses that name no candidate and count as the first one: {guesses}, "
            f"{failures.total()} of them failed."
        )
    notes += [f"Rows dropped, {reason}: {count}." for reason, count in sorted(reasons.items())]
    return predictions, Scores(
        NAME, run or {}, tasks, groups, overall, arrangement.names, further=further, notes=tuple(notes)
    )


def _row(response: StoredResponse, dropped: str | None, catalogue: Catalogue) -> tuple[Prediction, bool]:
    """What a response says, and whether that is a guess."""
    if response.kind == Choice.name:
        return question_row(response, dropped)
    kind = catalogue.answers_of(response.task, response.kind)
    reading = emobserver.read(response.response, response.candidates, kind)
    if response.kind == StatementVerdict.name:
        return prediction(response, reading, dropped=dropped), False
    is_guess = emobserver.named_label(response.response or "", response.candidates) is None
    return prediction(response, reading, dropped=dropped), is_guess


def _as_compared(response: StoredResponse) -> StoredResponse:
    """With its target as the evaluator of labels compares it: as it is spelt."""
    has_own = response.kind in {StatementVerdict.name, Choice.name}
    return response if has_own else response.as_stated()


def _benchmarks(arrangement: Arrangement, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The benchmarks that any of the tasks belongs to → their groups."""
    groups = {
        each.id: tuple(name for name in each.members if name in catalogue.groups)
        for each in catalogue.benchmarks()
        if not _is_apart(each.id, catalogue)
    }
    return {name: each for name, each in groups.items() if not arrangement.members.keys().isdisjoint(each)}


def _is_apart(group: str, catalogue: Catalogue) -> bool:
    """Whether a group has questions with options, over several tasks of which there is no number."""
    listed = (catalogue.tasks.get(name) for name in catalogue.groups[group].members)
    members = (name for name in catalogue.groups[group].members if name in catalogue.groups)
    is_of_choices = any(task is not None and task.answers.name == Choice.name for task in listed)
    return is_of_choices or any(_is_apart(name, catalogue) for name in members)


def _terms(
    responses: Sequence[StoredResponse], rows: Sequence[Prediction]
) -> Iterator[tuple[Prediction, list[Term]]]:
    """Each row with what it adds to its task's accuracy; see `Protocol.terms`."""
    del responses
    for row in rows:
        yield row, [] if row.dropped is not None else [Term("task", "accuracy", float(row.correct))]


def task_weights(present: Sequence[str], catalogue: Catalogue) -> dict[Pool, dict[str, float]]:
    """How much the accuracy of each task that has rows counts: group → task → weight.

    All rows are there too, unless the tasks belong to several benchmarks or to none.
    """
    arrangement = Arrangement.of(present, catalogue)
    benchmarks = _benchmarks(arrangement, catalogue)
    listed = dict.fromkeys([*arrangement.members, *(name for each in benchmarks.values() for name in each)])
    members = {
        name: tuple(dict.fromkeys(catalogue.groups[name].members))
        for name in listed
        if not _is_apart(name, catalogue)
    }
    weights = {
        Pool(name): {task: 1 / len(tasks) for task in tasks if task in present}
        for name, tasks in members.items()
    }
    if len(benchmarks) == 1:
        [groups] = benchmarks.values()
        overall: dict[str, float] = {}
        for name in groups:
            for task, weight in weights[Pool(name)].items():
                overall[task] = overall.get(task, 0.0) + weight / len(groups)
        weights[ALL_ROWS] = overall
    return weights


def _task_scores(rows: Sequence[Prediction], failures: int) -> RowScores:
    if rows[0].kind == StatementVerdict.name:
        return statement_scores(rows, failures)
    if rows[0].kind == Choice.name:
        return question_scores(rows, failures)
    accuracy = Score(sum(row.correct for row in rows) / len(rows), len(rows))
    return _row_scores(rows, accuracy, failures)


def _group_scores(
    members: Iterable[str], tasks: Mapping[str, RowScores], by_task: Mapping[str, Sequence[Prediction]]
) -> GroupScores:
    listed = list(dict.fromkeys(members))
    present = [name for name in listed if name in tasks]
    values = [tasks[name].metrics["accuracy"].value or 0.0 for name in present]
    note = {"note": "the mean of the task accuracies; a task without rows counts as 0"}
    accuracy = Score(sum(values) / len(listed), len(listed), details=note)
    if any(tasks[name].kind == Choice.name for name in present):
        accuracy = Score(None, 0, why=APART)
    rows = [row for name in present for row in by_task[name]]
    absent = tuple(name for name in listed if name not in tasks)
    errors = sum(tasks[name].counts["errors"] for name in present)
    return GroupScores(tuple(present), absent, _row_scores(rows, accuracy, errors), {}, line="mean of tasks")


def _overall_scores(
    rows: Sequence[Prediction],
    order: Sequence[str],
    benchmarks: Mapping[str, Sequence[str]],
    groups: Mapping[str, GroupScores],
    failures: int,
) -> GroupScores:
    absent: tuple[str, ...] = ()
    if len(benchmarks) == 1:
        [members] = benchmarks.values()
        values = [groups[name].pooled.metrics["accuracy"].value or 0.0 for name in members]
        note = {"note": "the mean of the group accuracies; a group without rows counts as 0"}
        accuracy = Score(sum(values) / len(values), len(values), details=note)
        absent = tuple(task for name in members for task in groups[name].absent)
    else:
        named = " and ".join(benchmarks) or "no benchmark"
        why = f"the tasks belong to {named}: the mean of the groups needs one benchmark"
        is_apart = bool(rows) and all(row.kind == Choice.name for row in rows)
        accuracy = Score(None, 0, why=APART if is_apart else why)
    pooled = _row_scores(rows, accuracy, failures)
    return GroupScores(tuple(order), absent, pooled, {}, line="mean of groups")


def _row_scores(rows: Sequence[Prediction], accuracy: Score, failures: int) -> RowScores:
    lists = dict.fromkeys(emobserver.LETTERS if row.kind == Choice.name else row.candidates for row in rows)
    candidates = tuple(dict.fromkeys(name for each in lists for name in each))
    targets = [row.target if row.target in candidates else None for row in rows]
    confusion = Confusion.of_labels(targets, [row.reading.answer for row in rows], candidates)
    # A failed response has a label all the same: the first candidate.
    answered = sum(row.reading.answer is not None for row in rows)
    counts = {"answered": answered, "confident": 0, "errors": failures}
    return RowScores(len(rows), counts, {"accuracy": accuracy}, Cells.of_rows([], []), candidates, confusion)


EMOBSERVER = Protocol(
    NAME,
    emobserver.read,
    emobserver_scores,
    headings=HEADINGS,
    decimals=2,
    has_confidences=False,
    terms=_terms,
    weights=task_weights,
    headline_is_overall=True,
)
