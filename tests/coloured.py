"""Two models of pictures that have the colours of their labels: one that looks, and one that does not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np

from vecbench.engines import Request

COLOURS = {"joy": (250, 200, 0), "fear": (60, 0, 90), "anger": (200, 0, 0), "love": (250, 0, 120)}
"""Label → colour of its pictures."""


def said(label: str, confidence: float) -> str:
    """A response."""
    return f"<answer>{label}</answer><confidence>{confidence}</confidence>"


def blind() -> Callable[[Request], str]:
    """Answers whatever it is shown, with confidences that vary by question."""
    asked = count()
    return lambda _: said("joy", [0.95, 0.9, 0.7, 0.85][next(asked) % 4])


def seeing() -> Callable[[Request], str]:
    """Names the colour that it is shown, and is sure where that is one that it knows."""

    def answer(request: Request) -> str:
        shown = request.images[0].decode().getpixel((8, 8))
        distance = {label: int(np.abs(np.subtract(shown, of)).sum()) for label, of in COLOURS.items()}
        label = min(distance, key=distance.get)
        if "Is it" in request.prompt and f"Is it {label}?" not in request.prompt:
            return said(label, 0.4)
        return said(label, 0.95 if distance[label] < 12 else round(0.9 - min(distance[label], 400) / 500, 2))

    return answer
