"""The Hub's real client, against a server on this machine; it reads its environment once, hence processes."""

import json
import os
import signal
import subprocess
import sys

import pytest
from hub_server import COMMIT, hub_server
from miniature import LABELS, folder, hub

from vecbench.samples.hub import WORKERS, parse_hub_name
from vecbench.shipped import demo_model

TABLE = "VECBench/test_metadata.csv"


@pytest.fixture
def served(tmp_path):
    with hub_server(hub(tmp_path / "served")) as server:
        yield server


def start(tmp_path, server, *arguments, **environment):
    settings = {
        "HF_ENDPOINT": server.url,
        "NO_PROXY": "127.0.0.1",
        "HF_HOME": str(tmp_path / "home"),
        "VECBENCH_CACHE": str(tmp_path / "cache"),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.Popen(
        [sys.executable, "-m", "vecbench", *map(str, arguments)],
        env=kept | settings | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )


def go(*arguments, **environment):
    process = start(*arguments, **environment)
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def checked(tmp_path, server, *arguments, **environment):
    """The report of `data check`, which must find nothing but the small number of rows."""
    status, output, errors = go(
        tmp_path, server, "data", "check", "org/data", "--format", "json", *arguments, **environment
    )
    assert status == 4, errors
    report = json.loads(output)
    assert not any(found["missing"] + found["unreadable"] for found in report["tasks"].values())
    return report


def test_a_dataset_is_named_with_or_without_a_revision():
    assert parse_hub_name("wudq/VECBench") == ("wudq/VECBench", None)
    assert parse_hub_name("wudq/VECBench@refs/pr/2") == ("wudq/VECBench", "refs/pr/2")
    assert parse_hub_name(f"hf:wudq/VECBench@{COMMIT}") == ("wudq/VECBench", COMMIT)
    for path in ("data", "./a/b", "/a/b", "a/b/c", "~/a", "../a"):
        assert parse_hub_name(path) is None


def test_only_the_table_and_the_images_of_the_tasks_are_downloaded_once(tmp_path, served):
    report = checked(tmp_path, served, "--tasks", "fi_2")
    assert report["data"] == f"hf:org/data@{COMMIT}"
    assert report["tasks"]["fi_2"]["n"] == len(LABELS["fi_2"])
    assert set(served.fetched) == {
        TABLE,
        "VECBench/images/FI-2/00000.png",
        "VECBench/images/FI-2/00001.png",
    }
    checked(tmp_path, served)
    assert len(served.fetched) == len(set(served.fetched)) == 1 + sum(map(len, LABELS.values()))


def test_a_run_downloads_no_more_than_its_limit_and_records_the_commit(tmp_path, served):
    asked = ["run", "-m", demo_model(), "-t", "fi_2,fi_8", "--limit", 1, "--gen-kwargs", "max_gen_toks=4"]
    status, _, errors = go(tmp_path, served, *asked, "--data", "org/data@main", "-o", "run")
    assert status == 4, errors  # no answer has four tokens
    assert set(served.fetched) == {
        TABLE,
        "VECBench/images/FI-2/00000.png",
        "VECBench/images/FI-8/00000.png",
    }
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    assert manifest["tasks"]["fi_8"]["data"] == f"hf:org/data@{COMMIT}"


def test_a_dry_run_downloads_the_table_and_no_image(tmp_path, served):
    asked = ["run", "-m", demo_model(), "-t", "fi_2,fi_8", "--data", "org/data@main", "-o", "run"]
    status, output, errors = go(tmp_path, served, *asked, "--dry-run")
    assert status == 0, errors
    assert served.fetched == [TABLE]
    images = len(LABELS["fi_2"]) + len(LABELS["fi_8"])
    assert f"images     {images} shown, {images} to download" in output
    assert not (tmp_path / "run").exists()


def test_an_interrupted_download_goes_on_where_it_was(tmp_path, served):
    assert WORKERS == 8  # what the server counts on
    served.hold_after = 5
    process = start(tmp_path, served, "data", "check", "org/data")
    assert served.stalled.wait(60)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 4
    assert "stopped" in errors
    served.hold_after = None
    served.release.set()
    checked(tmp_path, served)
    assert len(served.fetched) == len(set(served.fetched)) == 1 + sum(map(len, LABELS.values()))


def test_what_was_downloaded_is_used_without_network(tmp_path, served):
    report = checked(tmp_path, served, "--tasks", "fi_2")
    before = served.requests
    assert checked(tmp_path, served, "--tasks", "fi_2", HF_HUB_OFFLINE="1") == report
    assert served.requests == before
    status, _, errors = go(tmp_path, served, "data", "check", "org/data", HF_HUB_OFFLINE="1")
    assert status == 2
    assert "23 of 25 images of org/data were never downloaded" in errors
    assert checked(tmp_path, served, "--tasks", "fi_2", HF_ENDPOINT="http://127.0.0.1:9") == report


def test_a_commit_that_is_here_is_not_asked_for(tmp_path, served):
    checked(tmp_path, served, "--tasks", "fi_2")
    before = served.requests
    where = f"org/data@{COMMIT}"
    status, output, _ = go(tmp_path, served, "data", "check", where, "--tasks", "fi_2", "--format", "json")
    assert (status, json.loads(output)["data"]) == (4, f"hf:{where}")
    assert served.requests == before


@pytest.mark.parametrize(
    ("name", "status", "said", "environment"),
    [
        ("org/none", 2, "no public dataset of that name", {}),
        ("org/data@v9", 2, "has no revision v9", {}),
        ("org/data", 2, "HF_HUB_OFFLINE is set, and there is no folder", {"HF_HUB_OFFLINE": "1"}),
        ("org/data", 3, "cannot download the dataset org/data from http://127.0.0.1:9", {"HF_ENDPOINT": "http://127.0.0.1:9"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_two_lines(tmp_path, served, name, status, said, environment):
    ended, _, errors = go(tmp_path, served, "data", "check", name, **environment)
    assert ended == status
    assert said in errors
    assert len(errors.splitlines()) == 2


def test_a_gated_dataset_is_said_to_be_one_and_the_token_comes_from_the_environment_alone(tmp_path, served):
    served.gated = True
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text("hf_left_behind")
    status, _, errors = go(tmp_path, served, "data", "check", "org/data")
    assert (status, served.tokens) == (2, {None})
    assert "is gated" in errors
    assert "HF_TOKEN" in errors
    go(tmp_path, served, "data", "check", "org/data", HF_TOKEN="hf_mine")
    assert served.tokens == {None, "Bearer hf_mine"}


def test_images_that_the_dataset_has_not_are_named(tmp_path, served):
    images = served.folder / "VECBench" / "images"
    (images / "FI-2" / "00000.png").unlink()
    status, output, errors = go(tmp_path, served, "data", "check", "org/data", "--format", "json")
    assert status == 4
    assert "1 of 25 images are not in org/data, such as VECBench/images/FI-2/00000.png" in errors
    [missing] = json.loads(output)["tasks"]["fi_2"]["missing"]
    assert missing["image"] == "VECBench/images/FI-2/00000.png"
    arguments = ["data", "check", "org/data", "--format", "json"]
    assert go(tmp_path, served, *arguments, HF_HUB_OFFLINE="1")[1] == output


def test_a_dataset_without_a_table_or_without_images_is_refused(tmp_path):
    (tmp_path / "served").mkdir()
    with hub_server(tmp_path / "served") as server:
        status, _, errors = go(tmp_path, server, "data", "check", "org/data")
        assert status == 2
        assert "has no layout that vecbench knows" in errors
        (folder(tmp_path / "served") / "images").rename(tmp_path / "elsewhere")
        status, _, errors = go(tmp_path, server, "data", "check", "org/data")
        assert status == 2
        assert "has no file images/" in errors
