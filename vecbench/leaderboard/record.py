"""What a stranger's file says, as the record that it should be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vecbench.errors import DataError
from vecbench.escaping import printable
from vecbench.plain_file import NOT_PLAIN, open_plain

Shape = TypeVar("Shape", bound=BaseModel)


class Record(BaseModel):
    """Part of a file: with the keys that it has, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), populate_by_name=True)


def validated(shape: type[Shape], values: object, where: str) -> Shape:
    """The values as a model.

    Raises:
        DataError: They do not fit; the message names the first key that does not.
    """
    try:
        return shape.model_validate(values)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = printable(".".join(str(part) for part in first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        raise DataError(
            f"{where}: {place + ': ' if place else ''}{said[:1].lower()}{said[1:]:.300}"
        ) from None


def content_of(path: Path, limit: int) -> bytes:
    """All of a file, which must be no link: that could lead anywhere.

    Raises:
        DataError: It cannot be read, is no plain file, or has more than `limit` bytes.
    """
    try:
        if path.is_symlink():
            raise DataError(f"{path}: {NOT_PLAIN}", "It is a link: put the file itself there.")
        with open_plain(path) as stream:
            if os.fstat(stream.fileno()).st_size > limit:
                raise DataError(f"{path}: larger than {limit} bytes")
            return stream.read()
    except OSError as fault:
        raise DataError(f"{path}: {(fault.strerror or str(fault)).lower()}") from None
