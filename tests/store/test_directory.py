import errno
import os

import pytest

from vecbench.errors import DataError, RunError, UsageError
from vecbench.store import RunDirectory, write_text


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


def test_a_manifest_of_something_else_is_refused(tmp_path):
    directory = RunDirectory(tmp_path)
    assert directory.read_manifest() is None
    for text in ("{}", "not json", '{"schema": "other/9"}'):
        directory.manifest.write_text(text)
        with pytest.raises(DataError, match=r"run\.json"):
            directory.read_manifest()
