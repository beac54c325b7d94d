"""Images that lie in a file with others: a row of a parquet or of a table in base64, a member of a tar.

An image is named as if that file were a folder: `test-00000.parquet/17`, `test.tar/awe/1.jpg`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from vecbench.errors import ImageError, MissingImageError
from vecbench.samples.beginning import binary_of

LARGEST = 2**28
"""Bytes of an image that are read: what is larger is none, and would fill the memory."""
_MODULES = {"parquet": "parquet_images", "tar": "tar_members", "": "base64_table"}
"""What a file is by its first bytes → the module with `image_in` and `has_image` for it."""


def container_of(path: Path) -> tuple[Path, str] | None:
    """The file on the way of a path, and what of the path names something in it; None if there is none."""
    for parent in path.parents:
        if parent.is_file():
            return parent, path.relative_to(parent).as_posix()
        if parent.is_dir():
            return None
    return None


def image_in(container: Path, name: str) -> bytes:
    """The bytes of an image in a file; ImageError if they cannot be read."""
    read = _function("image_in", container)
    try:
        data: bytes = read(container, name)
    except KeyError:
        raise MissingImageError(f"{container.name}/{name}: {container.name} has no image {name}") from None
    except (ValueError, OSError) as fault:
        raise ImageError(f"{container.name}/{name}: {fault}") from None
    if len(data) > LARGEST:
        raise ImageError(f"{container.name}/{name}: larger than {LARGEST:,} bytes")
    return data


def has_image(container: Path, name: str) -> bool:
    """Whether there is an image of that name in a file."""
    try:
        return bool(_function("has_image", container)(container, name))
    except (ValueError, OSError):
        return False


@lru_cache(maxsize=64)
def _kind(path: str, *_: int) -> str | None:
    return _MODULES.get(binary_of(Path(path)))


def _function(name: str, container: Path) -> Callable[[Path, str], Any]:
    kind = _kind(*state(container))
    if kind is None:
        raise ImageError(f"{container.name}: not a file that holds images")
    function: Callable[[Path, str], Any] = getattr(importlib.import_module(f"vecbench.samples.{kind}"), name)
    return function


def state(path: Path) -> tuple[str, int, int]:
    """What tells a file from what it was before: what is known of it is kept as long as this is the same."""
    found = path.stat()
    return str(path), found.st_mtime_ns, found.st_size
