"""Which table a folder means: the only one, the one of a name that is usual, or where it is published."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from vecbench.errors import DataError
from vecbench.samples import eemo
from vecbench.samples.beginning import Beginning, head_of
from vecbench.samples.recognition import is_known_list

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

SUFFIXES = (".csv", ".jsonl", ".tsv")


def tables_in(folder: Path) -> list[Path]:
    """The table that a folder means, or those of one benchmark that lie there together; or none.

    DataError if there are several, and nothing tells which one is meant.
    """
    tables = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    listed = sorted(path for path in folder.glob("*.json") if path.is_file())
    tables += [path for path in listed if _is_table(path, published=True)]
    # Other lists may be anything: they count where there is no other table.
    tables = tables or [path for path in listed if _is_table(path, published=False)]
    preferred = [path for path in tables if path.stem in PREFERRED]
    if len(preferred) == 1:
        return preferred
    for place in PUBLISHED:
        if not preferred and (folder / place).is_file():
            return _of_one_benchmark((folder / place).parent.glob("*.json")) or [folder / place]
    together = _of_one_benchmark(tables)
    if len(tables) > 1 and len(together) < len(tables):
        names = ", ".join(path.name for path in tables)
        raise DataError(
            f"{folder} holds several tables: {names}", "Name the file itself: --data FOLDER/FILE."
        )
    return together or tables


def _of_one_benchmark(tables: Iterable[Path]) -> list[Path]:
    """Those tables that are EEmo-Bench's, the form that is preferred first."""
    heads = {table: head_of(table) for table in sorted(tables) if table.suffix == ".json"}
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


def _is_table(path: Path, *, published: bool) -> bool:
    head = head_of(path)
    line = next((line for line in head.splitlines() if line.strip()), "").strip()
    return is_known_list(Beginning(path, line, head), published=published)
