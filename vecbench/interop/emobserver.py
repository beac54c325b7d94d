"""EmObserver's results: one JSON object, id → its record of the data with `generations: [text, …]`.

It writes a file a benchmark, `Std_VECBench_results.json` and so on; before that all of them are one object
whose ids are `benchmark::id`. Records of VECBench name their task; a statement of MVEI and a question of
EEmo-Bench are told by what is said of them. Source: `evaluate/infer_and_eval.py` of
github.com/wdqqdw/EmObserver.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vecbench.answers.written import shown
from vecbench.interop.json_records import json_records
from vecbench.interop.reader import Context, FileBeginning, Reader
from vecbench.interop.row import ResponseFault, StatedRow
from vecbench.samples import eemo, mvei

NAME = "EmObserver"
ANSWERS = "generations"
"""Where the answers stand in a record."""
TASKS = {
    "VECBench": None,
    "MVEI": mvei.TASK,
    "EEmo-Bench-Single-Perception": eemo.SINGLE,
    "EEmo-Bench-Pair-Perception": eemo.PAIR,
}
"""The benchmarks that it runs, as it calls them → the task of their rows; None where each names its own."""

_RECORD = re.compile(r'\ufeff?\s*\{\s*"(?!original_data"|doc")(?:[^"\\]|\\.)*"\s*:\s*\{')
_FILES = {f"Std_{name.replace('-', '_')}_results.json": name for name in TASKS}


def is_table(head: str) -> bool:
    """Whether a file begins as an object whose first value is a record."""
    return bool(_RECORD.match(head))


def recognises(beginning: FileBeginning) -> bool:
    """Whether a file is such an object, with generations."""
    return is_table(beginning.head) and f'"{ANSWERS}' in beginning.head


def results(files: Sequence[Path]) -> list[Path]:
    """Those of some files that are named as its results are, of which a run writes one a benchmark."""
    return [path for path in files if path.name in _FILES]


def rows(path: Path, context: Context) -> Iterator[StatedRow]:
    """The rows of a file, a record's generations as repeats 0 … k; notes are complete at the end."""
    unknown: Counter[str] = Counter()
    for line, name, record in json_records(path, context.faults):
        other = record.get("other_info")
        said: dict[str, Any] = other if isinstance(other, dict) else {}
        prefix, _, rest = name.partition("::")
        merged = rest and prefix in TASKS
        task = TASKS[prefix] if merged else TASKS.get(_FILES.get(path.name, "")) or _task(record, said)
        if task == mvei.TASK:
            statement = said.get("statement_meta")
            known = mvei.columns_of(statement, None) if isinstance(statement, dict) else {}
            said = {key: value for key, value in known.items() if value is not None} | said
            if said.get("statement_class") not in mvei.CLASSES:
                unknown[shown(said.get("statement_class"))] += 1
        elif task is not None:
            if problem := eemo.fault_of(said):
                context.faults.append(ResponseFault(path, line, "not scored", problem))
                continue
            prompt = record.get("prompt")
            found = eemo.standard_columns(prompt if isinstance(prompt, str) else "", said)
            said = found | said | {"options": record.get("options") or found["options"]}
        image = record.get("image_path")
        images = image if isinstance(image, list) and len(image) > 1 else None
        image = image[0] if isinstance(image, list) and image else image
        target = record.get("ground_truth")
        generations = record.get(ANSWERS)
        if not isinstance(generations, list) or not generations:
            # One row that has no response, or whose response is no text.
            generations = [generations or None]
        for repeat, text in enumerate(generations):
            yield StatedRow(
                path,
                line,
                task or said.get("task"),
                # The evaluator counts a statement without a target among all rows, and never as right.
                "" if target is None and task == mvei.TASK else target,
                text,
                record | said,
                sample_id=rest if merged else name,
                candidates=said.get("candidates"),
                repeat=repeat,
                error=record.get("error"),
                image=image if isinstance(image, str) else None,
                # Where there is one file a benchmark, what has no generations has failed.
                has_response=ANSWERS in record or task is not None,
                kind=said.get("kind"),
                images=images if images and all(isinstance(each, str) for each in images) else None,
            )
    if unknown:
        listed = ", ".join(f"{text} ({count:,})" for text, count in unknown.most_common(5))
        context.notes.append(
            f"statements of a class that MVEI does not have count in the total alone under the published "
            f"protocols: {listed}"
        )


def _task(record: Mapping[str, Any], said: Mapping[str, Any]) -> str | None:
    """The task of a record that names none, by what is said of it; None if that is of no benchmark."""
    if "task" in said:
        return None
    if isinstance(said.get("statement_meta"), dict):
        return mvei.TASK
    if "question_type" not in said:
        return None
    images = record.get("image_path")
    return eemo.PAIR if isinstance(images, list) else eemo.SINGLE


READER = Reader(NAME, recognises, rows)
