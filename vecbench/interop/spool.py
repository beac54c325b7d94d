"""Responses on disk while they are exported, to be gone through as often as needed, by sample too."""

from __future__ import annotations

import marshal
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from vecbench.store import StoredResponse
from vecbench.store.files import cannot_write

BATCH = 1000
"""Responses that are written at once."""
MOST_SHARED = 10_000
"""So many lists of candidates and targets are kept, to be the same in memory for all responses with them."""

_values = attrgetter(*(each.name for each in fields(StoredResponse)))

# Names are bytes: a stranger's may hold half of a surrogate pair, which SQLite takes as no text.
_TABLE = """
CREATE TABLE responses (
    place INTEGER PRIMARY KEY, task BLOB, sample BLOB, repeat INTEGER, failed INTEGER, response BLOB
)
"""
_INDEX = "CREATE INDEX IF NOT EXISTS by_sample ON responses (task, sample, repeat, place)"
_ONE = "SELECT response FROM responses WHERE place = ?"
_LATEST = """
SELECT MIN(first) OVER (PARTITION BY sample) AS sample_first, last
FROM (
    SELECT sample, MIN(place) AS first, MAX(place) AS last
    FROM responses WHERE task = ? GROUP BY sample, repeat
)
ORDER BY sample_first, first
"""
_LATEST_FAILED = """
SELECT last FROM (
    SELECT MIN(place) AS first, MAX(place) AS last FROM responses GROUP BY task, sample, repeat
) JOIN responses ON place = last WHERE failed ORDER BY first
"""


class ResponseSpool:
    """Responses in a database of their own, which is removed when the spool is closed.

    Args:
        folder: Where the database lies meanwhile; made if it is not there. It becomes about as large as the
            responses.

    Raises:
        RunError: It cannot be written; so do all methods.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f".responses.{os.getpid()}.spool"
        self._shared: dict[Any, Any] = {}
        self._made = [each for each in (folder, *folder.parents) if not each.exists()]
        with self._written():
            folder.mkdir(parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
            self._database = sqlite3.connect(self._path, isolation_level=None)
            # Nobody needs what is left of it after a crash.
            for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
                self._database.execute(f"PRAGMA {setting}")
            self._database.execute(_TABLE)

    def storing(self, responses: Iterable[StoredResponse]) -> Iterator[StoredResponse]:
        """The same responses, which are stored while they are gone through."""
        waiting = iter(responses)
        while batch := list(islice(waiting, BATCH)):
            with self._written():
                self._database.execute("BEGIN")
                self._database.executemany(
                    "INSERT INTO responses (task, sample, repeat, failed, response) VALUES (?, ?, ?, ?, ?)",
                    map(_row, batch),
                )
                self._database.execute("COMMIT")
            yield from batch

    def __iter__(self) -> Iterator[StoredResponse]:
        """All responses in the order in which they were stored."""
        with self._written():
            for [found] in self._database.execute("SELECT response FROM responses ORDER BY place"):
                yield self._response(found)

    def failed(self) -> Iterator[StoredResponse]:
        """The responses without a text that are the last to their sample and repeat."""
        with self._written():
            self._database.execute(_INDEX)
            for [place] in self._database.execute(_LATEST_FAILED):
                yield self._at(place)

    def tasks(self) -> list[str]:
        """The tasks, in the order of their first responses."""
        with self._written():
            self._database.execute(_INDEX)
            found = self._database.execute("SELECT task FROM responses GROUP BY task ORDER BY MIN(place)")
            return [_name(task) for [task] in found]

    def samples(self, task: str) -> Iterator[list[StoredResponse]]:
        """The last response of each repeat, for every sample of a task in the order of their first ones."""
        with self._written():
            self._database.execute(_INDEX)
            places = self._database.execute(_LATEST, (_bytes(task),))
            for _, repeats in groupby(places, key=itemgetter(0)):
                yield [self._at(place) for _, place in repeats]

    def close(self) -> None:
        """Removes what was stored, and the folder if nothing else was written there."""
        self._database.close()
        with suppress(OSError):
            self._path.unlink()
            for folder in self._made:
                folder.rmdir()

    def _at(self, place: int) -> StoredResponse:
        [found] = self._database.execute(_ONE, (place,)).fetchone()
        return self._response(found)

    def _response(self, stored: bytes) -> StoredResponse:
        key, task, sample_id, repeat, target, candidates, *further = marshal.loads(stored)
        # Whoever keeps something of every response keeps these once, as when they were first read.
        task, candidates = self._once((task, candidates))
        if type(target) is str:
            target = self._once(target)
        return StoredResponse(key, task, sample_id, repeat, target, candidates, *further)

    def _once(self, value: Any) -> Any:
        if value not in self._shared and len(self._shared) < MOST_SHARED:
            self._shared[value] = value
        return self._shared.get(value, value)

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            raise cannot_write(self._path, OSError(str(fault))) from fault
        except OSError as fault:
            raise cannot_write(self._path, fault) from fault


def _row(response: StoredResponse) -> tuple[bytes, bytes, int, bool, bytes]:
    return (
        _bytes(response.task),
        _bytes(response.sample_id),
        response.repeat,
        response.response is None,
        marshal.dumps(_values(response)),
    )


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _name(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogatepass")
