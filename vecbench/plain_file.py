"""Opening files that strangers name: a pipe or a device would keep whoever reads it waiting for ever."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

from vecbench.errors import DataError, RunError, VecbenchError

NOT_PLAIN = "not a plain file"
BINARY = getattr(os, "O_BINARY", 0)
"""Without it Windows writes two bytes for a line feed."""
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""Opening a pipe without them waits for its writer; a terminal without them becomes the process's own."""

MOST_CHARACTERS = 2**24
"""Of a line of a table: no row is that long, and what is no table may have no lines."""
BEGINNING = 2**16
"""Bytes of a file by which its format is told."""
_TAR = slice(257, 262), b"ustar"
_MAGIC = {b"PAR1": "parquet", b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7z", b"Rar!": "rar"}
_STORAGE = {errno.ESTALE, errno.EIO, errno.ETIMEDOUT}
"""What systems say where a disk or a network's storage fails, whatever the file is."""


def open_plain(path: Path) -> BinaryIO:
    """A file opened for reading bytes; a link is followed.

    What it is, is asked of the file that is open: another one may have taken its name since anybody looked.

    Raises:
        OSError: It cannot be opened, or is a pipe, a socket or a device (`NOT_PLAIN`).
        ValueError: No file can have this name.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_WAITING | BINARY)
    except OSError as fault:
        if fault.errno == errno.ENXIO:  # what a system says of a socket
            raise OSError(errno.ENXIO, NOT_PLAIN, str(path)) from None
        raise
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, NOT_PLAIN, str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def plain_bytes(path: Path, limit: int | None = None) -> bytes:
    """All of a file; raises what `open_plain` does, and OSError for one of more than `limit` bytes."""
    with open_plain(path) as stream:
        if limit is not None and os.fstat(stream.fileno()).st_size > limit:
            raise OSError(errno.EFBIG, f"larger than {limit} bytes", str(path))
        return stream.read()


def beginning_of(path: Path) -> bytes:
    """What a file begins with, `BEGINNING` bytes at most, by which its format is told.

    DataError: It cannot be opened or is no plain file. RunError: The storage fails while it is read.
    """
    try:
        with open_plain(path) as stream:
            return stream.read(BEGINNING)
    except OSError as fault:
        raise cannot_read(path, fault) from None


def binary_kind(beginning: bytes) -> str:
    """What is no text and begins so: `parquet`, `tar`, `zip`, `gzip`, `7z` or `rar`; else empty."""
    place, magic = _TAR
    if beginning[place] == magic:
        return "tar"
    return next((name for start, name in _MAGIC.items() if beginning.startswith(start)), "")


class TextLines(io.TextIOWrapper):
    """The lines of a text in UTF-8; ValueError for one of more than `MOST_CHARACTERS`, which is not read."""

    def __init__(self, path: Path) -> None:
        super().__init__(open_plain(path), encoding="utf-8-sig", newline="")

    def __next__(self) -> str:  # type: ignore[override]  # a base of texts and bytes alike
        line = self.readline(MOST_CHARACTERS + 1)
        if len(line) > MOST_CHARACTERS:
            raise ValueError(f"a line has more than {MOST_CHARACTERS:,} characters")
        if not line:
            raise StopIteration
        return line


def cannot_read(path: Path, fault: OSError) -> VecbenchError:
    """The error for a file that cannot be read: the file's, or the storage's if that failed meanwhile."""
    problem = f"{path}: {(fault.strerror or str(fault)).lower()}"
    if fault.errno in _STORAGE:
        return RunError(f"cannot read {problem}", "The storage failed: see to it, and run the same again.")
    return DataError(problem)
