"""responses.jsonl: one line a response, append-only, the source of truth of a run."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, Self

from vecbench.errors import DataError
from vecbench.plain_file import open_plain
from vecbench.store.files import cannot_write

SYNC_INTERVAL = 1.0
"""Seconds that a stored response may be in the operating system's memory only."""


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

    def as_stated(self) -> StoredResponse:
        """The response with its target spelt as its file has it, for protocols that compare texts."""
        return self if self.stated_target is None else replace(self, target=self.stated_target)

    def to_line(self) -> bytes:
        """The JSON line in UTF-8, newline included."""
        values = asdict(self)
        del values["stated_target"], values["profile"]
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
    "target": str | list | int | float,
    "candidates": list,
    "response": str | None,
    "finish_reason": str | None,
    "error": str | None,
    "image_sha256": str | None,
}


class ResponseLog:
    """responses.jsonl, open for appending.

    Every line reaches the operating system at once and the disk within `SYNC_INTERVAL` seconds. A torn
    last line, left by a process that was killed while it wrote, is cut off when the log is opened; any other
    line that is no response is a DataError. What cannot be written is a RunError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            _cut_torn_line(path)
            self._done = _answered(path)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as fault:
            raise cannot_write(path, fault) from fault
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._sync_fault: OSError | None = None
        self._syncer = threading.Thread(target=self._sync_regularly, name="sync responses", daemon=True)
        self._syncer.start()

    def __contains__(self, key: str) -> bool:
        """Whether the last response to its sample and repeat has this key and no error."""
        return key in self._done

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
        if response.error is None:
            self._done.add(response.key)

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
    """The stored responses in the order of the file; none if there is no file.

    A last line that has no newline and is no response is a torn one and is left out; any other that is no
    response is a DataError.
    """
    if not path.exists():
        return
    with open_plain(path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield stored_response(json.loads(line))
            except (ValueError, TypeError, RecursionError) as fault:
                if not line.endswith(b"\n"):
                    return
                problem = "not valid JSON" if isinstance(fault, json.JSONDecodeError) else str(fault)
                raise DataError(
                    f"{path}, line {number}: not a stored response ({problem})",
                    "Remove the line; its sample will be generated again.",
                ) from None


def answered_and_failed(path: Path) -> tuple[int, int]:
    """How many samples, each repeat counted, have a response that counts, and for how many it is an error."""
    failed = {
        (each.task, each.sample_id, each.repeat): each.error is not None for each in read_responses(path)
    }
    return len(failed) - sum(failed.values()), sum(failed.values())


def stored_response(values: Any) -> StoredResponse:
    """The response behind the values of a line's JSON; TypeError or ValueError says why there is none."""
    if not isinstance(values, dict):
        raise TypeError("not a JSON object")
    missing = RESPONSE_KEYS - values.keys()
    if missing:
        raise ValueError(f"no {', '.join(sorted(missing))}")
    known = {name: values[name] for name in RESPONSE_KEYS}
    for name, kinds in _KINDS.items():
        value = known[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and name == "repeat"):
            raise TypeError(f"{name} is {value!r:.60}")
    further = {name: values.get(name, default) for name, default in _FURTHER.items()}
    candidates = known["candidates"]
    if not all(isinstance(each, str) for each in candidates) or not (
        candidates or further["kind"] != "label"
    ):
        raise TypeError("candidates is no list of labels")
    for name in ("images", "images_sha256"):
        if not isinstance(further[name], list | tuple):
            raise TypeError(f"{name} is {further[name]!r:.60}")
        further[name] = tuple(further[name])
    if not isinstance(further["kind"], str) or not isinstance(further["attributes"], dict):
        raise TypeError("kind is no name, or attributes no object")
    return StoredResponse(**known | further | {"candidates": tuple(candidates)})


def _answered(path: Path) -> set[str]:
    """The keys of the responses that count: of several to one sample and repeat, the last."""
    latest: dict[tuple[str, str, int], str | None] = {}
    for each in read_responses(path):
        latest[each.task, each.sample_id, each.repeat] = each.key if each.error is None else None
    return {key for key in latest.values() if key is not None}


def _cut_torn_line(path: Path) -> None:
    if not path.exists() or path.stat().st_size == 0:
        return
    with path.open("r+b") as stream:
        with mmap(stream.fileno(), 0, access=ACCESS_READ) as content:
            end = content.rfind(b"\n") + 1
        stream.truncate(end)
