"""The archive of an inspect_ai log: its header and its samples, through its own reader where that is there.

Without it the members are read as they are, if they are packed as our own export packs them; inspect_ai packs
with Zstandard now, which Python reads from 3.14 on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from vecbench.errors import DataError, UsageError
from vecbench.interop.workbook import require_bounded

_SAMPLE = {"id", "epoch", "target", "choices", "output", "metadata", "error"}

Log = tuple[dict[str, Any], Iterator[dict[str, Any]]]
"""What a log says of itself, and its samples, each read when its turn comes."""


def opened(path: Path) -> Log:
    """What is in an archive; UsageError if it takes the package, DataError if it is none that can be read."""
    require_bounded(path)
    try:
        from inspect_ai.log import read_eval_log
    except ImportError:
        return _of_members(path)
    try:
        header = read_eval_log(str(path), header_only=True).model_dump(mode="json", exclude={"samples"})
    except Exception as fault:  # a member that is missing, is no JSON or says something else
        raise _unreadable(path, fault) from None
    return header, _samples(path, one_by_one=header["eval"]["dataset"].get("sample_ids") is not None)


def _of_members(path: Path) -> Log:
    try:
        with ZipFile(path) as archive:
            names = [each for each in archive.namelist() if each.startswith("samples/")]
            header = _object(archive.read("header.json"))
    except (NotImplementedError, KeyError):  # packed in another way; not finished
        raise UsageError(
            f"{path} is a log of inspect_ai, which is not installed",
            'Install it: pip install "vecbench[inspect]"; or score what "inspect log dump" writes of it.',
        ) from None
    except (BadZipFile, ValueError) as fault:
        raise _unreadable(path, fault) from None
    return header, _read_members(path, names)


def _read_members(path: Path, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    with ZipFile(path) as archive:
        for name in names:
            try:
                yield _object(archive.read(name))
            except (BadZipFile, ValueError) as fault:
                raise _unreadable(path, fault) from None


def _samples(path: Path, *, one_by_one: bool) -> Iterator[dict[str, Any]]:
    """The samples of an archive; one that does not list them can only be read as a whole."""
    from inspect_ai.log import read_eval_log, read_eval_log_samples

    try:
        if one_by_one:
            samples = read_eval_log_samples(str(path), all_samples_required=False)
        else:
            samples = iter(read_eval_log(str(path)).samples or [])
        for each in samples:
            yield each.model_dump(mode="json", include=_SAMPLE)
    except Exception as fault:
        raise _unreadable(path, fault) from None


def _unreadable(path: Path, fault: Exception) -> DataError:
    return DataError(f"{path}: not a log that inspect_ai can read: {fault!s:.200}")


def _object(text: bytes) -> dict[str, Any]:
    said = json.loads(text)
    if not isinstance(said, dict):
        raise ValueError("a member is no JSON object")
    return said
