"""The task files that a run keeps, and what they are good for afterwards."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from fakes import ANSWER, ScriptedEngine, make_data

import vecbench
from vecbench.cli.app import main
from vecbench.errors import DataError, RunError, UsageError
from vecbench.interop.reading import open_responses
from vecbench.run import evaluation
from vecbench.shipped import demo_model
from vecbench.store.kept_tasks import with_kept_tasks
from vecbench.tasks import load_catalogue, task_in
from vecbench.tasks.catalogue import kept_definition
from vecbench.tasks.kept import kept_text

SHORT = """\
task: {name}
include: base.yaml
metadata:
  version: 1.0
  vecbench:
    group: mine
    labels: [joy, fear]
    aliases: {{joy: [happy]}}
    prompts: prompts.yaml
    data: ../data
"""
GROUP = "group: {name}\ntask: [{members}]\nmetadata: {{version: 1.0, vecbench: {{headline: macro}}}}\n"


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    monkeypatch.setattr(evaluation, "create_engine", lambda *_, **__: ScriptedEngine(lambda _: ANSWER))
    monkeypatch.setattr(evaluation, "check_engine", lambda *_: None)


@pytest.fixture
def folder(tmp_path):
    """Two tasks of one's own, in a group of a benchmark, with an include, prompts and data beside them."""
    table = make_data(tmp_path / "data", ["joy", "fear"], task="mine_a") / "samples.csv"
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([head, *rows, *(row.replace("mine_a", "mine_b") for row in rows)]))
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("mine_a", "mine_b"):
        (folder / f"{name}.yaml").write_text(SHORT.format(name=name))
    (folder / "base.yaml").write_text("generation_kwargs: {until: [], max_gen_toks: 99}\n")
    (folder / "prompts.yaml").write_text("standard: |-\n  One of {{ labels }}?\n  Say which.\n")
    (folder / "mine.yaml").write_text(GROUP.format(name="mine", members="mine_a, mine_b"))
    (folder / "board.yaml").write_text(GROUP.format(name="board", members="mine"))
    return folder


@pytest.fixture
def run(folder, tmp_path):
    """A finished run of the benchmark, whose task files are gone."""
    run = evaluated(tmp_path, "board", folder)
    shutil.rmtree(folder)
    return run.path


def evaluated(tmp_path, tasks, folder):
    return vecbench.evaluate(demo_model(), tasks, output=tmp_path / "run", include_path=folder)


def test_the_kept_form_of_every_shipped_task_and_group_is_the_same_task_or_group():
    catalogue = load_catalogue()
    for each in [*catalogue.tasks.values(), *catalogue.groups.values()]:
        kept = kept_definition(each.path, kept_text(each.content))
        assert replace(kept, **({"data": each.data} if hasattr(each, "data") else {})) == each
        assert kept_text(kept.content) == kept_text(each.content)


def test_a_run_is_scored_and_compared_without_the_folder_of_its_tasks(run):
    scores = vecbench.score(run)
    assert scores.tasks.keys() == {"mine_a", "mine_b"}
    assert scores.groups.keys() == {"mine"}
    assert scores.as_json() == (run / "scores.json").read_text()
    assert vecbench.compare(run, run / "predictions.jsonl").differences.tasks.keys() == scores.tasks.keys()
    assert len(vecbench.load_run(run).predictions()) == 4


def test_a_run_is_submitted_without_the_folder_of_its_tasks(run, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["leaderboard", "add", str(run), "-o", str(tmp_path / "mine.zip"), "--benchmark", "board"])
    assert ended.value.code == 0
    with zipfile.ZipFile(tmp_path / "mine.zip") as packed:
        assert not [name for name in packed.namelist() if name.endswith(".yaml")]


def test_a_kept_file_says_everything_by_itself_and_is_a_task_file(run):
    text = (run / "task_files" / "mine_a.yaml").read_text()
    assert "One of {{ labels }}?\n" in text
    assert "max_gen_toks: 99" in text
    assert "../data" in text  # as what stood there
    task = task_in(run / "task_files" / "mine_a.yaml")
    assert task.sha256 == json.loads((run / "run.json").read_text())["tasks"]["mine_a"]["sha256"]
    assert task.data is None
    catalogue = load_catalogue([run / "task_files"])
    assert not catalogue.faults
    assert [each.id for each in catalogue.select("board")] == ["mine_a", "mine_b"]


def test_a_kept_file_goes_on_meaning_what_it_means_when_it_is_kept_again(run, tmp_path):
    again = vecbench.evaluate(
        demo_model(), "board", data=tmp_path / "data", output=tmp_path / "b", include_path=run / "task_files"
    ).path
    for path in (run / "task_files").iterdir():
        assert (again / "task_files" / path.name).read_text() == path.read_text()


def test_a_group_of_which_the_run_has_a_part_only_is_not_kept(folder, tmp_path):
    kept = evaluated(tmp_path, "mine_a", folder).path / "task_files"
    assert [path.name for path in kept.iterdir()] == ["mine_a.yaml"]
    evaluated(tmp_path, "mine_b", folder)
    assert {path.stem for path in kept.iterdir()} == {"mine_a", "mine_b", "mine", "board"}


def test_a_later_session_need_not_know_the_tasks_of_an_earlier_one(folder, tmp_path):
    evaluated(tmp_path, "mine_a", folder)
    (folder / "mine_a.yaml").rename(tmp_path / "elsewhere")
    run = evaluated(tmp_path, "mine_b", folder)
    assert run.scores().tasks.keys() == {"mine_a", "mine_b"}


def test_another_version_of_a_task_at_hand_is_used_and_told(run, tmp_path):
    other = tmp_path / "mine_a.yaml"
    other.write_text("task: mine_a\nmetadata: {version: 2.0, vecbench: {labels: [joy, fear]}}\n")
    catalogue = with_kept_tasks(load_catalogue([other]), [run])
    assert catalogue.tasks["mine_a"].version == "2.0"
    [said] = open_responses(run, catalogue).warnings
    assert "mine_a is scored by another task file than it was run with: version 1.0 then, 2.0 now" in said


def test_a_run_of_an_earlier_version_asks_for_the_folder(run):
    shutil.rmtree(run / "task_files")
    with pytest.raises(
        UsageError, match="the run has the task mine_a, and no task file here defines it"
    ) as asked:
        vecbench.score(run)
    assert "--include-path" in asked.value.remedy


def test_a_kept_file_that_was_changed_is_refused(run):
    path = run / "task_files" / "mine_a.yaml"
    path.write_text(path.read_text().replace("happy", "afraid"))
    with pytest.raises(DataError, match=r"mine_a\.yaml: not the task that the run was made with"):
        vecbench.score(run)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda said: said | {"include": "/etc/passwd"}, "names other files"),
        (lambda said: said["metadata"]["vecbench"].update(prompts="/etc/passwd"), "names other files"),
        (lambda said: said["metadata"]["vecbench"].update(data="/etc"), "names other files"),
        (lambda said: said.update(group="mine_a", task=["mine_b"], metadata={"version": 1}), "mine_a.yaml"),
        (lambda said: said["metadata"]["vecbench"].update(lables=[]), "lables: unknown key"),
        (lambda said: said.clear(), "defines no task"),
    ],
)
def test_a_kept_file_of_a_stranger_reads_no_other_file(run, change, message):
    path = run / "task_files" / "mine_a.yaml"
    said = yaml.safe_load(path.read_text().replace("!function ", ""))
    path.write_text(yaml.safe_dump(change(said) or said))
    with pytest.raises(DataError, match=message):
        vecbench.score(run)


def test_a_kept_file_runs_nothing(run, tmp_path):
    path = run / "task_files" / "mine_a.yaml"
    path.write_text(f"task: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n")
    with pytest.raises(DataError, match="no YAML that vecbench reads"):
        vecbench.score(run)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [b"\xff", b"a: [", b"a: &a [*a]\n"])
def test_a_kept_file_that_cannot_be_read_is_named(run, content):
    (run / "task_files" / "mine_a.yaml").write_bytes(content)
    with pytest.raises(DataError, match=r"mine_a\.yaml: "):
        vecbench.score(run)


def test_a_task_is_looked_for_nowhere_else(run, tmp_path):
    manifest = json.loads((run / "run.json").read_text())
    manifest["tasks"]["../../outside"] = manifest["tasks"].pop("mine_a")
    (run / "run.json").write_text(json.dumps(manifest))
    shutil.copy(run / "task_files" / "mine_a.yaml", tmp_path / "outside.yaml")
    assert "../../outside" not in with_kept_tasks(load_catalogue(), [run]).tasks


def test_what_is_no_run_has_nothing_to_add(tmp_path):
    catalogue = load_catalogue()
    (tmp_path / "run.json").write_text("[")
    for path in (tmp_path, tmp_path / "none" / "answers.jsonl", Path(), Path("a" * 5000, "b"), Path("a\0")):
        assert with_kept_tasks(catalogue, [path]) == catalogue


def test_a_run_that_fails_before_its_first_response_leaves_no_task_file(folder, tmp_path, monkeypatch):
    def no_engine(*_, **__):
        raise RunError("no weights")

    monkeypatch.setattr(evaluation, "create_engine", no_engine)
    with pytest.raises(RunError, match="no weights"):
        evaluated(tmp_path, "mine_a", folder)
    assert not (tmp_path / "run").exists()
