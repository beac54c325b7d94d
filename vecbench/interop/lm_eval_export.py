"""Responses as lm-eval 0.4.13 logs them: results_<stamp>.json and samples_<task>_<stamp>.jsonl.

Shapes: `lm_eval/loggers/evaluation_tracker.py`, `lm_eval/evaluator.py` and `lm_eval/result_schema.py` of
lm-evaluation-harness 0.4.13.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from vecbench.interop.lm_eval import brier, ece, process_results
from vecbench.interop.lm_eval_samples import OURS
from vecbench.store import Manifest, StoredResponse, latest_responses, remove, write_text
from vecbench.tasks import Catalogue
from vecbench.tasks.task import PREFIX

VERSION = "0.4.13"
"""Of the lm-eval whose files these are."""

NO_STAMP = "1970-01-01T00-00-00"
"""In file names when nothing is known of the time: the same responses give the same files."""

_STAMP = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}"
_OURS = re.compile(rf"samples_{PREFIX}.+_{_STAMP}\.jsonl|results_{_STAMP}\.json")
"""The files of an export. lm-eval's own have a fraction of the second in their names."""

_HIGHER_IS_BETTER = {"accuracy": True, "coverage": True, "brier": False, "ece": False}


def write(
    responses: Sequence[StoredResponse], folder: Path, catalogue: Catalogue, manifest: Manifest | None
) -> list[str]:
    """Writes one log a task, and the results with the four metrics that lm-eval has of our tasks.

    lm-eval has no field for an error, a finish reason, or the number of a repeat: they are under the key
    `vecbench` of a line.

    Args:
        responses: In the order in which they were stored; of several to one sample and repeat, the last
            is written.
        folder: Made if it is not there; the files lie in a subfolder named as the model, as lm-eval's do.
            Those that an earlier export left there are removed.
        catalogue: Brings aliases and versions of the tasks.
        manifest: Of the run; None when the responses are another program's.

    Returns:
        What is not in the files.

    Raises:
        RunError: A file cannot be written or removed.
    """
    stamp = _stamp(manifest)
    model = manifest.model.name if manifest else "unknown"
    target = folder / re.sub(r'["<>:/|\\?*\[\]]+', "__", model)
    by_task: dict[str, list[StoredResponse]] = {}
    for each in latest_responses(responses):
        by_task.setdefault(each.task, []).append(each)
    remove(path for path in sorted(target.glob("*")) if _OURS.fullmatch(path.name))
    lines = {task: list(_samples(rows, catalogue)) for task, rows in by_task.items()}
    for task, rows in lines.items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        write_text(target / f"samples_{_name(task)}_{stamp}.jsonl", text)
    results = _results(lines, catalogue, manifest, model)
    write_text(target / f"results_{stamp}.json", json.dumps(results, indent=2) + "\n")
    return ["prompts are not stored, so the logs' arguments are empty"]


def _samples(responses: Iterable[StoredResponse], catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    by_sample: dict[str, list[StoredResponse]] = {}
    for each in responses:
        by_sample.setdefault(each.sample_id, []).append(each)
    for number, (sample_id, repeats) in enumerate(by_sample.items()):
        first = min(repeats, key=lambda each: each.repeat)
        task = catalogue.tasks.get(first.task)
        doc = {
            "sample_id": sample_id,
            "task": first.task,
            "image": first.image,
            "image_sha256": first.image_sha256,
            "target": first.target,
            "candidates": list(first.candidates),
            "aliases": [[alias, label] for alias, label in task.aliases.items()] if task else [],
        }
        texts = [each.response or "" for each in repeats]
        metrics = process_results(doc, [texts[repeats.index(first)]])
        yield {
            "doc_id": number,
            "doc": doc,
            "target": first.target,
            "arguments": {},
            "resps": [texts],
            "filtered_resps": [first.response or ""],
            "filter": "none",
            "metrics": list(metrics),
            "doc_hash": _hash(json.dumps(doc, indent=2, ensure_ascii=False)),
            "prompt_hash": first.prompt_sha256,
            "target_hash": _hash(first.target),
            OURS: {
                "repeat": [each.repeat for each in repeats],
                "error": [each.error or _no_response(each) for each in repeats],
                "finish_reason": [each.finish_reason for each in repeats],
            }
            | ({"stated_target": first.stated_target} if first.stated_target is not None else {}),
        } | metrics


def _no_response(response: StoredResponse) -> str | None:
    # lm-eval's log has no null for a response, and "" is one that says nothing.
    return "no response" if response.response is None else None


def _results(
    lines: Mapping[str, Sequence[Mapping[str, Any]]],
    catalogue: Catalogue,
    manifest: Manifest | None,
    model: str,
) -> dict[str, Any]:
    names = {task: _name(task) for task in lines}
    engine = manifest.engine.name if manifest and manifest.engine else None
    revision = manifest.model.revision if manifest else None
    return {
        "results": {names[task]: _metrics(names[task], rows) for task, rows in lines.items()},
        "group_subtasks": {},
        "configs": {names[task]: _config(task, catalogue, manifest) for task in lines},
        "versions": {names[task]: _version(task, catalogue) for task in lines},
        "n-shot": dict.fromkeys(names.values(), 0),
        "higher_is_better": {name: dict(_HIGHER_IS_BETTER) for name in names.values()},
        "n-samples": {
            names[task]: {"original": len(rows), "effective": len(rows)} for task, rows in lines.items()
        },
        "config": {
            "model": engine,
            "model_args": {"pretrained": model} | ({"revision": revision} if revision else {}),
            "model_revision": revision,
            "limit": manifest.limit if manifest else None,
            "random_seed": manifest.seed if manifest else None,
        },
        "git_hash": None,
        "date": datetime.fromisoformat(manifest.started).timestamp() if manifest else 0.0,
        "lm_eval_version": VERSION,
        "task_hashes": {names[task]: _task_hash(rows) for task, rows in lines.items()},
        "model_source": engine,
        "model_name": model,
        "model_name_sanitized": re.sub(r'["<>:/|\\?*\[\]]+', "__", model),
        "vecbench_version": manifest.packages.get("vecbench") if manifest else None,
    }


def _task_hash(rows: Iterable[Mapping[str, Any]]) -> str:
    return _hash("".join(row["doc_hash"] + row["prompt_hash"] + row["target_hash"] for row in rows))


def _metrics(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {"name": name, "alias": name, "sample_len": len(rows)}
    for key in ("accuracy", "coverage"):
        numbers = [row[key] for row in rows]
        values[f"{key},none"] = statistics.fmean(numbers)
        values[f"{key}_stderr,none"] = (
            statistics.stdev(numbers) / math.sqrt(len(numbers)) if len(numbers) > 1 else "N/A"
        )
    for key, metric in (("brier", brier), ("ece", ece)):
        value = metric([tuple(row[key]) for row in rows])
        values[f"{key},none"] = "N/A" if math.isnan(value) else value
        values[f"{key}_stderr,none"] = "N/A"
    return values


def _config(task: str, catalogue: Catalogue, manifest: Manifest | None) -> dict[str, Any]:
    known = catalogue.tasks.get(task)
    record = manifest.tasks.get(task) if manifest else None
    config: dict[str, Any] = {"task": _name(task), "output_type": "generate_until", "num_fewshot": 0}
    if record:
        sampling = record.sampling
        config["generation_kwargs"] = {
            "until": sampling.stop,
            "do_sample": sampling.temperature > 0,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_gen_toks": sampling.max_tokens,
        }
    config["metadata"] = {"version": _version(task, catalogue)}
    if known:
        config["metadata"]["vecbench"] = {
            "display": known.display,
            "group": known.group,
            "labels": list(known.labels),
        }
    return config


def _version(task: str, catalogue: Catalogue) -> float | str | None:
    """A number where it is one, as lm-eval takes it from the task file."""
    known = catalogue.tasks.get(task)
    if known is None:
        return None
    return float(known.version) if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", known.version) else known.version


def _name(task: str) -> str:
    """The task's name in lm-eval's registry; a stranger's task must not lead to another folder."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", task)[:100]
    return PREFIX + (plain if plain == task else f"{plain}_{_hash(task)[:8]}")


def _stamp(manifest: Manifest | None) -> str:
    if manifest is None:
        return NO_STAMP
    return datetime.fromisoformat(manifest.started).strftime("%Y-%m-%dT%H-%M-%S")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
