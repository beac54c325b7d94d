"""Datasets on the Hub in parquet, tars or tables of splits: only the test split is downloaded."""

import json
import os
import subprocess
import sys

import pytest
from data_layouts import (
    LABELS,
    base64_table,
    class_folders,
    image_folder,
    json_list,
    llava,
    messages,
    parquet,
    semicolons,
    some_images,
    split_folders,
    tabs,
    tars,
)
from hub_server import hub_server


def checked(folder, server, **environment):
    """Status, output and errors of `data check`."""
    command = [sys.executable, "-m", "vecbench", "data", "check", "org/data", "--tasks", "emoset_8"]
    return done(folder, server, [*command, "--format", "json"], **environment)


def done(folder, server, command, **environment):
    """Status, output and errors of a command that finds the server."""
    settings = {
        "HF_ENDPOINT": server.url,
        "NO_PROXY": "127.0.0.1",
        "HF_HOME": str(folder / "home"),
        "VECBENCH_CACHE": str(folder / "cache"),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    found = subprocess.run(
        command,
        env=kept | settings | environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    return found.returncode, found.stdout, found.stderr


EXPECTED = {
    parquet: {"data/test-00000-of-00002.parquet", "data/test-00001-of-00002.parquet"},
    tars: {"test-000000.tar", "test-000001.tar"},
    image_folder: {"test/metadata.csv", *(f"test/{name}" for name in some_images())},
    split_folders: {f"test/{name}" for name in some_images()},
}


@pytest.mark.parametrize("layout", EXPECTED)
def test_only_the_files_of_the_split_are_downloaded_and_once(tmp_path, layout):
    with hub_server(layout(tmp_path / "served", some_images())) as server:
        for offline in ({}, {}, {"HF_HUB_OFFLINE": "1"}):
            status, output, errors = checked(tmp_path, server, **offline)
            assert status == 4, errors  # eight rows are less than the task expects
            found = json.loads(output)
            assert "left out: the split train" in found["recognised"]
            [task] = found["tasks"].values()
            assert (task["n"], task["missing"], task["unreadable"], task["targets"]) == (8, [], [], [])
        assert sorted(server.fetched) == sorted(EXPECTED[layout])


WITHOUT_SPLITS = {
    class_folders: (set(), "class folders"),
    semicolons: ({"samples.csv"}, "CSV with semicolons"),
    tabs: ({"samples.tsv"}, "TSV"),
    json_list: ({"test.json"}, "JSON list"),
    llava: ({"test.json"}, "conversations"),
    messages: ({"test.jsonl"}, "conversations"),
    base64_table: ({"Emotion.tsv"}, "table with images in base64"),
}


@pytest.mark.parametrize("layout", WITHOUT_SPLITS)
def test_what_opens_on_this_machine_opens_from_the_hub_too(tmp_path, layout):
    tables, name = WITHOUT_SPLITS[layout]
    root = layout(tmp_path / "served", some_images())
    (root / "README.md").write_text("Moods.")
    with hub_server(root) as server:
        for offline in ({}, {"HF_HUB_OFFLINE": "1"}):
            status, output, errors = checked(tmp_path, server, **offline)
            assert status == 4, errors
            found = json.loads(output)
            assert f": {name}; target" in found["recognised"]
            [task] = found["tasks"].values()
            assert (task["n"], task["missing"], task["unreadable"], task["targets"]) == (8, [], [], [])
        images = set() if layout is base64_table else {*some_images()}
        assert sorted(server.fetched) == sorted(tables | images)


def test_only_the_images_of_the_rows_that_are_run_are_downloaded_and_ids_are_those_of_a_folder(tmp_path):
    root = split_folders(tmp_path / "served", some_images())
    code = (
        "import sys; from vecbench.samples import open_data; from vecbench.tasks import load_catalogue\n"
        "task = load_catalogue().tasks['emoset_8']; source = open_data(sys.argv[1])\n"
        "source.fetch([task], 3)\n"
        "print(*(each.id for each in source.samples(task, 3)), source.to_fetch([task], 3), source.sha256())\n"
    )
    with hub_server(root) as server:
        said = [
            done(tmp_path, server, [sys.executable, "-c", code, where])[1]
            for where in ("org/data", str(root))
        ]
        assert said[0] == said[1]
        assert sorted(server.fetched) == [f"test/{name}" for name in [*some_images()][:3]]


def test_names_of_classes_are_downloaded_with_the_files_that_need_them(tmp_path):
    root = tars(
        tmp_path / "served", {name.replace("awe/", "2/"): data for name, data in some_images().items()}
    )
    (root / "classnames.txt").write_text("\n".join(LABELS))
    (root / "elsewhere").mkdir()
    (root / "elsewhere" / "README.md").write_text("")
    with hub_server(root) as server:
        for offline in ({}, {"HF_HUB_OFFLINE": "1"}):
            status, output, errors = checked(tmp_path, server, **offline)
            assert status == 4, errors
            assert "whose numbers classnames.txt names" in json.loads(output)["recognised"]
        assert sorted(server.fetched) == ["classnames.txt", "test-000000.tar", "test-000001.tar"]


def test_two_layouts_are_refused_and_nothing_of_either_is_downloaded(tmp_path):
    root = class_folders(tmp_path / "served", some_images())
    (root / "moods.csv").write_text("image,label\nelsewhere.png,awe\n")
    with hub_server(root) as server:
        status, _, errors = checked(tmp_path, server)
        assert (status, server.fetched) == (2, ["moods.csv"])
    assert "holds two layouts: table (moods.csv) and class folders" in errors


def test_a_dataset_with_nothing_that_is_known_is_refused(tmp_path):
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "README.md").write_text("Nothing.")
    with hub_server(tmp_path / "served") as server:
        status, _, errors = checked(tmp_path, server)
    assert status == 2
    assert "the dataset org/data has no layout that vecbench knows" in errors
