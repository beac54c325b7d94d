"""A metric and an answer kind of an installed package work everywhere; without it, its files are refused."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent / "plugin"
PICTURES = Path(__file__).parents[1] / "tasks" / "demo" / "data" / "images" / "twemoji"
LEVELS = ("low", "medium", "high")
METRICS = {"reliability_debiased", "level_error"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Where the package is installed; built from a copy, since a build leaves files beside its source."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(PLUGIN, folder / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--target", str(folder / "site"), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder / "site"


def vecbench(*arguments, site=None, cwd):
    paths = [str(Path(__file__).parents[1]), *([str(site)] if site else [])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "80"}
    command = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a table of 80 pictures, a run of them by hand, and one that is a little better."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(PLUGIN / "tasks", folder / "tasks")
    (folder / "data" / "images").mkdir(parents=True)
    pictures = sorted(PICTURES.glob("*.png"))[:80]
    with (folder / "data" / "samples.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "image", "target"])
        for number, picture in enumerate(pictures):
            shutil.copy(picture, folder / "data" / "images")
            writer.writerow([picture.stem, f"images/{picture.name}", LEVELS[number % 3]])
    for name, right in (("before.jsonl", 3), ("after.jsonl", 4)):
        with (folder / name).open("w") as stream:
            for number, picture in enumerate(pictures):
                answer = LEVELS[number % 3 if number % 5 < right else (number + 1) % 3]
                said = f"<answer>{answer}</answer><confidence>0.{6 + number % 4}</confidence>"
                row = {"task": "emoji_level", "kind": "level", "id": picture.stem, "response": said}
                stream.write(json.dumps(row | {"target": LEVELS[number % 3], "candidates": LEVELS}) + "\n")
    return folder


def test_both_are_scored_and_stand_in_the_tables(site, place):
    done = vecbench("score", "after.jsonl", "-o", "scored", "--include-path", "tasks", site=site, cwd=place)
    assert done.returncode == 0, done.stderr
    assert "Levels" in done.stdout  # "Rel" is shown where there is room
    scores = json.loads((place / "scored" / "scores.json").read_text())["tasks"]["emoji_level"]
    assert scores["kind"] == "level"
    assert scores["metrics"].keys() >= METRICS
    error = scores["metrics"]["level_error"]
    assert error["low"] < error["value"] < error["high"]
    assert "| Rel" in (place / "scored" / "summary.md").read_text()


def test_both_are_compared_and_held_by_gates(site, place):
    rules = [
        {"metric": "level_error", "of": "emoji_level", "max_rise": 0.01},
        {"metric": "reliability_debiased", "of": "emoji_level", "at_most": 0.2},
    ]
    (place / "gates.yaml").write_text(json.dumps({"rules": rules}))
    command = ("compare", "before.jsonl", "after.jsonl", "--include-path", "tasks", "--gate", "gates.yaml")
    done = vecbench(*command, "--format", "json", site=site, cwd=place)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["tasks"]["emoji_level"]["metrics"].keys() >= METRICS
    assert said["tasks"]["emoji_level"]["metrics"]["level_error"]["change"] < 0
    # The other way round it got worse, and a rule the wrong way round is refused.
    done = vecbench(*command[:1], "after.jsonl", "before.jsonl", *command[3:], site=site, cwd=place)
    assert done.returncode == 1
    rules[0] = {"metric": "level_error", "of": "emoji_level", "max_drop": 0.01}
    (place / "gates.yaml").write_text(json.dumps({"rules": rules}))
    done = vecbench(*command, site=site, cwd=place)
    assert done.returncode == 2
    assert "level_error is better when it is lower" in done.stderr


def test_a_run_of_it_is_generated_submitted_verified_and_built(site, place):
    task = ("--include-path", "tasks")
    command = ("run", "--model", "nano", "--tasks", "emoji_level", "--data", "data", *task, "-o", "run")
    nano = Path(__file__).parents[1] / "vecbench" / "checkpoints" / "vecbench-nano"
    done = vecbench(*(nano if each == "nano" else each for each in command), site=site, cwd=place)
    assert done.returncode == 4, done.stderr  # the model knows no levels
    lines = [json.loads(line) for line in (place / "run" / "responses.jsonl").read_text().splitlines()]
    assert {line["kind"] for line in lines} == {"level"}
    statuses = [json.loads(line) for line in (place / "run" / "predictions.jsonl").read_text().splitlines()]
    assert len(statuses) == 80
    assert all(each["answer_status"] for each in statuses)
    done = vecbench("leaderboard", "add", "run", "-o", "mine.zip", *task, site=site, cwd=place)
    assert done.returncode == 0, done.stderr
    command = ("leaderboard", "check", "mine.zip", "--write", "board", "--data", "data", *task)
    done = vecbench(*command, site=site, cwd=place)
    assert done.returncode == 0, done.stderr
    done = vecbench(
        "leaderboard", "build", "board", "--verify", "--data", "data", *task, site=site, cwd=place
    )
    assert done.returncode == 0, done.stderr
    assert "Rel" in (place / "board" / "README.md").read_text()
    without = vecbench("leaderboard", "build", "board", *task, cwd=place)
    assert without.returncode == 2


def test_without_the_package_its_files_are_refused_with_its_name(place):
    done = vecbench("tasks", "check", "tasks", cwd=place)
    assert done.returncode == 2
    assert "unknown answer kind 'level'" in done.stdout
    done = vecbench("score", "after.jsonl", "-o", "none", cwd=place)
    assert done.returncode == 2
    assert "unknown answer kind 'level' (not scored)" in done.stderr
    (place / "gates.yaml").write_text(json.dumps({"rules": [{"metric": "level_error", "at_most": 1}]}))
    done = vecbench("compare", "before.jsonl", "after.jsonl", "--gate", "gates.yaml", cwd=place)
    assert done.returncode == 2
