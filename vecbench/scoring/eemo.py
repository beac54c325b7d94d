"""Scores of EEmo-Bench's questions as EmObserver's evaluator has them: by question type, and their mean.

Source: `evaluate/metrics_calculators/eemo_bench.py` of github.com/wdqqdw/EmObserver. It has no number over
both of its files, questions about one image and about two.
"""

from __future__ import annotations

from collections.abc import Sequence

from vecbench.answers import Choice
from vecbench.metrics import Cells
from vecbench.metrics.confusion import Confusion
from vecbench.parsing import Prediction, Reading, emobserver
from vecbench.scoring.predictions import prediction
from vecbench.scoring.scores import RowScores, Score
from vecbench.store import StoredResponse

TYPE = "question_type"
TYPES = ("Yes-or-No", "What/How")
OF_NO_TYPE = f"its question type is neither {' nor '.join(TYPES)}"
"""Why a row is dropped."""
APART = "EmObserver has no number over questions about one image and about two"


def question_row(response: StoredResponse, dropped: str | None = None) -> tuple[Prediction, bool]:
    """What a response says, and whether that is a guess; of a question of another type nothing is counted."""
    target = (response.stated_target or str(response.target)).strip()
    letter = emobserver.chosen_letter(
        response.response or "", target, response.prompt, dict(zip("ABCD", response.candidates, strict=False))
    )
    if response.attributes.get(TYPE) not in TYPES:
        dropped = dropped or OF_NO_TYPE
    choice = letter or emobserver.LETTERS[0]
    reading = Reading(choice, "ok", None, "missing")
    return prediction(response, reading, judged=choice == target, dropped=dropped), letter is None


def question_scores(rows: Sequence[Prediction], failures: int) -> RowScores:
    """The accuracy of all rows and of each type; as headline their mean, where one without rows is 0."""
    by_type = {name: [row for row in rows if row.attributes[TYPE] == name] for name in TYPES}
    subsets = {name: _accuracy(of_type, 0) for name, of_type in by_type.items() if of_type}
    values = [each.metrics["accuracy"].value or 0.0 for each in subsets.values()]
    note = {"note": f"the mean of {' and '.join(TYPES)}"}
    return _accuracy(
        rows, failures, {TYPE: subsets}, Score(sum(values) / len(TYPES), len(TYPES), details=note)
    )


def _accuracy(
    rows: Sequence[Prediction],
    failures: int,
    subsets: dict[str, dict[str, RowScores]] | None = None,
    headline: Score | None = None,
) -> RowScores:
    answers = [row.reading.answer for row in rows]
    letters = emobserver.LETTERS
    targets = [row.target if row.target in letters else None for row in rows]
    return RowScores(
        len(rows),
        {"answered": len(rows), "confident": 0, "errors": failures},
        {"accuracy": Score(sum(row.correct for row in rows) / len(rows), len(rows))},
        Cells.of_rows([], []),
        letters,
        Confusion.of_labels(targets, answers, letters),
        kind=Choice.name,
        subsets=subsets or {},
        headline=headline,
    )
