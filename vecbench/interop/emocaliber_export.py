"""Responses as EmoCaliber's scripts store them, and the rows for a spreadsheet that its script prints.

Source: `inference/` of github.com/wdqqdw/EmoCaliber. The script prints the rows to the terminal; the names
of the files that hold them here are ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from vecbench.interop.spool import RenderedPrompts, ResponseSpool
from vecbench.parsing import emocaliber
from vecbench.scoring import PROTOCOLS, CompleteScores, Scores, score_responses
from vecbench.scoring.emocaliber import THRESHOLDS
from vecbench.store import Manifest, StoredResponse, write_text
from vecbench.store.files import replacing
from vecbench.tasks import Catalogue

_TASKS = {
    "Abstract-8": "abstract_8",
    "Artphoto-8": "artphoto_8",
    "EmoSet-8": "emoset_8",
    "FI-2": "fi_2",
    "FI-8": "fi_8",
    "UnbiasedEmo-6": "unbiasedemo_6",
    "WebEmo-2": "webemo_2",
    "WebEmo-7": "webemo_7",
    "WebEmo-25": "webemo_25",
}
"""The script's names, in its order → ours. It knows no other tasks."""

_GROUPS = {"ID VSA": "id_vsa", "ID VER": "id_ver", "OOD VER": "ood_ver"}
_ACCURACY_AND_F1 = {"Acc": "accuracy", "F1": "f1_weighted"}
_CALIBRATION = {"ECE": "ece", "Brier": "brier", "ROC AUC": "auroc"}
_UNDEFINED = "N/A"


def write(
    responses: ResponseSpool,
    folder: Path,
    catalogue: Catalogue,
    manifest: Manifest | None,
    complete: CompleteScores,
) -> list[str]:
    """Writes merged.jsonl, error.jsonl, merged_conf.jsonl, and three tables of tab-separated values.

    tasks.tsv and groups.tsv hold the script's two lines of scores, thresholds.tsv its scores of the rows
    at or above each confidence; all are by the emocaliber protocol, whatever was asked for. A line of JSON
    has EmoCaliber's keys, and of ours those that its scripts do not know and ignore: `id`, `repeat` if it
    is not the first, `finish_reason`, `image_sha256`.
    """
    del manifest, complete  # whatever was asked for
    prompts = RenderedPrompts(catalogue)
    merged = confident = failed = 0
    with _lines(folder / "merged.jsonl") as all_rows, _lines(folder / "merged_conf.jsonl") as sure_rows:
        for each in responses:
            if each.response is None:
                continue
            row = _data(each, catalogue, prompts) | {"response": each.response}
            all_rows(row)
            merged += 1
            with suppress(ValueError):  # its script drops the row where it fails
                sure_rows(row | {"confidence": emocaliber.stated_confidence(each.response)})
                confident += 1
    with _lines(folder / "error.jsonl") as error_rows:
        for each in responses.failed():
            original = _data(each, catalogue, prompts)
            error_rows({"original_data": original, "error": each.error or "no response"})
            failed += 1
    scores = score_responses(responses, PROTOCOLS["emocaliber"], catalogue).scores
    for name, table in (
        ("tasks", _task_table(scores)),
        ("groups", _group_table(scores)),
        ("thresholds", _threshold_table(scores)),
    ):
        write_text(folder / f"{name}.tsv", "".join("\t".join(line) + "\n" for line in table))
    notes = prompts.note(merged + failed)
    if merged > confident:
        lacks = f"merged_conf.jsonl lacks {merged - confident} rows"
        notes.append(f"{lacks} whose confidence is no number, as EmoCaliber's would")
    return notes


def _task_table(scores: Scores) -> list[list[str]]:
    known = {name: scores.tasks[task] for name, task in _TASKS.items() if task in scores.tasks}
    cells = {
        f"{name} {column}": _hundredths(rows.metrics[key].value)
        for name, rows in known.items()
        for column, key in _ACCURACY_AND_F1.items()
    }
    return _as_table(cells | _overall(scores))


def _group_table(scores: Scores) -> list[list[str]]:
    """Two blocks of columns, as the script has them; N/A where it has no rows."""
    found = {name: scores.groups.get(group) for name, group in _GROUPS.items()}
    groups = {name: group.pooled if group else None for name, group in found.items()}
    cells = {
        f"{name} {column}": _hundredths(rows.metrics[key].value if rows else None)
        for columns in (_ACCURACY_AND_F1 | {"Coverage": "coverage"}, _CALIBRATION)
        for name, rows in groups.items()
        for column, key in columns.items()
    }
    # The script prints no calibration at all where one value of it is undefined.
    for name in groups:
        columns = [f"{name} {column}" for column in _CALIBRATION]
        if any(cells[column] == _UNDEFINED for column in columns):
            cells |= dict.fromkeys(columns, _UNDEFINED)
    return _as_table(cells | _overall(scores))


def _threshold_table(scores: Scores) -> list[list[str]]:
    """A header and nine lines, from 0.1 to 0.9; a first column says which, as in the script's output."""
    lines = {name: scores.further["thresholds"].get(group) for name, group in _GROUPS.items()}
    columns = _ACCURACY_AND_F1 | {"Coverage": "coverage"}
    table = [["threshold", *(f"{name} {column}" for name in lines for column in columns)]]
    for place, threshold in enumerate(THRESHOLDS):
        values = [
            _hundredths(known[place][key] if known else None)
            for known in lines.values()
            for key in columns.values()
        ]
        table.append([f"{threshold:.1f}", *values])
    return table


def _overall(scores: Scores) -> dict[str, str]:
    metrics = scores.overall.pooled.metrics
    return {f"Overall {column}": _hundredths(metrics[key].value) for column, key in _ACCURACY_AND_F1.items()}


def _as_table(cells: Mapping[str, str]) -> list[list[str]]:
    return [list(cells), list(cells.values())]


def _hundredths(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{value * 100:.2f}"


def _data(response: StoredResponse, catalogue: Catalogue, prompts: RenderedPrompts) -> dict[str, Any]:
    task = catalogue.tasks.get(response.task)
    content = [{"type": "image", "image": response.image}] if response.image else []
    prompt = prompts.prompt(response)
    if prompt is not None:
        content.append({"type": "text", "text": prompt})
    further = {
        "repeat": response.repeat or None,
        "finish_reason": response.finish_reason,
        "image_sha256": response.image_sha256,
    }
    return {
        "conversations": [{"role": "user", "content": content}],
        "task": task.display if task else response.task,
        "ground_truth": response.as_stated().target,
        "candidates": list(response.candidates),
        "id": response.sample_id,
    } | {key: value for key, value in further.items() if value is not None}


@contextmanager
def _lines(path: Path) -> Iterator[Callable[[Mapping[str, Any]], object]]:
    """What writes a row to a file, which is there when the block ends."""
    with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as stream:
        # Escaped: half of a surrogate pair cannot be written otherwise.
        yield lambda row: stream.write(json.dumps(row) + "\n")
