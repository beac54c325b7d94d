"""EEmo-Bench's leaderboards: its list of questions with what models answered, `response(MODEL)` in each row.

A file may hold several models, each of which is a run of its own: `FILE#MODEL` is one of them. Verdicts of
the authors (`eval_result(MODEL)`, `if_invalid(MODEL)`) stay out of the scores. Source: `leaderboards/` of
github.com/workerred/EEmo-Bench.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vecbench.answers.written import shown
from vecbench.errors import DataError, UsageError, nearest
from vecbench.interop.row import ResponseFault, StatedRow
from vecbench.plain_file import cannot_read, open_plain, plain_bytes
from vecbench.samples import eemo

NAME = "EEmo-Bench leaderboard"
ANSWERS = "response("
"""What the key of a model's answer begins with."""

_HEAD = 2**16
_ANSWER = re.compile(r"response\((.+)\)")
_SPACE = re.compile(r"\s*")


def recognises(path: Path) -> bool:
    """Whether a file begins as such a list, with answers."""
    head = head_of(path)
    return is_table(head) and f'"{ANSWERS}' in head


def is_table(head: str) -> bool:
    """Whether a file begins as a list of EEmo-Bench's questions."""
    return head.lstrip().startswith("[") and eemo.form_of(head) == "list"


def head_of(path: Path) -> str:
    """What a file begins with."""
    try:
        with open_plain(path) as stream:
            return stream.read(_HEAD).decode("utf-8-sig", errors="replace")
    except OSError as fault:
        raise cannot_read(path, fault) from None


def models(path: Path) -> list[str]:
    """The models whose answers a file holds, in the order of its rows."""
    named = (_ANSWER.fullmatch(key) for _, row in _items(path, []) if isinstance(row, dict) for key in row)
    return list(dict.fromkeys(found[1] for found in named if found))


def parted(path: Path) -> tuple[Path, str] | None:
    """The file and the model that `FILE#MODEL` names; None if that is no such file."""
    places = [found.start() for found in re.finditer("#", str(path))]
    files = ((Path(str(path)[:place]), str(path)[place + 1 :]) for place in places)
    return next(((file, model) for file, model in files if file.is_file() and recognises(file)), None)


def model_of(path: Path, named: str | None) -> str:
    """The model to read: the one that is named, else the only one."""
    known = models(path)
    listed = ", ".join(known)
    if named is None and len(known) > 1:
        remedy = f"Name one: {path}#{known[0]}"
        raise UsageError(f"{path} holds the answers of {len(known)} models: {listed}", remedy)
    if named is not None and named not in known:
        raise UsageError(f"{path} holds no answers of {named!r}; it has {listed}", nearest(named, known))
    return named or known[0]


def rows(path: Path, model: str, faults: list[ResponseFault], notes: list[str]) -> Iterator[StatedRow]:
    """One model's rows; open questions, whose answers nobody but a judge can read, are left out."""
    left_out: Counter[str] = Counter()
    answer = f"{ANSWERS}{model})"
    for line, row in _items(path, faults):
        if not isinstance(row, dict):
            faults.append(ResponseFault(path, line, "not scored", f"{shown(row)} is not a JSON object"))
            continue
        columns = eemo.columns_of(row)
        if columns["question_type"] == eemo.OPEN_ENDED:
            left_out[eemo.OPEN_ENDED] += 1
            continue
        if problem := eemo.fault_of(columns):
            faults.append(ResponseFault(path, line, "not scored", problem))
            continue
        is_single = "image_url" in row
        names = ("image_url",) if is_single else ("image1_url", "image2_url")
        images, _ = eemo.images_of(row, names)
        yield StatedRow(
            path,
            line,
            eemo.SINGLE if is_single else eemo.PAIR,
            row.get("correct_answer"),
            row.get(answer),
            columns,
            sample_id=row.get("id"),
            image=images[0] if images else None,
            has_response=answer in row,
            images=list(images) if len(images) > 1 else None,
        )
    notes += [f"left out: {count:,} rows of the type {name}" for name, count in left_out.items()]


def _items(path: Path, faults: list[ResponseFault]) -> Iterator[tuple[int, Any]]:
    """The line and the value of each item of a list, one by one; one that is torn off keeps what is whole."""
    text = _content(path)
    decoder = json.JSONDecoder()
    place = text.index("[") + 1
    line, counted = 1, 0
    while not text.startswith("]", begin := _behind_space(text, place)):
        line, counted = line + text.count("\n", counted, begin), begin
        try:
            value, place = decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            problem = "not valid JSON, or torn off; from here on nothing can be read"
            faults.append(ResponseFault(path, line, "not scored", problem))
            return
        yield line, value
        place = _behind_space(text, place)
        place += text.startswith(",", place)


def _behind_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _content(path: Path) -> str:
    try:
        return plain_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8") from None
    except OSError as fault:
        raise cannot_read(path, fault) from None
