"""The named ways to read a response."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from vecbench.errors import UsageError, nearest
from vecbench.parsing import emobserver, emocaliber, strict
from vecbench.parsing.prediction import Reading

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind

Protocol = Callable[[str | None, Sequence[str], "AnswerKind", str | None], Reading]
"""(response text, candidates, answer kind, finish reason) → reading."""

STRICT = "strict"
EMOCALIBER = "emocaliber"
EMOBSERVER = "emobserver"

PROTOCOLS: Mapping[str, Protocol] = {
    STRICT: strict.read,
    EMOCALIBER: emocaliber.read,
    EMOBSERVER: emobserver.read,
}


def protocol_named(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        UsageError: There is none.
    """
    if name not in PROTOCOLS:
        raise UsageError(f"unknown protocol {name!r}", nearest(name, PROTOCOLS))
    return PROTOCOLS[name]
