"""A gallery of ways to look better than one is: each ranks below the honest model that it was made from."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from vecbench.leaderboard.entry import Entry
from vecbench.leaderboard.publication import verified_entry
from vecbench.leaderboard.standings import BELOW, SAME_OUTCOMES, UNREAD, leaderboard
from vecbench.leaderboard.tables import csv_text, markdown_page
from vecbench.leaderboard.verification import verify
from vecbench.parsing import Prediction, Reading
from vecbench.scoring import complete_scores
from vecbench.scoring.scores import ALL_ROWS
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
[DEMO] = (leaderboards_folder() / "demo" / "submissions").glob("*.zip")
TASKS = CATALOGUE.select("demo")
N = 1200
"""Samples of a task."""
CHANCES = np.array([0.3, 0.45, 0.6, 0.75, 0.9, 0.98])
"""How likely the honest model is right, which is what it states."""


def honest(seed=0):
    """Rows of a model that states how likely it is right."""
    generator = np.random.default_rng(seed)
    difficulty = np.random.default_rng(99).integers(0, CHANCES.size, (len(TASKS), N))
    for place, (task, of_task) in enumerate(zip(TASKS, difficulty, strict=True)):
        for number, which in enumerate(of_task):
            target = task.labels[number % 3 % len(task.labels)]
            chance = CHANCES[which]
            other = next(label for label in task.labels if label != target)
            answer = target if generator.random() < chance else other
            yield Prediction(
                f"{number}", task.id, f"s{number:04}", 0, target, task.labels,
                Reading(answer, "ok", float(chance), "ok"), f"{place * N + number:064x}",
            )  # fmt: skip


HONEST = list(honest())


def stating(row, confidence):
    status = "missing" if confidence is None else "ok"
    return replace(row, reading=replace(row.reading, confidence=confidence, confidence_status=status))


def refusing(row, confidence):
    status = "missing" if confidence is None else "ok"
    return replace(row, reading=Reading(None, "no_answer", confidence, status))


def is_unsure(row):
    return row.reading.confidence < 0.5


def abstaining():
    return [refusing(row, 0.0) for row in HONEST]


def refusing_wherever_unsure():
    return [refusing(row, 0.0) if is_unsure(row) else row for row in HONEST]


def answering_only_easy_ones_and_saying_nothing_else():
    return [refusing(row, None) if is_unsure(row) else row for row in HONEST]


def hiding(rows):
    """The confidences of the first of some rows, in 5 % of those of each task."""
    of_tasks = [[row for row in rows if row.task == task.id][: N // 20] for task in TASKS]
    hidden = {id(row) for of_task in of_tasks for row in of_task}
    return [stating(row, None) if id(row) in hidden else row for row in HONEST]


def hiding_the_likeliest_errors():
    return hiding(sorted(HONEST, key=lambda row: row.reading.confidence))


def hiding_confident_errors():
    """As somebody does who knows the targets."""
    wrong = [row for row in HONEST if row.reading.answer != row.target]
    return hiding(sorted(wrong, key=lambda row: -row.reading.confidence))


def always_as_confident_as_it_is_right():
    accuracy = np.mean([row.reading.answer == row.target for row in HONEST])
    return [stating(row, round(float(accuracy), 4)) for row in HONEST]


def always_certain():
    return [stating(row, 1.0) for row in HONEST]


def sharpening():
    return [stating(row, float(row.reading.confidence >= 0.5)) for row in HONEST]


def sharpening_a_little():
    return [
        stating(row, round(c**2 / (c**2 + (1 - c) ** 2), 4))
        for row in HONEST
        for c in [row.reading.confidence]
    ]


def copying_the_confidences_of_another_sample():
    stated = [row.reading.confidence for row in HONEST]
    return [stating(row, other) for row, other in zip(HONEST, stated[1:] + stated[:1], strict=True)]


def always_answering_the_most_frequent_label_at_its_frequency():
    rows = []
    for row in HONEST:
        labels = CATALOGUE.tasks[row.task].labels
        most = len(range(0, N, 3)) + (len(range(2, N, 3)) if len(labels) == 2 else 0)
        rows.append(replace(row, reading=Reading(labels[0], "ok", round(most / N, 4), "ok")))
    return rows


STRATEGIES = [
    abstaining,
    refusing_wherever_unsure,
    answering_only_easy_ones_and_saying_nothing_else,
    hiding_the_likeliest_errors,
    hiding_confident_errors,
    always_as_confident_as_it_is_right,
    always_certain,
    sharpening,
    sharpening_a_little,
    copying_the_confidences_of_another_sample,
    always_answering_the_most_frequent_label_at_its_frequency,
]


@pytest.fixture(scope="module")
def verified():
    return verify(DEMO, CATALOGUE)


@pytest.fixture(scope="module")
def board(verified):
    """Makes the leaderboard of some models: name → rows."""

    def entry(number, name, rows):
        scores = complete_scores(rows, "strict", CATALOGUE).scores
        submission = verified.submission.model_copy(update={"name": name})
        made = verified_entry(
            replace(verified, submission=submission, predictions=tuple(rows), scores=scores)
        )
        return made.model_copy(update={"submission_sha256": f"{number:064x}", "responses_sha256": None})

    def made(**models):
        entries: dict[str, Entry] = {
            name: entry(number, name, rows) for number, (name, rows) in enumerate(models.items())
        }
        return leaderboard(entries, CATALOGUE)

    return made


def test_the_honest_model_is_above_every_baseline(board):
    made = board(honest=HONEST)
    assert len(made.baselines) == 4
    assert not any(made.standings[0].below.values())


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda each: each.__name__)
def test_it_ranks_below_the_honest_model_in_the_headline(board, strategy):
    made = board(gaming=strategy(), honest=HONEST)
    headline = made.columns[0]
    assert headline.is_headline
    assert [each.name for each in made.standings] == ["honest", "gaming"]
    first, gaming = made.standings
    assert (first.rank(ALL_ROWS, headline), gaming.rank(ALL_ROWS, headline)) == ((1, 1), (2, 2))
    assert all(first.rank(block, headline)[0] == 1 for block in made.blocks)


@pytest.mark.parametrize("strategy", [hiding_the_likeliest_errors, hiding_confident_errors])
def test_hiding_confidences_wins_no_rank_in_any_column(board, strategy):
    made = board(gaming=strategy(), honest=HONEST)
    first, gaming = made.standings
    ranked = [column for column in made.columns if column.test == "influence"]
    assert len(ranked) == 5
    for column in ranked:
        assert gaming.rank(ALL_ROWS, column)[0] >= first.rank(ALL_ROWS, column)[0], column.heading
    # The value alone looks better, so its bound stands beside it.
    brier = next(column for column in ranked if column.metric.key == "brier")
    said, other = gaming.value(ALL_ROWS, brier), first.value(ALL_ROWS, brier)
    assert said.value < other.value < gaming.worst(ALL_ROWS, brier.metric, said)
    bound = f"≤ {100 * gaming.worst(ALL_ROWS, brier.metric, said):.1f}"
    assert f"{100 * said.value:.2f} <sub>" in markdown_page(made)
    assert f"{bound}</sub>" in markdown_page(made)
    assert first.worst(ALL_ROWS, brier.metric, other) is None


def test_who_abstains_is_marked_wherever_it_is_shown(board):
    made = board(gaming=abstaining(), honest=HONEST)
    _, gaming = made.standings
    for block in made.blocks:
        assert "Baseline: most frequent answer" in gaming.below[block]
        assert gaming.marks(block, made.columns[0]) == BELOW + UNREAD
    brier = next(column for column in made.columns if column.metric.key == "brier")
    assert gaming.rank(ALL_ROWS, brier) is None
    row = next(line for line in markdown_page(made).splitlines() if line.startswith("| gaming"))
    assert f"| 0.00{BELOW}{UNREAD} " in row
    said = list(csv.DictReader(io.StringIO(csv_text(made))))
    below = {row["entry"]: row["below"] for row in said if (row["name"], row["metric"], row["aggregate"]) ==
             ("overall", "joint_score", "pooled")}  # fmt: skip
    assert "Baseline: most frequent answer" in below.pop("gaming").split("; ")
    assert set(below.values()) == {""}


def test_a_copy_of_another_ones_answers_is_marked(board):
    made = board(copy=HONEST, honest=HONEST, other=list(honest(1)))
    marked = {each.name: each.marks(ALL_ROWS, made.columns[0]) for each in made.standings}
    assert marked == {"copy": SAME_OUTCOMES, "honest": SAME_OUTCOMES, "other": ""}
    [note] = [
        note for each in made.standings if each.name == "copy" for note in each.notes if "honest" in note
    ]
    assert note.startswith(SAME_OUTCOMES)
    assert note in markdown_page(made).replace("\\", "")


def test_a_copy_that_was_not_held_against_the_data_marks_no_verified_entry(board):
    made = board(copy=HONEST, honest=HONEST)
    entries = {each.name: each.entry for each in made.standings}
    unchecked = entries["copy"].checked.model_copy(update={"images": False})
    entries["copy"] = entries["copy"].model_copy(update={"checked": unchecked})
    twins = {each.name: each.twins for each in leaderboard(entries, CATALOGUE).standings}
    assert twins == {"copy": ["honest"], "honest": []}
