"""lmms-eval's sample logs: `<output>/<model>/<stamp>_samples_<task>.jsonl`, and the `<task>.json` of 0.1.

The task is in the file's name. Later versions leave out `doc`, and `resps` where it equals `filtered_resps`,
which is a list or, where there is one response, the text itself. Source:
`lmms_eval/loggers/evaluation_tracker.py` of lmms-eval 0.7.3, `lmms_eval/__main__.py` of 0.1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vecbench.interop import sample_logs
from vecbench.interop.json_records import json_document
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.records import rows_of
from vecbench.interop.row import ResponseFault, StatedRow

NAME = "lmms-eval sample logs"
FIRST = "lmms-eval 0.1 log"

_DOCUMENT = re.compile(r'\ufeff?\s*\{\s*"args"\s*:')


def recognises(beginning: FileBeginning) -> bool:
    """Whether a row is one of a sample log, and none of lm-eval's, which has a `doc` and no `input`."""
    return any(
        row.keys() >= {"doc_id", "target", "filtered_resps"} and ("input" in row or "doc" not in row)
        for row in beginning.rows
    )


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one log."""
    named = sample_logs.task_in(path.name)
    task = context.task_at_the_end_of(path.stem) if named is None else context.task_of(named)
    return sample_logs.log_rows(path, rows_of(path, context.faults), context, task)


def is_first(beginning: FileBeginning) -> bool:
    """Whether a file is a log of version 0.1: one object with the arguments, the task and the rows."""
    return bool(_DOCUMENT.match(beginning.head)) and '"model_configs"' in beginning.head


def first_rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of a log of version 0.1, numbered from 1."""
    document = json_document(path)
    configs, logged = document.get("model_configs"), document.get("logs")
    named = configs.get("task") if isinstance(configs, dict) else None
    task = context.task_of(named if isinstance(named, str) else path.stem)
    lines = enumerate(logged if isinstance(logged, list) else [], start=1)
    yield from sample_logs.log_rows(path, _objects(path, lines, context), context, task)


def _objects(
    path: Path, lines: Iterator[tuple[int, Any]], context: Context
) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, values in lines:
        if isinstance(values, dict):
            yield number, values
        else:
            context.faults.append(ResponseFault(path, number, "not scored", "not a JSON object"))


READER = Reader(NAME, recognises, rows)
FIRST_READER = Reader(FIRST, is_first, first_rows, is_file_a_task=True)
