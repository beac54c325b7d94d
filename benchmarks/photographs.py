"""Images as data sets of photographs have them, for benchmarks of what decodes and processes them."""

from __future__ import annotations

import io

PHOTOGRAPHS = ((640, 480), (800, 600), (1024, 683))
PIXELS = {"min_pixels": 200_704, "max_pixels": 451_584}


def photographs(count: int) -> list[bytes]:
    """JPEG files of noise that is as smooth as photographs are, of the sizes of `PHOTOGRAPHS` in turn."""
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0)
    made = []
    for number in range(count):
        coarse = Image.fromarray(noise.integers(0, 255, (60, 80, 3), dtype=np.uint8))
        stream = io.BytesIO()
        coarse.resize(PHOTOGRAPHS[number % len(PHOTOGRAPHS)]).save(stream, "JPEG", quality=88)
        made.append(stream.getvalue())
    return made
