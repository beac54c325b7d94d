"""The published numbers of MVEI and EEmo-Bench on their boards: what adds up in their sources does here."""

import json
from fractions import Fraction
from itertools import permutations
from statistics import mean

import pytest

from vecbench.errors import DataError
from vecbench.leaderboard.entry import read_entries, read_entry
from vecbench.leaderboard.publication import build
from vecbench.metrics.rankings import ranking_score
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

BOARDS = leaderboards_folder()
EEMO, MVEI = (read_entries(BOARDS / name) for name in ("eemo_bench", "mvei"))
README = {name: entry for name, entry in EEMO.items() if "README" in entry.source.name}
ROWS = {("eemo_single", "Yes-or-No"): 1960, ("eemo_single", "What/How"): 1960,
        ("eemo_pair", "Yes-or-No"): 1006, ("eemo_pair", "What/How"): 1005}  # fmt: skip
DIMENSIONS = ("eemo_valence", "eemo_arousal", "eemo_dominance")
SHARES = {"sentiment polarity": 0.126, "emotion interpretation": 0.375, "scene context": 0.249,
          "perception subjectivity": 0.25}  # fmt: skip
PRINTED = 0.0000501  # half of the last digit that sources print
MISPRINTED = {"llava-1.6": -0.005, "qwen2.5-vl-chain-of-thought": -0.0027}
"""Whose printed total is not that of the printed classes → by how much."""
EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")


def of_type(entry, task, value):
    return entry.tasks[task].subsets["question_type"][value]["accuracy"].value


def grand(entry):
    return sum(n * of_type(entry, *place) for place, n in ROWS.items()) / sum(ROWS.values())


def perception(entry):
    return entry.groups["eemo_perception"].pooled


def test_every_published_row_is_there():
    assert len(README) == 20
    assert sum("eemo_assessment" in entry.groups for entry in README.values()) == 8
    assert sum("total" not in entry.further and len(entry.further) == 3 for entry in README.values()) == 19
    assert sum(entry.protocol == "mvei" and "subset" not in entry.model.name for entry in MVEI.values()) == 18
    assert sum("(human subset)" in entry.model.name for entry in MVEI.values()) == 10
    assert sum("paper" in entry.source.name for entry in MVEI.values()) == 5
    assert all(entry.kind == "reported" for entry in (*EEMO.values(), *MVEI.values()))


@pytest.mark.parametrize("name", [*README, "chance", "always-the-first-option"])
def test_perception_adds_up_as_its_source_says(name):
    entry = EEMO[name]
    for task in ("eemo_single", "eemo_pair"):
        both = mean(of_type(entry, task, value) for value in ("Yes-or-No", "What/How"))
        assert entry.tasks[task].headline.value == pytest.approx(both, abs=2 * PRINTED)
        assert entry.tasks[task].n == sum(n for (each, _), n in ROWS.items() if each == task)
    # What guessing gets is printed as the mean of the three numbers beside it, not of the rows.
    expected = 0.4183 if name == "random-readme" else grand(entry)
    assert perception(entry).metrics["accuracy"].value == pytest.approx(expected, abs=2 * PRINTED)
    assert perception(entry).n == sum(ROWS.values())


@pytest.mark.parametrize("name", [name for name, entry in EEMO.items() if "eemo_assessment" in entry.groups])
def test_the_assessment_overall_is_the_mean_of_the_dimensions(name):
    entry = EEMO[name]
    for metric in ("spearman", "pearson"):
        each = mean(entry.tasks[task].metrics[metric].value for task in DIMENSIONS)
        assert entry.groups["eemo_assessment"].macro[metric].value == pytest.approx(each, abs=0.0101)


@pytest.mark.parametrize("name", [name for name, entry in MVEI.items() if entry.tasks["mvei_statements"].n])
def test_mveis_total_is_the_pool_of_the_classes(name):
    rows = MVEI[name].tasks["mvei_statements"]
    assert rows.metrics == MVEI[name].groups["mvei_judgement"].pooled.metrics
    if not rows.subsets:
        assert name == "always-correct"
        return
    classes = rows.subsets["statement_class"]
    pooled = sum(share * classes[of]["accuracy"].value for of, share in SHARES.items())
    off = rows.metrics["accuracy"].value - pooled
    assert off == pytest.approx(MISPRINTED.get(name, 0), abs=0.0015)
    assert any("classes pool to" in note for note in MVEI[name].notes) == (name in MISPRINTED)


def test_the_lines_of_no_model_are_computed():
    options = {2: 270, 3: 353, 4: 383}
    chance, first = EEMO["chance"], EEMO["always-the-first-option"]
    about_two = sum(n / size for size, n in options.items()) / sum(options.values())
    assert of_type(chance, "eemo_pair", "What/How") == pytest.approx(about_two, abs=2 * PRINTED)
    assert [of_type(chance, *place) for place in ROWS][:3] == pytest.approx(
        [1 / 2, 1 / 3, 1 / 2], abs=PRINTED
    )
    right = {("eemo_single", "Yes-or-No"): 987, ("eemo_single", "What/How"): 631,
             ("eemo_pair", "Yes-or-No"): 519, ("eemo_pair", "What/How"): 341}  # fmt: skip
    for (task, value), count in right.items():
        n = 1960 if task == "eemo_single" else 1006
        assert of_type(first, task, value) == pytest.approx(count / n, abs=PRINTED)
    score = mean(ranking_score(each, EMOTIONS[:3]).total for each in permutations(EMOTIONS, 3))
    ranked = chance.tasks["eemo_top3"].metrics["ranking_score"].value
    assert ranked == pytest.approx(score, abs=PRINTED)
    assert MVEI["always-correct"].tasks["mvei_statements"].metrics["accuracy"].value == 0.541
    assert Fraction(str(MVEI["chance"].tasks["mvei_statements"].metrics["accuracy"].value)) == Fraction(1, 2)


def test_emocalibers_numbers_are_said_to_be_eemo_logics():
    entry = EEMO["emocaliber-eemo-logic"]
    assert perception(entry).metrics["accuracy"].value == 0.6067
    assert entry.groups["eemo_ranking"].pooled.metrics["ranking_score"].value == 0.6184
    assert [*entry.further.values()] == [0.5185]
    assert "EEmo-Logic" in entry.source.name
    assert any("inferred" in note for note in entry.notes)


def test_what_an_entry_breaks_down_is_in_every_file(tmp_path):
    build(BOARDS / "mvei", tmp_path, load_catalogue())
    text = (tmp_path / "README.md").read_text()
    [line] = [line for line in text.splitlines() if line.startswith("| GPT4o | 72.50")]
    assert line == "| GPT4o | 72.50 | 84.30 | 81.60 | 69.20 |"
    assert "| GPT4o | 78.30 | 65.00 | 1.60 | 3086 |" in text
    assert ">MVEI: scene context</option>" in (tmp_path / "index.html").read_text()
    said = (tmp_path / "leaderboard.csv").read_text()
    assert (
        "gpt4o,GPT4o,reported,2025-09,subset statement_class,MVEI: scene context,rows,accuracy,0.816," in said
    )


def entry(**changes):
    values = {"benchmark": "mvei", "kind": "reported", "model": {"name": "A"}, "source": {"name": "a paper"}}
    return values | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"tasks": {"mvei_statements": {"subsets": {"a": {"b": {"luck": {"value": 1}}}}}}},
            "unknown metric 'luck'",
        ),
        (
            {"tasks": {"mvei_statements": {"subsets": {"a": {"b": {"accuracy": {"value": 54.1}}}}}}},
            "accuracy is 54.1, which is not from 0 to 1",
        ),
        ({"tasks": {"mvei_statements": {"subsets": {"a": {"=b": {}}}}}}, "must not begin with ="),
        ({"tasks": {"mvei_statements": {"headline": {"value": "high"}}}}, "headline.value"),
        ({"further": {"assessment": "high"}}, "further.assessment"),
        ({"model": {"name": "A", "key": "=A"}}, "model.key"),
    ],
)
def test_impossible_parts_are_refused(tmp_path, changes, said):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(entry(**changes)))
    with pytest.raises(DataError) as refused:
        read_entry(path)
    assert said in refused.value.message
