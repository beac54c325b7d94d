"""Commands whose objects stay until they end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Looks for no garbage in a block: among objects that all stay it finds none, at a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
