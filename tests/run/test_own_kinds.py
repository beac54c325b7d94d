"""From a short task file and a table to scores, for every answer kind that vecbench brings."""

import csv
import json

import pytest
from fakes import ScriptedEngine, Watcher
from PIL import Image

from vecbench.engines import Sampling
from vecbench.interop.reading import open_responses
from vecbench.models import Model
from vecbench.run import RunPlan, TaskRun, run
from vecbench.samples import open_data
from vecbench.scoring import PROTOCOLS, score_responses
from vecbench.store import RunDirectory
from vecbench.tasks import load_catalogue

SHORT = "task: mine\nmetadata:\n  version: 1\n  vecbench:\n"
FEELINGS = "[anger, disgust, fear, joy, neutral, sadness, surprise]"


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for place in range(10):
        Image.new("RGB", (4, 4), (place, 0, 0)).save(folder / f"{place}.png")
    return folder


def scored(root, answers, said):
    """What a run says and scores: a task with `answers`, whose model says `said` of the image of a name."""
    (root.parent / "mine.yaml").write_text(SHORT + "".join(f"    {line}\n" for line in answers))
    catalogue = load_catalogue([root.parent / "mine.yaml"])
    assert not catalogue.faults
    task = catalogue.tasks["mine"]
    asked = TaskRun(task, open_data(root), "standard", Sampling(max_tokens=64))
    directory = RunDirectory(root.parent / "run")
    engine = ScriptedEngine(lambda request: said(request.images[0].name))
    outcome = run(RunPlan(Model("fake", "fake", "1"), (asked,)), lambda: engine, directory, Watcher())
    source = open_responses(directory.path, catalogue)
    rows = score_responses(source.responses, PROTOCOLS["strict"], catalogue)
    assert source.faults == []
    return outcome, engine, rows.scores.tasks["mine"]


def answer(text, confidence=0.75):
    return f"<answer>{text}</answer><confidence>{confidence}</confidence>"


def table(root, *rows):
    with (root / "samples.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)


def jsonl(root, *rows):
    (root / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("column", ["target", "rating"])
def test_ten_lines_of_image_and_rating(root, column):
    table(root, ["image", column], *([f"{n}.png", 1 + n * 0.8] for n in range(10)))
    outcome, _, scores = scored(
        root, ["answer: {kind: rating, range: [1, 9]}"], lambda name: answer(1 + int(name[0]) * 0.8)
    )
    assert (outcome.failed, scores.n) == ((), 10)
    assert scores.metrics["mae"].value == pytest.approx(0)
    assert scores.metrics["pearson"].value == pytest.approx(1)


def test_a_rating_that_is_none_is_an_error_row_and_the_others_are_scored(root):
    targets = [2, 4, 6, 8, "much", 99, None]
    jsonl(root, *({"image": f"{n}.png", "target": target} for n, target in enumerate(targets)))
    outcome, _, scores = scored(
        root, ["answer: {kind: rating, range: [1, 9]}"], lambda name: answer(2 + 2 * int(name[0]))
    )
    assert len(outcome.failed) == 3
    assert scores.n == 7
    assert scores.metrics["mae"].value == pytest.approx(0)


def test_options_of_the_rows_with_pairs_and_subsets(root):
    options = [{"A": "No.", "B": "Yes."}, {"A": "First.", "B": "Second.", "C": "Both."}]
    jsonl(
        root,
        *(
            {
                "id": f"{n}",
                "images": [f"{n}.png", f"{n + 5}.png"],
                "question": "Is it?",
                "options": options[n % 2] if n % 3 else json.dumps(options[n % 2]),
                "target": "B",
                "question_type": "Yes-or-No" if n % 2 == 0 else "What/How",
            }
            for n in range(5)
        ),
    )
    outcome, engine, scores = scored(
        root,
        ["answer: {kind: choice}", "subsets: [question_type]"],
        lambda name: answer("B" if name < "3" else "A"),
    )
    assert outcome.failed == ()
    assert {len(request.images) for request in engine.requests} == {2}
    assert "Is it?" in engine.requests[0].prompt
    assert "Second." in engine.requests[1].prompt
    assert scores.metrics["accuracy"].value == pytest.approx(3 / 5)


def test_a_stored_list_of_options_comes_before_that_of_the_task(root):
    own = {"A": "Never.", "B": "Always.", "C": "Sometimes."}
    jsonl(root, {"image": "0.png", "target": "C", "options": own}, {"image": "1.png", "target": "A"})
    outcome, _, scores = scored(
        root,
        ["answer: {kind: choice, options: ['No.', 'Yes.']}"],
        lambda name: answer("Sometimes." if name == "0.png" else "No."),
    )
    assert outcome.failed == ()
    assert scores.metrics["accuracy"].value == 1.0


def test_rankings(root):
    best = ["joy", "fear", "anger"]
    jsonl(root, *({"image": f"{n}.png", "target": best} for n in range(4)))
    outcome, _, scores = scored(
        root, ["answer: {kind: ranking, top: 3}", f"labels: {FEELINGS}"], lambda _: answer("joy, fear, anger")
    )
    assert outcome.failed == ()
    assert scores.metrics["ranking_score"].value == pytest.approx(1)
