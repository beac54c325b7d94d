"""Task files that are yet to be written."""

from pathlib import Path

import pytest

from vecbench.answers import AnswerSpecification
from vecbench.errors import UsageError
from vecbench.tasks import task_in
from vecbench.tasks.draft import Draft
from vecbench.tasks.schema import is_short
from vecbench.tasks.yaml_file import read_yaml

LABELS = AnswerSpecification(labels=("joy", "no", "fear, mixed"))


def written(folder, **said):
    path = folder / "mine_3.yaml"
    Draft(**{"name": "mine_3", "path": path, "answers": LABELS} | said).write()
    return path


@pytest.mark.parametrize("short", [True, False])
def test_a_draft_becomes_a_task(tmp_path, short):
    (tmp_path / "data").mkdir()
    path = written(tmp_path, noun="sentiment: strong", data=tmp_path / "data", short=short)
    task = task_in(path)
    assert (task.id, task.labels, task.noun) == ("mine_3", LABELS.labels, "sentiment: strong")
    assert task.data == tmp_path / "data"
    assert is_short(read_yaml(path).content) is short
    assert read_yaml(path).content["task"] == "vecbench_mine_3"


def test_short_and_full_are_one_task(tmp_path):
    tasks = []
    for short in (True, False):
        (tmp_path / str(short)).mkdir()
        tasks.append(task_in(written(tmp_path / str(short), short=short)))
    assert tasks[0].sha256 == tasks[1].sha256


def test_a_short_draft_has_at_most_ten_lines(tmp_path):
    path = written(
        tmp_path,
        answers=AnswerSpecification("label", ("a", "b")),
        noun="feeling",
        data=tmp_path,
        short=True,
    )
    assert len(path.read_text().splitlines()) <= 10


def test_the_data_is_named_relative_to_the_file(tmp_path):
    (tmp_path / "data").mkdir()
    path = tmp_path / "yet" / "to come" / "mine_3.yaml"
    Draft("mine_3", path, LABELS, data=tmp_path / "data").write()
    assert read_yaml(path).content["metadata"]["vecbench"]["data"] == "../../data"
    assert task_in(path).data == tmp_path / "data"


def test_a_file_that_is_there_is_left_as_it_is(tmp_path):
    (tmp_path / "mine_3.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"mine_3\.yaml is there already"):
        written(tmp_path)
    assert (tmp_path / "mine_3.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"answers": AnswerSpecification()}, "--labels: a label task lists at least two labels"),
        (
            {"answers": AnswerSpecification(labels=("joy",))},
            "--labels: a label task lists at least two labels",
        ),
        ({"answers": AnswerSpecification(labels=("joy", ""))}, "--labels: empty"),
        ({"answers": AnswerSpecification(labels=("joy", "Joy"))}, "--labels: 2 labels are read as 'joy'"),
        ({"answers": AnswerSpecification("labl", ("a", "b"))}, "--kind: unknown answer kind 'labl'"),
        (
            {"answers": AnswerSpecification(labels=("a", "b"), options={"range": [1, 9]})},
            "--kind: the answer kind label knows no 'range'",
        ),
        ({"noun": " "}, "--noun: empty"),
        ({"name": "mine-3"}, "'mine-3' is no name of a task"),
        ({"name": ""}, "'' is no name of a task"),
    ],
)
def test_a_draft_of_no_task_is_refused_and_nothing_is_written(tmp_path, said, message):
    with pytest.raises(UsageError) as caught:
        written(tmp_path, **said)
    assert caught.value.message == message
    assert list(tmp_path.iterdir()) == []


def test_data_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="--data: there is no folder or table"):
        written(tmp_path, data=tmp_path / "nowhere")


def test_data_that_has_nothing_in_common_with_the_file_is_named_in_full(tmp_path):
    assert read_yaml(written(tmp_path, data=Path("/usr"))).content["metadata"]["vecbench"]["data"] == "/usr"
