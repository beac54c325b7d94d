"""A run: every sample of some tasks, answered by one model, stored as it finishes."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any, Protocol

from vecbench.ahead import done_ahead
from vecbench.engines import Engine, Request, Response, Sampling
from vecbench.errors import DataError, ImageError, Interrupted, RunError, UsageError
from vecbench.models import Model
from vecbench.prompts import prompt_of
from vecbench.samples import DataSource, Sample
from vecbench.samples.sample import SampleImage
from vecbench.store import (
    Manifest,
    ResponseLog,
    RunDirectory,
    SamplingRecord,
    StoredResponse,
    TaskRecord,
    answered_and_failed,
)
from vecbench.store.manifest import (
    Counts,
    EngineRecord,
    ModelRecord,
    Status,
    Throughput,
    hardware,
    now,
    package_versions,
)
from vecbench.tasks import Task

READ_AHEAD = 4
"""So many image files are read and hashed at once, before the engine asks for them."""
HOPELESS_AFTER = 10
"""So many requests that failed alike, with none of the run ever answered, and the others will fail too."""
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task of a run, with everything that was chosen for it.

    Attributes:
        task: The task.
        data: Where its samples are.
        profile: Its prompt profile.
        sampling: Its generation settings; the seed is replaced request by request.
    """

    task: Task
    data: DataSource
    profile: str
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run is to do.

    Attributes:
        model: The checkpoint.
        tasks: The tasks, in the order of their generation.
        seed: Seeds every request, together with its sample and repeat.
        limit: Samples of each task, from the first on; None for all.
        repeats: Answers to each sample, at least 1.
        pixel_limits: Engine arguments that change what the model sees (`min_pixels`, `max_pixels`).
        answer_settings: Further engine arguments that answers depend on; see `AnswerSettings.others`.
    """

    model: Model
    tasks: tuple[TaskRun, ...]
    seed: int = 0
    limit: int | None = None
    repeats: int = 1
    pixel_limits: Mapping[str, int] = field(default_factory=dict)
    answer_settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What came of a run.

    Attributes:
        asked: Responses that the plan asks for.
        generated: Those generated now; the others were there already.
        failed: (task, sample id, error) of the samples that have no response.
        manifest: As it was written.
    """

    asked: int
    generated: int
    failed: tuple[tuple[str, str, str], ...]
    manifest: Manifest


class RunObserver(Protocol):
    """Somebody who watches a run: a progress bar, a test."""

    def warned(self, message: str) -> None:
        """Something deserves attention and stops nothing."""

    def started(self, asked: int) -> None:
        """The samples have been counted; `asked` responses are wanted."""

    def kept(self) -> None:
        """One response was stored already."""

    def stored(self, response: StoredResponse) -> None:
        """One response has been stored now."""


def run(
    plan: RunPlan, make_engine: Callable[[], Engine], directory: RunDirectory, observer: RunObserver
) -> RunOutcome:
    """Generates and stores every response that the plan asks for and the directory lacks.

    A response is stored before anything looks into it. Responses with an error are asked for again.

    Args:
        plan: What to do.
        make_engine: Makes what generates; called once the samples are known to be usable, and only if
            a response is missing. The engine is closed here.
        directory: Where the run lives; one that holds a part of the same run is gone on with.
        observer: Told of everything as it happens.

    Raises:
        UsageError: The directory is in use, or holds a run of another configuration.
        DataError: The samples cannot be used.
        RunError: The engine or the disk failed, or no request is ever answered; what was finished is stored.
        Interrupted: The run was stopped with Ctrl-C or SIGTERM; what was finished is stored.
    """
    samples = {each.task.id: _counted(each, plan.limit, observer) for each in plan.tasks}
    asked = sum(samples.values()) * plan.repeats
    with directory.locked():
        manifest = _manifest(plan, samples, directory)
        manifest.counts = Counts(asked=sum(manifest.responses().values()))
        manifest.write(directory.manifest)
        session = _Session(plan, directory, observer, manifest)
        try:
            observer.started(asked)
            with ResponseLog(directory.responses) as log:
                session.generate(make_engine, log)
        except KeyboardInterrupt:
            session.leave_manifest("interrupted")
            counts = manifest.counts
            raise Interrupted(
                f"stopped with {counts.stored} of {counts.asked} responses stored in {directory.path}"
            ) from None
        except Exception:
            session.leave_manifest("failed")
            raise
        session.write_manifest("complete")
        return RunOutcome(asked, session.generated, tuple(session.failed), manifest)


class _Session:
    """One go at a run: what it generated and what failed."""

    def __init__(
        self, plan: RunPlan, directory: RunDirectory, observer: RunObserver, manifest: Manifest
    ) -> None:
        self._plan = plan
        self._directory = directory
        self._observer = observer
        self._manifest = manifest
        self._engine_before = manifest.engine
        self._earlier_engines_before = list(manifest.earlier_engines)
        self._waiting: dict[str, StoredResponse] = {}
        self._began: float | None = None
        self._output_tokens = 0
        self.generated = 0
        self.failed: list[tuple[str, str, str]] = []
        self._faulty: set[str] = set()
        self._refusals: Counter[str] = Counter()
        self._last_refusal = ""

    def generate(self, make_engine: Callable[[], Engine], log: ResponseLog) -> None:
        missing = self._missing(log)
        first = next(missing, None)
        if first is None:
            return
        engine = make_engine()
        try:
            described = engine.description
            self._manifest.add_engine(
                EngineRecord(
                    name=described.name,
                    arguments=dict(described.arguments),
                    device=described.device,
                    chosen_because=described.chosen_because,
                )
            )
            self._manifest.write(self._directory.manifest)
            self._began = time.monotonic()
            for response in engine.generate(chain([first], missing)):
                self._store(response, log)
                self._require_hope(log, HOPELESS_AFTER)
        finally:
            engine.close()
        if self._waiting:
            raise RunError(f"the engine left {len(self._waiting)} requests without a response")
        self._require_hope(log, 1)

    def _store(self, response: Response, log: ResponseLog) -> None:
        row = _completed(self._waiting.pop(response.key), response)
        log.append(row)
        self.generated += 1
        self._output_tokens += response.n_output_tokens or 0
        if row.error is not None:
            self.failed.append((row.task, row.sample_id, row.error))
            if row.key not in self._faulty and not row.error.startswith(f"{row.image}: "):
                self._refusals[_DIGITS.sub("0", row.error)] += 1
                self._last_refusal = row.error
        self._observer.stored(row)

    def _require_hope(self, log: ResponseLog, failures: int) -> None:
        """Ends a run of which nothing was ever answered and whose requests all fail alike.

        So it is with a chat template that is broken, or a field that the endpoint does not take. Samples
        that are broken themselves tell nothing about the others.
        """
        count = self._refusals.total()
        if not log.has_answers and len(self._refusals) == 1 and count >= failures:
            raise RunError(f"no request was answered, and {count} failed with: {self._last_refusal}")

    def write_manifest(self, status: Status) -> None:
        manifest = self._manifest
        if self.generated == 0 and self._engine_before is not None:
            manifest.engine, manifest.earlier_engines = self._engine_before, self._earlier_engines_before
        if self._began is not None:
            before = manifest.throughput
            seconds = before.seconds + time.monotonic() - self._began
            samples = before.samples + self.generated
            tokens = before.output_tokens + self._output_tokens
            manifest.throughput = Throughput(
                seconds=round(seconds, 3),
                samples=samples,
                output_tokens=tokens,
                samples_per_second=round(samples / seconds, 3),
                output_tokens_per_second=round(tokens / seconds, 1),
            )
        manifest.counts = counts = self._counts()
        whole = counts.stored >= counts.asked and counts.errors == 0
        manifest.status = "incomplete" if status == "complete" and not whole else status
        manifest.finished = now()
        manifest.write(self._directory.manifest)

    def _counts(self) -> Counts:
        """Over all tasks of the directory, those that other sessions ran and this one does not included."""
        counts = Counts(asked=sum(self._manifest.responses().values()))
        with suppress(DataError):  # a line that is no response: that is why the run ends
            counts.stored, counts.errors = answered_and_failed(self._directory.responses)
        return counts

    def leave_manifest(self, status: Status) -> None:
        """Writes the manifest if that is possible; what ended the run matters more than that it is not."""
        with suppress(RunError):
            self.write_manifest(status)

    def _missing(self, log: ResponseLog) -> Iterator[Request]:
        for task_run in self._plan.tasks:
            samples = task_run.data.samples(task_run.task, self._plan.limit)
            asked = ((sample, *prompt_of(task_run.task, task_run.profile, sample)) for sample in samples)
            # Files on a network's storage are slow one by one; hashing them takes no interpreter lock either.
            read = done_ahead(asked, _read, ahead=READ_AHEAD, threads=READ_AHEAD, name="read")
            for (sample, prompt, _), image in read:
                for repeat in range(self._plan.repeats):
                    row = self._row(task_run, sample, prompt, image, repeat)
                    if row.key in log:
                        self._observer.kept()
                        continue
                    self._waiting[row.key] = row
                    if isinstance(image.data, str):
                        self._faulty.add(row.key)
                    sampling = _seeded(task_run.sampling, self._plan.seed, sample, repeat)
                    yield Request(row.key, prompt, image, sampling)

    def _row(
        self, task_run: TaskRun, sample: Sample, prompt: str, image: SampleImage, repeat: int
    ) -> StoredResponse:
        image_sha256 = image.sha256
        return StoredResponse(
            key=response_key(self._plan, task_run.sampling, sample, prompt, image_sha256, repeat),
            task=sample.task,
            sample_id=sample.id,
            repeat=repeat,
            target=sample.target,
            candidates=sample.candidates,
            image=sample.image,
            image_sha256=image_sha256,
            prompt_sha256=_sha256(prompt),
            response=None,
            finish_reason=None,
            error=None,
            n_prompt_tokens=None,
            n_output_tokens=None,
        )


def _counted(task_run: TaskRun, limit: int | None, observer: RunObserver) -> int:
    """How many samples the task has; a first pass over the table finds what must not stop a run later."""
    task, data = task_run.task, task_run.data
    count = faulty = missing = unprompted = 0
    why = ""
    for sample in data.samples(task, limit):
        count += 1
        if sample.fault is not None:
            faulty += 1
            continue
        missing += not sample.has_image()
        _, fault = prompt_of(task, task_run.profile, sample)
        if fault is not None:
            unprompted += 1
            why = why or fault
    if count == 0:
        raise data.no_rows(task)
    if unprompted and unprompted + faulty == count:
        raise DataError(
            f"no sample of {task.id} in {data.table} can be asked: {why}",
            "Choose another prompt profile: --prompt.",
        )
    if missing == count:
        raise DataError(
            f"none of the {count} images of {task.id} is there, such as {sample.root / sample.image}",
            f"Check --data: image paths start from {sample.root.absolute()}.",
        )
    if limit is None and task.expected_n and not task.expected_n[0] <= count <= task.expected_n[1]:
        low, high = task.expected_n
        expected = str(low) if low == high else f"{low} to {high}"
        observer.warned(f"{task.id} has {count} samples in {data.name}; {expected} are expected")
    return count


def _manifest(plan: RunPlan, samples: Mapping[str, int], directory: RunDirectory) -> Manifest:
    fresh = Manifest(
        status="running",
        model=ModelRecord(name=plan.model.name, revision=plan.model.revision),
        tasks={each.task.id: _task_record(each, samples[each.task.id], plan) for each in plan.tasks},
        pixel_limits=dict(plan.pixel_limits),
        answer_settings=dict(plan.answer_settings),
        seed=plan.seed,
        limit=plan.limit,
        repeats=plan.repeats,
        started=now(),
        packages=package_versions(),
        hardware=hardware(),
    )
    stored = directory.read_manifest()
    if stored is None:
        others = next((path for path in directory.written_later if path.exists()), None)
        if others is not None:
            raise UsageError(
                f"{directory.path} has a {others.name} but no run.json, so it is not a run's",
                "Choose another --output.",
            )
        return fresh
    if not directory.has_responses():
        return fresh  # such as of a run whose model could not be loaded: there is nothing to mix
    stored.require_same_configuration(fresh, directory.path)
    # What an earlier session was to do is what it was then, whatever limit and repeats are now.
    earlier = {
        name: each.model_copy(
            update={"limit": each.limit or stored.limit, "repeats": each.repeats or stored.repeats}
        )
        for name, each in stored.tasks.items()
    }
    fresh.tasks = earlier | fresh.tasks
    fresh.started = stored.started
    fresh.engine = stored.engine
    fresh.earlier_engines = stored.earlier_engines
    fresh.throughput = stored.throughput
    return fresh


def _task_record(task_run: TaskRun, samples: int, plan: RunPlan) -> TaskRecord:
    task, sampling = task_run.task, task_run.sampling
    return TaskRecord(
        version=task.version,
        sha256=task.sha256,
        data=task_run.data.name,
        samples=samples,
        prompt=task_run.profile,
        prompt_sha256=_sha256(task.prompts[task_run.profile]),
        sampling=SamplingRecord(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            stop=list(sampling.stop),
        ),
        seed=plan.seed if sampling.temperature > 0 else None,
        data_sha256=task_run.data.sha256(),
        limit=plan.limit,
        repeats=plan.repeats,
    )


def _read(asked: tuple[Sample, str, str | None]) -> SampleImage:
    """The image of a sample, its prompt and the reason why it cannot be asked, which stands for the image."""
    sample, _, why_not = asked
    if why_not is not None:
        return SampleImage(sample.image, why_not)
    try:
        return SampleImage(sample.image, sample.image_bytes())
    except ImageError as fault:
        return SampleImage(sample.image, fault.message)


def response_key(
    plan: RunPlan, sampling: Sampling, sample: Sample, prompt: str, image_sha256: str | None, repeat: int
) -> str:
    """SHA-256 of everything that a response depends on, engine and machine aside.

    Task, sample and target are in it too: two samples may share image and prompt and still need a
    line each, and a corrected target must not leave the old one in the file.

    Args:
        plan: Brings model, seed, pixel limits and answer settings.
        sampling: The task's generation settings; its seed is not looked at.
        sample: What is asked about.
        prompt: As rendered.
        image_sha256: Of the image file's bytes; None if there are none.
        repeat: 0 for the first answer to the sample.
    """
    settings = asdict(sampling) | {"seed": plan.seed if sampling.temperature > 0 else None}
    parts = {
        "model": plan.model.name,
        "revision": plan.model.revision,
        "sampling": settings,
        "prompt": prompt,
        "image": image_sha256,
        "pixel_limits": dict(plan.pixel_limits),
        "task": sample.task,
        "sample": sample.id,
        "target": sample.target,
        "candidates": list(sample.candidates),
        "repeat": repeat,
    }
    if plan.answer_settings:  # absent, as in runs of versions that did not know them
        parts["answer_settings"] = dict(plan.answer_settings)
    return _sha256(json.dumps(parts, sort_keys=True))


def _seeded(sampling: Sampling, seed: int, sample: Sample, repeat: int) -> Sampling:
    digest = hashlib.sha256(json.dumps([seed, sample.task, sample.id, repeat]).encode()).digest()
    # 31 bits: every engine and every endpoint takes that much.
    return replace(sampling, seed=int.from_bytes(digest[:4], "big") >> 1)


def _completed(row: StoredResponse, response: Response) -> StoredResponse:
    return replace(
        row,
        response=response.text,
        finish_reason=response.finish_reason,
        error=response.error,
        n_prompt_tokens=response.n_prompt_tokens,
        n_output_tokens=response.n_output_tokens,
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()
