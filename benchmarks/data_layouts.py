"""Time and memory of reading data: 118,000 images in folders of classes, and 8,000 images in one parquet.

Prints a table in Markdown. Every row is a process of its own; memory is its peak.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LABELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
FOLDER_IMAGES = 118_000
PARQUET_ROWS = (1_000, 8_000)
BYTES = 50_000
"""Of an image in the parquet."""


def write_folders(root: Path) -> None:
    """Empty files: listing reads no image."""
    for label in LABELS:
        (root / label).mkdir(parents=True)
    for number in range(FOLDER_IMAGES):
        label = LABELS[number % len(LABELS)]
        (root / label / f"{label}_{number:06}.jpg").touch()


def write_parquet(file: Path, rows: int) -> None:
    """One row group, as pandas writes it: the worst case."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = np.random.default_rng(0)
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("image", image), ("label", pa.string())])
    with pq.ParquetWriter(file, schema) as writer:
        table = [
            {"image": {"bytes": stream.bytes(BYTES), "path": f"{n}.jpg"}, "label": LABELS[n % 8]}
            for n in range(rows)
        ]
        writer.write_table(pa.Table.from_pylist(table, schema=schema), row_group_size=rows)


def read(data: str, what: str) -> None:
    """Reads every sample, and its image where that is what is measured; prints seconds and MiB."""
    from vecbench.samples import open_data
    from vecbench.tasks import load_catalogue

    task = load_catalogue().tasks["emoset_8"]
    began = time.perf_counter()
    count = 0
    for sample in open_data(data).samples(task):
        count += 1
        if what == "images":
            assert len(sample.image_bytes()) == BYTES
    seconds = time.perf_counter() - began
    print(count, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Writes the data, reads it in processes of their own, prints the table."""
    print("| data | samples | read | seconds | peak memory, MiB |\n| :-- | --: | :-- | --: | --: |")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        write_folders(root / "folders")
        given = [("class folders", root / "folders", "rows")]
        for rows in PARQUET_ROWS:
            file = root / f"{rows}.parquet"
            # In another process: what writing takes must not count, and a child starts with it.
            subprocess.run([sys.executable, __file__, "write", str(file), str(rows)], check=True)
            given += [("parquet, one row group", file, "rows"), ("parquet, one row group", file, "images")]
        for name, data, what in given:
            command = [sys.executable, __file__, "read", str(data), what]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            count, seconds, memory = int(said[0]), float(said[1]), float(said[2])
            print(f"| {name} | {count:,} | {what} | {seconds:.1f} | {memory:,.0f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(*sys.argv[2:])
    elif sys.argv[1:2] == ["write"]:
        write_parquet(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
