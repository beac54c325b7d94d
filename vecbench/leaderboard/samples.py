"""Whether responses answer a benchmark's samples: all of them, and no others."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vecbench.digests import joined_sha256, sha256_of
from vecbench.engines import Sampling
from vecbench.errors import DataError, ImageError
from vecbench.models import Model
from vecbench.run import RunPlan, TaskRun, response_key
from vecbench.run.control import image_reader
from vecbench.samples import DataSource, Sample, open_data
from vecbench.store import Manifest, StoredResponse, TaskRecord
from vecbench.tasks import Task
from vecbench.tasks.prompts import needed_columns, prompt_of

MOST_NAMED = 3
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What could be compared with something that the submission's author has no hold on.

    Attributes:
        data: Ids, targets and image hashes, with the data.
        prompts: Prompt hashes and response keys, with what tasks, settings, model and image hashes give. The
            keys of a control that shows other samples' images take the data, by its own ids and paths.
        by_image: Samples that the data knows by another id, as another format of it does: they were told by
            their images, and the order of their candidates could not be checked.
    """

    data: bool
    prompts: bool
    by_image: int = 0


def responses_digest(responses: Iterable[StoredResponse]) -> str:
    """SHA-256 of which image was answered with which text; white space and all order left aside.

    A sample without an image goes by its id.
    """
    said = sorted(
        (each.task, each.image_sha256 or each.sample_id, each.repeat, " ".join((each.response or "").split()))
        for each in responses
    )
    return sha256_of(json.dumps(said))


def check_samples(
    responses: Iterable[StoredResponse],
    manifest: Manifest,
    tasks: Sequence[Task],
    data: str | None,
    where: str,
) -> Coverage:
    """What could be checked of whether every sample of every task is answered, as the manifest says.

    `data` is where the samples are, as `open_data` takes it; None for the data that comes with each task, if
    any. `where` is named in the errors.
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
    sources = _sources(tasks, data, manifest.columns)
    found = [_check_task(task, by_task[task.id], manifest, sources.get(task.id), where) for task in tasks]
    return Coverage(
        all(each.data for each in found),
        all(each.prompts for each in found),
        sum(each.by_image for each in found),
    )


def _sources(tasks: Sequence[Task], data: str | None, columns: Mapping[str, str]) -> dict[str, DataSource]:
    """Task id → where its samples are, for those whose data is at hand."""
    opened: dict[str | Path, DataSource] = {}
    sources = {}
    for task in tasks:
        where = data or task.data
        if where is None:
            continue
        if where not in opened:
            opened[where] = open_data(where, columns=columns)
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
    samples: dict[str, Sample] = {}
    by_image = 0
    if source is not None:
        known = {sample.id: sample for sample in source.samples(task)}
        hashes = {name: _image_sha256(task, record.prompt, sample) for name, sample in known.items()}
        named = _data_ids(task, responses, hashes, where)
        by_image = sum(name != other for name, other in named.items())
        for each in responses:
            name, sample = each.sample_id, known[named[each.sample_id]]
            if sample.id != name:
                sample = replace(sample, id=name, candidates=each.candidates)
            samples[name] = sample
        _require_same_samples(task, responses, samples, {name: hashes[named[name]] for name in named}, where)
    sampling = _sampling(record)
    plan = RunPlan(
        Model(manifest.model.name, "", manifest.model.revision),
        (),
        manifest.seed if record.seed is None else record.seed,
        pixel_limits=manifest.pixel_limits,
        answer_settings=manifest.answer_settings,
        control=manifest.control,
    )
    # What another format of the data calls its images decides which ones stand in for which.
    shown = _stand_ins(plan, task, record, None if by_image else source)
    renders = source is not None or not needed_columns(task, record.prompt)
    if renders:
        for each in responses:
            sample = samples[each.sample_id] if samples else _claimed_sample(task, each)
            prompt, fault = prompt_of(task, record.prompt, sample)
            place = f"{where}: {task.id}, sample {each.sample_id!r:.80}"
            if fault is not None and each.error is None:
                raise DataError(f"{place}: has a response and cannot have been asked: {fault:.200}")
            if each.prompt_sha256 != sha256_of(prompt):
                raise DataError(f"{place}: another prompt than profile {record.prompt} gives")
            if shown is None:
                continue
            key = response_key(
                plan, sampling, sample, prompt, each.image_sha256, each.repeat, shown.get(each.sample_id)
            )
            if each.key != key:
                raise DataError(
                    f"{place}: its key is not that of the model, settings, prompt and image in run.json"
                )
    return Coverage(source is not None, renders and shown is not None, by_image)


def _stand_ins(
    plan: RunPlan, task: Task, record: TaskRecord, source: DataSource | None
) -> dict[str, str | None] | None:
    """Sample id → hash of other samples' images that are shown in place of its own.

    Empty where none are; None where which ones cannot be known, without the data.
    """
    if plan.control is None or plan.control.name != "shuffled":
        return {}
    if source is None:
        return None
    read = image_reader(plan, TaskRun(task, source, record.prompt, _sampling(record)))
    asked = ((sample, *prompt_of(task, record.prompt, sample)) for sample in source.samples(task))
    return {each[0].id: read(each).sha256 for each in asked}


def _sampling(record: TaskRecord) -> Sampling:
    return Sampling(**record.sampling.model_dump() | {"stop": tuple(record.sampling.stop)})


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
        if each.kind != task.answers.name:
            raise DataError(f"{place}: its kind is {each.kind!r:.60}, that of the task {task.answers.name}")
        if task.labels and sorted(each.candidates) != sorted(task.labels):
            raise DataError(f"{place}: its candidates are not the labels of the task")
        if each.image_sha256 is None and each.error is None:
            raise DataError(f"{place}: has a response and no image")
        if each.image_sha256 is not None and not _SHA256.fullmatch(each.image_sha256):
            raise DataError(f"{place}: its image_sha256 is {each.image_sha256!r:.80}, which is no SHA-256")
        fault = _target_fault(task, each)
        if fault is not None and each.error is None:
            raise DataError(f"{place}: {fault}")
    if len(answered) != said * manifest.repeats:
        raise DataError(
            f"{where}: {task.id} has {len(answered)} responses, {said} samples × {manifest.repeats} repeats "
            "are expected"
        )


def _target_fault(task: Task, response: StoredResponse) -> str | None:
    """Why a target as it is stored is none of the task's."""
    kind, target = task.answers, response.target
    try:
        is_one = kind.load(target) == kind.target(target, response.candidates)
    except ValueError as fault:
        return str(fault)
    return None if is_one else f"the target {target!r:.60} is spelt otherwise than it is stored"


def _data_ids(
    task: Task, responses: Sequence[StoredResponse], hashes: Mapping[str, str | None], where: str
) -> dict[str, str]:
    """Sample id of the responses → that of the data: the same, or, if no id is in both, that of its image.

    A sample must have a counterpart, and its image occur only once among those without. `hashes` are those of
    the data's images, by sample id.
    """
    ids = {each.sample_id for each in responses}
    unknown = {each.sample_id: each.image_sha256 for each in responses if each.sample_id not in hashes}
    unanswered = {name: sha256 for name, sha256 in hashes.items() if name not in ids}
    found: dict[str, str] = {}
    if not ids & hashes.keys():  # another format of the data names all its samples in another way
        there, here = (_by_only_image(each) for each in (unanswered, unknown))
        found = {here[sha256]: there[sha256] for sha256 in here.keys() & there.keys()}
    for said, odd in (
        ("no response to", unanswered.keys() - set(found.values())),
        ("unknown", unknown.keys() - found.keys()),
    ):
        if odd:
            names = ", ".join(f"{name:.80}" for name in sorted(odd)[:MOST_NAMED])
            more = f" and {len(odd) - MOST_NAMED} more" if len(odd) > MOST_NAMED else ""
            raise DataError(f"{where}: {task.id}: {said} the samples {names!r}{more}")
    return {name: name for name in ids & hashes.keys()} | found


def _by_only_image(hashes: Mapping[str, str | None]) -> dict[str, str]:
    """Image hash → the sample id that alone has it."""
    counts = Counter(hashes.values())
    return {sha256: name for name, sha256 in hashes.items() if sha256 is not None and counts[sha256] == 1}


def _require_same_samples(
    task: Task,
    responses: Sequence[StoredResponse],
    samples: Mapping[str, Sample],
    hashes: Mapping[str, str | None],
    where: str,
) -> None:
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
    """What a run stores: nothing for a sample that it does not ask about."""
    _, fault = prompt_of(task, profile, sample)
    if fault is not None:
        return None
    try:
        count = len(sample.images)
        return joined_sha256([hashlib.sha256(sample.image_bytes(n)).hexdigest() for n in range(count)])
    except ImageError:
        return None


def _claimed_sample(task: Task, response: StoredResponse) -> Sample:
    images, candidates = response.images or (response.image,), response.candidates
    return Sample(task.id, response.sample_id, images, response.target, candidates, None, Path())
