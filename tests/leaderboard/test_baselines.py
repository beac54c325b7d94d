"""Baselines: what takes no model, computed from the targets."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from vecbench.answers import Label, Ranking, kind_of
from vecbench.answers.kind import AnswerSpecification
from vecbench.leaderboard.baselines import BASELINES, baselines
from vecbench.leaderboard.entry import Entry, read_entry
from vecbench.leaderboard.outcomes import TaskTargets
from vecbench.leaderboard.standings import leaderboard
from vecbench.leaderboard.tables import cell
from vecbench.metrics import brier, ece
from vecbench.parsing import Prediction, Reading
from vecbench.scoring.scores import ALL_ROWS, Pool
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
[DEMO] = (leaderboards_folder() / "demo" / "entries").glob("*.json")
TASKS = {task.id: task for task in CATALOGUE.select("demo")}
BLOCKS = {Pool(name): CATALOGUE.groups[name].members for name in CATALOGUE.groups["demo"].members}
BLOCKS |= {ALL_ROWS: tuple(TASKS)}


def rows(targets, candidates, kind="label"):
    reading = Reading(None, "no_answer", None, "missing")
    return [
        Prediction("", "t", f"{place}", 0, target, candidates, reading, kind=kind)
        for place, target in enumerate(targets)
    ]


@pytest.fixture(scope="module")
def made():
    return baselines(read_entry(DEMO), BLOCKS, TASKS)


def test_the_targets_say_what_a_constant_and_a_random_answer_get_right():
    found = TaskTargets.of_rows(rows("abbbc", ("a", "b", "c")), Label(("a", "b", "c")))
    assert (found.most_frequent, found.candidates) == (3, {3: 5})
    mixed = rows("aab", ("a", "b")) + rows("b", ("a", "b", "c", "d"))
    assert TaskTargets.of_rows(mixed, Label()).candidates == {2: 3, 4: 1}
    ranked = rows([("a", "b"), ("a", "c"), ("b", "a")], ("a", "b", "c"), "ranking")
    assert TaskTargets.of_rows(ranked, Ranking()).most_frequent == 2  # the strongest label alone is judged


def test_of_ratings_the_constant_is_the_one_with_most_targets_within_the_tolerance():
    kind = kind_of(AnswerSpecification("rating", options={"range": [1, 9], "tolerance": 1}))
    found = TaskTargets.of_rows(rows([1, 3, 4, 5, 9], (), "rating"), kind)
    assert (found.most_frequent, found.candidates) == (3, {})


def test_random_answers_are_left_out_where_there_is_no_list():
    entry = read_entry(DEMO)
    of_no_list = {task: each.model_copy(update={"candidates": {}}) for task, each in entry.targets.items()}
    found = baselines(entry.model_copy(update={"targets": of_no_list}), BLOCKS, TASKS)
    assert list(found) == ["baseline-abstain", "baseline-most-frequent"]
    assert baselines(entry.model_copy(update={"targets": {}}), BLOCKS, TASKS) == {}


@pytest.mark.parametrize("key", BASELINES)
def test_values_are_those_of_as_many_rows_as_it_takes(made, key):
    """Of emoji_7, seven times: 136 samples of seven labels, 38 of them of the most frequent one."""
    n = 136 * 7
    confidence, right = {
        "baseline-abstain": (0, 0),
        "baseline-most-frequent": (38 / 136, 38 * 7),
        "baseline-half": (0.5, 136),
        "baseline-chance": (1 / 7, 136),
    }[key]
    stated, outcome = np.full(n, confidence), np.arange(n) < right
    rows = made[key].groups["demo_id_ver"].pooled
    assert rows.n == 136
    values = {name: each.value for name, each in rows.metrics.items()}
    assert values["accuracy"] == pytest.approx(right / n, abs=1e-6)
    assert values["brier"] == pytest.approx(brier(stated, outcome), abs=1e-6)
    assert values["ece"] == pytest.approx(ece(stated, outcome), abs=1e-6)
    assert values["joint_score"] == pytest.approx(right / n - brier(stated, outcome), abs=1e-6)
    assert values.get("auroc", 0.5) == 0.5


def test_pools_and_means_are_over_tasks_with_confidences_of_their_own(made):
    entry = read_entry(DEMO)
    shares = {task: entry.targets[task].most_frequent / entry.tasks[task].n for task in TASKS}
    sizes = {task: entry.tasks[task].n for task in TASKS}
    most = made["baseline-most-frequent"].overall
    pooled = sum(sizes[task] * shares[task] ** 2 for task in TASKS) / sum(sizes.values())
    assert most.pooled.metrics["joint_score"].value == pytest.approx(pooled, abs=1e-6)
    mean = np.mean([share**2 for share in shares.values()])
    assert most.macro["joint_score"].value == pytest.approx(mean, abs=2e-6)
    assert made["baseline-chance"].overall.macro["accuracy"].value == pytest.approx(
        (1 / 2 + 2 / 7) / 3, abs=1e-6
    )


def edited(**joint):
    """The demo's entry with another joint score in some groups."""
    said = json.loads(DEMO.read_text())
    for group, value in joint.items():
        said["groups"][group]["pooled"]["metrics"]["joint_score"] = {"value": value}
    return Entry.model_validate(said)


def test_a_model_is_held_against_the_baselines_of_its_own_samples_in_every_group():
    # 30.25, 25 and 25 in demo_id_vsa; 7.807 at most in demo_ood_ver.
    entry = edited(demo_id_vsa=0.26, demo_ood_ver=0.078)
    [standing] = leaderboard({"any": entry}, CATALOGUE).standings
    most = ["Baseline: most frequent answer"]
    assert standing.below == dict(zip(BLOCKS, (most, [], most, []), strict=True))
    easier = entry.targets["emoji_2"].model_copy(update={"most_frequent": 60})
    entry = entry.model_copy(update={"targets": {**entry.targets, "emoji_2": easier}})
    [standing] = leaderboard({"any": entry}, CATALOGUE).standings
    assert standing.below[Pool("demo_id_vsa")] == []


def test_a_reported_joint_score_is_held_against_those_of_the_verified_entries():
    metrics = {"demo_id_ver": {"pooled": {"metrics": {"joint_score": {"value": 0.01}}}}}
    reported = {"benchmark": "demo", "kind": "reported", "model": {"name": "A"}, "source": {"name": "a test"}}
    entries = {"a": Entry.model_validate(reported | {"groups": metrics}), "nano": read_entry(DEMO)}
    made = leaderboard(entries, CATALOGUE)
    assert [each.name for each in made.standings] == ["nano", "a"]
    expected = ["Baseline: most frequent answer", "Baseline: chance"]
    assert made.standings[1].below[Pool("demo_id_ver")] == expected
    assert made.baselines_among == "verified"
    [alone] = leaderboard({"a": entries["a"]}, CATALOGUE).standings
    assert not any(alone.below.values())


def test_baselines_have_no_ranks_and_follow_the_entries(made):
    board = leaderboard({"nano": read_entry(DEMO)}, CATALOGUE)
    assert [each.name for each in board.baselines] == list(BASELINES)
    for each, column in itertools.product(board.baselines, board.columns):
        assert each.badge == "baseline"
        assert each.rank(ALL_ROWS, column) is None
        assert each.marks(ALL_ROWS, column) == ""


def test_the_docs_show_the_demos_baselines():
    page = (Path(__file__).parents[2] / "docs" / "leaderboard.md").read_text()
    board = leaderboard({"nano": read_entry(DEMO)}, CATALOGUE)
    shown = [column for column in board.columns if column.heading in {"Joint", "Acc pooled", "ECE", "Brier"}]
    for each in (*board.standings, *board.baselines):
        values = [cell(each, ALL_ROWS, column) for column in shown]
        assert f"| {' | '.join([each.entry.model.name, *values])} |\n" in page
