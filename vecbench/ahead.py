"""Work done ahead of whoever needs its results, by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def done_ahead(
    items: Iterable[Item], work: Callable[[Item], Result], *, ahead: int, threads: int, name: str
) -> Iterator[tuple[Item, Result]]:
    """Every item with its result, in order; at most `ahead` are worked on or wait to be taken.

    Items are pulled one by one in the caller's thread, only as far as there is room. What `work` raises is
    raised when its item's turn comes.
    """
    source = iter(items)
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix=name) as pool:
        try:
            for item in islice(source, ahead):
                waiting.append((item, pool.submit(work, item)))
            while waiting:
                item, result = waiting.popleft()
                yield item, result.result()
                for following in islice(source, 1):
                    waiting.append((following, pool.submit(work, following)))
        finally:
            for _, result in waiting:
                result.cancel()
