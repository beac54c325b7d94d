"""Images as an endpoint gets them: the file as it is, or a PNG of the pixels that it stands for."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping

from PIL.Image import Image, Resampling

from vecbench.engines.base import ImageFile, ImageSource, Request


def data_urls(request: Request, limits: Mapping[str, int]) -> list[str]:
    """The images of a request, in order; raises the `ImageError` of the first that is none.

    Args:
        request: It has the images.
        limits: `min_pixels` and `max_pixels` to which they are scaled; empty for none.
    """
    # One after the other: pictures are larger than the files that are made of them.
    return [_data_url(each, limits) for each in request.images]


def _data_url(source: ImageSource, limits: Mapping[str, int]) -> str:
    picture = source.decode()  # a file that is broken is not sent
    shown = scaled(picture, limits)
    file = source.file() if shown is picture and isinstance(source, ImageFile) else None
    kind, data = file or ("image/png", _png(shown))
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _png(picture: Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def scaled(picture: Image, limits: Mapping[str, int]) -> Image:
    """The picture with a number of pixels within limits, its shape kept; itself where it has that already."""
    size = size_within(picture.size, limits)
    return picture if size == picture.size else picture.resize(size, Resampling.BICUBIC)


def size_within(size: tuple[int, int], limits: Mapping[str, int]) -> tuple[int, int]:
    """Width and height scaled by one factor, as little as the limits ask for.

    A picture with too many pixels is rounded down, one with too few up; no side is below 1.
    """
    pixels = math.prod(size)
    most, least = limits.get("max_pixels", pixels), limits.get("min_pixels", pixels)
    if pixels > most:
        narrow, wide = sorted(max(1, math.floor(side * math.sqrt(most / pixels))) for side in size)
        wide = min(wide, most // narrow)  # of a picture that is a line
    elif pixels < least:
        narrow, wide = sorted(math.ceil(side * math.sqrt(least / pixels)) for side in size)
    else:
        return size
    return (narrow, wide) if size[0] <= size[1] else (wide, narrow)
