"""Replicates, computed block by block in threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

WORKERS = min(8, os.cpu_count() or 1)
"""Blocks that are computed at the same time: each takes memory, on however many processors."""

KEPT = 2**25 - 2**16
"""Bytes: a little less than the largest block from which the GNU C library learns."""

Block = TypeVar("Block")


def in_blocks(
    compute: Callable[[int, np.random.Generator], Block], replicates: int, size: int, seed: int
) -> list[Block]:
    """The blocks of a simulation, in their order; the draws do not depend on the number of processors.

    Args:
        compute: Makes a block of so many replicates, with a stream of its own.
        replicates: How many in all, at least 1.
        size: How many in a block, at least 1; the last one takes what is left.
        seed: Of the streams.
    """
    _keep_freed_memory()
    streams = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(-(-replicates // size)))
    sizes = [min(size, replicates - begin) for begin in range(0, replicates, size)]
    return in_threads(compute, sizes, streams)


def in_threads(compute: Callable[..., Block], *arguments: Iterable[Any]) -> list[Block]:
    """As `map`, in threads: numpy frees the interpreter while it draws and multiplies."""
    # BLAS with threads of its own beside them waits, spinning, for processors that others use: seconds become
    # tens of them.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(compute, *arguments))


def _keep_freed_memory() -> None:
    """Makes the C library keep memory that is freed, block after block.

    As it starts, it gives the memory of every array of a megabyte back to the system, and zeroing it anew for
    the next one takes a fifth of a simulation's time. It learns from the largest block that it has seen freed
    (mallopt(3), M_MMAP_THRESHOLD); one that nothing was written to costs nothing.
    """
    np.empty(KEPT, dtype=np.uint8)
