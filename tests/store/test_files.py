import errno
import os
import subprocess
import sys
import threading
import time

import pytest

from vecbench.errors import RunError
from vecbench.store import RunDirectory, files, write_text
from vecbench.store.files import replacing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    for target in ("there/old", "there/new"):
        (tmp_path / "link").symlink_to(target)
        (tmp_path / "there/old").write_text("first")
        write_text(tmp_path / "link", "second")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / target).read_text() == "second"
        (tmp_path / "link").unlink()
    assert names(tmp_path / "there") == ["new", "old"]


def test_a_device_stays_one(tmp_path):
    (tmp_path / "null").symlink_to("/dev/null")
    write_text(tmp_path / "null", "lost")
    assert os.readlink(tmp_path / "null") == "/dev/null"
    assert not os.path.isfile("/dev/null")
    assert names(tmp_path) == ["null"]


def test_a_pipe_is_written_into(tmp_path):
    path, read = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    write_text(path, "a line\n")
    reader.join()
    assert read == ["a line\n"]
    assert path.is_fifo()


@pytest.mark.parametrize("to_file", [True, False])
def test_what_is_written_to_the_own_output_comes_between_what_is_printed(tmp_path, to_file):
    code = (
        "from pathlib import Path; from vecbench.store import write_text; print('before');"
        "write_text(Path('/dev/stdout'), 'written\\n'); print('behind')"
    )
    path = tmp_path / "out"
    with path.open("w") as stream:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=stream if to_file else subprocess.PIPE, check=True
        )
    said = path.read_bytes() if to_file else done.stdout
    assert said.split() == [b"before", b"written", b"behind"]


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(RunError, match="is a directory"):
        write_text(tmp_path, "")


def killed_while_writing(path):
    """What a killed process leaves of a file that it was to write."""
    code = (
        "import os, sys; from pathlib import Path; from vecbench.store.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as draft: draft.write_text('half'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    [draft] = set(path.parent.glob(".*.draft"))
    return draft


def test_what_a_killed_process_left_is_removed_when_the_file_is_written(tmp_path):
    killed_while_writing(tmp_path / "scores.json")
    write_text(tmp_path / "scores.json", "whole")
    assert names(tmp_path) == ["scores.json"]


def test_what_a_killed_process_left_is_removed_by_the_next_run(tmp_path):
    run = RunDirectory(tmp_path)
    run.figures.mkdir()
    for path in (run.scores, run.figures / "overall.svg"):
        killed_while_writing(path)
    with run.locked():
        assert names(tmp_path) == [".lock", "figures"]
        assert names(run.figures) == []


def test_drafts_of_processes_that_may_live_stay(tmp_path):
    ours = f".a.{files._MACHINE}.{os.getppid()}.draft"
    fresh, old = f".a.not-{files._MACHINE}.1.draft", ".a.1.draft"
    for name in (ours, fresh, old, ".a.elsewhere.2.draft"):
        (tmp_path / name).touch()
    os.utime(tmp_path / ".a.elsewhere.2.draft", (0, time.time() - 90_000))
    write_text(tmp_path / "a", "")
    assert names(tmp_path) == sorted([ours, fresh, old, "a"])


def fill(draft):
    draft.write_text("half")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_no_draft(tmp_path):
    for path in (tmp_path / "scores.json", tmp_path / "new" / "scores.json"):
        with pytest.raises(RunError, match="no space left"), replacing(path) as draft:
            fill(draft)
        assert names(path.parent) == []
