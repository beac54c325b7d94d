import csv
import shutil

import pytest
from miniature import folder, hub

from vecbench.errors import DataError
from vecbench.samples import open_data
from vecbench.samples.check import check_data, tasks_in
from vecbench.tasks import load_catalogue


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


def checked(catalogue, where, names=None):
    source = open_data(where)
    tasks = tasks_in(source, catalogue) if names is None else catalogue.select(names)
    found = check_data(source, tasks, catalogue)
    return {each.task.id: each for each in found.tasks}, found


def append(root, *rows):
    with (root / "samples.csv").open("a", newline="") as stream:
        csv.writer(stream).writerows(rows)


def test_every_task_that_the_data_names_is_looked_at(tmp_path, catalogue):
    tasks, found = checked(catalogue, hub(tmp_path))
    assert set(tasks) == {task.id for task in catalogue.select("vecbench")}
    # A miniature has too few rows of every task, and nothing else is wrong with it.
    assert found.n_faults == 9
    assert not any(each.has_expected_rows for each in tasks.values())
    assert not found.shared


def test_the_demos_own_data_has_no_faults(catalogue):
    _, found = checked(catalogue, catalogue.tasks["emoji_7"].data)
    assert found.n_faults == 0


def test_each_kind_of_fault_is_found_with_its_sample(tmp_path, catalogue):
    root = folder(tmp_path)
    (root / "images" / "FI-2" / "00000.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (root / "images" / "FI-2" / "00001.png").unlink()
    append(
        root,
        ["images/FI-8/00000.png", "joy", "fi_2"],
        ["", "positive", "fi_2"],
        ["../x.png", "positive", "fi_2"],
    )
    tasks, found = checked(catalogue, root, "fi_2")
    fi_2 = tasks["fi_2"]
    assert [(each.sample_id, each.problem) for each in fi_2.labels] == [
        ("images/FI-8/00000.png", "the target 'joy' is not among the labels")
    ]
    assert {each.image for each in fi_2.missing} == {"images/FI-2/00001.png", "", "../x.png"}
    [unreadable] = fi_2.unreadable
    assert unreadable.image == "images/FI-2/00000.png"
    assert "broken" in unreadable.problem or "not an image" in unreadable.problem
    assert (fi_2.n, found.n_faults) == (5, 1 + 3 + 1 + 1)


def test_the_same_bytes_are_found_within_a_task_and_between_tasks(tmp_path, catalogue):
    root = folder(tmp_path)
    for copy in ("FI-8/copy.png", "WebEmo-7/copy.png"):
        shutil.copyfile(root / "images" / "FI-8" / "00000.png", root / "images" / copy)
    append(root, ["images/FI-8/copy.png", "awe", "fi_8"], ["images/WebEmo-7/copy.png", "anger", "webemo_7"])
    tasks, found = checked(catalogue, root)
    [twice] = tasks["fi_8"].duplicates
    assert [(sample, target) for _, sample, target in twice.samples] == [
        ("images/FI-8/00000.png", "anger"),
        ("images/FI-8/copy.png", "awe"),
    ]
    [shared] = found.shared
    assert shared.tasks == ("fi_8", "webemo_7")
    assert found.n_faults == 9  # the row counts; a duplicate is no fault


def test_rows_of_an_unknown_task_are_counted(tmp_path, catalogue):
    root = folder(tmp_path)
    append(root, ["images/FI-8/00000.png", "anger", "FI-9"])
    _, found = checked(catalogue, root)
    assert found.unknown == {"FI-9": 1}


def test_data_that_names_no_known_task_needs_one(tmp_path, catalogue):
    (tmp_path / "samples.csv").write_text("image,label\na.png,joy\n")
    with pytest.raises(DataError, match="names no task") as caught:
        checked(catalogue, tmp_path)
    assert "--tasks" in caught.value.remedy
    tasks, _ = checked(catalogue, tmp_path, "unbiasedemo_6")
    assert len(tasks["unbiasedemo_6"].missing) == 1
