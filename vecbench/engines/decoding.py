"""Images, decoded ahead of the model by threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PIL.Image import Image

from vecbench.ahead import done_ahead
from vecbench.engines.base import Request
from vecbench.errors import ImageError


def decoded(
    requests: Iterable[Request], *, ahead: int, threads: int
) -> Iterator[tuple[Request, Image | ImageError]]:
    """Every request with its picture, in order; at most `ahead` pictures wait to be taken.

    Pillow releases the interpreter lock while it decodes, so threads keep an accelerator fed.

    Args:
        requests: Pulled one by one, only as far as there is room.
        ahead: Most pictures that are decoded or being decoded but not yet taken, at least 1.
        threads: Decoding threads, at least 1.

    Returns:
        The request with its picture, or with the reason why there is none.
    """
    return done_ahead(requests, _decode, ahead=ahead, threads=threads, name="decode")


def _decode(request: Request) -> Image | ImageError:
    try:
        return request.image.decode()
    except ImageError as fault:
        return fault
