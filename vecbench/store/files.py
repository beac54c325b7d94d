"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vecbench.errors import RunError
from vecbench.escaping import encodable


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of `path` when the block ends without an exception.

    RunError: the file cannot be written; what stood at `path` before still stands there.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        with draft.open("rb") as stream:
            os.fsync(stream.fileno())
        draft.replace(path)
    except OSError as fault:
        raise cannot_write(path, fault) from fault
    finally:
        with suppress(OSError):  # what matters has been said by the exception that is on its way
            draft.unlink()


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
