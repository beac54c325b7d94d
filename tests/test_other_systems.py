"""What Windows and macOS lack or do otherwise, imitated here."""

import errno
import os
import time
from pathlib import Path

import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan

import vecbench
from vecbench.errors import RunError, UsageError
from vecbench.run import run
from vecbench.store import RunDirectory, files, lock, log, write_text
from vecbench.store.manifest import hardware

LACKING = (
    "sysconf", "pread", "pwrite", "fork", "getuid", "geteuid", "getpgid", "killpg", "setsid", "mkfifo",
    "sched_getaffinity", "sched_setaffinity", "getloadavg", "statvfs", "nice", "O_NOCTTY",
)  # fmt: skip
BINARY = 0x8000
"""O_BINARY of Windows; Linux has another flag there, which changes nothing."""


@pytest.fixture
def windows(monkeypatch, tmp_path):  # which is made before anything is taken away
    """The rules of Windows for files, as far as they can be had here."""
    for name in LACKING:
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(files, "_CAN_ASK", False)
    for module in (files, log):
        monkeypatch.setattr(module, "BINARY", BINARY)

    def no_signal(process, number):
        raise AssertionError(f"signal {number} would end process {process}")

    def fsync(descriptor, really=os.fsync):
        fcntl = pytest.importorskip("fcntl")
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        really(descriptor)

    def replace(source, target, really=os.replace):
        opened = {os.path.realpath(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")}
        if opened & {os.path.realpath(source), os.path.realpath(target)}:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
        really(source, target)

    def opened(path, flags, *arguments, really=os.open, **options):
        if flags & (os.O_WRONLY | os.O_RDWR) and os.fspath(path).endswith(".jsonl"):
            assert flags & BINARY, f"{path} would get two bytes for a line feed"
        return really(path, flags, *arguments, **options)

    for name, function in (("kill", no_signal), ("fsync", fsync), ("replace", replace), ("open", opened)):
        monkeypatch.setattr(os, name, function)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="which files are open is asked of /proc")
def test_a_run_is_made_resumed_and_scored_by_the_rules_of_windows(windows, tmp_path):
    data = make_data(tmp_path / "data", ["joy", "fear", "love"])
    directory = RunDirectory(tmp_path / "run")
    run(make_plan(data, limit=2), lambda: ScriptedEngine(lambda _: ANSWER), directory, Watcher())
    with directory.responses.open("ab") as log:
        log.write(b"no response\n")
    outcome = run(make_plan(data), lambda: ScriptedEngine(lambda _: ANSWER), directory, Watcher())
    assert (outcome.generated, outcome.manifest.status) == (1, "complete")
    assert directory.unread.read_bytes() == b"no response\n"
    assert b"\r" not in directory.responses.read_bytes()
    assert len(vecbench.load_run(directory.path).predictions()) == 3


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="which files are open is asked of /proc")
def test_the_rules_of_windows_are_such_that_a_breach_is_seen(windows, tmp_path):
    path = tmp_path / "a.jsonl"
    write_text(path, "a")
    with path.open("rb"), pytest.raises(RunError, match="permission denied"):
        write_text(path, "b")
    with path.open("rb") as stream, pytest.raises(OSError, match="descriptor"):
        os.fsync(stream.fileno())
    with pytest.raises(AssertionError, match="line feed"):
        os.open(path, os.O_WRONLY)


def test_a_machine_that_does_not_tell_its_memory_has_none_in_the_manifest(windows):
    assert hardware().keys() == {"system", "processor", "cores"}


def test_a_draft_is_not_asked_about_where_asking_would_end_its_process(windows, tmp_path):
    fresh, old = (tmp_path / f".{name}.{files._MACHINE}.{os.getppid()}.draft" for name in "ab")
    fresh.touch()
    old.touch()
    os.utime(old, (0, time.time() - 90_000))
    files.remove_drafts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [fresh.name]


def test_a_lock_is_signed_without_changing_what_else_is_told_by_its_position(windows, tmp_path):
    for _ in range(2):  # the second run finds what the first one signed
        with lock.Lock(tmp_path / ".lock").held(print):
            assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
    (tmp_path / ".lock").write_text("somebody's")
    with pytest.raises(UsageError, match="no lock file"), lock.Lock(tmp_path / ".lock").held(print):
        pass
    assert (tmp_path / ".lock").read_text() == "somebody's"


def test_a_file_system_of_macos_that_has_no_locks_is_known_as_such():
    assert {errno.ENOTSUP, errno.EOPNOTSUPP} <= lock._NO_FLOCK
