"""`vecbench data check`, `vecbench tasks path`, and runs on data in every format, as a process sees them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import make_data
from hub_server import hub_server
from miniature import FORMATS, damaged, folder, hub

from vecbench.shipped import demo_model, leaderboards_folder, tasks_folder

DOCS = (Path(__file__).parents[2] / "docs" / "data.md").read_text()


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
        assert done.returncode == 4, done.stderr  # of 32 tokens few answers can be read
        found = json.loads((output / "scores.json").read_text())
        scores[name] = {level: found[level] for level in ("tasks", "groups", "overall")}
    assert len(scores["CSV"]["tasks"]) == 9
    assert scores["CSV"]["overall"]["counts"]["confident"] > 0
    for name in FORMATS:
        assert scores[name] == scores["CSV"], name


def test_pipes_are_named_and_nothing_waits_for_them(tmp_path):
    root = folder(tmp_path / "data")
    os.mkfifo(root / "images" / "pipe.png")
    os.mkfifo(root / "notes.json")
    os.mkfifo(tmp_path / "pipe.csv")
    with (root / "samples.csv").open("a") as table:
        table.write("images/pipe.png,positive,fi_2\n")
    done = vecbench("data", "check", "data", "--tasks", "fi_2", cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    assert "fi_2, images/pipe.png: not a plain file" in done.stdout
    done = vecbench("data", "check", "pipe.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "pipe.csv: not a plain file" in done.stderr


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
        ("", "the file is empty"),
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


def test_what_is_left_out_is_noted_and_control_characters_are_spelt_out(tmp_path):
    table = 'image_path,label,task,split\n"\x1b[31mred.png",fear,FI-8,TEST\na.png,fear,FI-8,train\n'
    (tmp_path / "samples.csv").write_text(table)
    done = vecbench("data", "check", ".", cwd=tmp_path)
    assert r"fi_8, \x1b[31mred.png: no such file or directory" in done.stdout
    assert "note: left out: 1 row of the split 'train'" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_path_of_the_shipped_tasks_is_printed_alone(tmp_path):
    done = vecbench("tasks", "path", cwd=tmp_path)
    assert done.returncode == 0
    assert Path(done.stdout.removesuffix("\n")) == tasks_folder()
    assert (Path(done.stdout.strip()) / "vecbench" / "fi_8.yaml").is_file()


def test_the_path_of_the_shipped_leaderboards_is_printed_alone(tmp_path):
    done = vecbench("leaderboard", "path", cwd=tmp_path)
    assert Path(done.stdout.removesuffix("\n")) == leaderboards_folder()
    assert (Path(done.stdout.strip()) / "vecbench" / "entries").is_dir()


def typed(command, cwd, **environment):
    """A command as the docs have it."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    settings = os.environ | {"PATH": path} | environment
    return subprocess.run(
        command, shell=True, cwd=cwd, env=settings, capture_output=True, text=True, check=False, timeout=300
    )


def test_the_docs_show_the_true_report(tmp_path):
    shown = re.search(r"<!-- check -->\n```\n\$ (.*?)\n(.*?)```\n<!-- /check -->", DOCS, flags=re.DOTALL)
    damaged(tmp_path / "mini-vecbench")
    done = typed(shown[1], tmp_path)
    assert done.returncode == 4, done.stderr
    assert [line.rstrip() for line in done.stdout.splitlines()] == shown[2].splitlines()


def test_the_commands_of_the_docs_that_download_run(tmp_path):
    commands = re.findall(r"^vecbench run .*wudq/VECBench.*$", DOCS, flags=re.MULTILINE)
    assert len(commands) == 2
    (tmp_path / "my-model").symlink_to(demo_model())
    with hub_server(hub(tmp_path / "served"), "wudq/VECBench") as server:
        environment = {
            "HF_ENDPOINT": server.url,
            "NO_PROXY": "127.0.0.1",
            "VECBENCH_CACHE": str(tmp_path / "cache"),
        }
        for command in commands:
            short = f"{command} --gen-kwargs max_gen_toks=8 --limit 1 --output run-{len(server.fetched)}"
            done = typed(short, tmp_path, **environment)
            assert done.returncode == 4, done.stderr  # no answer has eight tokens
            assert "cut off" in done.stderr


def test_the_task_of_the_docs_runs(tmp_path):
    (tmp_path / "my-tasks").mkdir()
    (tmp_path / "my-model").symlink_to(demo_model())
    make_data(tmp_path / "my-data", ["joy", "fear", "anger"], task="panels_3")
    for name, content in re.findall(r"```yaml\n# (my-tasks/\S+)\n(.*?)```", DOCS, flags=re.DOTALL):
        (tmp_path / name).write_text(content)
    commands = re.findall(r"^(?:mkdir|cp|vecbench \w+ .*panels).*$", DOCS, flags=re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        done = typed(command, tmp_path)
        # The model was made for other labels.
        assert done.returncode == (4 if " run " in command else 0), done.stdout + done.stderr


@pytest.mark.parametrize("name", ["line\nbreak", "not utf-8: \udcff"])
def test_any_name_that_a_folder_can_have_is_checked_and_run_and_scored(tmp_path, name):
    root = tmp_path / name
    root.mkdir()
    make_data(root / "data", ["joy", "fear"])
    done = vecbench("data", "check", root / "data", "-t", "emoji_7", "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["table"] == str(root / "data" / "samples.csv")
    asked = ["-t", "emoji_7", "--engine", "transformers", "--data", root / "data", "-o", root / "run"]
    done = vecbench("run", "-m", demo_model(), *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = root / f"{name}.jsonl"
    answers.write_bytes((root / "run" / "responses.jsonl").read_bytes() + b"torn\n")
    done = vecbench("score", answers, cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    said = json.loads((root / f"{name}-scores" / "scores.json").read_text())
    assert said["run"]["responses"]["files"] == [answers.name]
