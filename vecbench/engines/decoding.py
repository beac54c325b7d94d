"""Images, decoded ahead of the model by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from PIL.Image import Image

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

    Yields:
        The request with its picture, or with the reason why there is none.
    """
    source = iter(requests)
    waiting: deque[tuple[Request, Future[Image | ImageError]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        try:
            for request in islice(source, ahead):
                waiting.append((request, pool.submit(_decode, request)))
            while waiting:
                request, picture = waiting.popleft()
                yield request, picture.result()
                for following in islice(source, 1):
                    waiting.append((following, pool.submit(_decode, following)))
        finally:
            for _, picture in waiting:
                picture.cancel()


def _decode(request: Request) -> Image | ImageError:
    try:
        return request.image.decode()
    except ImageError as fault:
        return fault
