"""Images, decoded ahead of the model by threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PIL.Image import Image

from vecbench.ahead import done_ahead
from vecbench.engines.base import Request
from vecbench.errors import ImageError


def decoded(
    requests: Iterable[Request], *, ahead: int, threads: int
) -> Iterator[tuple[Request, tuple[Image, ...] | ImageError]]:
    """Every request with its pictures, in order; those of at most `ahead` requests wait to be taken.

    Pillow releases the interpreter lock while it decodes, so threads keep an accelerator fed.

    Args:
        requests: Pulled one by one, only as far as there is room.
        ahead: Most requests whose pictures are decoded or being decoded but not yet taken, at least 1.
        threads: Decoding threads, at least 1.

    Returns:
        The request with its pictures, or with the reason why one of them is none.
    """
    return done_ahead(requests, _decode, ahead=ahead, threads=threads, name="decode")


def _decode(request: Request) -> tuple[Image, ...] | ImageError:
    try:
        return request.decoded()
    except ImageError as fault:
        return fault
