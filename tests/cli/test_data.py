"""`vecbench data check`, `vecbench tasks path`, and runs on data in every format, as a process sees them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from miniature import FORMATS, folder, hub

from vecbench.shipped import demo_model, tasks_folder


def vecbench(*arguments, cwd):
    command = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=cwd)


def test_the_same_rows_in_every_format_get_the_same_scores(tmp_path):
    settings = ["--prompt", "standard", "--gen-kwargs", "temperature=0,max_gen_toks=32"]
    scores = {}
    for name, write in FORMATS.items():
        data, output = write(tmp_path / "data" / name), tmp_path / "runs" / name
        asked = ["run", "-m", demo_model(), "-t", "vecbench", "--data", data, "-o", output, *settings]
        done = vecbench(*asked, "--engine", "transformers", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found = json.loads((output / "scores.json").read_text())
        scores[name] = {level: found[level] for level in ("tasks", "groups", "overall")}
    assert len(scores["CSV"]["tasks"]) == 9
    assert scores["CSV"]["overall"]["counts"]["confident"] > 0
    for name in FORMATS:
        assert scores[name] == scores["CSV"], name


def test_data_without_a_fault_is_status_0(tmp_path):
    done = vecbench("data", "check", tasks_folder() / "demo" / "data", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "324 rows, no faults" in done.stdout


def test_faults_are_status_4_and_named_with_their_samples(tmp_path):
    root = folder(tmp_path / "data")
    (root / "images" / "FI-2" / "00000.png").unlink()
    (root / "images" / "FI-8" / "00000.png").write_bytes(b"nonsense")
    done = vecbench("data", "check", "data", "--tasks", "fi_2,fi_8", cwd=tmp_path)
    assert done.returncode == 4
    for line in (
        "fi_2: 2 rows; 1000 are expected",
        "fi_2, images/FI-2/00000.png: no such file or directory",
        "fi_8, images/FI-8/00000.png: not an image",
        "4 faults in 5 rows",
    ):
        assert line in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    report = json.loads(vecbench("data", "check", "data", "--format", "json", cwd=tmp_path).stdout)
    assert report["schema"] == "vecbench.data-check/1"
    assert report["tasks"]["fi_2"]["missing"] == [
        {
            "sample_id": "images/FI-2/00000.png",
            "image": "images/FI-2/00000.png",
            "problem": "no such file or directory",
        }
    ]
    assert report["faults"] == 9 + 2


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (None, "holds no table"),
        ("image,label\na.png,joy\n", "names no task that is known"),
        ("image,label,task\na.png,joy,emoji_7,more\n", "line 2: more fields"),
    ],
)
def test_data_that_cannot_be_used_is_status_2(tmp_path, table, said):
    if table is not None:
        (tmp_path / "samples.csv").write_text(table)
    done = vecbench("data", "check", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_duplicates_are_noted_and_no_fault(tmp_path):
    root = hub(tmp_path / "data")
    table = root / "VECBench" / "test_metadata.csv"
    with table.open("a") as rows:
        rows.write("VECBench/images/FI-8/00000.png,awe,FI-8,test\n")
        rows.write("VECBench/images/FI-8/00001.png,fear,EmoSet-8,test\n")
    done = vecbench("data", "check", table, cwd=tmp_path)
    twice = "VECBench/images/FI-8/00000.png"
    assert f"note: fi_8: 1 image more than once, such as {twice} and {twice}#2" in done.stdout
    assert "note: fi_8: 1 of them with different targets" in done.stdout
    assert "note: emoset_8 and fi_8 share 1 image" in done.stdout
    assert "9 faults in 27 rows" in done.stdout


def test_the_path_of_the_shipped_tasks_is_printed_alone(tmp_path):
    done = vecbench("tasks", "path", cwd=tmp_path)
    assert done.returncode == 0
    assert Path(done.stdout.removesuffix("\n")) == tasks_folder()
    assert (Path(done.stdout.strip()) / "vecbench" / "fi_8.yaml").is_file()
