"""One image with its target label and its candidates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from PIL.Image import Image

from vecbench.errors import ImageError
from vecbench.samples.images import decode_image, read_image


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a task's data.

    Attributes:
        task: The task's id.
        id: Unique within the task.
        image: Path relative to `root`, as the data spells it.
        target: The true label, spelt as the candidate it is; as the data spells it when `fault` is set.
        candidates: The closed list, in the order of the prompt.
        prompt: The prompt that the row brings itself; None if it brings none.
        root: The data's root folder.
        fault: Why the sample cannot be used, known before its image is read; None if it can.
    """

    task: str
    id: str
    image: str
    target: str
    candidates: tuple[str, ...]
    prompt: str | None
    root: Path
    fault: str | None = None

    def has_image(self) -> bool:
        """Whether there is a file where its image should be; whether that is an image only reading tells."""
        try:
            return (self.root / self.image).is_file()
        except (OSError, ValueError):  # a name that no file can have
            return False

    def image_bytes(self) -> bytes:
        """The image file's bytes.

        Raises:
            ImageError: The file is missing, unreadable or outside `root`.
        """
        return read_image(self.root, self.image)


@dataclass(frozen=True, slots=True)
class SampleImage:
    """A sample's image on its way to an engine: the file's bytes, or the reason why there are none.

    Attributes:
        name: As the data spells its path.
        data: The bytes or the reason.
        sha256: Of the bytes, computed once; None if there are none.
    """

    name: str
    data: bytes | str
    sha256: str | None = field(init=False)

    def __post_init__(self) -> None:
        sha256 = None if isinstance(self.data, str) else hashlib.sha256(self.data).hexdigest()
        object.__setattr__(self, "sha256", sha256)

    def decode(self) -> Image:
        """The picture, mode RGB.

        Raises:
            ImageError: There is no image, or it is broken.
        """
        if isinstance(self.data, str):
            raise ImageError(self.data)
        try:
            return decode_image(self.data)
        except ImageError as fault:
            raise ImageError(f"{self.name}: {fault.message}", fault.remedy) from fault
