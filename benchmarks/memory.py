"""Peak memory of a run with 500 and with 5,000 samples: it must not grow with their number.

Prints a table in Markdown. Usage: python benchmarks/memory.py [SAMPLES …]
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from vecbench.samples import open_data
from vecbench.shipped import demo_model
from vecbench.tasks import load_catalogue


def make_data(root: Path, count: int) -> None:
    """A folder in which the demo's images are repeated until there are `count` samples."""
    task = load_catalogue().tasks["emoji_7"]
    assert task.data is not None
    samples = list(open_data(task.data).samples(task))
    root.mkdir()
    with (root / "samples.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "image", "label"])
        for number in range(count):
            sample = samples[number % len(samples)]
            image = root / sample.image
            if not image.exists():
                image.parent.mkdir(parents=True, exist_ok=True)
                image.write_bytes(sample.image_bytes())
            writer.writerow([number, sample.image, sample.target])


def peak_mebibytes(count: int) -> float:
    """Peak resident memory of `vecbench run` on `count` samples, scoring and figures included."""
    with tempfile.TemporaryDirectory() as folder:
        data, output = Path(folder) / "data", Path(folder) / "run"
        make_data(data, count)
        # A child of its own: the peak of children is a maximum over all that have ended.
        pid = os.fork()
        if pid == 0:
            command = [sys.executable, "-m", "vecbench", "run", "-m", str(demo_model()), "-t", "emoji_7"]
            subprocess.run(
                [*command, "--data", str(data), "-o", str(output)], check=True, capture_output=True
            )
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            (Path(folder) / "peak").write_text(str(peak))
            os._exit(0)
        os.waitpid(pid, 0)
        return int((Path(folder) / "peak").read_text()) / 1024


def main() -> None:
    counts = [int(each) for each in sys.argv[1:]] or [500, 5000]
    print("| samples | peak memory, MiB |")
    print("| --: | --: |")
    for count in counts:
        print(f"| {count} | {peak_mebibytes(count):.0f} |", flush=True)


if __name__ == "__main__":
    main()
