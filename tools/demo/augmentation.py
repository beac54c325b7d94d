"""Random changes to training pictures, so that a hundred emoji teach more than a hundred drawings."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from tools.demo.architecture import PIXEL_DEVIATION, PIXEL_MEAN

ROTATION = math.radians(7.5)
SHIFT = 0.06
SCALE = 0.075
BRIGHTNESS = 0.12
CONTRAST = 0.15
SATURATION = 0.3
HUE = math.radians(12)

_LUMA = (0.299, 0.587, 0.114)


def normalise_pixels(pixels: torch.Tensor) -> torch.Tensor:
    """Scales pixels as the image processor does.

    Args:
        pixels: uint8, or float in 0…1; shape (batch, 3, height, width).

    Returns:
        float32 of the same shape, about -1…1.
    """
    scaled = pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels
    mean, deviation = (torch.tensor(each).view(1, 3, 1, 1) for each in (PIXEL_MEAN, PIXEL_DEVIATION))
    return (scaled - mean) / deviation


def augment(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Turns, moves, scales, mirrors and recolours pictures, each in its own way.

    No emotion hangs on left and right, so mirroring is harmless; turning upside down is not.

    Args:
        pixels: uint8, shape (batch, 3, height, width), drawn on white.
        generator: Source of the randomness.

    Returns:
        float32 in 0…1 of the same shape.
    """
    count = len(pixels)

    def uniform(limit: float) -> torch.Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * limit

    # The ink rather than the paper, so that what moves in from outside is white.
    ink = 1 - pixels.float() / 255
    angle, mirror = uniform(ROTATION), torch.where(uniform(1) < 0, -1.0, 1.0)
    across, along = 1 + uniform(SCALE), 1 + uniform(SCALE)
    matrix = torch.stack(
        [
            torch.stack([angle.cos() * mirror * across, -angle.sin() * along, uniform(SHIFT)], dim=1),
            torch.stack([angle.sin() * mirror * across, angle.cos() * along, uniform(SHIFT)], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(matrix, list(ink.shape), align_corners=False)
    paper = 1 - functional.grid_sample(ink, grid, align_corners=False, padding_mode="zeros")
    return _recolour(paper, uniform).clamp(0, 1)


def mix(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Puts the upper part of some pictures on the lower part of others (after CutMix, Yun et al. 2019).

    The eyes of one face with the mouth of another make a third.

    Args:
        pixels: Shape (batch, 3, height, width).
        generator: Source of the randomness.

    Returns:
        As many pictures, the first half of them mixed with any, the others as they were.
    """
    count, height = len(pixels) // 2, pixels.shape[2]
    others = torch.randint(len(pixels), (count,), generator=generator)
    cuts = torch.randint(height * 3 // 10, height * 7 // 10, (count,), generator=generator)
    upper = (torch.arange(height) < cuts[:, None])[:, None, :, None]
    return torch.cat([torch.where(upper, pixels[:count], pixels[others]), pixels[count:]])


def _recolour(pixels: torch.Tensor, uniform) -> torch.Tensor:  # type: ignore[no-untyped-def]
    def column(values: torch.Tensor) -> torch.Tensor:
        return values.view(-1, 1, 1, 1)

    luma = torch.tensor(_LUMA).view(1, 3, 1, 1)
    grey = (pixels * luma).sum(dim=1, keepdim=True)
    colour = pixels - grey
    # Hue: the colour difference turned about the grey axis (Rodrigues' formula).
    angle = column(uniform(HUE))
    crossed = (colour.roll(-1, dims=1) - colour.roll(1, dims=1)) / math.sqrt(3)
    colour = colour * angle.cos() + crossed * angle.sin()
    saturation, contrast = column(1 + uniform(SATURATION)), column(1 + uniform(CONTRAST))
    # The paper stays white: contrast and brightness work on the distance from it.
    ink = (1 - grey) * contrast * (1 + column(uniform(BRIGHTNESS)))
    return 1 - ink + colour * saturation
