"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from vecbench.errors import RunError
from vecbench.escaping import encodable
from vecbench.plain_file import BINARY

_MACHINE = re.sub(r"[^A-Za-z0-9_-]", "-", platform.node())[:32]
_DRAFT = re.compile(r"\.(.+)\.([A-Za-z0-9_-]*)\.([0-9]{1,9})\.draft")
"""The name of what is to become a file: that file's, the machine, the process."""
_CAN_ASK = os.name != "nt"
"""Whether signal 0 asks if a process lives: Windows takes it for Ctrl-C."""
_ABANDONED = 24 * 3600
"""Seconds after which a draft is one of a killed process, of which nobody here can tell if it lives."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of `path` when the block ends without an exception.

    A link stays, and its target is replaced. What is no regular file (a device, a pipe) or is this process's
    own output stays as well: what was written is copied into it.

    RunError: the file cannot be written; what stood at `path` before still stands there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _takes_no_other_place(path):
            with TemporaryDirectory() as folder:
                draft = Path(folder, "draft")
                yield draft
                with draft.open("rb") as written, _opened(path) as stream:
                    shutil.copyfileobj(written, stream)
            return
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        remove_drafts(place.parent, place.name)
        draft = place.with_name(f".{place.name}.{_MACHINE}.{os.getpid()}.draft")
        try:
            yield draft
            with draft.open("r+b") as stream:  # Windows brings to the disk only what may be written
                os.fsync(stream.fileno())
            draft.replace(place)
        finally:
            with suppress(OSError):  # what matters has been said by the exception that is on its way
                draft.unlink()
    except OSError as fault:
        raise cannot_write(path, fault) from fault


def remove_drafts(folder: Path, name: str | None = None) -> None:
    """Removes what killed processes left in a folder of files that they were to write, or of one `name`."""
    with suppress(OSError):
        for each in os.listdir(folder):
            found = _DRAFT.fullmatch(each)
            if found and name in (None, found[1]) and _is_abandoned(folder / each, found[2], int(found[3])):
                (folder / each).unlink()


def _is_abandoned(draft: Path, machine: str, process: int) -> bool:
    if machine != _MACHINE or not _CAN_ASK:
        return time.time() - draft.stat().st_mtime > _ABANDONED
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:  # somebody else's
        pass
    return False


def _takes_no_other_place(path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return not stat.S_ISREG(there.st_mode) or _own_output(there) is not None


def _own_output(there: os.stat_result) -> int | None:
    """The descriptor of our standard output or error, if it leads there."""
    for descriptor in (1, 2):
        with suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), there):
                return descriptor
    return None


def _opened(path: Path) -> BinaryIO:
    own = _own_output(path.stat())
    if own is None:
        return os.fdopen(os.open(path, os.O_WRONLY | BINARY | getattr(os, "O_NOCTTY", 0)), "wb")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # what was said before comes before
    return os.fdopen(os.dup(own), "wb")


def write_text(path: Path, text: str) -> None:
    """Replaces a file's content, all or nothing; halves of surrogate pairs become their escapes."""
    write_bytes(path, encodable(text).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """The same for bytes."""
    with replacing(path) as draft:
        draft.write_bytes(content)


def remove(paths: Iterable[Path]) -> None:
    """Removes files, where they are there; RunError if one cannot be removed."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as fault:
            raise cannot_write(path, fault) from fault


def cannot_write(path: Path, fault: OSError) -> RunError:
    """The error for a file that cannot be written."""
    return RunError(
        f"cannot write {path}: {(fault.strerror or str(fault)).lower()}",
        "Everything stored before is kept; free some space or write to another place, and run again.",
    )
