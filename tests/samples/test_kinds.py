"""Samples whose answers are no labels, and samples of several images."""

import csv
import json

import pytest
from kinds import ALL, SEVEN, Choice, Ranking, Rating, task_of
from PIL import Image

from vecbench.answers import registry
from vecbench.errors import DataError, MissingImageError
from vecbench.samples import open_data
from vecbench.samples.check import check_data
from vecbench.tasks import load_catalogue
from vecbench.tasks.task import Task


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    monkeypatch.setattr(registry, "kinds", lambda: ALL)


def jsonl(root, *rows):
    root.mkdir(exist_ok=True)
    (root / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return open_data(root)


def table(root, *rows):
    root.mkdir(exist_ok=True)
    with (root / "samples.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return open_data(root)


def pictures(root, *names):
    for place, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (place, 0, 0)).save(root / name)


@pytest.mark.parametrize("column", ["target", "rating"])
def test_a_csv_of_images_and_ratings_is_all_that_a_rating_task_needs(tmp_path, column):
    rows = [[f"{n}.png", f"{1 + n * 0.8:.1f}"] for n in range(10)]
    samples = list(table(tmp_path, ["image", column], *rows).samples(task_of(Rating())))
    assert [sample.target for sample in samples] == [float(value) for _, value in rows]
    assert {(sample.fault, sample.candidates, sample.target_column) for sample in samples} == {
        (None, (), column)
    }


def test_a_number_of_a_jsonl_is_a_rating_and_so_is_its_text(tmp_path):
    rows = [{"image": f"{n}.png", "target": target} for n, target in enumerate((5, 5.5, "6"))]
    assert [each.target for each in jsonl(tmp_path, *rows).samples(task_of(Rating()))] == [5.0, 5.5, 6.0]


def test_the_column_that_is_named_as_the_kind_comes_first(tmp_path):
    data = table(tmp_path, ["image", "label", "rating"], ["a.png", "joy", "7"])
    [rated] = data.samples(task_of(Rating()))
    [named] = data.samples(load_catalogue().tasks["emoji_7"])
    assert (rated.target, rated.target_column) == (7.0, "rating")
    assert (named.target, named.target_column) == ("joy", "label")


@pytest.mark.parametrize(
    ("written", "stored", "problem"),
    [
        (12, 12, "the target '12' is not from 1 to 9"),
        ("much", "much", "could not convert string to float: 'much'"),
        (None, "", "could not convert string to float: ''"),
        (True, "True", "could not convert string to float: 'True'"),
        ([3], "[3]", "could not convert"),
        ({"mean": 3}, "{'mean': 3}", "could not convert"),
        (float("nan"), "nan", "the target 'nan' is not from 1 to 9"),
    ],
)
def test_a_target_that_its_kind_refuses_is_a_fault_of_its_sample_alone(tmp_path, written, stored, problem):
    rows = [{"image": "a.png", "target": written}, {"image": "b.png", "target": 3}]
    bad, good = jsonl(tmp_path, *rows).samples(task_of(Rating()))
    assert bad.fault.startswith(f"samples.jsonl, line 1: {problem}")
    assert bad.target_fault.startswith(problem)
    assert bad.target == stored
    assert type(bad.target) is type(stored)
    assert (good.target, good.fault, good.target_fault) == (3.0, None, None)


@pytest.mark.parametrize("name", ["a JSONL", "a CSV"])
def test_a_ranking_is_a_list_and_its_row_may_bring_the_candidates(tmp_path, name):
    best, listed = ["joy", "fear", "anger"], list(reversed(SEVEN))
    if name == "a JSONL":
        data = jsonl(tmp_path, {"image": "a.png", "target": best, "candidates": listed})
    else:
        data = table(
            tmp_path, ["image", "target", "candidates"], ["a.png", json.dumps(best), json.dumps(listed)]
        )
    for task in (task_of(Ranking()), task_of(Ranking(SEVEN), labels=SEVEN)):
        [sample] = data.samples(task)
        assert (sample.target, sample.candidates, sample.fault) == (best, tuple(listed), None)


def test_candidates_other_than_the_labels_of_a_task_are_refused_whatever_its_kind(tmp_path):
    data = jsonl(tmp_path, {"image": "a.png", "target": ["joy"], "candidates": ["joy", "awe"]})
    assert [each.fault for each in data.samples(task_of(Ranking()))] == [None]
    with pytest.raises(DataError, match="line 1: the candidates are joy, awe; the task my_ranking has anger"):
        list(data.samples(task_of(Ranking(SEVEN), labels=SEVEN)))


@pytest.mark.parametrize("as_text", [False, True])
def test_the_options_of_each_row_are_its_candidates(tmp_path, as_text):
    options = [{"A": "No.", "B": "Yes."}, {"A": "First.", "B": "Second.", "C": "Both."}]
    rows = [
        {
            "image": f"{place}.png",
            "target": "B",
            "question": "Is it?",
            "options": json.dumps(each) if as_text else each,
        }
        for place, each in enumerate(options)
    ]
    samples = list(jsonl(tmp_path, *rows).samples(task_of(Choice())))
    assert [sample.candidates for sample in samples] == [
        ("No.", "Yes."),
        ("First.", "Second.", "Both."),
    ]
    assert [sample.target for sample in samples] == ["B", "B"]
    assert samples[0].columns["question"] == "Is it?"


def test_options_that_cannot_be_used_are_a_fault_of_their_sample_alone(tmp_path):
    rows = [
        {"image": "a.png", "target": "A"},
        {"image": "b.png", "target": "C", "options": {"A": "No.", "B": "Yes."}},
        {"image": "c.png", "target": "A", "options": {"A": "No.", "B": "Yes."}},
    ]
    samples = list(jsonl(tmp_path, *rows).samples(task_of(Choice())))
    assert [sample.fault for sample in samples] == [
        "samples.jsonl, line 1: the row brings no options",
        "samples.jsonl, line 2: the target 'C' is the letter of no option",
        None,
    ]
    assert [sample.target for sample in samples] == ["A", "C", "A"]


def test_columns_are_there_for_prompts_and_subsets_are_texts(tmp_path):
    task = task_of(Rating(), subsets=("kind_of_question", "level", "parts", "absent"))
    row = {"image": "a.png", "target": 3, "kind_of_question": "What/How", "level": 3, "parts": ["é", 1]}
    [sample] = jsonl(tmp_path, row | {"absent": None}).samples(task)
    assert sample.columns["level"] == 3
    assert sample.attributes == {
        "kind_of_question": "What/How",
        "level": "3",
        "parts": '["é", 1]',
        "absent": "",
    }
    [sample] = table(tmp_path / "csv", ["image", "target", "level"], ["a.png", "3", "high"]).samples(task)
    assert sample.attributes == {"kind_of_question": "", "level": "high", "parts": "", "absent": ""}


def test_what_the_published_formats_say_besides_is_there_for_subsets(tmp_path):
    task = load_catalogue().tasks["unbiasedemo_6"]
    record = {
        "image_path": "a.png",
        "ground_truth": "joy",
        "source": "web",
        "other_info": {"task": "UnbiasedEmo-6", "question_type": "What/How", "difficulty": 2},
    }
    (tmp_path / "Std-VECBench.json").write_text(json.dumps({"1": record}))
    [sample] = open_data(tmp_path).samples(task_with(task, "question_type", "difficulty", "source"))
    assert sample.attributes == {"question_type": "What/How", "difficulty": "2", "source": "web"}


def task_with(task, *subsets):
    return Task(**{name: getattr(task, name) for name in task.__slots__} | {"subsets": subsets})


IMAGES = [
    {"images": ["a.png", "b.png"]},
    {"image1": "a.png", "image2": "b.png"},
    {"image2": "b.png", "image1": "a.png", "image3": ""},
]


@pytest.mark.parametrize("columns", IMAGES)
@pytest.mark.parametrize("format_name", ["CSV", "JSONL"])
def test_several_images_keep_their_order(tmp_path, columns, format_name):
    pictures(tmp_path, "a.png", "b.png")
    row = {"target": 3} | columns
    if format_name == "JSONL":
        data = jsonl(tmp_path, row)
    else:
        cells = [json.dumps(each) if isinstance(each, list) else each for each in row.values()]
        data = table(tmp_path, list(row), cells)
    assert data.format.name == format_name
    [sample] = data.samples(task_of(Rating()))
    assert (sample.images, sample.image, sample.fault) == (("a.png", "b.png"), "a.png", None)
    assert sample.id == "a.png + b.png"
    first, second = sample.read_images()
    assert (first.name, second.name) == ("a.png", "b.png")
    assert [sample.image_bytes(0), sample.image_bytes(1)] == [first.data, second.data]
    assert first.data != second.data


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"images": []}, "no image is named"),
        ({"images": None}, "no image is named"),
        ({"images": [], "image": "a.png"}, "no image is named"),
        ({"images": {"1": "a.png"}}, "images is {'1': 'a.png'}, not a list of paths"),
        ({"images": ["a.png", 2]}, "images is ['a.png', 2], not a list of paths"),
        ({"images": ["a.png", ""]}, "images names no image at place 2"),
        ({"image1": "", "image2": "b.png"}, "image1 names no image, and image2 does"),
        ({"image1": "a.png", "image3": "c.png"}, "image2 names no image, and image3 does"),
        ({"image1": "a.png", "image2": ["b.png"]}, "image2 is ['b.png'], not a text"),
        ({"image1": ""}, "no image is named"),
        ({"image": ""}, "no image is named"),
    ],
)
def test_a_row_whose_images_cannot_be_told_is_a_fault_of_its_own(tmp_path, columns, fault):
    data = jsonl(tmp_path, {"image": "a.png", "target": 1, "id": "first"}, {"target": 3, "id": "x"} | columns)
    good, bad = data.samples(task_of(Rating()))
    assert good.fault is None
    assert bad.fault.startswith(f"samples.jsonl, line 2: {fault}")
    assert bad.target == 3.0


def test_a_path_that_is_no_list_names_one_image(tmp_path):
    data = table(tmp_path, ["images", "target"], ["a.png", "3"])
    assert [sample.images for sample in data.samples(task_of(Rating()))] == [("a.png",)]


def test_the_one_that_is_missing_of_two_is_named(tmp_path):
    pictures(tmp_path, "a.png")
    [sample] = jsonl(tmp_path, {"images": ["a.png", "b.png"], "target": 3}).samples(task_of(Rating()))
    assert sample.missing_image() == "b.png"
    there, absent = sample.read_images()
    assert there.sha256 is not None
    assert absent.data.startswith("b.png: no such file")
    with pytest.raises(MissingImageError, match=r"b\.png"):
        sample.image_bytes(1)


def test_no_second_image_is_read_from_outside_the_root(tmp_path):
    root = tmp_path / "data"
    pictures(root, "a.png")
    (tmp_path / "secret.png").write_bytes(b"secret")
    [sample] = jsonl(root, {"images": ["a.png", "../secret.png"], "target": 3}).samples(task_of(Rating()))
    assert "leads out of the data folder" in sample.read_images()[1].data


def test_an_image_with_several_questions_needs_ids(tmp_path):
    rows = [["a.png", "3"], ["a.png", "4"]]
    with pytest.raises(
        DataError, match=r"line 3: the sample id 'a\.png' of my_rating is given twice"
    ) as caught:
        list(table(tmp_path, ["image", "target"], *rows).samples(task_of(Rating())))
    assert "column id" in caught.value.remedy


def test_a_table_without_a_column_for_the_target_is_refused(tmp_path):
    with pytest.raises(DataError, match="there is no column label; found: image, answers"):
        list(table(tmp_path, ["image", "answers"], ["a.png", "3"]).samples(task_of(Rating())))


def checked(data, task):
    [found] = check_data(data, [task], load_catalogue()).tasks
    return found


def test_the_check_counts_by_the_classes_of_the_kind(tmp_path):
    pictures(tmp_path, *(f"{n}.png" for n in range(4)))
    options = {"A": "No.", "B": "Yes."}
    rows = [
        {"image": f"{n}.png", "target": letter, "options": options} for n, letter in enumerate("ABAE")
    ] + [{"image": "none.png", "target": "B", "options": options | {"C": "Both."}}]
    found = checked(jsonl(tmp_path, *rows), task_of(Choice()))
    assert [(each.sample_id, each.problem) for each in found.targets] == [
        ("3.png", "the target 'E' is the letter of no option")
    ]
    assert [each.image for each in found.missing] == ["none.png"]
    assert found.classes == {"A": 2, "B": 2, "C": 0}
    assert found.n_faults == 2


def test_the_check_of_a_kind_without_classes_counts_none_and_looks_at_every_image(tmp_path):
    pictures(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "c.png").write_bytes(b"nonsense")
    rows = [
        {"images": ["a.png", "b.png"], "target": 3},
        {"images": ["a.png", "b.png"], "target": 4, "id": "again"},
        {"images": ["b.png", "a.png"], "target": 3},
        {"images": ["a.png", "c.png"], "target": 3},
        {"images": ["a.png", "d.png"], "target": 99},
    ]
    found = checked(jsonl(tmp_path, *rows), task_of(Rating()))
    assert found.classes == {}
    assert [each.image for each in found.unreadable] == ["c.png"]
    assert [each.image for each in found.missing] == ["d.png"]
    assert [each.problem for each in found.targets] == ["the target '99' is not from 1 to 9"]
    [twice] = found.duplicates
    assert twice.samples == (
        ("my_rating", "a.png + b.png", "3.0"),
        ("my_rating", "again", "4.0"),
    )
    assert found.n_faults == 2
