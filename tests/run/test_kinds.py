"""Runs whose answers are no labels, and whose samples show several images."""

import json
from hashlib import sha256

import pytest
from fakes import ScriptedEngine, Watcher
from kinds import ALL, SEVEN, Choice, Ranking, Rating, task_of
from PIL import Image

from vecbench.answers import registry
from vecbench.engines import Sampling
from vecbench.errors import DataError
from vecbench.models import Model
from vecbench.run import RunPlan, TaskRun, response_key, run
from vecbench.run.session import HOPELESS_AFTER
from vecbench.samples import open_data
from vecbench.store import RunDirectory, read_responses


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    monkeypatch.setattr(registry, "kinds", lambda: ALL)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for place in range(4):
        Image.new("RGB", (4, 4), (place, 0, 0)).save(folder / f"{place}.png")
    return folder


@pytest.fixture
def directory(tmp_path):
    return RunDirectory(tmp_path / "run")


def plan_of(root, rows, task, **options):
    (root / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = TaskRun(task, open_data(root), "standard", Sampling(max_tokens=64))
    return RunPlan(Model("fake", "fake", "1"), (asked,), **options)


def go(plan, directory, engine=None):
    engine = engine or ScriptedEngine()
    outcome = run(plan, lambda: engine, directory, Watcher())
    return outcome, engine, {row.sample_id: row for row in read_responses(directory.responses)}


PAIR = {"images": ["0.png", "1.png"], "id": "pair", "target": 3}


def test_a_pair_is_one_request_and_one_line(root, directory):
    _, engine, rows = go(plan_of(root, [PAIR], task_of(Rating())), directory)
    [request] = engine.requests
    assert [each.name for each in request.images] == ["0.png", "1.png"]
    assert request.images[0].name == "0.png"
    hashes = [sha256((root / name).read_bytes()).hexdigest() for name in PAIR["images"]]
    row = rows["pair"]
    assert (row.image, row.images, row.images_sha256) == ("0.png", ("0.png", "1.png"), tuple(hashes))
    assert row.image_sha256 == sha256("".join(hashes).encode()).hexdigest()
    assert (row.kind, row.target, row.candidates) == ("rating", 3.0, ())


def test_the_key_of_a_pair_has_the_hash_of_both_at_the_place_of_the_one(root, directory):
    plan = plan_of(root, [PAIR], task_of(Rating()))
    _, engine, rows = go(plan, directory)
    [sample] = plan.tasks[0].data.samples(plan.tasks[0].task)
    row = rows["pair"]
    assert row.key == response_key(
        plan, plan.tasks[0].sampling, sample, engine.requests[0].prompt, row.image_sha256, 0
    )


def test_the_order_of_the_images_and_each_of_them_make_another_key(root, tmp_path):
    orders = [
        ["0.png", "1.png"],
        ["1.png", "0.png"],
        ["0.png", "2.png"],
        ["0.png"],
        ["0.png", "1.png", "2.png"],
    ]
    keys = set()
    for number, images in enumerate(orders):
        directory = RunDirectory(tmp_path / f"run{number}")
        _, _, rows = go(plan_of(root, [PAIR | {"images": images}], task_of(Rating())), directory)
        keys.add(rows["pair"].key)
    assert len(keys) == len(orders)


def test_a_finished_run_of_pairs_is_not_run_again_until_an_image_changes(root, directory):
    plan = plan_of(root, [PAIR], task_of(Rating()))
    go(plan, directory)
    assert go(plan, directory)[0].generated == 0
    Image.new("RGB", (4, 4), "white").save(root / "1.png")
    assert go(plan, directory)[0].generated == 1


def test_one_of_two_images_that_is_missing_or_broken_fails_the_sample_alone_and_is_named(root, directory):
    (root / "3.png").write_bytes(b"nonsense")
    rows = [PAIR, PAIR | {"id": "gone", "images": ["0.png", "none.png"]}]
    rows += [PAIR | {"id": "broken", "images": ["0.png", "3.png"]}]
    outcome, _, stored = go(plan_of(root, rows, task_of(Rating())), directory)
    assert [sample for _, sample, _ in outcome.failed] == ["gone", "broken"]
    assert stored["gone"].error == "none.png: no such file or directory"
    assert stored["broken"].error.startswith("3.png: not an image")
    assert stored["gone"].image_sha256 is None
    assert stored["gone"].images_sha256[0] is not None
    assert stored["gone"].images_sha256[1] is None
    assert stored["pair"].error is None


def test_broken_second_images_do_not_make_a_run_hopeless(root, directory):
    (root / "3.png").write_bytes(b"nonsense")
    rows = [PAIR | {"id": f"{n}", "images": ["0.png", "3.png"]} for n in range(HOPELESS_AFTER + 2)]
    outcome, _, _ = go(plan_of(root, rows, task_of(Rating())), directory)
    assert len(outcome.failed) == HOPELESS_AFTER + 2


def test_samples_that_all_lack_an_image_end_the_run_before_it_begins(root, directory):
    plan = plan_of(root, [PAIR | {"images": ["0.png", "none.png"]}], task_of(Rating()))
    with pytest.raises(DataError, match=r"none of the 1 samples .* has all its images: there is no .*none"):
        go(plan, directory)


def test_a_target_that_cannot_be_used_is_an_error_row_and_the_run_goes_on(root, directory):
    rows = [{"image": f"{n}.png", "target": target} for n, target in enumerate((3, 99, "much", None))]
    outcome, _, stored = go(plan_of(root, rows, task_of(Rating())), directory)
    assert len(outcome.failed) == 3
    assert {row.target for row in stored.values()} == {3.0, 99, "much", ""}
    assert "is not from 1 to 9" in stored["1.png"].error
    assert stored["0.png"].error is None


def test_rankings_and_choices_are_stored_as_json_with_their_lists(root, directory, tmp_path):
    best = ["joy", "fear", "anger"]
    _, _, rows = go(
        plan_of(root, [{"image": "0.png", "target": best}], task_of(Ranking(SEVEN), labels=SEVEN)), directory
    )
    assert (rows["0.png"].target, rows["0.png"].candidates, rows["0.png"].kind) == (best, SEVEN, "ranking")
    options = {"A": "No.", "B": "Yes."}
    task = task_of(Choice(), "{{ question }} {{ options }}", subsets=("question_type",))
    row = {
        "image": "0.png",
        "target": "B",
        "options": options,
        "question": "Is it?",
        "question_type": "Yes-or-No",
    }
    _, engine, rows = go(plan_of(root, [row], task), RunDirectory(tmp_path / "choice"))
    stored = rows["0.png"]
    assert (stored.target, stored.candidates, stored.kind) == ("B", ("No.", "Yes."), "choice")
    assert stored.attributes == {"question_type": "Yes-or-No"}
    assert engine.requests[0].prompt == "Is it? {'A': 'No.', 'B': 'Yes.'}"


def test_what_a_task_excludes_is_asked_all_the_same(root, directory):
    rows = [{"image": f"{n}.png", "id": f"{n}", "target": 3} for n in range(3)]
    task = task_of(Rating(), excluded=frozenset({"1"}), excluded_because="a general question")
    assert list(go(plan_of(root, rows, task), directory)[2]) == ["0", "1", "2"]


def test_a_row_without_a_column_that_the_prompt_needs_fails_alone(root, directory):
    rows = [{"image": "0.png", "target": 3, "statement": "It is calm."}, {"image": "1.png", "target": 3}]
    task = task_of(Rating(), "Is it right? {{ statement }}")
    outcome, _, _ = go(plan_of(root, rows, task), directory)
    assert outcome.failed == (
        (
            "my_rating",
            "1.png",
            "the prompt profile 'standard' needs 'statement', and the row says nothing of it",
        ),
    )


def test_a_prompt_that_names_the_answer_ends_the_run_before_it_begins(root, directory):
    with pytest.raises(DataError, match=r"can be asked: .* names 'target', which holds the true answer"):
        go(plan_of(root, [PAIR], task_of(Rating(), "It is {{ target }}, is it not?")), directory)


def test_the_engine_is_told_the_most_images_of_the_run(root):
    rows = [
        {"image": "0.png", "target": 3},
        PAIR,
        PAIR | {"id": "bad", "images": ["0.png"] * 3, "target": 99},
    ]
    assert plan_of(root, rows, task_of(Rating())).most_images() == 2
    assert plan_of(root, rows, task_of(Rating()), limit=1).most_images() == 1
    assert plan_of(root, [{"image": "", "target": 3}], task_of(Rating())).most_images() == 1
