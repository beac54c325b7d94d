"""Time and memory of scoring what others generated: whole processes of `vecbench score` on plain rows.

Prints a table in Markdown. A process of `reading alone` reads and parses the responses and stops there.
Confidences are stated in twentieths, in hundredths, or all distinct, as probabilities taken from logits are.

The same rows with confidences in twentieths are scored as CSV and as Parquet too.

Usage: python benchmarks/score_throughput.py [ROWS …]
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from vecbench.tasks import load_catalogue

READING_ALONE = """
import sys
from pathlib import Path
from vecbench.interop.reading import open_responses
from vecbench.scoring import predictions
from vecbench.scoring.protocols import protocol_named
from vecbench.tasks import load_catalogue

catalogue = load_catalogue()
responses = open_responses(Path(sys.argv[1]), catalogue).responses
rows = predictions(responses, protocol_named("strict"), catalogue)
assert len(rows) == int(sys.argv[2])
"""

REASONING = (
    "<think><element>warm light on wet stone, muted colours and a low horizon</element><human>one person, "
    "seen from behind, shoulders raised</human><context>a quiet place after rain</context><interaction>the "
    "figure looks away from the light; the parts work together</interaction><analysis>most likely {label}, "
    "though {other} is possible; nothing in the picture speaks against it</analysis></think>"
)


CONFIDENCES: Mapping[str, Callable[[random.Random], float]] = {
    "15 values": lambda stream: stream.randrange(30, 101, 5) / 100,
    "71 values": lambda stream: stream.randrange(30, 101) / 100,
    "all distinct": lambda stream: 1 - 0.7 * stream.random() ** 1.5,
}


class Cost(NamedTuple):
    """What a process took: seconds by the clock, seconds of the processor, peak memory in MiB."""

    wall: float
    processor: float
    peak: float


def write_responses(path: Path, rows: int, confidence: Callable[[random.Random], float]) -> None:
    """Plain JSONL over the nine tasks of VECBench, 600 characters of reasoning in a response."""
    stream = random.Random(0)
    tasks = list(load_catalogue().select("vecbench"))
    with path.open("w", encoding="utf-8") as lines:
        for number in range(rows):
            task = tasks[number % len(tasks)]
            target, label, other = (stream.choice(task.labels) for _ in range(3))
            label = target if stream.random() < 0.6 else label
            answer = f"<answer>{label}</answer><confidence>{confidence(stream):.12g}</confidence>"
            row = {
                "id": f"{task.display}/{number:07}",
                "task": task.display,
                "ground_truth": target,
                "candidates": task.labels,
                "response": REASONING.format(label=label, other=other) + answer,
            }
            lines.write(json.dumps(row) + "\n")


def converted(path: Path, suffix: str) -> Path:
    """The same rows as CSV or Parquet."""
    other = path.with_suffix(suffix)
    rows = (json.loads(line) for line in path.open(encoding="utf-8"))
    if suffix == ".csv":
        with other.open("w", encoding="utf-8", newline="") as table:
            writer = csv.DictWriter(table, ["id", "task", "ground_truth", "candidates", "response"])
            writer.writeheader()
            writer.writerows(row | {"candidates": json.dumps(row["candidates"])} for row in rows)
        return other
    import pyarrow
    from pyarrow import parquet

    writer = None
    while batch := list(islice(rows, 50_000)):
        table = pyarrow.Table.from_pylist(batch)
        writer = writer or parquet.ParquetWriter(other, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return other


def cost(command: Sequence[str]) -> Cost:
    """The cost of one process; it must end without an error."""
    began = time.perf_counter()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}")
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def measure(path: Path, rows: int, kind: str) -> None:
    """Prints the lines of one file; the fastest of three processes counts, of many rows the only one."""
    score = [sys.executable, "-m", "vecbench", "score", str(path), "-o", str(path.with_name("scores"))]
    processes = {"vecbench score --no-figures": [*score, "--no-figures"], "vecbench score": score}
    if path.suffix != ".jsonl":
        processes = {f"vecbench score --no-figures, {path.suffix[1:]}": [*score, "--no-figures"]}
    elif kind == next(iter(CONFIDENCES)):
        reading = [sys.executable, "-c", READING_ALONE, str(path), str(rows)]
        processes = {"reading alone": reading, **processes}
    for name, command in processes.items():
        best = min((cost(command) for _ in range(3 if rows < 100_000 else 1)), key=lambda each: each.wall)
        figures = f"{best.wall:.1f} | {best.processor:.1f} | {best.peak:.0f}"
        print(f"| {rows:,} | {kind} | {name} | {figures} |", flush=True)


def main() -> None:
    print("| responses | confidences | process | wall, s | processor, s | peak memory, MiB |")
    print("| --: | :-- | :-- | --: | --: | --: |")
    for rows in [int(each) for each in sys.argv[1:]] or [8_032, 1_000_000]:
        for kind, confidence in CONFIDENCES.items():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "responses.jsonl"
                write_responses(path, rows, confidence)
                measure(path, rows, kind)
                if kind == next(iter(CONFIDENCES)):
                    for suffix in (".csv", ".parquet"):
                        measure(converted(path, suffix), rows, kind)


if __name__ == "__main__":
    main()
