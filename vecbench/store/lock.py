"""The lock that keeps a second run out of a directory."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from vecbench.errors import UsageError
from vecbench.plain_file import open_plain

_NO_FLOCK = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
"""What systems say where a file system has no locks of its own."""
SECOND_LOOK = 0.2
"""Seconds until a lock file that was left over has been seen twice."""
_SIGNED = re.compile(rb"[0-9]*\s*")
"""What a lock file holds: the process that locked it last."""


class Lock:
    """A lock file, which the system unlocks when the process ends, however it ends.

    Where the file system has no locks a second file, `owner`, is there for as long as the lock is held, and
    names process and machine. What a killed process leaves of it is taken over where the process is known to
    be gone: on the same machine. While it is there, it keeps out also those who could lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = path.with_name(f"{path.name}.owner")
        self._locked: os.stat_result | None = None

    @contextmanager
    def held(self, warned: Callable[[str], object]) -> Iterator[None]:
        """Holds the lock while the block lasts; `warned` is told where `owner` has to do.

        Raises:
            UsageError: Somebody else holds it, or what lies at its path is no lock file.
            OSError: The file cannot be made.
        """
        with ExitStack() as locks:
            if not self._locks(locks, warned) or os.path.lexists(self.owner):
                try:
                    # Where two names cannot be exchanged, one that was left over goes at the first look.
                    locks.enter_context(SoftFileLock(self.owner, timeout=SECOND_LOOK).acquire())
                except Timeout:
                    raise self._refusal(
                        self.owner, f"or choose another --output; if it runs no more, remove {self.owner}."
                    ) from None
            yield

    def remove(self) -> None:
        """Takes the file away that is held; whoever has opened it notices when it locks it."""
        with suppress(OSError):
            if self._locked is not None and os.path.samestat(self._locked, os.lstat(self.path)):
                self.path.unlink()

    def _locks(self, locks: ExitStack, warned: Callable[[str], object]) -> bool:
        """Locks the file; False where the file system cannot."""
        lock = FileLock(self.path, timeout=0, fallback_to_soft=False, on_acquired=self._sign)
        try:
            locks.enter_context(lock.acquire())
        except Timeout:
            raise self._refusal(self.path, "or choose another --output.") from None
        except OSError as fault:
            if os.path.lexists(self.path) and not stat.S_ISREG(os.lstat(self.path).st_mode):
                raise self._no_lock() from None
            if fault.errno not in _NO_FLOCK:
                raise
            with suppress(FileNotFoundError):
                there = os.lstat(self.path)
                self._locked = there if there.st_size == 0 else None  # nobody who could lock it has signed it
            why = (fault.strerror or str(fault)).lower()
            warned(f"{self.path.parent} cannot be locked ({why}); {self.owner.name} keeps other runs out")
            return False
        return True

    def _sign(self, descriptor: int) -> None:
        """Writes this process into the file that has been locked, if that is a lock file and still in place.

        It may have been removed, and made again by others, between its opening and its locking.
        """
        self._locked = os.fstat(descriptor)
        os.lseek(descriptor, 0, os.SEEK_SET)
        if not stat.S_ISREG(self._locked.st_mode) or not _SIGNED.fullmatch(os.read(descriptor, 100)):
            raise self._no_lock()
        with suppress(FileNotFoundError):
            if os.path.samestat(self._locked, os.lstat(self.path)):
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                return
        raise Timeout(str(self.path))

    def _no_lock(self) -> UsageError:
        return UsageError(
            f"{self.path} is no lock file of a run",
            "Remove it if nobody needs it, or choose another --output.",
        )

    def _refusal(self, file: Path, remedy: str) -> UsageError:
        holder = ""
        with suppress(OSError), open_plain(file) as stream:
            lines = stream.read(1000).decode("ascii", errors="replace").split("\n")
            # The owner's file has the machine in its second line, with the container behind a question mark.
            holder = " on ".join(each.split("?")[0] for each in lines[:2] if each.isprintable() and each)
        return UsageError(
            f"another run (process {holder or 'unknown'}) is writing to {file.parent}",
            f"Wait for it, {remedy}",
        )
