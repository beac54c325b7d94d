"""Small images: every one decoded and encoded anew, so that none brings anything but its pixels."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vecbench.ahead import done_ahead
from vecbench.digests import sha256_of
from vecbench.errors import ImageError
from vecbench.samples.boxes import Box
from vecbench.samples.containers import container_of
from vecbench.samples.images import read_image
from vecbench.samples.sample import SampleImage
from vecbench.samples.small import as_address, small_image
from vecbench.store.files import cannot_write, write_text

FOLDER = "thumbnails"
_INDEX = "index.json"

Where = tuple[Path | None, str, Box | None]
"""The folder that an image's path starts from, None if unknown; the path; what of it is shown."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """An image as the page shows it.

    Attributes:
        address: Of the small one; None if there is none.
        width: Of the image itself, in pixels, upright.
        height: Likewise.
        sha256: Of the image's file; None if that is not there.
        missing: Why there is none; None if there is one.
    """

    address: str | None
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    missing: str | None = None

    def made(self) -> tuple[str | None, int | None, int | None, str | None]:
        """All but what is said of one that is missing."""
        return self.address, self.width, self.height, self.sha256


class Thumbnails:
    """Thumbnails in a folder beside the page, those of an earlier report taken as they are.

    Args:
        folder: Of the page.
        inline: Whether they are part of the page instead, as addresses that hold them.
    """

    def __init__(self, folder: Path, *, inline: bool = False) -> None:
        self._folder = folder / FOLDER
        self._inline = inline
        self._known = {} if inline else self._index()
        self._used: dict[str, Thumbnail] = {}

    def made(self, images: Iterable[Where]) -> dict[Where, Thumbnail]:
        """The thumbnail of each image, made by as many threads as there are processors."""
        threads = os.cpu_count() or 1
        distinct = dict.fromkeys(images)
        # What is there already is found faster than it is handed to a thread.
        made = {where: known for where in distinct if (known := self._reused(where)) is not None}
        missing = (where for where in distinct if where not in made)
        done = done_ahead(missing, self._made, ahead=4 * threads, threads=threads, name="thumbnails")
        return made | dict(done)

    def finish(self) -> set[str]:
        """Notes which there are; the files' names."""
        if self._inline or not self._used:
            return set()
        write_text(self._folder / _INDEX, json.dumps({key: each.made() for key, each in self._used.items()}))
        return {_INDEX, *(Path(each.address).name for each in self._used.values() if each.address)}

    def _index(self) -> dict[str, Thumbnail]:
        """What an earlier report made, by what tells its image from others."""
        with suppress(OSError, ValueError, TypeError):
            said = json.loads((self._folder / _INDEX).read_bytes())
            return {key: Thumbnail(*each) for key, each in said.items()}
        return {}

    def _reused(self, where: Where) -> Thumbnail | None:
        """What an earlier report made of an image that is as it was; None if there is none."""
        root, name, box = where
        key = _identity(root / name, box) if root is not None and self._known else None
        known = self._known.get(key or "")
        if key is None or known is None or not known.address:
            return None
        if not (self._folder.parent / known.address).is_file():
            return None
        self._used[key] = known
        return known

    def _made(self, where: Where) -> Thumbnail:
        root, name, box = where
        if root is None:
            return Thumbnail(None, missing="nothing says in which folder it is: --data DIR")
        key = _identity(root / name, box)
        try:
            data = read_image(root, name)
            picture = SampleImage(name, data, box)
            small, width, height = small_image(data, box)
        except ImageError as fault:
            return Thumbnail(None, missing=fault.message.removeprefix(f"{name}: "))
        made = Thumbnail(self._kept(small, picture.identity or ""), width, height, picture.sha256)
        if key is not None:
            self._used[key] = made
        return made

    def _kept(self, small: bytes, identity: str) -> str:
        """Where the page finds it."""
        if self._inline:
            return as_address(small)
        file = self._folder / f"{identity[:24]}.webp"
        draft = file.with_suffix(
            f".{os.getpid()}-{threading.get_ident()}.draft"
        )  # of equal images two may be made
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(small)
            draft.replace(file)
        except OSError as fault:
            with suppress(OSError):
                draft.unlink()
            raise cannot_write(file, fault) from fault
        return f"{FOLDER}/{file.name}"


def lacking(made: Iterable[tuple[str, Thumbnail]]) -> Iterator[str]:
    """A sentence on the images that are missing or broken, and what is the matter with the first ones."""
    every = list(made)
    missing = [(name, each.missing) for name, each in every if each.missing]
    if missing:
        some = ", ".join(f"{name} ({why})" for name, why in missing[:3])
        named = f", such as {some}" if len(missing) > 3 else f": {some}"
        yield f"{len(missing):,} of {len(every):,} images cannot be shown{named}."


def _identity(path: Path, box: Box | None) -> str | None:
    """What tells a file from others and from what it was before; None if it cannot be asked."""
    try:
        file = path.stat()
    except NotADirectoryError:
        held = container_of(path)
        if held is None:
            return None
        file = held[0].stat()
    except (OSError, ValueError):
        return None
    return sha256_of(f"{os.path.abspath(path)}\x00{file.st_size}\x00{file.st_mtime_ns}\x00{box}")[:24]
