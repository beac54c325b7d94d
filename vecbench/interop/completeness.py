"""What somebody must know who takes scores for those of whole tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vecbench.interop.reading import ResponseSource


def completeness_notes(source: ResponseSource, names: Mapping[str, str]) -> Iterator[str]:
    """A sentence on the responses that a run lacks, and one on the samples that its limit left out.

    Args:
        source: Read to its end.
        names: Task id → name in tables.
    """
    manifest = source.manifest
    if manifest is None:
        return
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
