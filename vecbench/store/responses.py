"""responses.jsonl: one line a response, append-only, the source of truth of a run."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, BinaryIO, Self

from vecbench.json_lines import TORN, JsonLine, json_lines
from vecbench.plain_file import open_plain
from vecbench.store.files import cannot_write, replacing

SYNC_INTERVAL = 1.0
"""Seconds that a stored response may be in the operating system's memory only."""
LONGEST_RESPONSE = 2**21
"""Characters; whatever they are, and however they are escaped, a line with so many of them is read."""
MOST_REPEATS = 2**31
MOST_TOKENS = 2**53
UNREAD = ".unread"
"""What is added to the name of a log for that of the file with the lines that could not be read."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """One line of responses.jsonl, whose keys docs/run-directory.md explains.

    Attributes:
        image_sha256: Of the image file's bytes, of several the hash of all; None if one could not be read.
        images: Paths of several images, in the order in which they were shown; empty where there is one.
        profile: The prompt profile that was asked, as the run's manifest says it; None if unknown. No part of
            the line.
        stated_target: The target as a file of another program spells it, where `target` is rewritten to
            be a candidate; None where both are the same, as in every run. No part of the line.
        prompt: That of a question with options, as a file of another program has it; None if unknown. No part
            of the line.
    """

    key: str
    task: str
    sample_id: str
    repeat: int
    target: Any
    candidates: tuple[str, ...]
    image: str
    image_sha256: str | None
    prompt_sha256: str
    response: str | None
    finish_reason: str | None
    error: str | None
    n_prompt_tokens: int | None
    n_output_tokens: int | None
    kind: str = "label"
    images: tuple[str, ...] = ()
    images_sha256: tuple[str | None, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    stated_target: str | None = None
    profile: str | None = None
    prompt: str | None = None

    @property
    def is_answer(self) -> bool:
        """Whether the model said something, so that it is not asked again."""
        return self.response is not None and self.error is None

    def as_stated(self) -> StoredResponse:
        """The response with its target spelt as its file has it, for protocols that compare texts."""
        return self if self.stated_target is None else replace(self, target=self.stated_target)

    def to_line(self) -> bytes:
        """The JSON line in UTF-8, newline included."""
        values = asdict(self)
        del values["stated_target"], values["profile"], values["prompt"]
        for name, default in _FURTHER.items():  # absent where they say nothing, as in lines of version 0.1
            if values[name] == default:
                del values[name]
        try:
            return json.dumps(values, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:  # half of a surrogate pair: escaped, it is still valid UTF-8
            return json.dumps(values).encode() + b"\n"


_FURTHER: Mapping[str, Any] = {"kind": "label", "images": (), "images_sha256": (), "attributes": {}}
"""The keys that a line need not have → what it says without them."""

RESPONSE_KEYS = frozenset(each.name for each in fields(StoredResponse)) - {
    "stated_target",
    "profile",
    "prompt",
    *_FURTHER,
}
"""The keys that a line must have."""

KNOWN_KEYS = RESPONSE_KEYS | _FURTHER.keys()
"""The keys that a line may have."""
_KINDS: Mapping[str, Any] = {
    "key": str,
    "task": str,
    "sample_id": str,
    "repeat": int,
    "target": str | list | dict | int | float,
    "candidates": list,
    "image": str,
    "image_sha256": str | None,
    "prompt_sha256": str,
    "response": str | None,
    "finish_reason": str | None,
    "error": str | None,
    "n_prompt_tokens": int | None,
    "n_output_tokens": int | None,
}
_BELOW = {"repeat": MOST_REPEATS, "n_prompt_tokens": MOST_TOKENS, "n_output_tokens": MOST_TOKENS}


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
            self._done: dict[tuple[str, str, int], int] = {}
            self.unread = self._read()
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as fault:
            raise cannot_write(path, fault) from fault
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._sync_fault: OSError | None = None
        self._syncer = threading.Thread(target=self._sync_regularly, name="sync responses", daemon=True)
        self._syncer.start()

    def __contains__(self, response: StoredResponse) -> bool:
        """Whether the last response to this one's sample and repeat answers the same, and is no error."""
        return self._done.get(_asked(response)) == _question(response)

    @property
    def has_answers(self) -> bool:
        """Whether any response without an error is stored."""
        return bool(self._done)

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
        self._note(response)

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
                self._note(response)
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

    def _note(self, response: StoredResponse) -> None:
        if response.is_answer:
            self._done[_asked(response)] = _question(response)
        else:
            self._done.pop(_asked(response), None)

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


def read_responses(path: Path) -> Iterator[StoredResponse]:
    """The stored responses in the order of the file; none if there is no file, and no line that is none."""
    return (response for _, response in response_lines(path) if response is not None)


def response_lines(path: Path) -> Iterator[tuple[JsonLine, StoredResponse | None]]:
    """Each line of a log with its response, or without one and with the problem why; none without a file."""
    if not path.exists():
        return
    for line in json_lines(path):
        if line.values is None:
            yield line, None
            continue
        try:
            yield line, stored_response(line.values)
        except (ValueError, TypeError) as fault:
            yield replace(line, values=None, problem=f"not a stored response ({fault})"), None


def answered_and_failed(path: Path) -> tuple[int, int]:
    """How many samples, each repeat counted, have a response that counts, and for how many it is an error."""
    failed = {_asked(each): not each.is_answer for each in read_responses(path)}
    return len(failed) - sum(failed.values()), sum(failed.values())


def stored_response(values: Any) -> StoredResponse:
    """The response behind the values of a line's JSON; TypeError or ValueError says why there is none.

    What it refuses no reader counts: a run asks for it again, and `vecbench score` says that it is not there.
    """
    if not isinstance(values, dict):
        raise TypeError("not a JSON object")
    missing = RESPONSE_KEYS - values.keys()
    if missing:
        raise ValueError(f"no {', '.join(sorted(missing))}")
    known = {name: values[name] for name in RESPONSE_KEYS}
    for name, kinds in _KINDS.items():
        value = known[name]
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise TypeError(f"{name} is {_shown(value)}")
        if name in _BELOW and value is not None and not 0 <= value < _BELOW[name]:
            raise ValueError(f"{name} is {_shown(value)}")
    further = {name: values.get(name, default) for name, default in _FURTHER.items()}
    candidates = known["candidates"]
    if not all(isinstance(each, str) for each in candidates) or not (
        candidates or further["kind"] != "label"
    ):
        raise TypeError("candidates is no list of labels")
    for name, kinds in (("images", str), ("images_sha256", str | None)):
        if not isinstance(further[name], list | tuple) or not all(
            isinstance(each, kinds) for each in further[name]
        ):
            raise TypeError(f"{name} is {_shown(further[name])}")
        further[name] = tuple(further[name])
    if further["images_sha256"] and len(further["images_sha256"]) != len(further["images"]):
        raise ValueError("images_sha256 has no hash for every image")
    if not isinstance(further["kind"], str) or not isinstance(further["attributes"], dict):
        raise TypeError("kind is no name, or attributes no object")
    changed = {"candidates": tuple(candidates), "error": known["error"] or None}
    if (known["response"] is None) == (changed["error"] is None):
        raise ValueError("needs either a response or an error")
    return StoredResponse(**known | further | changed)


def _shown(value: Any) -> str:
    # Python refuses to print whole numbers of thousands of digits.
    return "too large" if isinstance(value, int) and abs(value) >= 2**64 else f"{value!r:.60}"


def _asked(response: StoredResponse) -> tuple[str, str, int]:
    return response.task, response.sample_id, response.repeat


def _question(response: StoredResponse) -> int:
    """What was asked, as a number: the key, and what a score is made of that the key is to be of."""
    return hash((response.key, response.kind, response.candidates, json.dumps(response.target)))


def _move_away(path: Path, lines: Sequence[JsonLine]) -> None:
    """Moves lines of a log, in their order, to the file of those that could not be read."""
    with open_plain(path) as log:
        with path.with_name(path.name + UNREAD).open("ab") as unread:
            for line in lines:
                _copy(log, unread, line.begin, line.begin + line.size)
                if not line.is_ended:
                    unread.write(b"\n")
            unread.flush()
            os.fsync(unread.fileno())
        with replacing(path) as draft, draft.open("wb") as kept:
            begin = 0
            for line in lines:
                _copy(log, kept, begin, line.begin)
                begin = line.begin + line.size
            _copy(log, kept, begin, os.fstat(log.fileno()).st_size)


def _copy(source: BinaryIO, target: BinaryIO, begin: int, end: int) -> None:
    source.seek(begin)
    while begin < end and (piece := source.read(min(end - begin, 2**20))):
        begin += target.write(piece)
