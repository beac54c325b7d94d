"""Boxes: which person of a picture a row is about, drawn into it or cut out of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Literal

from PIL.Image import Image
from PIL.ImageDraw import Draw

from vecbench.answers.written import literal, shown
from vecbench.errors import ImageError

Shown = Literal["drawn", "cropped"]
"""How a box is shown: a red frame around what is in it, or nothing but that."""

COLUMN = "box"
"""Of the data: x1, y1, x2, y2 in pixels of the upright picture, as a list or the text of one."""

_FORM = "four numbers x1, y1, x2, y2 such as [10, 20, 110, 220]"
_FRAME, _EDGE = (255, 0, 0), (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in pixels from its top left corner; `ends` are x1, y1, x2, y2."""

    shown: Shown
    ends: tuple[float, float, float, float]

    @classmethod
    def of(cls, shown_as: Shown, written: object) -> Box:
        """The box in a row's column.

        Raises:
            ValueError: It is not four finite numbers, or nothing is in it.
        """
        listed = written
        if isinstance(written, str) and written.strip():
            text = written.strip()
            try:
                listed = literal(text if text.startswith(("[", "(")) else f"[{text}]")
            except ValueError:
                listed = None
        if not isinstance(listed, list | tuple) or len(listed) != 4 or not all(map(_is_number, listed)):
            raise ValueError(f"the {COLUMN} is {shown(written)}, not {_FORM}")
        x1, y1, x2, y2 = map(float, listed)
        if x1 >= x2 or y1 >= y2:
            raise ValueError(f"the {COLUMN} {shown(listed)} is empty: x1 is below x2, and y1 below y2")
        return cls(shown_as, (x1, y1, x2, y2))

    def applied(self, picture: Image) -> Image:
        """The picture as a model is shown it; an `ImageError` where none of it is in the box.

        What of the box is outside the picture is left out. A frame lies within the box's edge, as wide as a
        hundredth of the picture's shorter side and at least 2 pixels, with a white line inside.
        """
        x1, y1 = (max(0, math.floor(each)) for each in self.ends[:2])
        x2, y2 = (min(size, math.ceil(each)) for each, size in zip(self.ends[2:], picture.size, strict=True))
        if x1 >= x2 or y1 >= y2:
            size = "×".join(map(str, picture.size))
            raise ImageError(f"the {COLUMN} {list(self.ends)} is outside the picture of {size} pixels")
        if self.shown == "cropped":
            return picture.crop((x1, y1, x2, y2))
        framed = picture.copy()
        width = max(2, round(min(picture.size) / 100))
        Draw(framed).rectangle((x1, y1, x2 - 1, y2 - 1), outline=_FRAME, width=width)
        if min(x2 - x1, y2 - y1) > 2 * width + 2:
            inside = (x1 + width, y1 + width, x2 - 1 - width, y2 - 1 - width)
            Draw(framed).rectangle(inside, outline=_EDGE, width=1)
        return framed

    def __str__(self) -> str:
        return f"{self.shown} {', '.join(f'{each:g}' for each in self.ends)}"


def box_of(
    shown_as: Shown | None, columns: Mapping[str, object], images: int
) -> tuple[Box | None, str | None]:
    """The box of a row with so many images whose task shows one so, and why it cannot be shown."""
    if shown_as is None:
        return None, None
    if images > 1:
        return None, f"a box is of one image, and the row has {images}"
    try:
        return Box.of(shown_as, columns.get(COLUMN)), None
    except ValueError as fault:
        return None, str(fault)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
