"""The files in a tar, which is never unpacked: their bytes are read where they lie."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from vecbench.plain_file import open_plain
from vecbench.samples.containers import LARGEST, state

ARCHIVES = (".tar", ".tgz", ".zip", ".gz", ".bz2", ".xz", ".7z", ".rar")
Place = tuple[int, int]
"""Where the bytes of a member begin, and how many they are."""


@lru_cache(maxsize=16)
def members_of(path: str, *_: int) -> Mapping[str, Place]:
    """Name → where its bytes begin and how many they are; ValueError for a tar that is not to be trusted."""
    found: dict[str, Place] = {}
    name = Path(path).name
    try:
        with open_plain(Path(path)) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            for member in tar:
                pure = PurePosixPath(member.name)
                if pure.is_absolute() or ".." in pure.parts:
                    raise ValueError(f"the member {member.name} leads out of {name}")
                if member.isdir():
                    continue
                if not member.isfile() or member.issparse():
                    raise ValueError(f"the member {member.name} is a link, or no plain file")
                if pure.suffix.casefold() in ARCHIVES:
                    raise ValueError(
                        f"the member {member.name} is an archive, and archives in archives are not opened"
                    )
                if str(pure) in found:
                    raise ValueError(f"the member {member.name} is there twice")
                found[str(pure)] = member.offset_data, member.size
    except tarfile.TarError as fault:
        raise ValueError(f"not a tar that can be read: {fault}") from None
    return found


def member(path: Path, place: Place, limit: int) -> bytes:
    """The bytes of a member; ValueError if they are more than so many, or not all there."""
    offset, size = place
    if size > limit:
        raise ValueError(f"larger than {limit:,} bytes")
    with open_plain(path) as stream:
        stream.seek(offset)
        data = stream.read(size)
    if len(data) < size:
        raise ValueError("the tar ends before it does")
    return data


def image_in(path: Path, name: str) -> bytes:
    """The bytes of a member; KeyError if there is none of that name."""
    return member(path, members_of(*state(path))[name], LARGEST)


def has_image(path: Path, name: str) -> bool:
    """Whether there is a member of that name."""
    return name in members_of(*state(path))
