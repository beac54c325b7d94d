"""What lm-eval gets of data in every format."""

import json
import re
from pathlib import Path

import pytest
from data_layouts import other_names, some_images
from fakes import make_data, plugged_in
from miniature import FORMATS, folder

from vecbench.answers import Label
from vecbench.errors import DataError, UsageError
from vecbench.interop.lm_eval import doc_to_image, load, process_results
from vecbench.tasks.draft import complete

DOCS = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_lm_eval_gets_the_same_rows_of_every_format(tmp_path, name):
    ours = load("webemo_7", data=str(folder(tmp_path / "plain")), prompt="standard")["test"]
    theirs = load("webemo_7", data=str(FORMATS[name](tmp_path / "data")), prompt="standard")["test"]
    assert theirs["target"] == ours["target"]
    assert theirs["prompt"] == ours["prompt"]
    assert theirs["candidates"] == ours["candidates"]
    for one, other in zip(ours, theirs, strict=True):
        assert doc_to_image(other)[0].tobytes() == doc_to_image(one)[0].tobytes()


@pytest.mark.parametrize("name", FORMATS)
def test_lm_eval_asks_with_the_rows_own_prompt_where_the_format_brings_one(tmp_path, name):
    [prompt] = set(load("webemo_7", data=str(FORMATS[name](tmp_path)))["test"]["prompt"])
    own = name in {"EmoCaliber JSONL", "EmObserver JSON"}
    assert prompt.startswith("Which emotion fits?" if own else "Which emotion might this image evoke?")


@pytest.fixture
def own_task(tmp_path):
    """The file of the docs' own task."""
    [content] = re.findall(r"```yaml\n# my-tasks/comics_3\.yaml\n(.*?)```", DOCS, flags=re.DOTALL)
    path = tmp_path / "my-tasks" / "comics_3.yaml"
    path.parent.mkdir()
    path.write_text(content)
    return path


def test_a_task_of_ones_own_is_loaded_from_the_file_that_lm_eval_names(tmp_path, own_task):
    data = make_data(tmp_path / "data", ["joy", "fear"], task="Comics-3")
    rows = load("comics_3", data=str(data), config_source=str(own_task), version=1.0)["test"]
    assert rows["target"] == ["joy", "fear"]
    assert rows[0]["prompt"].startswith("Which emotion does this panel evoke? One of joy, fear, anger.")
    assert ["happy", "joy"] in rows[0]["aliases"]


def test_a_file_of_ones_own_counts_more_than_the_shipped_one_of_that_name(tmp_path, own_task):
    mine = own_task.with_name("fi_8.yaml")
    mine.write_text(own_task.read_text().replace("comics_3", "fi_8"))
    data = make_data(tmp_path / "data", ["joy"], task="fi_8")
    [row] = load("fi_8", data=str(data), config_source=str(mine))["test"]
    assert row["candidates"] == ["joy", "fear", "anger"]


def test_a_task_without_its_file_or_with_a_broken_one_is_refused(tmp_path, own_task):
    data = str(make_data(tmp_path / "data", ["joy"], task="comics_3"))
    with pytest.raises(UsageError, match="unknown task or group 'comics_3'"):
        load("comics_3", data=data)
    own_task.write_text(own_task.read_text().replace("noun: emotion", "noun: []"))
    with pytest.raises(DataError, match=r"comics_3\.yaml: metadata\.vecbench\.noun"):
        load("comics_3", data=data, config_source=str(own_task))


def test_columns_of_other_names_are_read_as_the_command_line_reads_them(tmp_path):
    data = other_names(tmp_path, some_images())
    with pytest.raises(DataError, match="image"):
        load("emoset_8", data=str(data))
    rows = load("emoset_8", data=str(data), columns={"image": "file", "label": "emotion"})["test"]
    assert rows["target"] == [name.partition("/")[0] for name in some_images()]
    with pytest.raises(UsageError, match="columns is 'image=file', not an object"):
        load("emoset_8", data=str(data), columns="image=file")
    with pytest.raises(UsageError, match="picture"):
        load("emoset_8", data=str(data), columns={"picture": "file"})


def test_samples_that_cannot_be_asked_are_refused_unless_they_may_be_left_out(tmp_path):
    data = make_data(tmp_path, ["joy", "awe", "fear"])
    (data / "images" / "2.png").unlink()
    with pytest.raises(DataError) as caught:
        load("emoji_7", data=str(data))
    assert "2 of 3 samples of emoji_7" in caught.value.message
    assert "samples.csv, line 3: the target 'awe'" in caught.value.message
    assert "s2: there is no image images/2.png" in caught.value.message
    assert "skip_faults" in caught.value.remedy
    with pytest.warns(UserWarning, match="2 of 3 samples of emoji_7 .* are left out"):
        rows = load("emoji_7", data=str(data), skip_faults=True)["test"]
    assert rows["sample_id"] == ["s0"]


def test_a_task_without_rows_is_refused(tmp_path):
    with pytest.raises(DataError, match="no rows of the task fluent_7"):
        load("fluent_7", data=str(make_data(tmp_path, ["joy"])))


def test_rows_of_no_known_task_are_warned_of(tmp_path):
    data = make_data(tmp_path, ["joy", "fear"])
    table = data / "samples.csv"
    table.write_text(table.read_text().replace("emoji_7,s1", "emoji-77,s1"))
    with pytest.warns(UserWarning, match=r"1 row names the task 'emoji-77', .* Did you mean emoji_7"):
        assert len(load("emoji_7", data=str(data))["test"]) == 1


class Taste(Label):
    """A kind of another package whose answers are neither right nor wrong."""

    name = "taste"
    judges = False

    @classmethod
    def of(cls, specification):
        specification.require_only("of")
        return cls(specification.labels)


PLAIN = {"candidates": ["joy", "fear"], "aliases": [["happy", "joy"]], "target": "joy"}


@pytest.mark.parametrize(
    ("response", "worth"),
    [
        (
            "<answer>happy</answer><confidence>0.75</confidence>",
            {"accuracy": 1.0, "coverage": 1.0, "brier": (0.75, True), "ece": (0.75, True)},
        ),
        (
            "<answer>fear</answer>",
            {"accuracy": 0.0, "coverage": 0.0, "brier": (None, False), "ece": (None, False)},
        ),
        ("", {"accuracy": 0.0, "coverage": 0.0, "brier": (None, False), "ece": (None, False)}),
    ],
)
def test_a_response_is_worth_what_its_answer_and_confidence_say(response, worth):
    assert process_results(PLAIN, [response]) == worth
    said = {"kind": "label", "labels": ["joy", "fear"], "options": {}}
    assert process_results(PLAIN | {"answer": json.dumps(said)}, [response]) == worth


def test_a_plain_label_task_says_no_more_than_its_candidates_and_aliases(tmp_path):
    [row] = load("emoji_7", data=str(make_data(tmp_path, ["joy"])))["test"]
    assert "answer" not in row


def test_lm_eval_reads_answers_in_the_form_that_the_prompt_profile_says(tmp_path):
    path = tmp_path / "mine_2.yaml"
    path.write_text(
        "task: mine_2\nmetadata:\n  version: 1.0\n  vecbench:\n    labels: [joy, fear]\n"
        '    reasoning: [["<ponder>", "</ponder>"]]\n    prompts:\n      standard: Which\n'
        "      own: {template: Which, fields: {answer: mood, confidence: sureness}, scale: percent}\n"
    )
    complete(path)
    data = make_data(tmp_path / "data", ["fear"], task="mine_2")
    response = "<ponder>Mood: joy</ponder>Mood: fear\nSureness: 75"
    for profile, coverage in (("own", 1.0), ("standard", 0.0)):
        [row] = load("mine_2", data=str(data), prompt=profile, config_source=str(path))["test"]
        assert process_results(row, [response])["coverage"] == coverage
    assert process_results(row, ["It evokes fear."])["accuracy"] == 1.0


def test_of_an_answer_that_is_never_right_lm_eval_has_the_coverage_alone(tmp_path, monkeypatch):
    path = tmp_path / "tastes.yaml"
    path.write_text(
        "task: tastes\nmetadata:\n  version: 1.0\n  vecbench:\n    labels: [sweet, sour]\n"
        "    answer: {kind: taste, of: [pictures]}\n    prompts: {standard: How does it taste}\n"
    )
    data = make_data(tmp_path / "data", ["sweet", "sour"], task="tastes")
    with plugged_in(monkeypatch, Taste):
        complete(path)
        [row, _] = load("tastes", data=str(data), config_source=str(path))["test"]
        assert json.loads(row["answer"]) == {
            "kind": "taste",
            "labels": ["sweet", "sour"],
            "options": {"of": ["pictures"]},
        }
        response = "<answer>sweet</answer><confidence>0.5</confidence>"
        assert process_results(row, [response]) == {"coverage": 1.0}
        assert process_results(row, ["<answer>sweet</answer>"]) == {"coverage": 0.0}


def test_a_task_of_no_group_is_loaded(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("task: mine\nmetadata: {version: 1.0, vecbench: {labels: [joy, fear], data: data}}\n")
    make_data(tmp_path / "data", ["joy"], task="mine")
    assert load("mine", config_source=str(path))["test"]["target"] == ["joy"]


def test_a_file_with_fewer_places_than_images_is_refused(tmp_path):
    """lm-eval would show the model the first image alone."""
    data = make_data(tmp_path / "data", ["joy", "fear"], task="pair")
    images = [f"images/{each.name}" for each in sorted((data / "images").iterdir())]
    row = {"task": "pair", "id": "1", "images": images[:2], "options": {"A": "1", "B": "2"}, "target": "A"}
    (data / "samples.jsonl").write_text(json.dumps(row) + "\n")
    path = tmp_path / "pair.yaml"
    path.write_text("task: pair\nmetadata:\n  version: 1\n  vecbench: {answer: {kind: choice}}\n")
    complete(path)
    table = str(data / "samples.jsonl")
    with pytest.raises(DataError, match="2 images, and doc_to_text has a place for 1"):
        load("pair", data=table, config_source=str(path))
    path.write_text(path.read_text().replace("<image>", "<image><image>"))
    [doc] = load("pair", data=table, config_source=str(path))["test"]
    assert len(doc_to_image(doc)) == 2
