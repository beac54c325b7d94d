import errno
import json
import os

import pytest

from vecbench.errors import DataError, Interrupted, RunError, UsageError
from vecbench.store import Manifest, RunDirectory, write_text
from vecbench.store.manifest import EngineRecord, ModelRecord


def test_a_second_run_is_kept_out(tmp_path):
    refused = pytest.raises(UsageError, match=f"another run \\(process {os.getpid()}\\)")
    with RunDirectory(tmp_path / "run").locked(), refused, RunDirectory(tmp_path / "run").locked():
        pass
    with RunDirectory(tmp_path / "run").locked():
        pass


def test_a_file_is_no_directory(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"), RunDirectory(tmp_path / "file").locked():
        pass


def refused_after_starting(run, fault):
    run.manifest.write_text("{}")
    run.responses.touch()
    raise fault


@pytest.mark.parametrize("fault", [UsageError("no such thing"), RunError("no such thing")])
def test_a_run_that_is_refused_at_its_beginning_leaves_nothing(tmp_path, fault):
    run = RunDirectory(tmp_path / "results" / "run")
    for others in ([], ["notes.txt"]):
        for name in others:
            run.path.mkdir(parents=True)
            (run.path / name).touch()
        with pytest.raises(type(fault), match="no such thing"), run.locked():
            refused_after_starting(run, fault)
        left = [path.name for path in run.path.iterdir()] if run.path.exists() else []
        assert left == others
        assert (tmp_path / "results").exists() == bool(others)


def test_a_run_that_was_stopped_at_its_beginning_stays(tmp_path):
    run = RunDirectory(tmp_path / "run")
    with pytest.raises(Interrupted), run.locked():
        refused_after_starting(run, Interrupted("stopped"))
    assert run.manifest.exists()


@pytest.mark.parametrize("fault", [UsageError("no such thing"), RunError("no such thing")])
def test_a_refusal_later_on_takes_nothing_away(tmp_path, fault):
    run = RunDirectory(tmp_path / "run")
    for content in ("", "a response\n"):
        run.path.mkdir(exist_ok=True)
        run.responses.write_text(content)
        run.manifest.write_text("{}")
        with pytest.raises(type(fault)), run.locked():
            raise fault
        assert run.responses.read_text() == content
        assert run.manifest.exists()


def test_writing_replaces_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "scores.json"
    write_text(path, "first")

    def full(_file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"scores\.json: no space left"):
        write_text(path, "second")
    monkeypatch.undo()
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_manifest_of_an_earlier_version_is_read(tmp_path):
    manifest = Manifest(
        status="complete",
        model=ModelRecord(name="nano", revision="1"),
        engine=EngineRecord(name="vllm", arguments={}, device="cpu", chosen_because="it is installed"),
        tasks={},
        pixel_limits={},
        seed=0,
        limit=None,
        repeats=1,
        started="2026-01-01T00:00:00+00:00",
        packages={},
        hardware={},
    )
    directory = RunDirectory(tmp_path)
    manifest.write(directory.manifest)
    assert directory.read_manifest() == manifest
    said = json.loads(directory.manifest.read_text())
    del said["engine"]["chosen_because"], said["engine"]["omitted"]
    directory.manifest.write_text(json.dumps(said))
    read = directory.read_manifest()
    assert (read.engine.chosen_because, read.engine.omitted) == (None, {})
    assert read.engine.name == "vllm"


def test_a_manifest_of_something_else_is_refused(tmp_path):
    directory = RunDirectory(tmp_path)
    assert directory.read_manifest() is None
    for text in ("{}", "not json", '{"schema": "other/9"}'):
        directory.manifest.write_text(text)
        with pytest.raises(DataError, match=r"run\.json"):
            directory.read_manifest()
