"""Controls: what a run shows in place of its samples' images, to see what its answers owe to them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

REPLACED: Mapping[str, str] = {
    "blank": "a white picture of its size",
    "grey": "a grey picture of its size",
    "shuffled": "another sample's",
}
"""Control that takes the image away → what is shown in its place."""

SEEDED = frozenset({"shuffled", "gaussian_noise"})
"""Controls that draw something."""


class Control(BaseModel):
    """What is shown in place of every image.

    Attributes:
        name: Of `REPLACED`, or a corruption's.
        strength: Of a corruption, 1 to 5; None of anything else.
        seed: Of what is drawn; None where nothing is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    strength: int | None = None
    seed: int | None = None

    @property
    def is_corruption(self) -> bool:
        """Whether the image is there, and only worse."""
        return self.strength is not None

    @property
    def title(self) -> str:
        """As it is asked for: `shuffled`, `gaussian_noise:3`."""
        return self.name if self.strength is None else f"{self.name}:{self.strength}"

    @property
    def folder(self) -> str:
        """As a part of a file's name."""
        return self.title.replace(":", "-")

    @property
    def said(self) -> str:
        """What it does, in words."""
        seeded = "" if self.seed is None else f" (seed {self.seed})"
        if self.is_corruption:
            return f"{self.title}: every image is shown with {self.name} of strength {self.strength}{seeded}"
        return f"{self.title}: every image is replaced by {REPLACED.get(self.name, 'another')}{seeded}"
