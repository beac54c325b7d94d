"""Responses from wherever they lie, scored, with everything that must be known of where they come from."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vecbench.interop.reading import ResponseSource
from vecbench.metrics.recalibration import Method
from vecbench.scoring import CompleteScores, Protocol, ReadingHealth, score_responses
from vecbench.store import Manifest
from vecbench.tasks import Catalogue

MOST_FAULTS = 3
"""Faults that a sentence names."""


def scored_source(
    source: ResponseSource,
    protocol: Protocol,
    catalogue: Catalogue,
    recalibrate: Method | None = None,
    *,
    fit_on: str | None = None,
    by: Sequence[str] = (),
) -> CompleteScores:
    """Reads responses to their end and scores them; the scores say what run they are of and what it lacks.

    DataError: No row can be used.
    """
    complete = score_responses(
        source.responses, protocol, catalogue, recalibrate=recalibrate, fit_on=fit_on, by=by
    )
    source.require_rows()
    # What was wrong with the responses is known once they have been read.
    lacking = _completeness_notes(source, complete.scores.names)
    unread = complete.reading.too_much(complete.scores.names)
    notes = (*complete.scores.notes, *source.warnings, *lacking, *([f"Unread: {unread}."] if unread else []))
    run = _run_facts(source.manifest) | source.facts()
    return replace(complete, scores=replace(complete.scores, run=run, notes=notes))


def _losses(source: ResponseSource, reading: ReadingHealth | None) -> Iterator[str]:
    """What was wrong with responses, in half a sentence each: what has no response, and what was not read."""
    if reading is not None:
        yield from (problem for problem, _ in reading.problems())
    failed, missing = source.resolution.failed, sum(source.missing().values())
    if failed:
        yield f"samples without a response: {failed:,}"
    if missing and source.manifest is not None:
        yield f"responses that are not there: {missing:,} of {sum(source.manifest.responses().values()):,}"
    if source.faults:
        effects = ", ".join(f"{count:,} {effect}" for effect, count in source.effects().items())
        first = "; ".join(str(fault) for fault in source.faults[:MOST_FAULTS])
        yield f"faults in what was read: {effects}, such as {first}"


def warn_of_losses(
    source: ResponseSource, name: object, reading: ReadingHealth | None = None, stacklevel: int = 3
) -> None:
    """Warns whoever called the caller of what was wrong with responses; nobody else would tell in Python."""
    said = "; ".join(_losses(source, reading))
    if said:
        warnings.warn(f"{name}: {said}", stacklevel=stacklevel)


def _run_facts(manifest: Manifest | None) -> dict[str, Any]:
    """What scores.json says of the run: what the scores depend on, and no times."""
    if manifest is None:
        return {}
    return {
        "model": manifest.model.name,
        "revision": manifest.model.revision,
        "engine": manifest.engine.name if manifest.engine else None,
        "prompts": manifest.profiles(),
        "sampling": {
            name: task.sampling.model_dump(exclude_defaults=True) for name, task in manifest.tasks.items()
        },
        "seed": manifest.seed,
        "limit": manifest.limit,
        "repeats": manifest.repeats,
        **({} if manifest.control is None else {"control": manifest.control.title}),
    }


def _completeness_notes(source: ResponseSource, names: Mapping[str, str]) -> Iterator[str]:
    """A sentence on the responses that a run lacks, and one on the samples that its limit left out."""
    manifest = source.manifest
    if manifest is None:
        return
    if manifest.control is not None:
        yield f"A control: {manifest.control.said}."
    missing, asked = source.missing(), manifest.responses()
    if missing:
        there = sum(asked.values()) - sum(missing.values())
        lacking = ", ".join(
            f"{names.get(name, name)} has {asked[name] - count:,} of {asked[name]:,}"
            for name, count in missing.items()
        )
        yield f"Incomplete: {there:,} of {sum(asked.values()):,} responses are there; {lacking}."
    limited = manifest.limited()
    if len(limited) == len(manifest.tasks) and len(set(limited.values())) == 1:
        yield f"Limited to the first {max(limited.values()):,} samples of each task."
    elif limited:
        cut = ", ".join(f"{count:,} of {names.get(name, name)}" for name, count in limited.items())
        yield f"Limited to the first samples of tasks: {cut}."
