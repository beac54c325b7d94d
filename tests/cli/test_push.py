"""`vecbench push`, as a process sees it, against a Hub on loopback."""

import json
import os
import subprocess
import sys

import pyarrow.parquet
import pytest
import yaml
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan
from hub_upload import TOKEN, Dataset, upload_server
from terminal import Terminal

from vecbench.run import run
from vecbench.store import RunDirectory

SECRET = "sk-" + "aSecretOfTheEnvironment"


def push(run, *arguments, hub=None, token=TOKEN, **changes):
    """The command, with the Hub and the token that are given and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    endpoint = hub.url if hub else "http://127.0.0.1:9"
    home = {"HF_HOME": str(run.path.parent / "home"), "HF_HUB_DISABLE_XET": "1", "MY_API_KEY": SECRET}
    environment = kept | home | {"HF_ENDPOINT": endpoint} | ({"HF_TOKEN": token} if token else {}) | changes
    command = [sys.executable, "-m", "vecbench", "push", str(run.path), *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=environment,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run with an answer that holds a secret."""
    folder = tmp_path_factory.mktemp("done")
    data = make_data(folder / "data", ["joy", "fear", "joy"])
    answers = iter([ANSWER, f"{ANSWER} {SECRET}", "<answer>jo"])
    directory = RunDirectory(folder / "run")
    run(make_plan(data), lambda: ScriptedEngine(lambda _: next(answers)), directory, Watcher())
    return directory


@pytest.fixture
def hub():
    with upload_server() as server:
        yield server


def rows(content, folder):
    (folder / "rows.parquet").write_bytes(content)
    return pyarrow.parquet.read_table(folder / "rows.parquet").to_pylist()


def test_a_run_becomes_a_dataset_that_says_nothing_of_this_machine(done, hub, tmp_path):
    sent = push(done, "me/answers", "--private", "--yes", "--license", "cc-by-4.0", hub=hub)
    assert sent.returncode == 0, sent.stderr
    assert "dataset me/answers (private, new):" in sent.stdout
    assert "Sent: http" in sent.stdout
    dataset = hub.datasets["me/answers"]
    files = dataset.branches["main"]
    assert dataset.private
    assert files.keys() == {"README.md", "scores.json", "run.json", "data/emoji_7.parquet"}
    for name, content in files.items():
        assert f"  {name}" in sent.stdout
        for hidden in (str(done.path.parent), SECRET, TOKEN):
            assert hidden.encode() not in content, name
    first, second, third = rows(files["data/emoji_7.parquet"], tmp_path)
    assert (first["target"], first["answer"], first["confidence"], first["correct"]) == (
        "joy",
        "joy",
        0.75,
        True,
    )
    assert first["response"] == ANSWER
    assert second["response"] == f"{ANSWER} [key]"
    assert (third["answer"], third["answer_status"]) == (None, "truncated")
    card = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
    assert card["license"] == "cc-by-4.0"
    assert card["configs"][0]["config_name"] == "emoji_7"
    scored = json.loads(files["scores.json"])["tasks"]["emoji_7"]["metrics"]["accuracy"]["value"]
    assert f"value: {scored}" in files["README.md"].decode()


def test_what_was_pushed_before_is_replaced_and_no_other_branch(done, hub):
    held = dict.fromkeys(["README.md", "scores.json", "run.json", "data/old.parquet", ".gitattributes"], b"")
    hub.datasets["me/answers"] = Dataset(private=False, branches={"main": held})
    sent = push(done, "me/answers", "--yes", "--revision", "second", hub=hub)
    assert sent.returncode == 0, sent.stderr
    assert "dataset me/answers, branch second (public, which is there):" in sent.stdout
    main, second = (hub.datasets["me/answers"].branches[name] for name in ("main", "second"))
    assert "data/old.parquet" in main
    assert second.keys() == {"README.md", "scores.json", "run.json", "data/emoji_7.parquet", ".gitattributes"}


def test_nothing_is_sent_that_nobody_agreed_to(done, hub):
    refused = push(done, "me/answers", hub=hub)
    assert refused.returncode == 2
    assert "nobody can be asked here. Nothing was sent" in refused.stderr
    assert "README.md" in refused.stdout
    assert {method for method, _ in hub.asked} == {"GET"}


@pytest.mark.parametrize(("said", "is_sent"), [("n", False), ("y", True)])
def test_it_asks_where_somebody_can_answer(done, hub, tmp_path, said, is_sent):
    environment = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-m", "vecbench", "push", str(done.path), "me/answers"]
    terminal = Terminal(command, 100, environment)
    try:
        terminal.wait(lambda received: "Send?" in received)
        terminal.press(f"{said}\n")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    assert bool(hub.datasets) == is_sent


def test_a_dry_run_writes_what_would_be_sent_and_asks_no_hub(done, hub, tmp_path):
    folder = tmp_path / "out"
    for options in (["--no-responses"], []):
        dry = push(done, "me/answers", "--dry-run", "-o", folder, *options, hub=hub, token=None)
        assert dry.returncode == 0, dry.stderr
        [first, *_] = rows((folder / "data" / "emoji_7.parquet").read_bytes(), tmp_path)
        assert ("response" in first) == (not options)
    assert hub.asked == []
    again = push(done, "me/answers", "--dry-run", hub=hub, token=None)
    assert again.returncode == 0, again.stderr
    assert (done.path / "hub" / "README.md").is_file()


def test_datasets_opens_what_was_written(done, tmp_path):
    datasets = pytest.importorskip("datasets")
    dry = push(done, "me/answers", "--dry-run", "-o", tmp_path / "out")
    assert dry.returncode == 0, dry.stderr
    opened = datasets.load_dataset(
        str(tmp_path / "out"), "emoji_7", split="test", cache_dir=str(tmp_path / "cache")
    )
    assert opened["target"][:] == ["joy", "fear", "joy"]
    assert "joy" in opened["candidates"][0]


def test_what_was_written_scores_as_the_run(done, tmp_path):
    dry = push(done, "me/answers", "--dry-run", "-o", tmp_path / "out")
    assert dry.returncode == 0, dry.stderr
    path = tmp_path / "out" / "data" / "emoji_7.parquet"
    command = [
        sys.executable,
        "-m",
        "vecbench",
        "score",
        str(path),
        "--no-figures",
        "-o",
        str(tmp_path / "again"),
    ]
    subprocess.run(command, capture_output=True, check=False, timeout=300)
    first, second = (json.loads((tmp_path / name / "scores.json").read_text()) for name in ("out", "again"))
    assert first["tasks"] == second["tasks"]


def not_ours(hub):
    hub.datasets["me/answers"] = Dataset(
        private=False, branches={"main": {"README.md": b"", "train.csv": b""}}
    )


def public(hub):
    hub.datasets["me/answers"] = Dataset(private=False)


def forbidden(hub):
    hub.forbidden = True


def broken(hub):
    hub.broken = True


@pytest.mark.parametrize(
    ("arguments", "changes", "prepared", "status", "said"),
    [
        (["me/answers"], {"token": None}, None, 2, "there is no token"),
        (["me/answers"], {"token": "hf_" + "anotherToken01234567"}, None, 2, "does not accept the token"),
        (["a/b/c"], {}, None, 2, "a/b/c is no name of a dataset"),
        (["me/answers"], {"HF_HUB_OFFLINE": "1"}, None, 2, "HF_HUB_OFFLINE is set"),
        (["me/answers"], {}, not_ours, 2, "holds something else: README.md, train.csv"),
        (["me/answers", "--private"], {}, public, 2, "is public, and --private would not change that"),
        (["them/answers"], {}, forbidden, 2, "the token may not write to them/answers"),
        (["me/answers"], {}, broken, 3, "cannot send me/answers"),
    ],
)
def test_a_refusal_says_what_is_wrong_in_one_line(done, hub, arguments, changes, prepared, status, said):
    if prepared:
        prepared(hub)
    refused = push(done, *arguments, "--yes", hub=hub, **changes)
    assert refused.returncode == status, refused.stderr
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "hf_" not in refused.stderr.replace("hf_hub", "")
    assert not any("data/emoji_7.parquet" in each.branches["main"] for each in hub.datasets.values())


def test_without_a_network_nothing_is_sent(done):
    refused = push(done, "me/answers", "--yes")
    assert refused.returncode == 3
    assert "cannot send me/answers to http://127.0.0.1:9" in refused.stderr


def test_what_is_no_run_and_a_folder_of_something_else_are_refused(done, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    refused = push(done, "me/answers", "--dry-run", "-o", tmp_path)
    assert refused.returncode == 2
    assert "holds something else, such as notes.txt" in refused.stderr
    refused = push(RunDirectory(tmp_path), "me/answers", "--dry-run")
    assert refused.returncode == 2
    assert (tmp_path / "notes.txt").read_text() == "mine"
