"""The protocols by name."""

from __future__ import annotations

from collections.abc import Mapping

from vecbench.errors import UsageError, nearest
from vecbench.parsing import strict
from vecbench.scoring.emobserver import EMOBSERVER
from vecbench.scoring.emocaliber import EMOCALIBER
from vecbench.scoring.protocol import Protocol

STRICT = Protocol("strict", strict.read)

PROTOCOLS: Mapping[str, Protocol] = {each.name: each for each in (STRICT, EMOCALIBER, EMOBSERVER)}


def protocol_named(name: str) -> Protocol:
    """The protocol of that name; a UsageError suggests the nearest."""
    if name not in PROTOCOLS:
        raise UsageError(f"unknown protocol {name!r}", nearest(name, PROTOCOLS))
    return PROTOCOLS[name]


def is_published(name: str | None) -> bool:
    """Whether a file's protocol is one that scores as a published program does; False if it is unknown."""
    return name is not None and name in PROTOCOLS and PROTOCOLS[name].is_published
