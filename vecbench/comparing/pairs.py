"""Which rows of the two sides answer the same request, and what keeps the sides apart."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from vecbench.comparing.sides import RowKey, Side, frame_side, key_of, open_side
from vecbench.errors import DataError, UsageError, nearest
from vecbench.parsing import Prediction
from vecbench.scoring import STRICT
from vecbench.store import StoredResponse
from vecbench.store.manifest import EngineRecord
from vecbench.tasks import Catalogue

if TYPE_CHECKING:
    from pandas import DataFrame

Kind = Literal["samples", "images", "labels", "prompts", "tasks", "protocol"]
"""What two sides must have in common unless told otherwise.

samples: the tasks, samples and repeats. images: their images' hashes. labels: their targets and candidates.
prompts: their rendered prompts. tasks: the tasks' versions. protocol: how responses were read.
"""

KINDS: tuple[Kind, ...] = get_args(Kind)

COMPUTED_WITH = {"dtype": "unknown", "quantization": "none"}
"""Arguments of engines that change the numbers answers come from → what a run that does not say it has."""

SHOWN = 3
"""Samples that a message names."""

Pair = tuple[Prediction, Prediction]

_Told = TypeVar("_Told", Prediction, StoredResponse)


@dataclass(frozen=True)
class Pairing:
    """Rows side by side, ordered by task, sample and repeat.

    Attributes:
        candidate: The second side, its samples named as the first side names them.
        allowed: Kind → how the sides differ in it, where that was allowed.
        notes: What could not be checked, or differs without making the comparison wrong.
    """

    pairs: tuple[Pair, ...]
    candidate: Side
    allowed: Mapping[Kind, str]
    notes: tuple[str, ...]


def paired(baseline: Side, candidate: Side, allow: Collection[str] = ()) -> Pairing:
    """The rows that both sides have, aligned by task, sample and repeat.

    Of a task of which they have no sample id in common, samples are aligned by their images: the formats of
    the same data name them differently. An image that a side's task has twice tells no sample.
    """
    candidate, told_by_image = _renamed_by_image(baseline, candidate)
    pairs, differing = _aligned(baseline, candidate)
    if not pairs:
        raise DataError(
            f"{baseline.path} and {candidate.path} have no sample in common: {differing['samples']}",
            "Compare runs of the same tasks on the same data.",
        )
    require_allowed(differing, allow, f"{len(pairs):,} rows that both have")
    notes = list(_notes(baseline, candidate, pairs))
    if told_by_image:
        notes.append(
            f"{told_by_image:,} of {len(pairs):,} rows were matched by their images: the sides name these "
            "samples differently."
        )
    return Pairing(tuple(pairs), candidate, differing, tuple(notes))


def differences_between(baseline: Side, candidate: Side) -> Mapping[Kind, str]:
    """Kind → how the sides differ in it, of those in which they do; see `paired`."""
    return _aligned(baseline, _renamed_by_image(baseline, candidate)[0])[1]


def _aligned(baseline: Side, candidate: Side) -> tuple[list[Pair], Mapping[Kind, str]]:
    first, second = ({key_of(row): row for row in side.rows} for side in (baseline, candidate))
    common = sorted(first.keys() & second.keys())
    pairs = [(first[key], second[key]) for key in common]
    found: dict[Kind, str | None] = {
        "samples": _sample_difference(first, second),
        "images": _images(pairs),
        "labels": _labels(pairs, candidates=baseline.tells_candidates and candidate.tells_candidates),
        "prompts": _prompts(baseline, candidate, common),
        "tasks": _task_versions(baseline, candidate),
        "protocol": protocol_difference(baseline, candidate),
    }
    return pairs, {kind: said for kind, said in found.items() if said is not None}


def _renamed_by_image(baseline: Side, candidate: Side) -> tuple[Side, int]:
    """The candidate with the baseline's sample ids where those name the same images, and the rows renamed."""
    ids = [{(row.task, row.sample_id) for row in side.rows} for side in (baseline, candidate)]
    met = {task for task, _ in ids[0] & ids[1]}
    there, here = (_samples_by_image(side, met) for side in (baseline, candidate))
    names = {(image[0], here[image]): there[image] for image in here.keys() & there.keys()}
    if not names:
        return candidate, 0

    def renamed(told: _Told) -> _Told:
        return replace(told, sample_id=names.get((told.task, told.sample_id), told.sample_id))

    prompts = {
        (task, names.get((task, sample), sample), repeat): sha256
        for (task, sample, repeat), sha256 in candidate.prompts.items()
    }
    count = sum((row.task, row.sample_id) in names for row in candidate.rows)
    rows, responses = tuple(map(renamed, candidate.rows)), tuple(map(renamed, candidate.responses))
    return replace(candidate, rows=rows, responses=responses, prompts=prompts), count


def _samples_by_image(side: Side, without: Collection[str]) -> dict[tuple[str, str], str]:
    """Task and image hash → the only sample with that image; some tasks are left out."""
    samples: dict[tuple[str, str], set[str]] = {}
    for row in side.rows:
        if row.image_sha256 is not None and row.task not in without:
            samples.setdefault((row.task, row.image_sha256), set()).add(row.sample_id)
    return {image: ids.pop() for image, ids in samples.items() if len(ids) == 1}


def allowed_kinds(allow: Iterable[str]) -> tuple[str, ...]:
    """The kinds of differences that somebody accepts, each entry one kind or several with commas."""
    kinds = tuple(kind for each in allow for kind in each.split(","))
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"--allow: unknown kind {kind!r}", nearest(kind, KINDS))
    return kinds


def require_allowed(differing: Mapping[Kind, str], allow: Collection[str], common: str) -> None:
    """Refuses differences that are not allowed."""
    refused = [kind for kind in differing if kind not in allow]
    if refused:
        said = "; ".join(f"{kind}: {differing[kind]}" for kind in refused)
        options = " ".join(f"--allow {kind}" for kind in refused)
        raise DataError(f"the two sides differ in {said}", f"{options} compares the {common} all the same.")


def protocol_difference(baseline: Side, candidate: Side) -> str | None:
    """How the protocols differ; None if they do not, or one is unknown."""
    first, second = baseline.protocol, candidate.protocol
    if first is None or second is None or first == second:
        return None
    return f"{first} there, {second} here"


def both_sides(
    given: Sequence[Path | DataFrame],
    protocol: str | None,
    catalogue: Catalogue,
    allow: Collection[str] = (),
    *,
    task: str | None = None,
    names: Mapping[str, str] | None = None,
) -> list[Side]:
    """The baseline and the candidate, read.

    Args:
        given: Two runs, files or DataFrames.
        protocol: To be read by; None for the one that a file was made by, or else the strict one.
        catalogue: Brings the tasks.
        allow: Kinds of differences that are accepted.
        task: Of rows that name none.
        names: Field → the column that holds it; a run's are as they are.

    Raises:
        UsageError: There is nothing to read, or no such task or column.
        DataError: A file cannot be read, or was made by another protocol than was asked for.
    """
    way = protocol or STRICT.name
    opened = [
        open_side(each, way, catalogue, task=task, names=names)
        if isinstance(each, Path)
        else frame_side(each, name, way, catalogue, task=task, names=names)
        for each, name in zip(given, ("baseline", "candidate"), strict=True)
    ]
    if protocol is not None:
        require_protocol(protocol, opened, allow)
    return opened


def require_protocol(asked: str, sides: Iterable[Side], allow: Collection[str] = ()) -> None:
    """Refuses sides that were read by another protocol than was asked for, unless that is allowed."""
    for side in sides:
        if side.protocol not in {None, asked} and "protocol" not in allow:
            raise DataError(
                f"{side.path} was read under the protocol {side.protocol}, not {asked}",
                "Name the responses that it was made from; --allow protocol compares it as it is.",
            )


def unknown_protocols(baseline: Side, candidate: Side) -> Iterator[str]:
    """A note for each side that does not say how it was read."""
    for side, which in ((baseline, "baseline"), (candidate, "candidate")):
        if side.protocol is None:
            yield f"The {which}'s protocol is unknown: its file does not say."


def _sample_difference(first: Mapping[RowKey, Prediction], second: Mapping[RowKey, Prediction]) -> str | None:
    lost, added = sorted(first.keys() - second.keys()), sorted(second.keys() - first.keys())
    if not lost and not added:
        return None
    both = len(first.keys() & second.keys())
    parts = [f"{both:,} rows in both"]
    parts += [f"{len(lost):,} only in the baseline ({_listed(lost)})"] if lost else []
    parts += [f"{len(added):,} only in the candidate ({_listed(added)})"] if added else []
    return ", ".join(parts)


def _listed(keys: Sequence[RowKey]) -> str:
    """Rows per task, and the first few by name."""
    per_task = Counter(task for task, _, _ in keys)
    tasks = ", ".join(f"{task} {count}" for task, count in list(per_task.items())[:SHOWN])
    more = f" and {len(per_task) - SHOWN} more tasks" if len(per_task) > SHOWN else ""
    task, sample, repeat = keys[0]
    return f"{tasks}{more}; first: {task}, {sample!r}" + (f", repeat {repeat}" if repeat else "")


def _images(pairs: Iterable[Pair]) -> str | None:
    def differ(old: Prediction, new: Prediction) -> bool:
        return None not in (old.image_sha256, new.image_sha256) and old.image_sha256 != new.image_sha256

    return _counted(pairs, differ, "have another image")


def _labels(pairs: Iterable[Pair], *, candidates: bool) -> str | None:
    def differ(old: Prediction, new: Prediction) -> bool:
        return old.target != new.target or (candidates and set(old.candidates) != set(new.candidates))

    return _counted(pairs, differ, "have another target or other candidates")


def _counted(pairs: Iterable[Pair], differ: Callable[[Prediction, Prediction], bool], how: str) -> str | None:
    keys = [key_of(old) for old, new in pairs if differ(old, new)]
    return f"{len(keys):,} rows {how} ({_listed(keys)})" if keys else None


def _prompts(baseline: Side, candidate: Side, common: Sequence[RowKey]) -> str | None:
    known = [key for key in common if key in baseline.prompts and key in candidate.prompts]
    keys = [key for key in known if baseline.prompts[key] != candidate.prompts[key]]
    if not keys:
        return None
    said = f"{len(keys):,} rows have another prompt ({_listed(keys)})"
    task = keys[0][0]
    profiles = [
        side.manifest.tasks[task].prompt
        for side in (baseline, candidate)
        if side.manifest is not None and task in side.manifest.tasks
    ]
    return f"{said}; profile {profiles[0]} there, {profiles[1]} here" if len(profiles) == 2 else said


def _task_versions(baseline: Side, candidate: Side) -> str | None:
    if baseline.manifest is None or candidate.manifest is None:
        return None
    first, second = baseline.manifest.tasks, candidate.manifest.tasks
    differing = [
        f"{name} has version {first[name].version} there, {second[name].version} here"
        for name in first
        if name in second and first[name].version != second[name].version
    ]
    return ", ".join(differing) or None


def _notes(baseline: Side, candidate: Side, pairs: Sequence[Pair]) -> Iterable[str]:
    rows = f"of {len(pairs):,} rows"
    unhashed = sum(None in (old.image_sha256, new.image_sha256) for old, new in pairs)
    if unhashed:
        yield f"{unhashed:,} {rows} lack an image hash on a side: they were matched by sample id alone."
    told = baseline.prompts.keys() & candidate.prompts.keys()
    untold = sum(key_of(old) not in told for old, _ in pairs)
    if untold:
        yield f"{untold:,} {rows} lack a prompt hash on a side: whether the prompts differ is unknown."
    yield from unknown_protocols(baseline, candidate)
    for place, side, which in ((0, baseline, "baseline"), (1, candidate, "candidate")):
        if side.manifest is not None and side.manifest.status != "complete":
            yield f"The {which}'s run is {side.manifest.status}."
        errors = sum(pair[place].reading.answer_status == "error" for pair in pairs)
        if errors:
            yield f"{errors:,} {rows} are errors of the {which}'s run; they count as wrong."
    yield from _settings(baseline, candidate)
    if len({old.repeat for old, _ in pairs}) > 1 and not candidate.is_published:
        yield (
            "Several answers to a sample: whole samples are resampled, and accuracy is tested by "
            "bootstrap, since the exact test takes answers for independent."
        )


def _settings(baseline: Side, candidate: Side) -> Iterable[str]:
    """Generation settings are a legitimate subject of a comparison, and must not go unnoticed."""
    if baseline.manifest is None or candidate.manifest is None:
        return
    first, second = baseline.manifest, candidate.manifest
    told: dict[str, list[str]] = {}
    for name in first.tasks.keys() & second.tasks.keys():
        old, new = first.tasks[name].sampling.model_dump(), second.tasks[name].sampling.model_dump()
        for key in old:
            if old[key] != new[key]:
                told.setdefault(f"{key} is {old[key]} there, {new[key]} here", []).append(name)
    for said, names in told.items():
        yield f"{said} ({', '.join(sorted(names))})."
    if first.pixel_limits != second.pixel_limits:
        old_limits, new_limits = first.pixel_limits or "none", second.pixel_limits or "none"
        yield f"Pixel limits are {old_limits} there, {new_limits} here."
    for name in sorted({*first.answer_settings, *second.answer_settings}):
        there, here = (json.dumps(each.answer_settings.get(name)) for each in (first, second))
        if there != here:
            yield f"{name} is {there:.80} there, {here:.80} here."
    if first.engine is not None and second.engine is not None:
        yield from _engines(first.engine, second.engine)
    for manifest, place in ((first, "there"), (second, "here")):
        if manifest.earlier_engines:
            yield f"Several engines, or one with several settings, answered {place}: run.json lists them."


def _engines(old: EngineRecord, new: EngineRecord) -> Iterable[str]:
    """What computes answers in another way, or in other numbers."""
    if old.name != new.name:
        yield f"The engine is {old.name} there, {new.name} here."
    if old.omitted.keys() != new.omitted.keys():
        without = [" and ".join(sorted(each.omitted)) or "nothing" for each in (old, new)]
        yield f"Left out of the endpoint's requests is {without[0]} there, {without[1]} here."
    for name, otherwise in COMPUTED_WITH.items():
        said = [each.arguments.get(name) or otherwise for each in (old, new)]
        if said[0] != said[1]:
            yield f"The engine's {name} is {said[0]} there, {said[1]} here."
