"""Runs of version 0.1 go on as if nothing had happened: keys and lines are what they were."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import ScriptedEngine, Watcher

from vecbench.answers import Label
from vecbench.engines import Sampling
from vecbench.models import Model
from vecbench.run import RunPlan, TaskRun, run
from vecbench.samples import open_data
from vecbench.store import RunDirectory
from vecbench.tasks import load_catalogue

LINES = Path(__file__).parents[1] / "golden" / "version_0_1" / "responses.jsonl"
"""Written by version 0.1 (771e363 and, equally, 21db8f1) for the plan below."""
RED = base64.b64decode("R0lGODdhAQABAIAAAP8AAP8AACwAAAAAAQABAAACAkQBADs=")
ROWS = ("s0,a.gif,joy,x", "s1,b.gif,Happiness,y", "s2,a.gif,awe,z", "s3,none.gif,fear,", "s4,,fear,")
TABLE = "\n".join(["id,image,label,note", *ROWS, ""])


@pytest.fixture
def plan(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    (root / "a.gif").write_bytes(RED)
    (root / "b.gif").write_bytes(RED + b"\0")
    (root / "samples.csv").write_text(TABLE)
    task = replace(
        load_catalogue().tasks["emoji_7"],
        id="old_2",
        names=(),
        labels=("joy", "fear"),
        aliases={"happiness": "joy"},
        answers=Label(("joy", "fear"), {"happiness": "joy"}),
        prompts={"standard": "Which {{ noun }}? One of {{ labels }}."},
        prompt="standard",
        noun="emotion",
        version="1.0",
        expected_n=None,
    )
    asked = TaskRun(task, open_data(root), "standard", Sampling(0.7, 0.9, 64, ("\n",)))
    model = Model("org/old", "org/old", "0123abc")
    return RunPlan(model, (asked,), seed=3, repeats=2, pixel_limits={"max_pixels": 1568})


def test_the_lines_of_a_run_of_labels_are_those_of_version_0_1(tmp_path, plan):
    directory = RunDirectory(tmp_path / "run")
    run(plan, ScriptedEngine, directory, Watcher())
    assert directory.responses.read_bytes() == LINES.read_bytes()


def test_what_version_0_1_has_stored_is_not_asked_again(tmp_path, plan):
    directory = RunDirectory(tmp_path / "run")
    run(plan, ScriptedEngine, directory, Watcher())
    directory.responses.write_bytes(LINES.read_bytes())
    watcher, engine = Watcher(), ScriptedEngine()
    outcome = run(plan, lambda: engine, directory, watcher)
    assert watcher.kept_count == 4
    assert (outcome.generated, len(outcome.failed)) == (6, 6)  # the failed ones are asked again
    assert directory.responses.read_bytes().startswith(LINES.read_bytes())
