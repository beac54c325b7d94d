import csv
import json
import os
import shutil

import pytest
from miniature import folder, hub
from PIL import Image

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
    assert [(each.sample_id, each.problem) for each in fi_2.targets] == [
        ("images/FI-8/00000.png", "the target 'joy' is not among the candidates")
    ]
    assert {each.image for each in fi_2.missing} == {"images/FI-2/00001.png", ""}
    unreadable, outside = fi_2.unreadable
    assert (outside.image, outside.problem) == ("../x.png", "the path leads out of the data folder")
    assert unreadable.image == "images/FI-2/00000.png"
    assert "broken" in unreadable.problem or "not an image" in unreadable.problem
    assert (fi_2.n, found.n_faults) == (5, 1 + 3 + 1 + 1)


def test_a_path_out_of_the_data_is_unreadable_whether_or_not_a_file_is_there(tmp_path, catalogue):
    root = folder(tmp_path / "data")
    (tmp_path / "there.png").write_bytes(b"secret")
    outside = ["../there.png", "../none.png", "/etc/passwd", "/etc/none.png"]
    append(root, *([image, "positive", "fi_2"] for image in outside))
    tasks, _ = checked(catalogue, root, "fi_2")
    assert [each.image for each in tasks["fi_2"].unreadable] == outside
    assert not tasks["fi_2"].missing


def test_a_pipe_is_no_image_and_nobody_waits_for_it(tmp_path, catalogue):
    root = folder(tmp_path)
    os.mkfifo(root / "images" / "pipe.png")
    append(root, ["images/pipe.png", "positive", "fi_2"])
    tasks, _ = checked(catalogue, root, "fi_2")
    assert [(each.image, each.problem) for each in tasks["fi_2"].unreadable] == [
        ("images/pipe.png", "not a plain file")
    ]


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


def published(root, *prompts):
    """An EmObserver JSON of one task whose records bring these prompts."""
    records = {}
    for place, prompt in enumerate(prompts):
        Image.new("RGB", (4, 4), (place, 0, 0)).save(root / f"{place}.png")
        other = {"task": "UnbiasedEmo-6"}
        record = {"image_path": f"{place}.png", "ground_truth": "joy", "other_info": other, "prompt": prompt}
        records[str(place)] = record
    (root / "Std-VECBench.json").write_text(json.dumps(records))
    return root


def test_rows_without_the_prompt_that_others_bring_are_found(tmp_path, catalogue):
    tasks, found = checked(catalogue, published(tmp_path, "Which?", "", None))
    assert [each.sample_id for each in tasks["unbiasedemo_6"].unprompted] == ["1", "2"]
    assert found.n_faults == 2 + 1  # and the number of rows


def test_where_no_row_brings_a_prompt_none_is_missed(tmp_path, catalogue):
    tasks, found = checked(catalogue, published(tmp_path, "", None))
    assert tasks["unbiasedemo_6"].unprompted == ()
    assert found.n_faults == 1


def test_in_ones_own_table_a_missing_prompt_is_no_fault(tmp_path, catalogue):
    root = folder(tmp_path)
    table = (root / "samples.csv").read_text().splitlines()
    prompts = ["prompt", "Which?"] + [""] * (len(table) - 2)
    lines = [f"{row},{prompt}" for row, prompt in zip(table, prompts, strict=True)]
    (root / "samples.csv").write_text("\n".join(lines))
    tasks, found = checked(catalogue, root)
    assert sum(len(each.unprompted) for each in tasks.values()) > 0
    assert found.n_faults == 9


def test_a_sample_counts_once_however_much_is_wrong_with_it(tmp_path, catalogue):
    root = published(tmp_path, "Which?", "Which?")
    record = {"ground_truth": "joy", "other_info": {"task": "UnbiasedEmo-6"}, "prompt": "Which?"}
    several = record | {"image_path": ["none.png", "0.png"]}
    wrong = record | {"image_path": "none.png", "ground_truth": "awe"}
    (root / "Std-VECBench.json").write_text(json.dumps({"several": several, "wrong": wrong}))
    tasks, found = checked(catalogue, root)
    assert [each.sample_id for each in tasks["unbiasedemo_6"].missing] == ["several", "wrong"]
    assert found.n_faults == 2 + 1
