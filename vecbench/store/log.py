"""responses.jsonl as it grows: what it answers already, and one line appended after the other."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Self

from vecbench.json_lines import TORN, JsonLine
from vecbench.plain_file import BINARY, open_plain
from vecbench.store.files import cannot_write, replacing
from vecbench.store.responses import StoredResponse, read_responses, response_lines

SYNC_INTERVAL = 1.0
"""Seconds that a stored response may be in the operating system's memory only."""
UNREAD = ".unread"
"""What is added to the name of a log for that of the file with the lines that could not be read."""


class StoredAnswers:
    """Which questions are answered: by the last response to each sample and repeat, if it is no error."""

    def __init__(self, responses: Iterable[StoredResponse] = ()) -> None:
        self._done: dict[tuple[str, str, int], int] = {}
        self._scored: set[tuple[str, str, int]] = set()
        for response in responses:
            self.note(response)

    def note(self, response: StoredResponse) -> None:
        """Takes note of one more response."""
        asked = _asked(response)
        self._scored.discard(asked)
        if response.is_answer:
            self._done[asked] = _question(response)
            if response.option_log_probabilities:
                self._scored.add(asked)
        else:
            self._done.pop(asked, None)

    def has(self, response: StoredResponse, *, with_options: bool) -> bool:
        """Whether what a response is to answer is answered, with its options scored where that is asked."""
        return response in self and (not with_options or _asked(response) in self._scored)

    def __contains__(self, response: StoredResponse) -> bool:
        """Whether what a response is to answer is answered."""
        return self._done.get(_asked(response)) == _question(response)

    def __bool__(self) -> bool:
        return bool(self._done)


class ResponseLog:
    """responses.jsonl, open for appending.

    Every line reaches the operating system at once and the disk within `SYNC_INTERVAL` seconds. A torn
    last line, left by a process that was killed while it wrote, is cut off when the log is opened. Other
    lines that are no responses are moved to a file beside it. What cannot be written is a RunError.

    Attributes:
        unread: The lines that were moved.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._answers = StoredAnswers()
            self.unread = self._read()
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | BINARY, 0o644)
        except OSError as fault:
            raise cannot_write(path, fault) from fault
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._sync_fault: OSError | None = None
        self._syncer = threading.Thread(target=self._sync_regularly, name="sync responses", daemon=True)
        self._syncer.start()

    def __contains__(self, response: StoredResponse) -> bool:
        """Whether the last response to this one's sample and repeat answers the same, and is no error."""
        return response in self._answers

    def has(self, response: StoredResponse, *, with_options: bool) -> bool:
        """See `StoredAnswers.has`."""
        return self._answers.has(response, with_options=with_options)

    @property
    def has_answers(self) -> bool:
        """Whether any response without an error is stored."""
        return bool(self._answers)

    def append(self, response: StoredResponse) -> None:
        """Stores one response; if it cannot be written (a full disk, say), no part of its line is left."""
        if self._sync_fault is not None:
            raise cannot_write(self._path, self._sync_fault)
        line = response.to_line()
        end = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
            while written < len(line):  # a nearly full disk takes a part first and refuses the rest
                written += os.write(self._file, line[written:])
        except OSError as fault:
            os.ftruncate(self._file, end)
            raise cannot_write(self._path, fault) from fault
        self._dirty.set()
        self._answers.note(response)

    def close(self) -> None:
        """Brings everything to the disk."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._dirty.set()
        self._syncer.join()
        os.close(self._file)
        if self._sync_fault is not None:
            raise cannot_write(self._path, self._sync_fault)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> list[JsonLine]:
        """Notes what counts, and leaves only whole lines that are responses; those that were moved away."""
        unread: list[JsonLine] = []
        last: JsonLine | None = None
        for line, response in response_lines(self._path):
            last = line
            if response is None:
                unread.append(line)
            else:
                self._answers.note(response)
        if last is not None and not last.is_ended:
            with self._path.open("r+b") as file:
                file.seek(last.begin)
                if last.problem == TORN and file.read(1) == b"{":
                    file.truncate(unread.pop().begin)
                elif not last.problem:
                    file.seek(0, os.SEEK_END)
                    file.write(b"\n")
        if unread:
            _move_away(self._path, unread)
        return unread

    def _sync_regularly(self) -> None:
        while True:
            self._dirty.wait()
            last = self._closing.wait(SYNC_INTERVAL / 2)
            self._dirty.clear()
            try:
                os.fsync(self._file)
            except OSError as fault:
                self._sync_fault = fault
            if last:
                return


def answered_and_failed(path: Path) -> tuple[int, int]:
    """How many samples, each repeat counted, have a response that counts, and for how many it is an error."""
    failed = {_asked(each): not each.is_answer for each in read_responses(path)}
    return len(failed) - sum(failed.values()), sum(failed.values())


def _asked(response: StoredResponse) -> tuple[str, str, int]:
    return response.task, response.sample_id, response.repeat


def _question(response: StoredResponse) -> int:
    """What was asked, as a number: the key, and what a score is made of that the key is to be of."""
    return hash((response.key, response.kind, response.candidates, json.dumps(response.target)))


def _move_away(path: Path, lines: Sequence[JsonLine]) -> None:
    """Moves lines of a log, in their order, to the file of those that could not be read."""
    with open_plain(path) as log, path.with_name(path.name + UNREAD).open("ab") as unread:
        for line in lines:
            _copy(log, unread, line.begin, line.begin + line.size)
            if not line.is_ended:
                unread.write(b"\n")
        unread.flush()
        os.fsync(unread.fileno())
    # Nothing may have the log open any more when it is replaced.
    with replacing(path) as draft, open_plain(path) as log, draft.open("wb") as kept:
        begin = 0
        for line in lines:
            _copy(log, kept, begin, line.begin)
            begin = line.begin + line.size
        _copy(log, kept, begin, os.fstat(log.fileno()).st_size)


def _copy(source: BinaryIO, target: BinaryIO, begin: int, end: int) -> None:
    source.seek(begin)
    while begin < end and (piece := source.read(min(end - begin, 2**20))):
        begin += target.write(piece)
