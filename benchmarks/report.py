"""`vecbench report` of 8,032 samples with photographs, of 100,000 and of two million without images.

Prints a table in Markdown: seconds of the first and of a second call (by the clock, and of all processors
together), peak memory, and bytes of the report.

Usage: python benchmarks/report.py [--rows N …] [--keep DIR]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import photographs

from vecbench.store import StoredResponse
from vecbench.tasks import load_catalogue

WITH_IMAGES = 8_032
TASK = "fi_8"


def make_run(folder: Path, rows: int, *, images: bool) -> Path:
    """A run's directory that holds no more than responses; and its images, in a folder beside it."""
    labels = load_catalogue().tasks[TASK].labels
    stream = random.Random(rows)
    run = folder / f"run-{rows}"
    run.mkdir(parents=True)
    hashes = _photographs(folder / "data", rows) if images else {}
    with (run / "responses.jsonl").open("wb") as log:
        for number in range(rows):
            chance = stream.choice([0.5, 0.65, 0.8, 0.9, 0.95])
            target = stream.choice(labels)
            said = target if stream.random() < chance - 0.15 else stream.choice(labels)
            reasoning = "The light is low and the figure stands apart from the others. " * stream.randint(
                2, 12
            )
            text = f"<think>{reasoning}</think>\n<answer>{said}</answer><confidence>{chance}</confidence>"
            image = f"images/{number}.jpg"
            response = StoredResponse(
                f"{number:x}", TASK, f"s{number}", 0, target, labels, image, hashes.get(image), "",
                text, "stop", None, 900, len(text) // 4,
            )  # fmt: skip
            log.write(response.to_line())
    return run


def _photographs(folder: Path, count: int) -> dict[str, str]:
    """JPEG files with the detail of photographs, each another one: path → hash."""
    (folder / "images").mkdir(parents=True)
    bases = photographs.photographs(len(photographs.PHOTOGRAPHS))
    hashes = {}
    for number in range(count):
        # A comment behind the image makes each file another one, as expensive to decode as the first.
        data = bases[number % len(bases)] + number.to_bytes(4, "big")
        path = f"images/{number}.jpg"
        (folder / path).write_bytes(data)
        hashes[path] = hashlib.sha256(data).hexdigest()
    return hashes


def measured(command: list[str]) -> tuple[float, float, float]:
    """Seconds, the peak memory in MiB, and seconds of all processors together, of a process."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: {status}")
    return time.monotonic() - began, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def bytes_in(folder: Path) -> tuple[int, int]:
    """Bytes of the page, and of all files beside it."""
    beside = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    page = (folder / "index.html").stat().st_size
    return page, beside - page


def lines(folder: Path, sizes: list[int]) -> Iterator[str]:
    """The table, line by line."""
    headings = (
        "rows", "shown", "images", "first call, s", "of CPU", "again, s", "of CPU", "score alone, s",
        "memory, MiB", "of score", "page, MB", "beside, MB",
    )  # fmt: skip
    yield f"| {' | '.join(headings)} |"
    yield "|" + " --: |" * len(headings)
    for rows in sizes:
        images = rows == WITH_IMAGES
        run = make_run(folder, rows, images=images)
        report = folder / f"report-{rows}"
        base = [sys.executable, "-m", "vecbench"]
        command = [*base, "report", str(run), "-o", str(report)]
        command += ["--data", str(folder / "data")] if images else ["--no-images"]
        first, memory, first_cpu = measured(command)
        again, _, again_cpu = measured(command)
        score, score_memory, _ = measured([*base, "score", str(run), "--no-figures"])
        page, beside = (each / 1e6 for each in bytes_in(report))
        shown = min(rows, 100_000)
        yield (
            f"| {rows:,} | {shown:,} | {rows if images else 0:,} | {first:.1f} | {first_cpu:.1f} | "
            f"{again:.1f} | {again_cpu:.1f} | {score:.1f} | "
            f"{memory:,.0f} | {score_memory:,.0f} | {page:.1f} | {beside:.1f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[WITH_IMAGES, 100_000, 2_000_000])
    parser.add_argument(
        "--keep", type=Path, help="Where runs and reports stay; a folder that is not there yet."
    )
    given = parser.parse_args()
    if given.keep:
        given.keep.mkdir(parents=True)
        for line in lines(given.keep, given.rows):
            print(line, flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(Path(folder), given.rows):
            print(line, flush=True)


if __name__ == "__main__":
    main()
