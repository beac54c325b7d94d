"""Responses written the way other programs write them, so that what reads theirs reads ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vecbench.errors import UsageError, nearest
from vecbench.interop import emocaliber_export, inspect_export, lm_eval_export
from vecbench.interop.spool import ResponseSpool
from vecbench.scoring import CompleteScores
from vecbench.store import Manifest
from vecbench.tasks import Catalogue

Export = Callable[[ResponseSpool, Path, Catalogue, Manifest | None, CompleteScores], Sequence[str]]
"""(responses, folder, catalogue, manifest of the run if it is one, scores) → notes on what the files lack.

The responses are in the order in which they were stored, with every further response to a sample. None of
the exports holds more than one sample's in memory.
"""

EXPORTS: Mapping[str, Export] = {
    "lm-eval": lm_eval_export.write,
    "emocaliber": emocaliber_export.write,
    "inspect": inspect_export.write,
}


def export_named(name: str) -> Export:
    """The export of that name."""
    if name not in EXPORTS:
        raise UsageError(f"unknown export {name!r}", nearest(name, EXPORTS))
    return EXPORTS[name]
