"""EEmo-Bench's leaderboards: its list of questions with what models answered, `response(MODEL)` in each row.

A file may hold several models, each of which is a run of its own: `FILE#MODEL` is one of them. Verdicts of
the authors (`eval_result(MODEL)`, `if_invalid(MODEL)`) stay out of the scores. Source: `leaderboards/` of
github.com/workerred/EEmo-Bench.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from vecbench.errors import UsageError, nearest
from vecbench.interop.json_records import json_records
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.row import ResponseFault, StatedRow
from vecbench.samples import eemo

NAME = "EEmo-Bench leaderboard"
ANSWERS = "response("
"""What the key of a model's answer begins with."""

_ANSWER = re.compile(r"response\((.+)\)")


def is_table(head: str) -> bool:
    """Whether a file that begins so is a list of EEmo-Bench's questions, with answers or without."""
    return head.lstrip("\ufeff \n\r\t").startswith("[") and eemo.form_of(head) == "list"


def models(path: Path) -> list[str]:
    """The models whose answers a file holds, in the order of its rows."""
    named = (_ANSWER.fullmatch(key) for *_, row in json_records(path, []) for key in row)
    return list(dict.fromkeys(found[1] for found in named if found))


def parted(path: Path) -> tuple[Path, str] | None:
    """The file and the model that `FILE#MODEL` names; None if that is no such file."""
    places = [found.start() for found in re.finditer("#", str(path))]
    files = ((Path(str(path)[:place]), str(path)[place + 1 :]) for place in places)
    return next(
        ((file, model) for file, model in files if file.is_file() and recognises(FileBeginning(file))), None
    )


def recognises(beginning: FileBeginning) -> bool:
    """Whether a file is such a list, with the answers of a model."""
    return is_table(beginning.head) and f'"{ANSWERS}' in beginning.head


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


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """One model's rows; open questions, whose answers nobody but a judge can read, are left out."""
    context.notes.append(f"the answers of {context.model} are read")
    left_out: Counter[str] = Counter()
    answer = f"{ANSWERS}{context.model})"
    for line, place, row in json_records(path, context.faults):
        columns = eemo.columns_of(row)
        if columns["question_type"] == eemo.OPEN_ENDED:
            left_out[eemo.OPEN_ENDED] += 1
            continue
        if problem := eemo.fault_of(columns):
            context.faults.append(ResponseFault(path, line, "not scored", problem))
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
            sample_id=place if row.get("id") is None else row["id"],
            image=images[0] if images else None,
            has_response=answer in row,
            images=list(images) if len(images) > 1 else None,
        )
    context.notes.extend(f"left out: {count:,} rows of the type {name}" for name, count in left_out.items())


READER = Reader(NAME, recognises, rows)
