"""One go at a run: what lacks a response is asked about, and what comes is stored as it finishes."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Protocol

from vecbench.ahead import done_ahead
from vecbench.digests import joined_sha256, sha256_of
from vecbench.engines import Engine, Request, Response
from vecbench.errors import DataError, Interrupted, RunError
from vecbench.run.control import ShownImages, image_reader
from vecbench.run.manifest import manifest_of
from vecbench.run.plan import NO_OPTIONS, RunPlan, TaskRun, response_key, seeded
from vecbench.run.token_confidence import N_ALTERNATIVES, token_confidence
from vecbench.samples import Sample
from vecbench.store import (
    LONGEST_RESPONSE,
    Manifest,
    ResponseLog,
    RunDirectory,
    StoredAnswers,
    StoredResponse,
    answered_and_failed,
    read_responses,
)
from vecbench.store.kept_tasks import keep_tasks
from vecbench.store.manifest import Counts, EngineRecord, Status, Throughput, now
from vecbench.tasks.prompts import prompt_of

READ_AHEAD = 4
"""So many image files are read and hashed at once, before the engine asks for them."""
HOPELESS_AFTER = 10
"""So many requests that failed alike, with none of the run ever answered, and the others will fail too."""
MOST_NAMED = 3
"""So many lines of the log that could not be read are named, and reasons why options are not scored."""
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What came of a run."""

    asked: int  # responses that the plan asks for
    generated: int  # those generated now; the others were there already
    seconds: float  # that it took to generate them, without the engine's start
    prompt_tokens: int  # of those, as the engine counted them
    output_tokens: int
    uncounted: int  # of those, whose tokens the engine did not count
    failed: tuple[tuple[str, str, str], ...]  # (task, sample id, error) of the samples without a response
    manifest: Manifest  # as it was written


class RunObserver(Protocol):
    """Somebody who watches a run: a progress bar, a test."""

    def stage(self, doing: str, done: str) -> AbstractContextManager[object]:
        """Something that may take a while goes on until the block ends: said as it goes on, and once done."""

    def warned(self, message: str) -> None:
        """Something deserves attention and stops nothing."""

    def started(self, asked: int, samples: Mapping[str, int]) -> None:
        """The samples have been counted, by task; `asked` responses are wanted."""

    def kept(self) -> None:
        """One response was stored already."""

    def generating(self) -> None:
        """The engine is there; what it answers comes from now on."""

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
    samples = _samples(plan, observer)
    asked = sum(samples.values()) * plan.repeats
    with directory.locked(observer.warned):
        manifest = manifest_of(plan, samples, directory)
        manifest.counts = Counts(asked=sum(manifest.responses().values()))
        manifest.write(directory.manifest)
        session = _Session(plan, directory, observer, manifest)
        try:
            keep_tasks(directory, (each.task for each in plan.tasks), plan.groups, manifest.tasks.keys())
            observer.started(asked, samples)
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
        return session.outcome(asked)


def outstanding(
    plan: RunPlan, directory: RunDirectory, observer: RunObserver, *, downloads: bool = False
) -> tuple[int, Iterator[Request]]:
    """How many responses `run` wants, and the requests that it would make now; nothing is written.

    Args:
        plan: What is to be done.
        directory: Where its responses would go.
        observer: Told as in a run, up to its first request.
        downloads: Whether images that are not here are still to be downloaded.

    Raises:
        UsageError, DataError, RunError: As `run` would, before its engine is made.
    """
    samples = _samples(plan, observer, downloads=downloads)
    directory.require_usable()
    manifest = manifest_of(plan, samples, directory)
    asked = sum(samples.values()) * plan.repeats
    observer.started(asked, samples)
    stored = StoredAnswers(read_responses(directory.responses))
    return asked, _Session(plan, directory, observer, manifest).missing(stored)


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
        self._kinds = {each.task.id: (each.task.answers, each.form) for each in plan.tasks}
        self._asks = (plan.system_prompt, N_ALTERNATIVES if plan.token_confidence else 0)
        self._waiting: dict[str, StoredResponse] = {}
        self._began: float | None = None
        self._seconds = 0.0
        self._prompt_tokens = self._output_tokens = self._uncounted = 0
        self.generated = 0
        self.failed: list[tuple[str, str, str]] = []
        self._faulty: set[str] = set()
        self._refusals, self._unscored = Counter[str](), Counter[str]()
        self._last_refusal = ""

    def generate(self, make_engine: Callable[[], Engine], log: ResponseLog) -> None:
        missing = self.missing(log)
        with self._observer.stage("looking for what is stored already", "looked for what is stored"):
            first = next(missing, None)
        if first is None:
            return
        engine = make_engine()
        try:
            self._note(engine)
            self._manifest.write(self._directory.manifest)
            self._observer.generating()
            self._began = time.monotonic()
            for response in engine.generate(chain([first], missing)):
                self._store(response, log)
                self._require_hope(log, HOPELESS_AFTER)
        finally:
            self._note(engine)  # by now it knows what an endpoint does not take
            engine.close()
        for problem, count in self._unscored.most_common(MOST_NAMED):
            self._observer.warned(f"responses without scored options: {count:,} ({problem})")
        if self._waiting:
            raise RunError(f"the engine left {len(self._waiting)} requests without a response")
        self._require_hope(log, 1)

    def _note(self, engine: Engine) -> None:
        manifest = self._manifest
        manifest.engine, manifest.earlier_engines = self._engine_before, list(self._earlier_engines_before)
        manifest.add_engine(EngineRecord(**asdict(engine.description)))

    def _store(self, response: Response, log: ResponseLog) -> None:
        text, error = response.text, response.error
        if text is not None and len(text) > LONGEST_RESPONSE:
            error = f"the response has {len(text):,} characters: more than any that is read"
            text = None
        reasoning = response.reasoning and response.reasoning[: LONGEST_RESPONSE - len(text or "")]
        asked = self._waiting.pop(response.key)
        scored = None if error else token_confidence(response, asked.candidates, *self._kinds[asked.task])
        row = replace(
            asked,
            response=text,
            finish_reason=response.finish_reason if error is None else None,
            error=error,
            n_prompt_tokens=response.n_prompt_tokens,
            n_output_tokens=response.n_output_tokens,
            reasoning=reasoning,
            n_reasoning_tokens=response.n_reasoning_tokens,
            token_confidence=scored,
            option_log_probabilities=response.option_log_probabilities if error is None else (),
        )
        known = row in log  # it was asked again for its options alone, and stays as it is without them
        if row.option_log_probabilities or not known:
            log.append(row)
        if fault := response.options_fault or (row.error if known else None):
            self._unscored[_DIGITS.sub("…", fault)] += 1
        self.generated += 1
        self._prompt_tokens += response.n_prompt_tokens or 0
        self._output_tokens += response.n_output_tokens or 0
        self._uncounted += response.n_prompt_tokens is None or response.n_output_tokens is None
        if row.error is not None and not known:
            self.failed.append((row.task, row.sample_id, row.error))
            of_images = tuple(f"{image}: " for image in row.images or (row.image,))
            if row.key not in self._faulty and not row.error.startswith(of_images):
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
            self._seconds = time.monotonic() - self._began
            seconds = before.seconds + self._seconds
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

    def outcome(self, asked: int) -> RunOutcome:
        return RunOutcome(
            asked,
            self.generated,
            self._seconds,
            self._prompt_tokens,
            self._output_tokens,
            self._uncounted,
            tuple(self.failed),
            self._manifest,
        )

    def leave_manifest(self, status: Status) -> None:
        """Writes the manifest if that is possible; what ended the run matters more than that it is not."""
        with suppress(RunError):
            self.write_manifest(status)

    def missing(self, log: ResponseLog | StoredAnswers) -> Iterator[Request]:
        for task_run in self._plan.tasks:
            told = not self._plan.score_options
            samples = task_run.data.samples(task_run.task, self._plan.limit)
            asked = ((sample, *prompt_of(task_run.task, task_run.profile, sample)) for sample in samples)
            reader = image_reader(self._plan, task_run)
            # Files on a network's storage are slow one by one; hashing them takes no interpreter lock either.
            read = done_ahead(asked, reader, ahead=READ_AHEAD, threads=READ_AHEAD, name="read")
            for (sample, prompt, _), shown in read:
                options = task_run.options_of(sample.candidates) if self._plan.score_options else ()
                if not (told or options or sample.fault):
                    self._observer.warned(f"{task_run.task.id}: {NO_OPTIONS}")
                    told = True
                for repeat in range(self._plan.repeats):
                    row = self._row(task_run, sample, prompt, shown, repeat)
                    if log.has(row, with_options=bool(options)):
                        self._observer.kept()
                        continue
                    self._waiting[row.key] = row
                    if shown.is_faulty:
                        self._faulty.add(row.key)
                    sampling = seeded(task_run.sampling, self._plan.seed, sample, repeat)
                    request = Request(row.key, prompt, shown.images, sampling, *self._asks)
                    yield task_run.with_options(request, options, sample.candidates)

    def _row(
        self, task_run: TaskRun, sample: Sample, prompt: str, shown: ShownImages, repeat: int
    ) -> StoredResponse:
        hashes = tuple(each.sha256 for each in shown.own)
        image_sha256 = joined_sha256(hashes)
        several = len(sample.images) > 1
        return StoredResponse(
            key=response_key(
                self._plan, task_run.sampling, sample, prompt, image_sha256, repeat, shown.sha256
            ),
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


def _samples(plan: RunPlan, observer: RunObserver, *, downloads: bool = False) -> dict[str, int]:
    """Task id → how many samples it has."""
    with observer.stage("counting the samples", "counted"):
        return {each.task.id: _counted(each, plan.limit, observer, downloads) for each in plan.tasks}


def _counted(task_run: TaskRun, limit: int | None, observer: RunObserver, downloads: bool) -> int:
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
    if missing == count and not downloads:
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
