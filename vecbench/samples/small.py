"""Small images: each decoded and encoded anew, so that it brings nothing but its pixels."""

from __future__ import annotations

import base64
import io

from PIL import ExifTags, Image

from vecbench.samples.boxes import Box
from vecbench.samples.images import decode_image

LONGEST_SIDE = 128
"""Pixels."""
ENOUGH = LONGEST_SIDE + LONGEST_SIDE // 4
"""Pixels that a JPEG is decoded to at least: it need not be unfolded as a whole to be made small."""
QUALITY = 75
_TURNED = range(5, 9)
"""EXIF orientations that lie on their side."""


def as_address(small: bytes) -> str:
    """The address of a page that holds a small image itself."""
    return f"data:image/webp;base64,{base64.b64encode(small).decode()}"


def small_image(data: bytes, box: Box | None) -> tuple[bytes, int, int]:
    """A WebP file of an image, upright and without whatever else its file says; and the image's size."""
    picture = decode_image(data, None if box else ENOUGH)
    width, height = _size(data)
    if box is not None:
        picture = box.applied(picture)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=QUALITY, method=2)
    return stream.getvalue(), width, height


def _size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
        turned = image.getexif().get(ExifTags.Base.Orientation) in _TURNED
    return (height, width) if turned else (width, height)
