"""What every family of models is asked: images of several sizes and colours, and two at once."""

from __future__ import annotations

from fakes import made_image

from vecbench.engines import Request, Sampling

TWO = ("red", (64, 64)), ("blue", (300, 100))


def asked(key: str, *images: tuple[str, tuple[int, int]]) -> Request:
    shown = tuple(made_image(colour, size) for colour, size in images)
    return Request(key, "Which emotion might this image evoke?", shown, Sampling(max_tokens=8))


SINGLE = (
    asked("red", ("red", (64, 64))),
    asked("blue", ("blue", (64, 64))),
    asked("wide", ("red", (300, 100))),
    asked("high", ("green", (90, 200))),
)
PAIR = asked("pair", *TWO)
