"""Addresses that serve one model: they take turns, and one that fails is left alone for a while."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Client = TypeVar("Client")


@dataclass(slots=True, eq=False)
class Replica(Generic[Client]):
    """One address, by the client that talks to it."""

    client: Client
    failures: int = 0  # in a row; those that were under way together are one
    failed_at: float = -math.inf  # seconds of the monotonic clock, as are the others
    rests_until: float = -math.inf
    last_turn: int = 0

    @property
    def is_awake(self) -> bool:
        """Whether requests may go to it."""
        return time.monotonic() >= self.rests_until


class Replicas(Generic[Client]):
    """Chooses where each attempt goes.

    After its first failure an address rests for `first_pause` seconds, twice as long after each further
    one, at most `longest_pause`; then one request tries it, and the others follow once that is answered.
    Where all rest, the one that has rested nearly enough is taken: the waiting is up to the caller.
    """

    def __init__(self, clients: Iterable[Client], first_pause: float, longest_pause: float) -> None:
        self._all = [Replica(client) for client in clients]
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._turns = 0

    def __iter__(self) -> Iterator[Replica[Client]]:
        return iter(self._all)

    @property
    def any_awake(self) -> bool:
        """Whether there is one that does not rest."""
        return any(each.is_awake for each in self._all)

    def next(self, tried: Sequence[Replica[Client]]) -> Replica[Client]:
        """Where the next attempt of a request goes, which `tried` these before."""
        now = time.monotonic()
        chosen = min(
            self._all, key=lambda each: (max(each.rests_until, now), tried.count(each), each.last_turn)
        )
        self._turns += 1
        chosen.last_turn = self._turns
        if chosen.failures:
            chosen.rests_until = now + self._pause(chosen)
        return chosen

    def answered(self, replica: Replica[Client]) -> None:
        """It works."""
        replica.failures, replica.rests_until = 0, -math.inf

    def failed(self, replica: Replica[Client], began: float, asked: float | None) -> None:
        """It failed a request sent at `began`, and perhaps asked for some seconds of rest."""
        now = time.monotonic()
        if began >= replica.failed_at:  # what was sent before says nothing that is not known
            replica.failures += 1
            replica.failed_at = now
            replica.rests_until = now + self._pause(replica)
        if asked is not None:
            replica.rests_until = max(replica.rests_until, now + asked)

    def _pause(self, replica: Replica[Client]) -> float:
        return min(self._first_pause * 2.0 ** min(replica.failures - 1, 64), self._longest_pause)
