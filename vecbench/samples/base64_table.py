"""A TSV or CSV whose column `image` holds the images themselves in base64, as VLMEvalKit keeps its data.

A short cell is the `index` of an earlier row whose image it is; several images are a list.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from vecbench.delimited import delimiter_of, long_rows, names_of
from vecbench.plain_file import TextLines, open_plain
from vecbench.samples.beginning import Beginning
from vecbench.samples.columns import tidied
from vecbench.samples.containers import state
from vecbench.samples.format import Columns, DataFormat, Row, csv_rows
from vecbench.samples.own import own_rows

LONGEST_INDEX = 64
"""Characters: VLMEvalKit takes a longer cell for an image."""
LONGEST_HEADER = 2**16
_ENCODED = re.compile(r"[A-Za-z0-9+/=]{65,}")
_IMAGE = re.compile(r"\W{0,4}(data:image/\w+;base64,)?(/9j/|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-3])")


def _recognises(table: Beginning) -> bool:
    delimiter = delimiter_of(table.line)
    if table.is_json or table.binary or len(table.line) > LONGEST_HEADER:
        return False
    header = _names(table.line)
    if "image" not in header:
        return False
    row = table.text[table.text.find(table.line) + len(table.line) :].lstrip("\r\n")
    try:
        cells = next(csv.reader(io.StringIO(row), delimiter=delimiter), [])
    except csv.Error:  # cut off, or longer than a field may be
        return False
    place = header.index("image")
    return len(cells) > place and len(cells[place]) > LONGEST_INDEX and bool(_IMAGE.match(cells[place]))


def _rows(table: Path, columns: Columns) -> Iterator[Row]:
    places: dict[str, int] = {}  # index → number of the row whose image it is

    def raw() -> Iterator[tuple[int, Mapping[str, Any], str | None]]:
        for number, (line, values) in enumerate(long_rows(csv_rows(stream, None, delimiter))):
            said = {tidied(name): cell for name, cell in values.items() if name}
            cell, index = said.get("image") or "", said.pop("index", None)
            fault, named = None, said.pop("image_path", None)
            if len(cell) > LONGEST_INDEX:
                count = len(_ENCODED.findall(cell))
                said["images"] = [f"{table.name}/{number}" + (f"/{n}" if n else "") for n in range(count)]
                places[str(index)] = number
            elif cell.strip() in places:
                said["images"] = [f"{table.name}/{places[cell.strip()]}"]
            else:
                fault = f"the image is {cell!r:.70}, neither one in base64 nor the index of an earlier row"
            said = {name: value for name, value in said.items() if name != "image"}
            yield line, {"id": str(index or named or number), **said}, fault

    with TextLines(table) as stream:
        delimiter = delimiter_of(_header(table))
        yield from own_rows(raw(), columns)


def _names(header: str) -> list[str]:
    """The columns of a header; none if it is broken."""
    return [tidied(name) for name in names_of(header, delimiter_of(header))]


def _header(table: Path) -> str:
    with TextLines(table) as stream:
        return next(stream, "").strip("\r\n")


@lru_cache(maxsize=8)
def _offsets(path: str, *_: int) -> Sequence[int]:
    """Where each row begins, the header first, and where the last one ends."""
    found, is_open, place = array("Q", [0]), False, 0
    with open_plain(Path(path)) as stream:
        for line in stream:
            place += len(line)
            is_open ^= line.count(b'"') % 2 == 1  # a line feed between quotation marks ends no row
            if not is_open:
                found.append(place)
    return found


def _place(path: Path, name: str) -> tuple[int, int, int]:
    """Where the row of an image begins and ends, and which of its images it is; KeyError if there is none."""
    row, _, place = name.partition("/")
    offsets = _offsets(*state(path))
    if not row.isdecimal() or not (place or "0").isdecimal() or int(row) + 2 >= len(offsets):
        raise KeyError(name)
    return offsets[int(row) + 1], offsets[int(row) + 2], int(place or 0)


def has_image(path: Path, name: str) -> bool:
    """Whether there is a row of that number."""
    try:
        return bool(_place(path, name))
    except KeyError:
        return False


def image_in(path: Path, name: str) -> bytes:
    """The bytes of an image of a row; KeyError if there is none."""
    begin, end, place = _place(path, name)
    header = _header(path)
    names = _names(header)
    with open_plain(path) as stream:
        stream.seek(begin)
        text = stream.read(end - begin).decode("utf-8")
    cells = next(long_rows(csv.reader(io.StringIO(text), delimiter=delimiter_of(header))), [])
    found = _ENCODED.findall(cells[names.index("image")]) if "image" in names else []
    if place >= len(found):
        raise KeyError(name)
    return base64.b64decode(found[place], validate=True)


BASE64 = DataFormat(
    "table with images in base64",
    "A TSV or CSV with the columns index, image (base64) and answer.",
    _rows,
    _recognises,
    "",
    is_own=True,
    holds_images=True,
)
