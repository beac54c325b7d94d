"""One go at a run: what lacks a response is asked about, and what comes is stored as it finishes."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Protocol

from vecbench.ahead import done_ahead
from vecbench.digests import joined_sha256, sha256_of
from vecbench.engines import Engine, Request, Response
from vecbench.errors import DataError, Interrupted, RunError
from vecbench.run.manifest import manifest_of
from vecbench.run.plan import RunPlan, TaskRun, response_key, seeded
from vecbench.samples import Sample
from vecbench.samples.sample import SampleImage
from vecbench.store import (
    LONGEST_RESPONSE,
    Manifest,
    ResponseLog,
    RunDirectory,
    StoredResponse,
    answered_and_failed,
)
from vecbench.store.manifest import Counts, EngineRecord, Status, Throughput, now
from vecbench.tasks.prompts import prompt_of

READ_AHEAD = 4
"""So many image files are read and hashed at once, before the engine asks for them."""
HOPELESS_AFTER = 10
"""So many requests that failed alike, with none of the run ever answered, and the others will fail too."""
MOST_NAMED = 3
"""So many lines of the log that could not be read are named."""
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What came of a run."""

    asked: int  # responses that the plan asks for
    generated: int  # those generated now; the others were there already
    failed: tuple[tuple[str, str, str], ...]  # (task, sample id, error) of the samples without a response
    manifest: Manifest  # as it was written


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

    A response is stored before anything looks into it. Responses with an error are asked for again. The
    engine is made once the samples are known to be usable, and only if a response is missing.

    Raises:
        UsageError: The directory is in use, or holds a run of another configuration.
        DataError: The samples cannot be used.
        RunError: The engine or the disk failed, or no request is ever answered; what was finished is stored,
            and where that is nothing, a directory that was made here is gone.
        Interrupted: The run was stopped with Ctrl-C or SIGTERM; what was finished is stored.
    """
    samples = {each.task.id: _counted(each, plan.limit, observer) for each in plan.tasks}
    asked = sum(samples.values()) * plan.repeats
    with directory.locked(observer.warned):
        manifest = manifest_of(plan, samples, directory)
        manifest.counts = Counts(asked=sum(manifest.responses().values()))
        manifest.write(directory.manifest)
        session = _Session(plan, directory, observer, manifest)
        try:
            observer.started(asked)
            with ResponseLog(directory.responses) as log:
                for warning in _unread(log, directory):
                    observer.warned(warning)
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
            self._manifest.add_engine(EngineRecord(**asdict(engine.description)))
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
        text, error = response.text, response.error
        if text is not None and len(text) > LONGEST_RESPONSE:
            error = f"the response has {len(text):,} characters: more than any that is read"
            text = None
        row = replace(
            self._waiting.pop(response.key),
            response=text,
            finish_reason=response.finish_reason if error is None else None,
            error=error,
            n_prompt_tokens=response.n_prompt_tokens,
            n_output_tokens=response.n_output_tokens,
        )
        log.append(row)
        self.generated += 1
        self._output_tokens += response.n_output_tokens or 0
        if row.error is not None:
            self.failed.append((row.task, row.sample_id, row.error))
            if row.key not in self._faulty and not row.error.startswith(_image_prefixes(row)):
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
            samples, tokens = before.samples + self.generated, before.output_tokens + self._output_tokens
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
            for (sample, prompt, _), images in read:
                for repeat in range(self._plan.repeats):
                    row = self._row(task_run, sample, prompt, images, repeat)
                    if row in log:
                        self._observer.kept()
                        continue
                    self._waiting[row.key] = row
                    if any(isinstance(each.data, str) for each in images):
                        self._faulty.add(row.key)
                    sampling = seeded(task_run.sampling, self._plan.seed, sample, repeat)
                    yield Request(row.key, prompt, images, sampling)

    def _row(
        self, task_run: TaskRun, sample: Sample, prompt: str, images: Sequence[SampleImage], repeat: int
    ) -> StoredResponse:
        hashes = tuple(each.sha256 for each in images)
        image_sha256 = joined_sha256(hashes)
        several = len(sample.images) > 1
        return StoredResponse(
            key=response_key(self._plan, task_run.sampling, sample, prompt, image_sha256, repeat),
            task=sample.task,
            sample_id=sample.id,
            repeat=repeat,
            target=sample.target,
            candidates=sample.candidates,
            image=sample.image,
            image_sha256=image_sha256,
            prompt_sha256=sha256_of(prompt),
            response=None,
            finish_reason=None,
            error=None,
            n_prompt_tokens=None,
            n_output_tokens=None,
            kind=task_run.task.answers.name,
            images=sample.images if several else (),
            images_sha256=hashes if several else (),
            attributes=sample.attributes,
        )


def _counted(task_run: TaskRun, limit: int | None, observer: RunObserver) -> int:
    """How many samples the task has; a first pass over the table finds what must not stop a run later."""
    task, data = task_run.task, task_run.data
    count = faulty = missing = unprompted = 0
    why = ""
    absent: str | None = None
    for sample in data.samples(task, limit):
        count += 1
        if sample.fault is not None:
            faulty += 1
            continue
        absent = sample.missing_image()
        missing += absent is not None
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
        such = sample.root / (absent or "")
        raise DataError(
            f"none of the {count} images of {task.id} is there, such as {such}"
            if len(sample.images) == 1
            else f"none of the {count} samples of {task.id} has all its images: there is no {such}",
            f"Check --data: image paths start from {sample.root.absolute()}.",
        )
    if limit is None and not task.expects(count):
        expected = task.expected_rows(" to ")
        observer.warned(f"{task.id} has {count} samples in {data.name}; {expected} are expected")
    return count


def _unread(log: ResponseLog, directory: RunDirectory) -> Iterator[str]:
    """A sentence on the lines of the log that are no responses, if there are any."""
    if log.unread:
        some = "; ".join(f"line {each.number}: {each.problem}" for each in log.unread[:MOST_NAMED])
        moved = "1 line" if len(log.unread) == 1 else f"{len(log.unread):,} lines"
        yield (
            f"{directory.responses}: moved {moved} that cannot be read to {directory.unread.name}; "
            f"what was there is asked again ({some})"
        )


def _read(asked: tuple[Sample, str, str | None]) -> tuple[SampleImage, ...]:
    """The images of a sample, of which the reason why it cannot be asked takes the place."""
    sample, _, why_not = asked
    if why_not is None:
        return sample.read_images()
    return tuple(SampleImage(image, why_not) for image in sample.images or ("",))


def _image_prefixes(row: StoredResponse) -> tuple[str, ...]:
    """How an error begins that is of one of the row's images."""
    return tuple(f"{image}: " for image in row.images or (row.image,))
