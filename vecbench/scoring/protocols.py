"""The protocols by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vecbench.errors import UsageError, nearest
from vecbench.parsing import Reading, strict
from vecbench.parsing.form import ANY_FORM, Form, Scale
from vecbench.scoring.eemo_logic import EEMO_LOGIC
from vecbench.scoring.emobserver import EMOBSERVER
from vecbench.scoring.emocaliber import EMOCALIBER
from vecbench.scoring.mvei import MVEI
from vecbench.scoring.protocol import Protocol

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind

STRICT = Protocol("strict", strict.read)

NO_SENTENCES = "no-sentences"
"""What a stricter protocol is called behind its name: strict+no-sentences."""

SCALES: Mapping[str, Scale] = {"scale-1": "unit", "scale-10": "ten", "scale-100": "percent"}
"""What a protocol is called behind its name that reads confidences on a scale: strict+scale-100."""

PROTOCOLS: Mapping[str, Protocol] = {
    each.name: each for each in (STRICT, EMOCALIBER, EMOBSERVER, MVEI, EEMO_LOGIC)
}


def protocol_named(name: str) -> Protocol:
    """The protocol of that name; a UsageError suggests the nearest.

    Behind `strict` may stand how it reads: `strict+no-sentences`, which takes fields alone for answers, and
    `strict+scale-100` (or 10, or 1), which takes that for the scale of every confidence.
    """
    base, *ways = name.split("+")
    known = [NO_SENTENCES, *SCALES]
    if base not in PROTOCOLS or (ways and base != STRICT.name) or {*ways} - {*known}:
        names = [f"{STRICT.name}+{way}" for way in known] if ways else [*PROTOCOLS]
        raise UsageError(f"unknown protocol {name!r}", nearest(name, names))
    if not ways:
        return PROTOCOLS[base]
    scale = next((SCALES[way] for way in ways if way in SCALES), None)
    changes: dict[str, Any] = {"sentences": NO_SENTENCES not in ways} | ({"scale": scale} if scale else {})

    def read(
        response: str | None,
        candidates: Sequence[str],
        kind: AnswerKind,
        finish_reason: str | None = None,
        form: Form = ANY_FORM,
    ) -> Reading:
        return strict.read(response, candidates, kind, finish_reason, replace(form, **changes))

    return replace(STRICT, name="+".join([base, *sorted({*ways})]), read=read)


def protocol_with(name: str, *, sentences: bool, confidence_scale: int | None) -> str:
    """The name of a protocol that reads as options say; of a published one, a UsageError refuses them."""
    ways = [] if sentences else [NO_SENTENCES]
    if confidence_scale is not None:
        way = f"scale-{confidence_scale}"
        if way not in SCALES:
            raise UsageError(f"unknown scale of confidences {confidence_scale}", "It is 1, 10 or 100.")
        ways.append(way)
    if ways and is_published(name):
        raise UsageError(f"the protocol {name} reads as its program does", "Leave it out, or use strict.")
    return protocol_named("+".join([name, *ways])).name


def is_published(name: str | None) -> bool:
    """Whether a file's protocol is one that scores as a published program does; False if it is unknown."""
    return name is not None and name in PROTOCOLS and PROTOCOLS[name].is_published
