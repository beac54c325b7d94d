"""What vLLM's processes log as errors, kept for the message of a run that they end.

Its engines fail in processes of their own: the one that waits for them learns no more than that.
"""

from __future__ import annotations

import atexit
import json
import os
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from vecbench.errors import whole_message

VARIABLE = "VLLM_LOGGING_CONFIG_PATH"
"""Names a file by which every process of vLLM configures its log."""
_FOLDER = "vecbench-vllm-"
"""How the folders begin that such files of ours lie in."""
RECORD = "\x1e"
"""Begins a record in the file of errors."""
_POINTER = re.compile(r"root cause|see stack trace|check the logs", re.IGNORECASE)
"""In errors that only say that another process has said why."""
_DEATH = re.compile(r"died unexpectedly|shutting down executor|RuntimeError: cancelled\Z", re.IGNORECASE)
"""In errors that only say that a process is gone, which is the cause where none was said before.

An engine that waits for a worker says "cancelled" where the worker was gone before its answer was read.
"""
_NOISE = ("Dumping ",)
"""How records begin that show the state of an engine that failed."""
_TRACEBACK = "Traceback (most recent call last):\n"
_CHAIN = re.compile(r"\n\n(?:The above exception was|During handling of the above exception).*\n\n")
"""What stands in a traceback between an exception and the one that it led to."""


class ErrorLog:
    """A file that vLLM's processes add their errors to, besides saying them on standard error."""

    def __init__(self, folder: Path) -> None:
        self._errors = folder / "errors.log"
        self.configuration = folder / "logging.json"
        level = os.environ.get("VLLM_LOGGING_LEVEL", "INFO")
        plain = {"format": "%(levelname)s %(asctime)s [%(filename)s:%(lineno)d] %(message)s"}
        handlers = {
            "vllm": {
                "class": "logging.StreamHandler",
                "formatter": "plain",
                "level": level,
                "stream": os.environ.get("VLLM_LOGGING_STREAM", "ext://sys.stderr"),
            },
            "errors": {
                "class": "logging.FileHandler",
                "formatter": "record",
                "level": "ERROR",
                "filename": str(self._errors),
                "encoding": "utf-8",
                "delay": True,
            },
        }
        settings = {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"plain": plain, "record": {"format": f"{RECORD}%(message)s"}},
            "handlers": handlers,
            "loggers": {"vllm": {"handlers": [*handlers], "level": level, "propagate": False}},
        }
        self.configuration.write_text(json.dumps(settings), encoding="utf-8")

    def size(self) -> int:
        """Bytes that have been written so far."""
        return self._errors.stat().st_size if self._errors.exists() else 0

    def last_words(self, since: int = 0) -> str | None:
        """Why an engine ended, on one line; None if no error says so after the first `since` bytes.

        It is the last one that neither points to another nor only tells that a process is gone.
        """
        if self.size() <= since:
            return None
        with self._errors.open("rb") as file:
            file.seek(since)
            records = file.read().decode("utf-8", "replace").split(RECORD)[1:]
        errors = [_error(each) for each in records if not each.startswith(_NOISE)]
        telling = [each for each in errors if not _POINTER.search(each)]
        causes = [each for each in telling if not _DEATH.search(each)] or telling
        return causes[-1] if causes else None


@cache
def error_log() -> ErrorLog | None:
    """The errors of this process's engines; None where somebody configures vLLM's log himself.

    That of the process which started this one, where it has engines too, is not somebody's.
    """
    configured = os.environ.get(VARIABLE)
    is_ours = configured is None or Path(configured).parent.name.startswith(_FOLDER)
    if not is_ours or os.environ.get("VLLM_CONFIGURE_LOGGING") == "0":
        return None
    folder = TemporaryDirectory(prefix=_FOLDER)
    atexit.register(folder.cleanup)
    log = ErrorLog(Path(folder.name))
    os.environ[VARIABLE] = str(log.configuration)
    return log


def keep_off_other_machines() -> None:
    """Lets vLLM's processes log as they do by themselves: on another machine there is no such file."""
    if error_log() is not None:
        os.environ.pop(VARIABLE, None)


def _error(record: str) -> str:
    """What the traceback of a record raised last, and because of what; its message if it has none."""
    message, traced, traceback = record.partition(_TRACEBACK)
    if not traced:
        return whole_message(message)
    # An error may quote the traceback of another process, which knows more than it.
    ends = [each.rpartition(_TRACEBACK)[2] for each in _CHAIN.split(traceback)]
    return ": ".join(whole_message(re.sub(r"\A(?: .*\n)+", "", each)) for each in reversed(ends))
