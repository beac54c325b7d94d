"""Whether responses answer a benchmark's samples: all of them, and no others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vecbench.engines import Sampling
from vecbench.errors import DataError, ImageError
from vecbench.models import Model
from vecbench.prompts import prompt_of
from vecbench.run import RunPlan, response_key
from vecbench.samples import DataSource, Sample, open_data
from vecbench.store import Manifest, StoredResponse
from vecbench.tasks import Task

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Coverage:
    """What could be compared with something that the submission's author has no hold on.

    Attributes:
        sample_ids: Ids and targets, with the data.
        images: Image hashes, with the data.
        prompts: Prompt hashes, with what the task renders.
        keys: Response keys, with model, settings, prompt and image hash.
    """

    sample_ids: bool
    images: bool
    prompts: bool
    keys: bool


def check_samples(
    responses: Iterable[StoredResponse],
    manifest: Manifest,
    tasks: Sequence[Task],
    data: str | None,
    where: str,
) -> Coverage:
    """Checks that every sample of every task is answered, as the manifest says.

    Args:
        responses: Of the submission.
        manifest: Its run.json, whose tasks are `tasks`.
        tasks: Of the benchmark.
        data: Where the samples are, as `open_data` takes it; None for the data that comes with each task, if
            any.
        where: Named in the errors.

    Returns:
        What could be checked.

    Raises:
        DataError: A sample is missing, unknown or answered twice, or is not what the data or the task says.
    """
    by_task: dict[str, list[StoredResponse]] = {task.id: [] for task in tasks}
    for each in responses:
        if each.task not in by_task:
            raise DataError(
                f"{where}: responses to the task {each.task!r:.60}, which is not of the benchmark"
            )
        by_task[each.task].append(each)
    for task in tasks:
        _require_complete(task, by_task[task.id], manifest, where)
    sources = _sources(tasks, data)
    found = [_check_task(task, by_task[task.id], manifest, sources.get(task.id), where) for task in tasks]
    return Coverage(
        sample_ids=all(each.sample_ids for each in found),
        images=all(each.images for each in found),
        prompts=all(each.prompts for each in found),
        keys=all(each.keys for each in found),
    )


def _sources(tasks: Sequence[Task], data: str | None) -> dict[str, DataSource]:
    """Task id → where its samples are, for those whose data is at hand."""
    opened: dict[str | Path, DataSource] = {}
    sources = {}
    for task in tasks:
        where = data or task.data
        if where is None:
            continue
        if where not in opened:
            opened[where] = open_data(where)
        sources[task.id] = opened[where]
    for source in opened.values():
        source.fetch(task for task in tasks if sources.get(task.id) is source)
    return sources


def _check_task(
    task: Task,
    responses: Sequence[StoredResponse],
    manifest: Manifest,
    source: DataSource | None,
    where: str,
) -> Coverage:
    record = manifest.tasks[task.id]
    samples = None if source is None else {sample.id: sample for sample in source.samples(task)}
    if samples is not None:
        _require_same_samples(task, record.prompt, responses, samples, where)
    settings = record.sampling
    sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, tuple(settings.stop))
    model = Model(manifest.model.name, "", manifest.model.revision)
    plan = RunPlan(
        model,
        (),
        manifest.seed,
        pixel_limits=manifest.pixel_limits,
        answer_settings=manifest.answer_settings,
    )
    renders = samples is not None or "dataset_prompt" not in task.prompts[record.prompt]
    if renders:
        for each in responses:
            sample = samples[each.sample_id] if samples else _claimed_sample(task, each)
            prompt, fault = prompt_of(task, record.prompt, sample)
            place = f"{where}: {task.id}, sample {each.sample_id!r:.80}"
            if fault is not None and each.error is None:
                raise DataError(f"{place}: answered, and cannot be asked: {fault}")
            if each.prompt_sha256 != hashlib.sha256(prompt.encode(errors="surrogatepass")).hexdigest():
                raise DataError(f"{place}: another prompt than profile {record.prompt} gives")
            if each.key != response_key(plan, sampling, sample, prompt, each.image_sha256, each.repeat):
                raise DataError(
                    f"{place}: its key is not that of the model, settings, prompt and image in run.json"
                )
    there = samples is not None
    return Coverage(sample_ids=there, images=there, prompts=renders, keys=renders)


def _require_complete(
    task: Task, responses: Sequence[StoredResponse], manifest: Manifest, where: str
) -> None:
    said = manifest.tasks[task.id].samples
    ids = {each.sample_id for each in responses}
    if len(ids) != said:
        raise DataError(f"{where}: {task.id} has responses to {len(ids)} samples, run.json says {said}")
    answered: set[tuple[str, int]] = set()
    for each in responses:
        place = f"{where}: {task.id}, sample {each.sample_id!r:.80}"
        if (each.sample_id, each.repeat) in answered:
            raise DataError(f"{place}: answered twice")
        if not 0 <= each.repeat < manifest.repeats:
            raise DataError(f"{place}: repeat {each.repeat}, run.json says {manifest.repeats} repeats")
        answered.add((each.sample_id, each.repeat))
        if sorted(each.candidates) != sorted(task.labels):
            raise DataError(f"{place}: its candidates are not the labels of the task")
        if each.target not in task.labels and each.error is None:
            raise DataError(f"{place}: its target {each.target!r:.60} is none of the labels")
    if len(answered) != said * manifest.repeats:
        raise DataError(
            f"{where}: {task.id} has {len(answered)} responses, {said} samples × {manifest.repeats} repeats "
            "are expected"
        )


def _require_same_samples(
    task: Task,
    profile: str,
    responses: Sequence[StoredResponse],
    samples: Mapping[str, Sample],
    where: str,
) -> None:
    ids = {each.sample_id for each in responses}
    for said, odd in (("no response to", samples.keys() - ids), ("unknown", ids - samples.keys())):
        if odd:
            names = ", ".join(f"{name:.80}" for name in sorted(odd)[:MOST_NAMED])
            more = f" and {len(odd) - MOST_NAMED} more" if len(odd) > MOST_NAMED else ""
            raise DataError(f"{where}: {task.id}: {said} the samples {names!r}{more}")
    hashes = {name: _image_sha256(task, profile, sample) for name, sample in samples.items()}
    for each in responses:
        place = f"{where}: {task.id}, sample {each.sample_id!r:.80}"
        expected = samples[each.sample_id].target
        if each.target != expected:
            raise DataError(f"{place}: its target is {each.target!r:.60}, the data says {expected!r:.60}")
        if each.candidates != samples[each.sample_id].candidates:
            raise DataError(f"{place}: its candidates are in another order than the data's")
        if each.image_sha256 != hashes[each.sample_id]:
            raise DataError(f"{place}: another image than the data's")


def _image_sha256(task: Task, profile: str, sample: Sample) -> str | None:
    """As a run stores it: None of an image that it does not read, since its sample cannot be asked."""
    if prompt_of(task, profile, sample)[1] is not None:
        return None
    try:
        return hashlib.sha256(sample.image_bytes()).hexdigest()
    except ImageError:
        return None


def _claimed_sample(task: Task, response: StoredResponse) -> Sample:
    candidates = response.candidates
    return Sample(task.id, response.sample_id, response.image, response.target, candidates, None, Path())
