"""Responses as lm-eval 0.4.13 logs them: results_<stamp>.json and samples_<task>_<stamp>.jsonl.

Shapes: `lm_eval/loggers/evaluation_tracker.py`, `lm_eval/evaluator.py` and `lm_eval/result_schema.py` of
lm-evaluation-harness 0.4.13.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from vecbench.answers import AnswerSpecification
from vecbench.digests import sha256_of
from vecbench.interop.lm_eval import IMAGE, document, results_of
from vecbench.interop.sample_logs import OURS
from vecbench.interop.spool import RenderedPrompts, ResponseSpool
from vecbench.metrics import brier, ece
from vecbench.parsing.prediction import DEFAULT_KIND
from vecbench.samples.targets import as_text
from vecbench.scoring import CompleteScores
from vecbench.store import Manifest, StoredResponse, TaskRecord, remove, write_text
from vecbench.store.files import replacing
from vecbench.tasks import Catalogue
from vecbench.tasks.task import PREFIX

VERSION = "0.4.13"
"""Of the lm-eval whose files these are."""

NO_STAMP = "1970-01-01T00-00-00"
"""In file names when nothing is known of the time: the same responses give the same files."""

_STAMP = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}"
_OURS = re.compile(rf"samples_{PREFIX}.+_{_STAMP}\.jsonl|results_{_STAMP}\.json")
"""The files of an export. lm-eval's own have a fraction of the second in their names."""


def write(
    responses: ResponseSpool,
    folder: Path,
    catalogue: Catalogue,
    manifest: Manifest | None,
    complete: CompleteScores,
) -> list[str]:
    """Writes one log a task, and the results with the four metrics that lm-eval has of our tasks.

    A line's `doc` and `arguments` are what lm-eval's own command line has for the task's file, without a chat
    template and without the picture's hash. lm-eval has no field for an error, a finish reason, or the number
    of a repeat: they are under the key `vecbench` of a line.
    """
    del complete  # lm-eval has four metrics, of how its command line reads answers
    stamp = _stamp(manifest)
    model = manifest.title if manifest else "unknown"
    target = folder / re.sub(r'["<>:/|\\?*\[\]]+', "__", model)
    remove(path for path in sorted(target.glob("*")) if _OURS.fullmatch(path.name))
    prompts = RenderedPrompts(catalogue)
    logged = {}
    for task in responses.tasks():
        log = _TaskLog(task, catalogue, manifest, prompts)
        path = target / f"samples_{_name(task)}_{stamp}.jsonl"
        with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(json.dumps(line) + "\n" for line in log.lines(responses.samples(task)))
        logged[task] = log
    results = _results(logged, catalogue, manifest, model)
    write_text(target / f"results_{stamp}.json", json.dumps(results, indent=2) + "\n")
    return prompts.note(sum(log.n for log in logged.values()))


class _TaskLog:
    """The lines of one task's log, and what its results say of them once they have been gone through."""

    def __init__(
        self, task: str, catalogue: Catalogue, manifest: Manifest | None, prompts: RenderedPrompts
    ) -> None:
        self._known = catalogue.tasks.get(task)
        record = manifest.tasks.get(task) if manifest else None
        self.n = self._right = self._judged = self._confident = 0
        self._any_read = False
        self._confidences = array("d")
        self._correct = array("b")
        self._hashes = hashlib.sha256()
        self._catalogue = catalogue
        self._prompts = prompts
        self._root = record.data if record and not record.data.startswith("hf:") else None
        self._settings = _settings(record)

    def lines(self, samples: Iterable[Sequence[StoredResponse]]) -> Iterator[dict[str, Any]]:
        for repeats in samples:
            first = min(repeats, key=lambda each: each.repeat)
            prompt = self._prompts.prompt(first)
            asked = None if prompt is None else IMAGE * (len(first.images) or 1) + prompt
            said = AnswerSpecification(first.kind)
            if self._known and self._known.answers.name == first.kind:
                said = self._known.specification
            form = self._catalogue.form_of(first.task, first.profile)
            doc = document(first, said, form, first.sample_id, first.images, self._root, prompt)
            texts = [each.response or "" for each in repeats]
            answer = texts[repeats.index(first)]
            kind = self._catalogue.answers_of(first.task, first.kind)
            metrics = results_of(answer, first.candidates, first.target, kind, form)
            hashes = {
                "doc_hash": sha256_of(json.dumps(doc, indent=2, ensure_ascii=False)),
                "prompt_hash": None if asked is None else sha256_of(asked),
                "target_hash": sha256_of(as_text(first.target)),
            }
            yield {
                "doc_id": self.n,
                "doc": doc,
                "target": first.target,
                "arguments": {"gen_args_0": {"arg_0": asked, "arg_1": self._settings}},
                "resps": [texts],
                "filtered_resps": [answer],
                "filter": "none",
                "metrics": list(metrics),
                **hashes,
                OURS: _our_own(first, repeats),
                **metrics,
            }
            self._hashes.update("".join(each or "" for each in hashes.values()).encode())
            self._count(metrics)

    @property
    def hash(self) -> str:
        return self._hashes.hexdigest()

    @property
    def higher_is_better(self) -> dict[str, bool]:
        if self._judged:
            return {"accuracy": True, "coverage": True, "brier": False, "ece": False}
        return {"coverage": True}

    def metrics(self, name: str) -> dict[str, Any]:
        values: dict[str, Any] = {"name": name, "alias": name, "sample_len": self.n}
        counts = {"accuracy": self._right, "coverage": self._confident}
        for key, count in counts.items() if self._judged else [("coverage", self._confident)]:
            share = count / self.n
            values[f"{key},none"] = share
            values[f"{key}_stderr,none"] = (
                math.sqrt(share * (1 - share) / (self.n - 1)) if self.n > 1 else "N/A"
            )
        for key, metric in (("brier", brier), ("ece", ece)) if self._judged else ():
            # As lm_eval's own aggregation: nan where every answer with a confidence is unread.
            value = metric(self._confidences, self._correct) if self._any_read else math.nan
            values[f"{key},none"] = "N/A" if math.isnan(value) else value
            values[f"{key}_stderr,none"] = "N/A"
        return values

    def _count(self, metrics: Mapping[str, Any]) -> None:
        self.n += 1
        self._confident += metrics["coverage"] > 0
        if "ece" not in metrics:  # neither right nor wrong
            return
        confidence, correct = metrics["ece"]
        self._judged += 1
        self._right += bool(metrics["accuracy"])
        if confidence is not None:
            self._any_read |= correct is not None
            self._confidences.append(confidence)
            self._correct.append(correct is True)


def _our_own(first: StoredResponse, repeats: Sequence[StoredResponse]) -> dict[str, Any]:
    """What lm-eval has no field for."""
    said = {
        "repeat": [each.repeat for each in repeats],
        # lm-eval's log has no null for a response, and "" is one that says nothing.
        "error": [each.error or ("no response" if each.response is None else None) for each in repeats],
        "finish_reason": [each.finish_reason for each in repeats],
        "image_sha256": first.image_sha256,
        "prompt_sha256": first.prompt_sha256,
    }
    further = {
        "stated_target": first.stated_target,
        "kind": None if first.kind == DEFAULT_KIND else first.kind,  # as in a line of responses.jsonl
        "images_sha256": list(first.images_sha256) or None,
        "attributes": dict(first.attributes) or None,
    }
    return said | {name: value for name, value in further.items() if value is not None}


def _results(
    logged: Mapping[str, _TaskLog], catalogue: Catalogue, manifest: Manifest | None, model: str
) -> dict[str, Any]:
    names = {task: _name(task) for task in logged}
    engine = manifest.engine.name if manifest and manifest.engine else None
    revision = manifest.model.revision if manifest else None
    return {
        "results": {names[task]: log.metrics(names[task]) for task, log in logged.items()},
        "group_subtasks": {},
        "configs": {names[task]: _config(task, catalogue, manifest) for task in logged},
        "versions": {names[task]: _version(task, catalogue) for task in logged},
        "n-shot": dict.fromkeys(names.values(), 0),
        "higher_is_better": {names[task]: log.higher_is_better for task, log in logged.items()},
        "n-samples": {names[task]: {"original": log.n, "effective": log.n} for task, log in logged.items()},
        "config": {
            "model": engine,
            "model_args": {"pretrained": model} | ({"revision": revision} if revision else {}),
            "model_revision": revision,
            "limit": manifest.limit if manifest else None,
            "random_seed": manifest.seed if manifest else None,
        },
        "git_hash": None,
        "date": datetime.fromisoformat(manifest.started).timestamp() if manifest else 0.0,
        "transformers_version": manifest.packages.get("transformers") if manifest else None,
        "lm_eval_version": VERSION,
        "task_hashes": {names[task]: log.hash for task, log in logged.items()},
        "model_source": engine,
        "model_name": model,
        "model_name_sanitized": re.sub(r'["<>:/|\\?*\[\]]+', "__", model),
        "total_evaluation_time_seconds": str(manifest.throughput.seconds) if manifest else None,
        "vecbench_version": manifest.packages.get("vecbench") if manifest else None,
    }


def _config(task: str, catalogue: Catalogue, manifest: Manifest | None) -> dict[str, Any]:
    known = catalogue.tasks.get(task)
    record = manifest.tasks.get(task) if manifest else None
    config: dict[str, Any] = {"task": _name(task), "output_type": "generate_until", "num_fewshot": 0}
    if record:
        config["generation_kwargs"] = _settings(record)
    config["metadata"] = {"version": _version(task, catalogue)}
    if known:
        config["metadata"]["vecbench"] = {
            "display": known.display,
            "group": known.group,
            "labels": list(known.labels),
        }
    return config


def _settings(record: TaskRecord | None) -> dict[str, Any] | None:
    """The generation settings under lm-eval's names; None if they are not known."""
    if record is None:
        return None
    sampling = record.sampling
    return {
        "until": sampling.stop,
        "do_sample": sampling.temperature > 0,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_gen_toks": sampling.max_tokens,
        **sampling.further,
    }


def _version(task: str, catalogue: Catalogue) -> float | str | None:
    """A number where it is one, as lm-eval takes it from the task file."""
    known = catalogue.tasks.get(task)
    if known is None:
        return None
    return float(known.version) if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", known.version) else known.version


def _name(task: str) -> str:
    """The task's name in lm-eval's registry; a stranger's task must not lead to another folder."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", task)[:100]
    return PREFIX + (plain if plain == task else f"{plain}_{sha256_of(task)[:8]}")


def _stamp(manifest: Manifest | None) -> str:
    if manifest is None:
        return NO_STAMP
    return datetime.fromisoformat(manifest.started).strftime("%Y-%m-%dT%H-%M-%S")
