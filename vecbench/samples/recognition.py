"""Which table a folder means, and which format a table has."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path, PurePosixPath

from vecbench.errors import DataError
from vecbench.plain_file import TextLines, cannot_read, open_plain, plain_bytes
from vecbench.samples import mvei
from vecbench.samples.emoset import emoset_format, is_emoset_list
from vecbench.samples.emotic import CSV_COLUMNS, EMOTIC_CSV, emotic_annotations
from vecbench.samples.folder import OWN_CSV, OWN_JSONL
from vecbench.samples.format import DataFormat
from vecbench.samples.published import EMOBSERVER, EMOCALIBER, METADATA, METADATA_COLUMNS

PUBLISHED = tuple(
    PurePosixPath(place)
    for place in (
        "VECBench/test_metadata.csv",
        "benchmarks/VECBench/Std-VECBench.json",
        "benchmarks/MVEI/Std-MVEI.json",
        "input_data/evaluation/test_8k.jsonl",
        "VECBench/Std-VECBench.json",
        "VECBench/test_8k.jsonl",
        "MVEI/Std-MVEI.json",
        "Annotations/Annotations.mat",
        "emotic_pre/test.csv",
    )
)
"""Where the published tables lie in their datasets and repositories, whose root the images hang from."""

PREFERRED = (
    "samples",
    "metadata",
    "test",
    "test_metadata",
    "test_8k",
    "Std-VECBench",
    "MVEI_metadata",
    "Std-MVEI",
)
"""When a folder holds several tables, one of these names decides."""

SUFFIXES = (".csv", ".jsonl")

_STATEMENTS = '"statement_list"'


def table_in(folder: Path) -> Path:
    """The table that a data folder means."""
    tables = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    tables += sorted(path for path in folder.glob("*.json") if _may_be_published(path))
    preferred = [path for path in tables if path.stem in PREFERRED]
    if len(preferred) == 1:
        return preferred[0]
    for place in PUBLISHED:
        if not preferred and (folder / place).is_file():
            return folder / place
    if not tables:
        raise DataError(
            f"{folder} holds no table", "A CSV or JSONL with the columns image and label is expected."
        )
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables)
        raise DataError(
            f"{folder} holds several tables: {names}", "Name the file itself: --data FOLDER/FILE."
        )
    return tables[0]


def root_of(table: Path) -> Path:
    """The folder that a table's image paths start from: its own, or the root of the published layout."""
    whole = table.absolute()
    for place in PUBLISHED:
        depth = len(place.parts)
        if whole.parts[-depth:] == place.parts:
            return whole.parents[depth - 1]
    return table.parent


def recognised(table: Path) -> DataFormat:
    """The format of a table, told by its content; the file's name only decides where that is broken."""
    if table.suffix == ".mat":
        return emotic_annotations(table)
    try:
        with TextLines(table) as stream:
            head = next((line for line in stream if line.strip()), "").strip()
    except UnicodeDecodeError:
        raise not_utf8(table) from None
    except ValueError as fault:
        raise DataError(f"{table}: {fault}", "A table of samples is a text with a row a line.") from None
    except OSError as fault:
        raise cannot_read(table, fault) from None
    if head.startswith("[") and table.suffix == ".json":
        beginning = _beginning(table)
        if _STATEMENTS in beginning:
            return mvei.METADATA
        if is_emoset_list(beginning):
            return emoset_format(table)
    if head.startswith(("{", "[")) or table.suffix in {".json", ".jsonl"}:
        return _recognised_json(head, table.suffix)
    try:
        header = next(csv.reader([head]), [])
    except csv.Error as fault:
        raise DataError(f"{table}: line 1: {fault}", "It should be a header, with image and label.") from None
    if set(header) >= CSV_COLUMNS:
        return EMOTIC_CSV
    return METADATA if set(header) >= METADATA_COLUMNS else OWN_CSV


def not_utf8(table: Path) -> DataError:
    """What to raise for a table that is not UTF-8: it names the line of the first byte that is not."""
    data = plain_bytes(table)
    try:
        data.decode("utf-8")
        where, byte = "", ""
    except UnicodeDecodeError as fault:
        line = data[: fault.start].count(b"\n") + 1
        where = f"line {line}: "
        byte = f" (byte 0x{data[fault.start]:02x})"
    return DataError(f"{table}: {where}not utf-8{byte}", "A table of samples is a text, UTF-8.")


def _recognised_json(head: str, suffix: str) -> DataFormat:
    try:
        first = json.loads(head)
    except (ValueError, RecursionError):
        return OWN_JSONL if suffix == ".jsonl" else EMOBSERVER
    if isinstance(first, dict) and first:
        if "conversations" in first:
            return EMOCALIBER
        if all(isinstance(value, dict) for value in first.values()):
            return EMOBSERVER
    return EMOBSERVER if suffix == ".json" else OWN_JSONL


def _beginning(table: Path) -> str:
    with io.TextIOWrapper(open_plain(table), encoding="utf-8-sig", errors="replace") as stream:
        return stream.read(65536)


def _may_be_published(path: Path) -> bool:
    """Other JSON files often lie beside a table: licences, dataset_infos.json."""
    try:
        head = _beginning(path)
    except OSError:
        return False
    is_standard = '"image_path"' in head and '"ground_truth"' in head
    return is_standard or _STATEMENTS in head or is_emoset_list(head)
