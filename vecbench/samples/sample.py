"""What is asked about: images with their target, and what their row brings for the prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL.Image import Image

from vecbench.digests import sha256_of
from vecbench.errors import ImageError
from vecbench.samples.boxes import Box
from vecbench.samples.containers import container_of, has_image
from vecbench.samples.images import decode_image, plain_media_type, read_image


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a task's data.

    Attributes:
        images: Paths relative to `root`, as the data spells them, in the order in which they are shown.
        target: The true answer as JSON, as its answer kind dumps it; where that is what is at fault, as the
            data spells it.
        candidates: The closed list, in the order of the prompt; empty for a kind that has none.
        prompt: The prompt that the row brings itself; None if it brings none.
        fault: Why the sample cannot be used, known before its images are read; None if it can.
        target_fault: Why its target or its candidates cannot be used; None if they can. `fault` then says
            that, or what is wrong besides.
        target_column: The column of the data that holds the target; empty if unknown.
        columns: What the row says, by column, for prompts.
        attributes: Column → value, as text, of the columns by which scores are broken down; an empty text
            where the row has none.
        box: What of its image it is about; None for all of it.
    """

    task: str
    id: str
    images: tuple[str, ...]
    target: Any
    candidates: tuple[str, ...]
    prompt: str | None
    root: Path
    fault: str | None = None
    target_fault: str | None = None
    target_column: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    box: Box | None = None

    @property
    def image(self) -> str:
        """The first image's path; empty if there is none."""
        return self.images[0] if self.images else ""

    def missing_image(self) -> str | None:
        """The first of its images where there is no file; None if all are there.

        Whether a file is an image only reading it tells.
        """
        return next((image for image in self.images or ("",) if not self._is_file(image)), None)

    def _is_file(self, image: str) -> bool:
        try:
            path = self.root / image
            return path.is_file() or ((held := container_of(path)) is not None and has_image(*held))
        except (OSError, ValueError):  # a name that no file can have
            return False

    def image_bytes(self, place: int = 0) -> bytes:
        """The bytes of one of its image files."""
        return read_image(self.root, self.images[place] if self.images else "")

    def read_images(self) -> tuple[SampleImage, ...]:
        """Its images, read and not decoded; at the place of one that cannot be read the reason."""
        return tuple(self._read(place) for place in range(len(self.images)))

    def _read(self, place: int) -> SampleImage:
        try:
            return SampleImage(self.images[place], self.image_bytes(place), self.box)
        except ImageError as fault:
            return SampleImage(self.images[place], fault.message)


@dataclass(frozen=True, slots=True)
class SampleImage:
    """A sample's image on its way to an engine: the file's bytes, or the reason why there are none.

    Attributes:
        name: As the data spells its path.
        data: The bytes or the reason.
        box: What of it is shown, and how; None for all of it.
        sha256: Of the file's bytes, computed once; None if there are none.
    """

    name: str
    data: bytes | str
    box: Box | None = None
    sha256: str | None = field(init=False)

    def __post_init__(self) -> None:
        sha256 = None if isinstance(self.data, str) else hashlib.sha256(self.data).hexdigest()
        object.__setattr__(self, "sha256", sha256)

    @property
    def identity(self) -> str | None:
        """What tells the picture from others: the file's hash, and with a box another one."""
        return self.sha256 if self.box is None else sha256_of(f"{self.sha256} {self.box}")

    def file(self) -> tuple[str, bytes] | None:
        """Media type and bytes of its file, where that is shown as `decode` shows it, whoever decodes it."""
        if isinstance(self.data, str) or self.box is not None:
            return None
        kind = plain_media_type(self.data)
        return None if kind is None else (kind, self.data)

    def decode(self) -> Image:
        """The picture, mode RGB, with its box drawn or cut out."""
        if isinstance(self.data, str):
            raise ImageError(self.data)
        try:
            picture = decode_image(self.data)
            return picture if self.box is None else self.box.applied(picture)
        except ImageError as fault:
            raise ImageError(f"{self.name}: {fault.message}", fault.remedy) from fault
