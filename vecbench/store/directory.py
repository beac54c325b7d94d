"""A run's directory: its files' names, and the lock that keeps two runs out of it."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vecbench.errors import Interrupted, UsageError, VecbenchError
from vecbench.store.files import cannot_write, remove_drafts
from vecbench.store.lock import Lock
from vecbench.store.log import UNREAD
from vecbench.store.manifest import Manifest


class RunDirectory:
    """The files of one run; the directory need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = path / "run.json"
        self.lock = path / ".lock"
        self.task_files = path / "task_files"
        self.responses = path / "responses.jsonl"
        self.unread = self.responses.with_name(self.responses.name + UNREAD)
        self.predictions = path / "predictions.jsonl"
        self.faults = path / "faults.jsonl"
        self.scores = path / "scores.json"
        self.figures = path / "figures"
        self.summary = path / "summary.md"
        self.differences = path / "differences.csv"
        self.difference_summary = path / "differences.md"

    def read_manifest(self) -> Manifest | None:
        """The manifest; None if no run has started here. DataError: it is there and cannot be understood."""
        return Manifest.read(self.manifest) if self.manifest.exists() else None

    @property
    def written_later(self) -> tuple[Path, ...]:
        """The files that only a directory with a manifest may have."""
        return (self.responses, self.predictions, self.scores, self.summary)

    def has_responses(self) -> bool:
        """Whether at least one response is stored."""
        return self.responses.exists() and self.responses.stat().st_size > 0

    def require_usable(self) -> None:
        """Refuses a place where no directory can be made or written to; nothing is written.

        Raises:
            UsageError: There is a file at the path, or above it.
            RunError: There is no permission.
        """
        place = next(each for each in (self.path.absolute(), *self.path.absolute().parents) if each.exists())
        if not place.is_dir():
            raise _is_file(place)
        if not os.access(place, os.W_OK | os.X_OK):
            raise cannot_write(self.path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))

    @contextmanager
    def locked(self, warned: Callable[[str], object] = warnings.warn) -> Iterator[None]:
        """Keeps every other run out of the directory while the block lasts.

        What killed writers left there is removed. A block that fails leaves nothing of a run that begins with
        it, unless a response is stored or somebody stopped it.

        Args:
            warned: Told if the file system has no locks.

        Raises:
            UsageError: Another run is in it, the path is a file, or the lock file is none.
            RunError: The directory cannot be made.
        """
        made = [each for each in (self.path, *self.path.parents) if not each.exists()]
        begins = not self.manifest.exists() and not self.responses.exists()
        lock = Lock(self.lock)
        try:
            with self._held(lock, warned):
                remove_drafts(self.path)
                remove_drafts(self.figures)
                remove_drafts(self.task_files)
                try:
                    yield
                except VecbenchError as fault:
                    if begins and not isinstance(fault, Interrupted) and not self.has_responses():
                        with suppress(OSError):  # what matters is the error that is on its way
                            for path in (self.manifest, self.responses, *self.task_files.glob("*.yaml")):
                                path.unlink(missing_ok=True)
                            lock.remove()
                            self.task_files.rmdir()
                    raise
        except VecbenchError:
            with suppress(OSError):  # as long as anything is in it
                for folder in made:
                    folder.rmdir()
            raise

    @contextmanager
    def _held(self, lock: Lock, warned: Callable[[str], object]) -> Iterator[None]:
        with ExitStack() as locks:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                locks.enter_context(lock.held(warned))
            except (FileExistsError, NotADirectoryError):
                raise _is_file(self.path) from None
            except OSError as fault:
                raise cannot_write(self.path, fault) from fault
            yield


def _is_file(path: Path) -> UsageError:
    return UsageError(f"{path} is a file", "--output takes a directory.")
