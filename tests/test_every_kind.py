"""Statements, options about two pictures, rankings, ratings, sets of labels and votes: from a run to a board.

The nano model answers badly, having learnt labels only; what counts is that every answer has a status, and
that all that is made of answers is made of these.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vecbench.shipped import demo_model

TASKS = Path(__file__).parent / "every_kind"
PICTURES = Path(__file__).parents[1] / "tasks" / "demo" / "data" / "images" / "twemoji"
OPTIONS = [{"A": "No.", "B": "Yes."}, "{'A': 'Joy', 'B': 'Fear', 'C': ''}", {"A": "Joy", "B": "Joy"}]
VAD = ("valence", "arousal", "dominance")
LABELS = ("joy", "love", "surprise", "neutral", "sadness", "anger", "fear")
ROWS = 12
TASKS_EACH = 7
INCLUDED = ("--include-path", str(TASKS))


def vecbench(*arguments, cwd):
    environment = os.environ | {"COLUMNS": "80"}
    command = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)


def rows():
    """(task, row without its pictures, a right answer, a wrong one)."""
    for number in range(ROWS):
        said = {"statement": f"Somebody is happy ({number}).", "statement_class": "sentiment"}
        yield "statement", said | {"target": "correct"}, "correct", "incorrect"
        kinds = ("Yes-or-No", "What/How", "What/How")
        said = {"question": "Do both evoke joy?", "question_type": kinds[number % 3]}
        said |= {"options": OPTIONS[number % 3], "target": "B"}
        yield "option", said, "B", "A"
        target = [LABELS[(number + place) % 7] for place in range(3)]
        yield "rank", {"target": target}, ", ".join(target), ", ".join(target[::-1])
        yield (
            "valence",
            {"target": 1 + number * 8 / 11},
            f"{1 + number * 8 / 11:.2f}",
            f"{9 - number * 8 / 11:.2f}",
        )
        votes = {"joy": 6, "fear": 3, "anger": number % 3}
        as_shares = '{"joy": 0.6, "fear": 0.3, "anger": 0.1}', '{"joy": 0.1, "anger": 0.9}'
        yield "votes", {"votes": votes}, *(as_shares if number % 2 else ("joy", "anger"))
        target = {name: 1 + (number + place) % 9 for place, name in enumerate(VAD)}
        told, turned = (
            ", ".join(f"{name}: {value:g}" for name, value in each.items())
            for each in (target, {name: 10 - value for name, value in target.items()})
        )
        yield "vad", {"target": target}, told, turned
        target = [LABELS[(number + place) % 7] for place in range(number % 3)]
        said = {label: 0.9 if label in target else 0.2 for label in LABELS}
        yield "tags", {"target": target}, json.dumps(said), "joy, fear, anger"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the data, what two models answered, and a run of the nano model on all of it."""
    folder = tmp_path_factory.mktemp("every kind")
    (folder / "data" / "images").mkdir(parents=True)
    pictures = sorted(PICTURES.glob("*.png"))
    for picture in pictures:
        shutil.copy(picture, folder / "data" / "images")
    lines = {name: [] for name in ("data/samples", "before", "after")}
    for number, (task, row, right, wrong) in enumerate(rows()):
        images = [f"images/{pictures[number].name}", f"images/{pictures[number + 1].name}"]
        shown = {"images": images} if task == "option" else {"image": images[0]}
        columns = row["target"] if task == "vad" else row
        lines["data/samples"].append({"task": task, "id": str(number // TASKS_EACH), **shown, **columns})
        for name, share in (("before", 3), ("after", 4)):
            answer = right if number // TASKS_EACH % 5 < share else wrong
            said = f"<answer>{answer}</answer><confidence>0.{6 + number // TASKS_EACH % 4}</confidence>"
            lines[name].append({"task": task, "id": str(number // TASKS_EACH), "response": said, **row})
    for name, listed in lines.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in listed))
    command = ("run", "--model", demo_model(), "--tasks", "everything", "--data", "data", "-o", "run")
    done = vecbench(*command, *INCLUDED, "--gen-kwargs", "max_gen_toks=64", cwd=folder)
    assert done.returncode == 4, done.stderr
    assert "more than 20 % of the answers are not read" in done.stderr  # the model knows emoji alone
    return folder


def scores_of(folder):
    return json.loads((folder / "scores.json").read_text())


def test_every_answer_of_the_run_has_a_status(place):
    predictions = [
        json.loads(line) for line in (place / "run" / "predictions.jsonl").read_text().splitlines()
    ]
    assert len(predictions) == TASKS_EACH * ROWS
    assert all(each["answer_status"] and each["confidence_status"] for each in predictions)
    responses = [json.loads(line) for line in (place / "run" / "responses.jsonl").read_text().splitlines()]
    kinds = {line["task"]: line.get("kind", "label") for line in responses}
    assert kinds == {
        "statement": "label", "option": "choice", "rank": "ranking", "valence": "rating", "vad": "rating",
        "tags": "label_set", "votes": "distribution",
    }  # fmt: skip
    assert {len(line.get("images", ())) for line in responses if line["task"] == "option"} == {2}
    tasks = scores_of(place / "run")["tasks"]
    assert {name: block["kind"] for name, block in tasks.items()} == kinds
    assert {"ranking_score", "accuracy"} <= tasks["rank"]["metrics"].keys()
    ratings = {"mae", "rmse", "bias", "pearson", "spearman", "ccc"}
    assert ratings <= tasks["valence"]["metrics"].keys()
    assert [*tasks["vad"]["subsets"]["dimension"]] == [*VAD]
    assert {"f1_micro", "jaccard", "exact_match", "map"} <= tasks["tags"]["metrics"].keys()


def test_good_answers_are_scored_with_intervals_subsets_and_a_headline(place):
    done = vecbench("score", "after.jsonl", "-o", "scored", *INCLUDED, cwd=place)
    assert done.returncode == 0, done.stderr
    scores = scores_of(place / "scored")
    of_ratings = ("mae", "pearson", "spearman", "ccc")
    for task, keys in {
        "valence": of_ratings,
        "vad": of_ratings,
        "rank": ("ranking_score",),
        "tags": ("f1_micro", "f1_macro", "f1_samples", "jaccard", "hamming", "exact_match"),
    }.items():
        for key in keys:
            score = scores["tasks"][task]["metrics"][key]
            assert score["low"] <= score["value"] <= score["high"], (task, key)
    of_labels = scores["tasks"]["tags"]["metrics"]["map"]
    assert of_labels["value"] is not None
    assert "too high where labels are rare" in of_labels["no_interval"]
    option = scores["tasks"]["option"]
    assert option["excluded"]["n"] == 1
    assert option["n"] == ROWS - 1
    values = [
        option["subsets"]["question_type"][name]["metrics"]["accuracy"]["value"]
        for name in ("Yes-or-No", "What/How")
    ]
    assert option["headline"]["value"] == pytest.approx(sum(values) / 2)
    assert "answers of several kinds" in scores["overall"]["metrics"]["coverage"]["why"]
    figures = {each.name for each in (place / "scored" / "figures").glob("*.png")}
    assert {"confusion_statement.png", "confusion_option.png", "reliability_ranked.png"} <= figures
    assert {"ratings_valence.png", "reliability_voted.png"} <= figures
    votes = scores["tasks"]["votes"]["metrics"]
    assert votes["expected_hit"]["value"] < votes["expected_hit_ceiling"]["value"]
    assert votes["js"]["n_shares"] == ROWS // 2
    assert "confusion_valence.png" not in figures
    assert {f"ratings_vad_{name}.png" for name in VAD} <= figures
    assert "ratings_vad.png" not in figures
    vad = scores["tasks"]["vad"]
    parts = [rows["metrics"] for rows in vad["subsets"]["dimension"].values()]
    for key in (*of_ratings, "kendall"):
        assert vad["metrics"][key]["value"] == pytest.approx(sum(each[key]["value"] for each in parts) / 3)


def test_they_are_compared_and_gated(place):
    rules = [
        {"metric": "spearman", "of": "valence", "max_drop": 0.01},
        {"metric": "ranking_score", "of": "rank", "max_drop": 0.01},
        {"metric": "accuracy", "of": "option", "max_drop": 0.01},
        {"metric": "mae", "of": "valence", "max_rise": 0.1},
        {"metric": "expected_hit", "of": "votes", "max_drop": 0.01},
        {"metric": "spearman", "of": "vad", "max_drop": 0.01},
        {"metric": "f1_micro", "of": "tags", "max_drop": 0.01},
    ]
    (place / "gates.yaml").write_text(json.dumps({"rules": rules}))
    done = vecbench("compare", "before.jsonl", "after.jsonl", *INCLUDED, "--gate", "gates.yaml", cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    done = vecbench("compare", "after.jsonl", "before.jsonl", *INCLUDED, "--gate", "gates.yaml", cwd=place)
    assert done.returncode == 1
    assert done.stdout.count("✗ failed") == len(rules)
    (place / "gates.yaml").write_text(json.dumps({"rules": [rules[0] | {"of": "option"}]}))
    done = vecbench("compare", "after.jsonl", "before.jsonl", *INCLUDED, "--gate", "gates.yaml", cwd=place)
    assert done.returncode == 2
    assert "option has no spearman, its answers are of the kind choice" in done.stderr


def test_a_leaderboard_has_them_all(place):
    done = vecbench("leaderboard", "add", "run", "-o", "mine.zip", *INCLUDED, cwd=place)
    assert done.returncode == 0, done.stderr
    options = ("--data", "data", *INCLUDED)
    done = vecbench("leaderboard", "check", "mine.zip", "--write", "board", *options, cwd=place)
    assert done.returncode == 0, done.stderr
    done = vecbench("leaderboard", "build", "board", "--verify", *options, cwd=place)
    assert done.returncode == 0, done.stderr
    text = (place / "board" / "README.md").read_text()
    assert all(
        name in text for name in ("judged", "ranked", "rated", "rated by dimension", "tagged", "voted")
    )
