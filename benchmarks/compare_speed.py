"""Speed of `vecbench compare`: the whole process, on two runs of the benchmark's size.

Writes two runs of 8,032 responses with reasoning, and compares them with 10,000 paired replicates and gates.
Prints a table in Markdown: seconds by the clock and of processor time, the least of five.

Usage: python benchmarks/compare_speed.py
"""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue, load_catalogue

SIZES = {"webemo_25": 997, "abstract_8": 229, "artphoto_8": 806}
GATES = """\
rules:
  - {metric: accuracy, of: id_ver, max_drop: 0.01, when: significant}
  - {metric: ece, of: ood_ver, max_rise: 0.01, when: significant}
  - {metric: coverage, at_least: 0.98}
"""
REASONING = "The colours are muted, the figure turns away and nobody else is in the picture. " * 5


def write_run(folder: Path, catalogue: Catalogue, digits: int, seed: int) -> int:
    """Writes responses.jsonl of a simulated model; the same samples whatever the seed."""
    stream = np.random.default_rng(seed)
    folder.mkdir()
    rows = 0
    with (folder / "responses.jsonl").open("wb") as file:
        for name in ("id_ver", "id_vsa", "ood_ver"):
            for task in catalogue.select(name):
                for number in range(SIZES.get(task.id, 1000)):
                    confidence = float(np.round(stream.uniform(0.3, 1), digits))
                    target = task.labels[number % len(task.labels)]
                    answer = target if stream.random() < confidence - 0.05 else task.labels[0]
                    text = (
                        f"<think>{REASONING}</think><answer>{answer}</answer>"
                        f"<confidence>{confidence}</confidence>"
                    )
                    image = hashlib.sha256(f"{task.id}/{number}".encode()).hexdigest()
                    response = StoredResponse(
                        f"{seed}/{task.id}/{number}", task.id, f"s{number}", 0, target, task.labels,
                        f"{number}.jpg", image, image, text, "stop", None, 400, 120,
                    )  # fmt: skip
                    file.write(response.to_line())
                    rows += 1
    return rows


def main() -> None:
    catalogue = load_catalogue()
    print("| confidences | samples | seconds | processor seconds |\n| :-- | --: | --: | --: |")
    for label, digits in (("one decimal", 1), ("two decimals", 2), ("all distinct", 17)):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            rows = [write_run(folder / f"run{seed}", catalogue, digits, seed) for seed in (0, 1)]
            (folder / "gates.yaml").write_text(GATES)
            command = [sys.executable, "-m", "vecbench", "compare"]
            command += [str(folder / "run0"), str(folder / "run1")]
            command += ["--gate", str(folder / "gates.yaml"), "--markdown", str(folder / "summary.md")]
            measured = []
            for _ in range(5):
                used = resource.getrusage(resource.RUSAGE_CHILDREN)
                began = time.perf_counter()
                done = subprocess.run(command, capture_output=True, check=False, text=True)
                seconds = time.perf_counter() - began
                if done.returncode not in {0, 1, 4}:
                    raise SystemExit(done.stderr)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
                measured.append((seconds, cpu))
            seconds, cpu = min(measured)
            print(f"| {label} | {rows[0]:,} | {seconds:.2f} | {cpu:.2f} |", flush=True)


if __name__ == "__main__":
    main()
