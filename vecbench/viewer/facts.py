"""What a report says of a run beside its scores: what made it, how, when, and how fast."""

from __future__ import annotations

import json
from collections.abc import Iterator

from vecbench.console import duration
from vecbench.run.plan import SYSTEM_PROMPT
from vecbench.store import Manifest
from vecbench.viewer.sides import ScoredRun


def facts(side: ScoredRun) -> list[list[str]]:
    """Label and value of each, in order."""
    manifest = side.source.manifest
    if manifest is None:
        files = ", ".join(path.name for path in side.source.files)
        return [["Responses", f"{side.source.format}: {files}"], ["Read as", side.protocol.name]]
    return [[label, value] for label, value in (*_facts(manifest), ("Read as", side.protocol.name)) if value]


def _facts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield "Model", manifest.model.name
    yield "Revision", manifest.model.revision
    yield "Control", "" if manifest.control is None else manifest.control.said
    for each in [manifest.engine, *reversed(manifest.earlier_engines)]:
        if each is not None:
            label = "Engine" if each is manifest.engine else "Earlier engine"
            yield label, f"{each.name} on {each.device}"
            yield f"{label}: arguments", _listed(each.arguments)
    yield "Status", manifest.status
    counts = manifest.counts
    yield "Responses", f"{counts.stored:,} of {counts.asked:,}, {counts.errors:,} failed"
    samplings: dict[str, list[str]] = {}
    for name, task in manifest.tasks.items():
        samplings.setdefault(_listed(task.sampling.model_dump()), []).append(name)
    for said, tasks in samplings.items():
        yield "Sampling" if len(samplings) == 1 else f"Sampling of {', '.join(tasks)}", said
    yield "Prompt profiles", ", ".join(dict.fromkeys(manifest.profiles().values()))
    yield "System prompt", str(manifest.answer_settings.get(SYSTEM_PROMPT, ""))
    others = {name: each for name, each in manifest.answer_settings.items() if name != SYSTEM_PROMPT}
    yield "Further settings", _listed(others | manifest.pixel_limits)
    yield "Seed", str(manifest.seed)
    yield "Repeats", str(manifest.repeats)
    yield "Limit", "" if manifest.limit is None else f"{manifest.limit:,} samples of each task"
    yield "Data", ", ".join(dict.fromkeys(task.data for task in manifest.tasks.values()))
    yield "Started", manifest.started
    yield "Finished", manifest.finished or ""
    speed = manifest.throughput
    if speed.seconds and speed.samples:
        yield (
            "Throughput",
            f"{speed.samples:,} samples in {duration(speed.seconds)}: "
            f"{speed.samples / speed.seconds:,.1f} samples/s, "
            f"{speed.output_tokens / speed.seconds:,.0f} output tokens/s",
        )
    yield "Packages", ", ".join(f"{name} {version}" for name, version in manifest.packages.items())
    yield "Hardware", _listed(manifest.hardware)


def _listed(values: object) -> str:
    if not isinstance(values, dict):
        return str(values)
    texts = (
        (name, each if isinstance(each, str) else json.dumps(each, ensure_ascii=False))
        for name, each in values.items()
    )
    return ", ".join(f"{name} {text}" for name, text in texts)
