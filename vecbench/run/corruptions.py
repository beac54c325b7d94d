"""Pictures made worse, by names and strengths of Hendrycks and Dietterich (ImageNet-C, 2019), with Pillow.

Their pictures have a shorter side of 224 pixels. Of a larger one, a grain of noise, a radius of blur and a
block are as much larger, so that a strength means the same for a photograph of any size; a smaller one is
taken as it is. JPEG's blocks have 8 pixels, whatever the size.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter, ImageStat

from vecbench.digests import sha256_of

SIDE = 224
"""Pixels of the shorter side of the pictures that strengths are of."""

BAND = 256
"""Rows of a picture that are computed with at once: in floating point they take four times the memory."""

STRENGTHS = range(1, 6)


class Corruption(NamedTuple):
    """One way to make a picture worse; `levels` are the parameter of each strength."""

    applied: Callable[[Image.Image, float, str], Image.Image]
    levels: tuple[float, ...]


def corrupted(picture: Image.Image, name: str, strength: int, drawn_by: str) -> Image.Image:
    """An RGB picture made worse, of the same size.

    Args:
        picture: Not changed itself.
        name: Of `CORRUPTIONS`.
        strength: 1 to 5.
        drawn_by: What noise is drawn by: the same text, the same noise.
    """
    corruption = CORRUPTIONS[name]
    return corruption.applied(picture, corruption.levels[strength - 1], drawn_by)


def _scale(picture: Image.Image) -> float:
    return max(1.0, min(picture.size) / SIDE)


def _gaussian_noise(picture: Image.Image, deviation: float, drawn_by: str) -> Image.Image:
    """Adds normal noise to every channel; `deviation` is of values in [0, 1]."""
    scale = _scale(picture)
    width, height = picture.size
    columns, rows = ((np.arange(side) / scale).astype(np.intp) for side in (width, height))
    stream = np.random.default_rng(int(sha256_of(drawn_by)[:16], 16))
    grains = (int(rows[-1]) + 1, int(columns[-1]) + 1, 3)
    noise = 255 * deviation * stream.standard_normal(grains, dtype=np.float32)
    made = picture.copy()
    for begin in range(0, height, BAND):
        part = picture.crop((0, begin, width, min(begin + BAND, height)))
        values = np.asarray(part, dtype=np.float32) + noise[rows[begin : begin + BAND]][:, columns]
        made.paste(Image.fromarray(np.rint(values.clip(0, 255)).astype(np.uint8)), (0, begin))
    return made


def _gaussian_blur(picture: Image.Image, radius: float, _: str) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(radius * _scale(picture)))


def _contrast(picture: Image.Image, kept: float, _: str) -> Image.Image:
    """Moves every channel towards its mean."""
    means = ImageStat.Stat(picture).mean
    table = [round(mean + kept * (value - mean)) for mean in means for value in range(256)]
    return picture.point(table)


def _brightness(picture: Image.Image, added: float, _: str) -> Image.Image:
    """Adds to the value of hue, saturation and value."""
    hue, saturation, value = picture.convert("HSV").split()
    brighter = value.point([min(255, round(each + 255 * added)) for each in range(256)])
    return Image.merge("HSV", (hue, saturation, brighter)).convert("RGB")


def _pixelate(picture: Image.Image, kept: float, _: str) -> Image.Image:
    """Makes it of so many of its pixels, each as large as several."""
    scale = kept / _scale(picture)
    small = picture.resize([max(1, int(side * scale)) for side in picture.size], Image.Resampling.BOX)
    return small.resize(picture.size, Image.Resampling.BOX)


def _jpeg_compression(picture: Image.Image, quality: float, _: str) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=int(quality))
    return Image.open(stream).convert("RGB")


CORRUPTIONS: Mapping[str, Corruption] = {
    "gaussian_noise": Corruption(_gaussian_noise, (0.08, 0.12, 0.18, 0.26, 0.38)),
    "gaussian_blur": Corruption(_gaussian_blur, (1, 2, 3, 4, 6)),
    "brightness": Corruption(_brightness, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "contrast": Corruption(_contrast, (0.4, 0.3, 0.2, 0.1, 0.05)),
    "pixelate": Corruption(_pixelate, (0.6, 0.5, 0.4, 0.3, 0.25)),
    "jpeg_compression": Corruption(_jpeg_compression, (25, 18, 15, 10, 7)),
}
"""Name → how, with the parameters of that paper's code."""

SHORT = {
    "gaussian": "gaussian_noise",
    "noise": "gaussian_noise",
    "blur": "gaussian_blur",
    "jpeg": "jpeg_compression",
}
"""What some may be called, too."""
