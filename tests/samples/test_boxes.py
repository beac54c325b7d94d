"""Boxes of persons: shown the same to every engine, told in the prompt, refused where nothing is in them."""

import json
from dataclasses import replace

import pytest
from fakes import ScriptedEngine, Watcher
from PIL import Image

from vecbench.engines import Sampling
from vecbench.errors import ImageError
from vecbench.interop.lm_eval import doc_to_image, document
from vecbench.models import Model
from vecbench.parsing.form import ANY_FORM
from vecbench.run import RunPlan, TaskRun, run
from vecbench.run.plan import response_key
from vecbench.samples import open_data
from vecbench.samples.boxes import Box
from vecbench.samples.check import check_data
from vecbench.samples.sample import SampleImage
from vecbench.store import RunDirectory
from vecbench.tasks import load_catalogue, task_in
from vecbench.tasks.prompts import render_prompt

FRAME = (255, 0, 0)


def blue(size=(100, 80)):
    return Image.new("RGB", size, (0, 0, 255))


@pytest.mark.parametrize(
    "written", [[10, 20, 50.5, 60], "[10, 20, 50.5, 60]", "10, 20, 50.5, 60", (10, 20, 50.5, 60)]
)
def test_a_box_is_four_numbers(written):
    assert Box.of("drawn", written).ends == (10, 20, 50.5, 60)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "the box is None, not four numbers"),
        ("", "not four numbers"),
        ("here", "not four numbers"),
        ([1, 2, 3], "not four numbers"),
        ([1, 2, 3, "4"], "not four numbers"),
        ([1, 2, 3, True], "not four numbers"),
        ([1, 2, 3, float("nan")], "not four numbers"),
        ([5, 2, 5, 9], "is empty: x1 is below x2, and y1 below y2"),
        ([1, 9, 5, 2], "is empty"),
    ],
)
def test_what_is_no_box_is_told_in_a_line(written, said):
    with pytest.raises(ValueError, match="box") as error:
        Box.of("drawn", written)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_frame_is_drawn_on_the_edge_and_nothing_else_changes():
    picture = blue()
    shown = Box.of("drawn", [10, 20, 50, 60]).applied(picture)
    assert shown.size == picture.size
    assert {shown.getpixel(place) for place in ((10, 20), (49, 59), (11, 40), (30, 58))} == {FRAME}
    assert {shown.getpixel(place) for place in ((9, 20), (50, 60), (30, 40))} == {(0, 0, 255)}
    assert picture.getpixel((10, 20)) == (0, 0, 255)


def test_a_crop_is_what_is_in_the_box_and_in_the_picture():
    assert Box.of("cropped", [10, 20, 50, 60]).applied(blue()).size == (40, 40)
    assert Box.of("cropped", [-10, -5, 50, 600]).applied(blue()).size == (50, 80)


def test_a_frame_of_a_box_that_leaves_the_picture_is_closed_at_its_border():
    shown = Box.of("drawn", [50, 10, 1000, 60]).applied(blue())
    assert shown.getpixel((99, 30)) == FRAME


@pytest.mark.parametrize("shown", ["drawn", "cropped"])
def test_a_box_outside_the_picture_is_an_error_of_its_image(shown):
    with pytest.raises(ImageError) as error:
        Box.of(shown, [200, 10, 300, 60]).applied(blue())
    assert error.value.message == "the box [200.0, 10.0, 300.0, 60.0] is outside the picture of 100×80 pixels"


def test_a_frame_is_seen_on_the_smallest_box():
    assert Box.of("drawn", [10, 10, 11, 11]).applied(blue()).getpixel((10, 10)) == FRAME


TASK = """task: persons
metadata:
  version: 1
  vecbench:
    labels: [joy, fear]
    box: {}
"""
BOXES = ([10, 20, 50, 60], [40, 0, 90, 70])


@pytest.fixture
def task(tmp_path):
    (tmp_path / "data").mkdir()
    blue().save(tmp_path / "data" / "a.png")
    rows = [{"image": "a.png", "id": str(n), "label": "joy", "box": box} for n, box in enumerate(BOXES)]
    (tmp_path / "data" / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "persons.yaml").write_text(TASK.format("cropped"))
    return task_in(tmp_path / "persons.yaml")


def plan(task, root):
    return RunPlan(Model("m", "fake", "1"), (TaskRun(task, open_data(root), "standard", Sampling()),))


def test_an_engine_gets_the_picture_with_the_box_and_the_log_the_files_hash(task, tmp_path):
    seen = []

    class Watching(ScriptedEngine):
        def generate(self, requests):
            for request in requests:
                seen.append((request.decoded()[0].size, request.images[0].identity, request.prompt))
                yield from super().generate([request])

    outcome = run(plan(task, tmp_path / "data"), Watching, RunDirectory(tmp_path / "run"), Watcher())
    assert outcome.failed == ()
    assert [size for size, _, _ in seen] == [(40, 40), (50, 70)]
    assert len({identity for _, identity, _ in seen}) == 2
    assert seen[0][2].startswith("The image shows one person, cut out of a larger picture. ")
    lines = [json.loads(line) for line in (tmp_path / "run" / "responses.jsonl").read_text().splitlines()]
    assert len({line["image_sha256"] for line in lines}) == 1
    assert len({line["key"] for line in lines}) == 2


def test_another_box_is_another_question(task, tmp_path):
    [sample, _] = open_data(tmp_path / "data").samples(task)
    moved = replace(sample, box=Box.of("cropped", [0, 0, 5, 5]))
    framed = replace(sample, box=Box.of("drawn", BOXES[0]))
    of_run = plan(task, tmp_path / "data")
    keys = {response_key(of_run, Sampling(), each, "Which?", "0" * 64, 0) for each in (sample, moved, framed)}
    assert len(keys) == 3


def test_a_prompt_that_tells_boxes_itself_is_left_as_it_is(task, tmp_path):
    [sample, _] = open_data(tmp_path / "data").samples(task)
    own = replace(task, prompts={"standard": "Whom is {{ boxed }} here?"})
    assert render_prompt(own, "standard", sample) == "Whom is cropped here?"
    assert render_prompt(replace(task, box="drawn"), "standard", sample).startswith(
        "This is about the person in the red frame. "
    )


def test_bad_boxes_are_faults_of_their_rows(task, tmp_path):
    rows = [{"image": "a.png", "id": "1", "label": "joy", "box": [300, 0, 400, 10]}]
    rows += [
        {"image": "a.png", "id": "2", "label": "joy"},
        {"image": "a.png", "id": "3", "label": "joy", "box": BOXES[0]},
    ]
    rows += [{"images": ["a.png", "a.png"], "id": "4", "label": "joy", "box": BOXES[0]}]
    (tmp_path / "data" / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = open_data(tmp_path / "data")
    first, second, third, fourth = source.samples(task)
    assert (first.fault, third.fault) == (None, None)
    assert "the box is None, not four numbers" in second.fault
    assert "a box is of one image, and the row has 2" in fourth.fault
    found = check_data(source, [task], load_catalogue()).tasks[0]
    assert [each.problem for each in found.unreadable] == [
        "the box [300.0, 0.0, 400.0, 10.0] is outside the picture of 100×80 pixels"
    ]
    with pytest.raises(ImageError, match=r"^a\.png: the box"):
        SampleImage("a.png", first.image_bytes(), first.box).decode()


def test_two_persons_of_one_image_are_no_duplicates(task, tmp_path):
    found = check_data(open_data(tmp_path / "data"), [task], load_catalogue()).tasks[0]
    assert found.duplicates == ()


def test_lm_eval_is_shown_the_same_picture(task, tmp_path):
    [sample, _] = open_data(tmp_path / "data").samples(task)
    doc = document(sample, task.specification, ANY_FORM, "0", sample.images, str(sample.root), "Which?")
    assert doc_to_image(json.loads(json.dumps(doc)))[0].size == (40, 40)
