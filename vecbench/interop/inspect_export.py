"""Responses as inspect_ai's `.eval` logs, one a task, which `inspect view` opens.

They are written in the layout of version 2 of the log, which every release that we read writes and reads, and
without the package, whose own writer wants a whole log in memory. Source: `inspect_ai/log/_log.py` and
`inspect_ai/log/_recorders/eval.py` of inspect_ai 0.3.285.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from vecbench.ahead import done_ahead
from vecbench.digests import sha256_of
from vecbench.errors import ImageError
from vecbench.escaping import encodable
from vecbench.interop.asked import Asked
from vecbench.interop.sample_logs import OURS
from vecbench.interop.spool import ResponseSpool
from vecbench.parsing import Prediction
from vecbench.samples.images import read_image
from vecbench.samples.sample import SampleImage
from vecbench.samples.small import as_address, small_image
from vecbench.samples.targets import as_text
from vecbench.scoring import CompleteScores, prediction_values
from vecbench.store import Manifest, StoredResponse, TaskRecord, remove
from vecbench.store.files import replacing
from vecbench.tasks import Catalogue

VERSION = 2
"""Of the log's schema."""
MOST_SHOWN = 10_000
"""Samples of a log that show their images, which lie in it: `inspect view` loads none from elsewhere."""
SCORER = "vecbench"
"""What the log calls who scored, and its scores."""

_NO_TIME = datetime.fromtimestamp(0, UTC)
"""Where nothing is known of the time: the same responses give the same files."""
_NAME = re.compile(r"[0-9T:-]+_.*_vecbench[0-9a-f]{12}\.eval")
_STOPS = {"stop": "stop", "length": "max_tokens", "content_filter": "content_filter"}
_RIGHT, _WRONG, _UNREAD = "C", "I", "N"
"""inspect_ai's letters: correct, incorrect, no answer; the last two count alike."""
_HALF = re.compile("[\ud800-\udfff]")
_SAMPLE_ID = {"key", "task", "sample_id", "repeat"}


def write(
    responses: ResponseSpool,
    folder: Path,
    catalogue: Catalogue,
    manifest: Manifest | None,
    complete: CompleteScores,
) -> list[str]:
    """Writes a log of each task into the folder, in the place of those that were exported before.

    Of several responses to one sample and repeat the last is written; a repeat is an epoch. What the log has
    no field for is in each sample's metadata, under `vecbench`.
    """
    remove(path for path in sorted(folder.glob("*.eval")) if _NAME.fullmatch(path.name))
    tasks = responses.tasks()
    shown = {
        task: frozenset(each[0].sample_id for each in islice(responses.samples(task), MOST_SHOWN))
        for task in tasks
    }
    asked = Asked(catalogue, manifest, None, shown)
    logs = [_Log(task, catalogue, manifest, complete, asked, shown[task]) for task in tasks]
    for log in logs:
        with replacing(folder / log.file) as draft:
            log.write(draft, responses.samples(log.task))
    n, pictures = sum(log.n for log in logs), sum(log.pictures for log in logs)
    notes = asked.prompt_notes(n)
    if manifest is not None and pictures < n:
        why = f"no data at hand, or beyond the first {MOST_SHOWN:,} samples of a task"
        notes.append(f"{n - pictures:,} of {n:,} rows show no image, but its path: {why}")
    return notes


@dataclass
class _Log:
    """One task's log."""

    task: str
    catalogue: Catalogue
    manifest: Manifest | None
    complete: CompleteScores
    asked: Asked
    shown: frozenset[str]
    n: int = 0
    pictures: int = 0
    _ids: list[str] = field(default_factory=list)
    _usage: dict[str, int] = field(default_factory=dict)
    _epochs: int = 1

    @property
    def model(self) -> str:
        return self.manifest.model.name if self.manifest else "unknown"

    @property
    def started(self) -> datetime:
        return datetime.fromisoformat(self.manifest.started) if self.manifest else _NO_TIME

    @property
    def identity(self) -> str:
        """What tells the log from others: the same for the same run and task."""
        return sha256_of(f"{self.model}\0{self.started}\0{self.task}")[:12]

    @property
    def file(self) -> str:
        """Stamp, task and id, as inspect_ai takes a log's name apart."""
        plain = re.sub(r"[^A-Za-z0-9.-]", "-", self.task)[:100]
        return f"{self.started:%Y-%m-%dT%H-%M-%S}_{plain}_vecbench{self.identity}.eval"

    def write(self, path: Path, samples: Iterable[Sequence[StoredResponse]]) -> None:
        read = {(row.sample_id, row.repeat): row for row in self.complete.rows if row.task == self.task}
        threads = os.cpu_count() or 1
        ahead = done_ahead(samples, self._images, ahead=4 * threads, threads=threads, name="small images")
        with ZipFile(path, "w") as archive, TemporaryFile(dir=path.parent) as summaries:
            for repeats, images in ahead:
                self._ids.append(encodable(repeats[0].sample_id))
                for each in repeats:
                    sample = self._sample(each, images, read.get((each.sample_id, each.repeat)))
                    _put(archive, f"samples/{sample['id']}_epoch_{sample['epoch']}.json", sample)
                    summaries.write(b",\n" if self.n else b"[")
                    summaries.write(_json(_summary(sample)))
                    self.n += 1
            summaries.write(b"]" if self.n else b"[]")
            spec = self._spec()
            start = {"version": VERSION, "eval": spec, "plan": {"steps": [], "config": self._generation()}}
            _put(archive, "_journal/start.json", start)
            summaries.seek(0)
            with archive.open(_member("summaries.json"), "w", force_zip64=True) as stream:
                shutil.copyfileobj(summaries, stream)
            _put(archive, "header.json", self._header(start))

    def _images(self, repeats: Sequence[StoredResponse]) -> list[str | None]:
        """An address that holds the small image, of each image of a sample; None where it is not at hand."""
        first = repeats[0]
        if first.sample_id not in self.shown:
            return []
        hashes = first.images_sha256 or (first.image_sha256,)
        return [
            None if root is None else _small(root, name, box, hashes[place] if place < len(hashes) else None)
            for place, (root, name, box) in enumerate(self.asked.images(first))
        ]

    def _sample(
        self,
        response: StoredResponse,
        images: Sequence[str | None],
        row: Prediction | None,
    ) -> dict[str, Any]:
        self._epochs = max(self._epochs, response.repeat + 1)
        paths = list(response.images or ([response.image] if response.image else []))
        there = [each for each in images if each]
        self.pictures += bool(there) and len(there) == len(images)
        attached = {sha256_of(each)[:32]: each for each in there}
        addresses = [each and f"attachment://{sha256_of(each)[:32]}" for each in images]
        addresses += [None] * (len(paths) - len(addresses))
        content: list[dict[str, Any]] = [
            {"type": "image", "image": address} if address else {"type": "text", "text": f"[image: {path}]"}
            for path, address in zip(paths, addresses, strict=False)
        ]
        content.append({"type": "text", "text": self.asked.prompt(response) or ""})
        question = {"role": "user", "content": content}
        usage = _usage(response)
        self._usage = {name: self._usage.get(name, 0) + n for name, n in usage.items()}
        output = _output(response, self.model, usage)
        answers = [choice["message"] for choice in output["choices"]]
        sample: dict[str, Any] = {
            "id": encodable(response.sample_id),
            "epoch": response.repeat + 1,
            "input": [question],
            "target": _target(response.as_stated().target),
            "messages": [question, *answers],
            "output": output,
            "metadata": {**response.attributes, "image": paths, OURS: _our_own(response)},
            "model_usage": {self.model: usage},
            "attachments": attached,
        }
        if row is not None:
            sample["scores"] = {SCORER: self._score(row)}
        if response.response is None:
            message = response.error or "no response"
            sample["error"] = {"message": message, "traceback": message, "traceback_ansi": message}
        return sample

    def _score(self, row: Prediction) -> dict[str, Any]:
        """What was read, and whether it is right; of a kind that does not judge, the answer itself."""
        [said] = prediction_values([row])
        judges = self.catalogue.answers_of(row.task, row.kind).judges
        value: Any = _UNREAD
        if row.reading.is_read:
            value = (_RIGHT if row.correct else _WRONG) if judges else said["answer"]
        return {
            "value": value,
            "answer": None if said["answer"] is None else as_text(said["answer"]),
            "explanation": f"confidence: {_number(said['confidence'], said['confidence_status'])}",
            "metadata": {key: each for key, each in said.items() if key not in _SAMPLE_ID | {"answer"}},
        }

    def _spec(self) -> dict[str, Any]:
        known, record = self.catalogue.tasks.get(self.task), self._record
        manifest = self.manifest
        return {
            "eval_id": self.identity,
            "run_id": self.identity,
            "created": self.started.isoformat(),
            "task": self.task,
            "task_id": f"vecbench{self.identity}",
            "task_version": known.version if known else 0,
            "task_display_name": known.display if known else None,
            "dataset": {
                "name": self.task,
                "location": record.data if record else None,
                "samples": len(self._ids),
                "sample_ids": self._ids,
                "shuffled": False,
            },
            "model": self.model,
            "model_generate_config": self._generation(),
            "config": {"epochs": self._epochs, "limit": manifest.limit if manifest else None},
            "packages": {"vecbench": manifest.packages.get("vecbench", "")} if manifest else {},
            "metadata": {
                "protocol": self.complete.scores.protocol,
                "prompt": record.prompt if record else None,
                "model_revision": manifest.model.revision if manifest else None,
                "engine": manifest.engine.name if manifest and manifest.engine else None,
            },
        }

    def _generation(self) -> dict[str, Any]:
        if self._record is None:
            return {}
        sampling = self._record.sampling
        further = {"seed": self._record.seed, "stop_seqs": sampling.stop or None}
        said = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
        }
        return said | {name: each for name, each in further.items() if each is not None}

    @property
    def _record(self) -> TaskRecord | None:
        return self.manifest.tasks.get(self.task) if self.manifest else None

    def _header(self, start: Mapping[str, Any]) -> dict[str, Any]:
        rows = self.complete.scores.tasks.get(self.task)
        asked = self.manifest.responses().get(self.task, self.n) if self.manifest else self.n
        metrics = {
            key: {
                "name": key,
                "value": score.value,
                "metadata": {name: each for name, each in score.as_json().items() if name != "value"},
            }
            for key, score in (rows.metrics.items() if rows else ())
            if score.value is not None
        }
        ended = (self.manifest.finished if self.manifest else None) or self.started.isoformat()
        return {
            "version": VERSION,
            "status": "success" if self.n >= asked else "cancelled",
            "eval": start["eval"],
            "plan": start["plan"],
            "results": {
                "total_samples": asked,
                "completed_samples": self.n,
                "scores": [{"name": SCORER, "scorer": SCORER, "metrics": metrics}],
            },
            "stats": {
                "started_at": self.started.isoformat(),
                "completed_at": ended,
                "model_usage": {self.model: self._usage},
            },
        }


def _small(root: Path, name: str, box: Any, sha256: str | None) -> str | None:
    """The address of a small image; None if the file is not there, is broken, or is not what was shown."""
    try:
        picture = SampleImage(name, read_image(root, name), box)
        if isinstance(picture.data, str) or sha256 not in (None, picture.identity, picture.sha256):
            return None
        return as_address(small_image(picture.data, box)[0])
    except ImageError:
        return None


def _output(response: StoredResponse, model: str, usage: Mapping[str, int]) -> dict[str, Any]:
    said: dict[str, Any] = {"model": model, "choices": [], "usage": usage}
    if response.response is None:
        return said | {"error": response.error}
    content: Any = response.response
    if response.reasoning:
        content = [
            {"type": "reasoning", "reasoning": response.reasoning},
            {"type": "text", "text": response.response},
        ]
    message = {"role": "assistant", "content": content, "source": "generate", "model": model}
    stop = _STOPS.get(response.finish_reason or "", "unknown")
    return said | {
        "choices": [{"message": message, "stop_reason": stop}],
        "completion": response.response,
    }


def _usage(response: StoredResponse) -> dict[str, int]:
    prompt, output = response.n_prompt_tokens or 0, response.n_output_tokens or 0
    reasoning = response.n_reasoning_tokens or 0
    said = {"input_tokens": prompt, "output_tokens": output, "total_tokens": prompt + output}
    return said | ({"reasoning_tokens": reasoning} if reasoning else {})


def _our_own(response: StoredResponse) -> dict[str, Any]:
    """A line of responses.jsonl, without what the log has fields for."""
    said: dict[str, Any] = json.loads(response.to_line())
    fields = {"key", "sample_id", "repeat", "response", "reasoning"}
    stated = {} if response.stated_target is None else {"stated_target": response.stated_target}
    return {name: each for name, each in said.items() if name not in fields and each is not None} | stated


def _number(value: float | None, status: str) -> str:
    return status if value is None else f"{value:g}"


def _target(target: Any) -> str | list[str]:
    is_list = isinstance(target, list | tuple) and all(isinstance(each, str) for each in target)
    return list(target) if is_list else as_text(target)


def _summary(sample: Mapping[str, Any]) -> dict[str, Any]:
    """What the list of samples shows: texts alone."""
    texts = (each["text"] for each in sample["input"][0]["content"] if each["type"] == "text")
    said = {
        name: sample[name] for name in ("id", "epoch", "target", "scores", "model_usage") if name in sample
    }
    error = {"error": sample["error"]["message"]} if "error" in sample else {}
    shown = {name: each for name, each in sample["metadata"].items() if name != OURS}
    counted = {"message_count": len(sample["messages"]), "completed": True}
    return said | error | counted | {"input": "\n".join(filter(None, texts)), "metadata": shown}


def _member(name: str) -> ZipInfo:
    member = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    member.compress_type = ZIP_DEFLATED
    return member


def _put(archive: ZipFile, name: str, value: Any) -> None:
    archive.writestr(_member(name), _json(value))


def _json(value: Any) -> bytes:
    """As JSON; half of a surrogate pair as the text of its escape: inspect_ai refuses the character."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _HALF.sub(lambda half: f"\\\\u{ord(half[0]):04x}", text).encode()
