"""Time and memory of scoring ratings: whole processes of `vecbench score --no-figures` on plain JSONL.

Prints a table in Markdown: of EEmo-Bench's valence, with Spearman's interval among the others, and of
EMOTIC's three dimensions in one answer.

Usage: python benchmarks/score_ratings.py [ROWS …]
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

from score_throughput import cost

from vecbench.answers import Rating
from vecbench.tasks import load_catalogue

TASKS = ("eemo_valence", "emotic_vad")


def write_ratings(path: Path, task: str, rows: int) -> None:
    """Answers with one decimal, some way off their targets, which are ninths as EEmo-Bench's are."""
    stream = random.Random(0)
    kind = load_catalogue().tasks[task].answers
    assert isinstance(kind, Rating)

    def rated() -> tuple[float, float]:
        target = round(stream.uniform(kind.low, kind.high) * 9) / 9
        return target, min(kind.high, max(kind.low, stream.gauss(target, 1.5)))

    with path.open("w", encoding="utf-8") as lines:
        for number in range(rows):
            if kind.dimensions:
                pairs = {name: rated() for name in kind.dimensions}
                target: object = {name: each for name, (each, _) in pairs.items()}
                said = ", ".join(f"{name}: {answer:.1f}" for name, (_, answer) in pairs.items())
            else:
                target, answer = rated()
                said = f"{answer:.1f}"
            response = f"<think>Warm light on wet stone, and nobody there.</think><answer>{said}</answer>"
            row = {"task": task, "id": f"{number}.jpg", "target": target, "response": response}
            lines.write(json.dumps(row) + "\n")


def main() -> None:
    print("| task | responses | wall, s | processor, s | peak memory, MiB |")
    print("| :-- | --: | --: | --: | --: |")
    for rows in [int(each) for each in sys.argv[1:]] or [1_960]:
        for task in TASKS:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "responses.jsonl"
                write_ratings(path, task, rows)
                scores = str(path.with_name("scores"))
                command = [sys.executable, "-m", "vecbench", "score", str(path), "-o", scores, "--no-figures"]
                best = min((cost(command) for _ in range(3)), key=lambda each: each.wall)
                figures = f"{best.wall:.1f} | {best.processor:.1f} | {best.peak:.0f}"
                print(f"| {task} | {rows:,} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
