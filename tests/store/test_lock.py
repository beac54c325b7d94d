import errno
import fcntl
import os
import platform
import subprocess
import sys

import pytest

from vecbench.errors import UsageError
from vecbench.store import RunDirectory


def unlockable(code):
    def flock(_file, _operation):
        raise OSError(code, os.strerror(code))

    return flock


def dead_process():
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


@pytest.fixture(params=["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def without_flock(request, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", unlockable(getattr(errno, request.param)))


@pytest.mark.usefixtures("without_flock")
def test_without_flock_a_file_keeps_a_second_run_out_and_says_so(tmp_path):
    run, told = RunDirectory(tmp_path / "run"), []
    with run.locked(told.append):
        assert str(os.getpid()) in (run.path / ".lock.owner").read_text()
        refused = pytest.raises(UsageError, match=f"another run \\(process {os.getpid()} on ")
        with refused as caught, RunDirectory(run.path).locked(told.append):
            pass
        assert str(run.path / ".lock.owner") in caught.value.remedy
    assert f"{run.path} cannot be locked" in told[0]
    assert not (run.path / ".lock.owner").exists()


@pytest.mark.usefixtures("without_flock")
def test_a_lock_file_of_a_process_that_is_gone_is_taken_over(tmp_path):
    made = RunDirectory(tmp_path)
    with made.locked(lambda _: None):
        ours = (tmp_path / ".lock.owner").read_text()
    _, machine, *_ = ours.split("\n")
    (tmp_path / ".lock.owner").write_text(f"{dead_process()}\n{machine}\n")
    with made.locked(lambda _: None):
        assert (tmp_path / ".lock.owner").read_text() == ours


@pytest.mark.parametrize("flocks", [True, False])
def test_a_lock_file_of_another_machine_is_respected_and_named(tmp_path, monkeypatch, flocks):
    if not flocks:
        monkeypatch.setattr(fcntl, "flock", unlockable(errno.ENOLCK))
    (tmp_path / ".lock.owner").write_text(f"{dead_process()}\nnot-{platform.node()}\n")
    refused = pytest.raises(UsageError, match=f"on not-{platform.node()}")
    with refused as caught, RunDirectory(tmp_path).locked(lambda _: None):
        pass
    assert f"remove {tmp_path / '.lock.owner'}" in caught.value.remedy
    assert (tmp_path / ".lock.owner").exists()


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder", "another file", "hard link"])
def test_what_is_no_lock_file_is_refused_and_left_as_it_is(tmp_path, kind):
    victim, run = tmp_path / "victim", RunDirectory(tmp_path / "run")
    run.path.mkdir()
    victim.write_text("precious")
    if kind == "pipe":
        os.mkfifo(run.lock)
    elif kind == "folder":
        run.lock.mkdir()
    elif kind == "another file":
        run.lock.write_text("precious")
    elif kind == "hard link":
        os.link(victim, run.lock)
    else:
        run.lock.symlink_to(victim if kind == "link" else tmp_path / "none")
    before = os.lstat(run.lock)
    with pytest.raises(UsageError, match=r"\.lock is no lock file"), run.locked():
        pass
    assert os.path.samestat(before, os.lstat(run.lock))
    assert victim.read_text() == "precious"
    assert not (tmp_path / "none").exists()


def test_who_opened_a_lock_that_was_removed_meanwhile_stays_out(tmp_path, monkeypatch):
    """A fails and removes the file that B has opened; C makes a new one: B must not run beside it."""
    run, flock = RunDirectory(tmp_path), fcntl.flock
    run.lock.write_text("1\n")
    others = []

    def slowly(file, operation):
        if not others:
            others.append(file)
            run.lock.unlink()
            run.lock.write_text("2\n")
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", slowly)
    with pytest.raises(UsageError, match="another run"), run.locked():
        pass
    assert run.lock.read_text() == "2\n"


@pytest.mark.parametrize("removed", [True, False])
def test_a_failed_run_removes_no_lock_but_its_own(tmp_path, removed):
    run = RunDirectory(tmp_path / "run")

    def fail():
        if removed:
            run.lock.unlink()
            run.lock.write_text("2\n")
        raise UsageError("no such thing")

    with pytest.raises(UsageError, match="no such thing"), run.locked():
        fail()
    assert run.lock.exists() == removed


@pytest.mark.usefixtures("without_flock")
@pytest.mark.parametrize("signed", [True, False])
def test_a_failed_run_without_flock_leaves_nothing_but_what_others_locked(tmp_path, signed):
    run = RunDirectory(tmp_path / "new" / "run")
    if signed:
        run.path.mkdir(parents=True)
        run.lock.write_text("1\n")
    with pytest.raises(UsageError, match="no such thing"), run.locked(lambda _: None):
        raise UsageError("no such thing")
    assert [path.name for path in tmp_path.rglob("*")] == (["new", "run", ".lock"] if signed else [])
