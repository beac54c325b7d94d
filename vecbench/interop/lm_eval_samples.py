"""lm-eval's sample logs: `<output>/<model>/samples_<task>_<stamp>.jsonl`, and the lists of 0.4.0 to 0.4.2.

Of our own task files a line's `doc` is a sample with its task and candidates (`vecbench.interop.lm_eval`); of
others, the task is in the file's name, in a list's at its end: `<model args>_<task>.jsonl`. Source:
`lm_eval/loggers/evaluation_tracker.py` of lm-evaluation-harness 0.4.13, `lm_eval/__main__.py` of 0.4.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vecbench.errors import UsageError
from vecbench.interop import sample_logs
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.records import rows_of
from vecbench.interop.row import StatedRow

NAME = "lm-eval sample logs"


def recognises(beginning: FileBeginning) -> bool:
    """Whether a row is one of a sample log, and none of lmms-eval's, which has an `input`."""
    return any(row.keys() >= {"doc", "target", "resps"} and "input" not in row for row in beginning.rows)


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of one log."""
    named = sample_logs.task_in(path.name)
    task = context.task_at_the_end_of(path.stem) if named is None else context.task_of(named)
    return sample_logs.log_rows(path, rows_of(path, context.faults), context, task)


def require_one_model(files: Sequence[Path], context: Context) -> None:
    """Refuses lists of 0.4.0 to 0.4.2 in one folder whose names begin with different models' arguments."""
    lists = [path for path in files if sample_logs.task_in(path.name) is None]
    ends = {path: context.end_of(path.stem) for path in lists}
    models = {path.stem.removesuffix(end or "").rstrip("_") for path, end in ends.items()}
    if len(models) > 1:
        names = ", ".join(sorted(models)[:10])
        raise UsageError(f"{lists[0].parent} holds the lists of several models: {names}", "Name one of them.")
    if len(lists) > 1 and context.task is not None:
        raise UsageError(
            f"{lists[0].parent} holds the lists of several tasks, and --task names one", "Name one of them."
        )


READER = Reader(NAME, recognises, rows)
