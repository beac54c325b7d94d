"""Commands that make very many objects and keep them all."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def all_objects_stay() -> Iterator[None]:
    """Nobody looks for garbage meanwhile, which takes time and finds none; of a block or a function."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
