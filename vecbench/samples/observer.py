"""Somebody who watches files being downloaded or looked at."""

from __future__ import annotations

from typing import Protocol


class CountObserver(Protocol):
    """A bar that counts, or a test."""

    def warned(self, message: str) -> None:
        """Something deserves attention and stops nothing."""

    def noted(self, message: str) -> None:
        """Something is worth knowing, such as what data was recognised as."""

    def started(self, total: int) -> None:
        """There are so many files to go."""

    def advanced(self) -> None:
        """One more has been dealt with."""


class Nobody:
    """Where nobody watches."""

    def warned(self, message: str) -> None: ...

    def noted(self, message: str) -> None: ...

    def started(self, total: int) -> None: ...

    def advanced(self) -> None: ...
