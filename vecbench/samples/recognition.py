"""Which table a folder means, and which format a table has."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from vecbench.errors import DataError
from vecbench.plain_file import TextLines, cannot_read, open_plain, plain_bytes
from vecbench.samples import artemis, eemo, emotion6, mvei
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
        "benchmarks/EEmo-Bench/Std-EEmo-Bench-Single-Perception.json",
        "benchmarks/EEmo-Bench/Std-EEmo-Bench-Pair-Perception.json",
        "EEmo-Bench/Std-EEmo-Bench-Single-Perception.json",
        "EEmo-Bench/Std-EEmo-Bench-Pair-Perception.json",
        "ground_truth.txt",
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
_DOMINANT = '"dominant_emotion"'


def tables_in(folder: Path) -> list[Path]:
    """The table that a data folder means, or those of one benchmark that lie there together."""
    tables = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    tables += sorted(path for path in folder.glob("*.json") if _may_be_published(path))
    preferred = [path for path in tables if path.stem in PREFERRED]
    if len(preferred) == 1:
        return preferred
    for place in PUBLISHED:
        if not preferred and (folder / place).is_file():
            return _of_one_benchmark((folder / place).parent.glob("*.json")) or [folder / place]
    if not tables:
        raise DataError(
            f"{folder} holds no table", "A CSV or JSONL with the columns image and label is expected."
        )
    together = _of_one_benchmark(tables)
    if len(tables) > 1 and len(together) < len(tables):
        names = ", ".join(path.name for path in tables)
        raise DataError(
            f"{folder} holds several tables: {names}", "Name the file itself: --data FOLDER/FILE."
        )
    return together or tables


def _of_one_benchmark(tables: Iterable[Path]) -> list[Path]:
    """Those tables that are EEmo-Bench's, the form that is preferred first."""
    heads = {table: _head(table) for table in sorted(tables) if table.suffix == ".json"}
    found = {table: head for table, head in heads.items() if eemo.form_of(head)}
    return sorted(found, key=lambda table: eemo.order_of(found[table]))


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
    if emotion6.is_header(head):  # which may begin with a bracket
        return emotion6.EMOTION6
    if head.startswith("[") and table.suffix == ".json":
        beginning = _head(table)
        if is_emoset_list(beginning):
            return emoset_format(table)
        if known := _recognised_list(beginning):
            return known
    if head.startswith(("{", "[")) or table.suffix in {".json", ".jsonl"}:
        return _recognised_json(head, table.suffix)
    try:
        header = next(csv.reader([head]), [])
    except csv.Error as fault:
        raise DataError(f"{table}: line 1: {fault}", "It should be a header, with image and label.") from None
    if set(header) >= artemis.HISTOGRAM_COLUMNS:
        return artemis.HISTOGRAMS
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


def _recognised_list(head: str) -> DataFormat | None:
    """The published format of a table that begins so and is a list; None if it is none of them."""
    if _STATEMENTS in head:
        return mvei.METADATA
    if _DOMINANT in head:
        return artemis.SELECTION
    form = eemo.form_of(head)
    return None if form is None else eemo.LOGIC if form == "logic" else eemo.LIST


def _head(table: Path) -> str:
    """What a table begins with; nothing if it cannot be read."""
    try:
        with io.TextIOWrapper(open_plain(table), encoding="utf-8-sig", errors="replace") as stream:
            return stream.read(65536)
    except OSError:
        return ""


def _may_be_published(path: Path) -> bool:
    """Other JSON files often lie beside a table: licences, dataset_infos.json."""
    head = _head(path)
    is_standard = '"image_path"' in head and '"ground_truth"' in head
    return is_standard or is_emoset_list(head) or _recognised_list(head) is not None
