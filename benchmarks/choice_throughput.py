"""Time and memory of scoring answers to questions like EEmo-Bench's: whole processes of `vecbench score`.

Two questions about each image and about each pair of the same images, three columns of subsets, answers by
letter, by letter and text, and in prose, without confidences as published ones are, or with stated ones.
Prints a table in Markdown.

Usage: python benchmarks/choice_throughput.py [ROWS]
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from score_throughput import REASONING, cost

DIMENSIONS = ("Emotion perception", "Valence perception", "Arousal perception", "Dominance perception", None)
CONCERNS = ("Similarity perception", "Differences comparison", None)
EMOTIONS = ("Anger", "Disgust", "Fear", "Joy", "Neutral", "Sadness", "Surprise")
PROSE = (
    "The first image shows a street at night under heavy clouds, and the second one people who dance in a "
    "garden. Both are carefully composed, with warm light on the faces and little else to look at. "
)


def questions(rows: int, stream: random.Random) -> Iterator[dict[str, Any]]:
    """Two thirds of the questions are about one image, the others about two."""
    images = rows // 3
    for number in range(rows):
        is_single = number < 2 * images
        place = number // 2
        pair = [f"images/{place % images}.jpg", f"images/{stream.randrange(images)}.jpg"]
        shown = {"image": pair[0]} if is_single else {"images": pair}
        if number % 2 == 0:
            options = ["Yes", "No"] if is_single else ["Yes.", "No."]
        else:
            options = stream.sample(EMOTIONS, 3 if is_single else stream.choice((2, 3, 4)))
        yield {
            "task": "eemo_single" if is_single else "eemo_pair",
            "id": f"q{number}",
            "options": str(dict(zip("ABCD", options, strict=False))),
            "target": stream.choice("ABCD"[: len(options)]),
            "question_type": ("Yes-or-No", "What/How")[number % 2],
            "perceptual_dimension": stream.choice(DIMENSIONS),
            "question_concern": stream.choice(CONCERNS),
            **shown,
        }


def answer(row: dict[str, Any], stream: random.Random, *, states_confidence: bool) -> str:
    """As real ones are: half of them prose, six of ten right."""
    options = [text.strip("'{} ").split("': '") for text in row["options"].split("',")]
    letter, text = stream.choice(options)
    if stream.random() < 0.3:
        letter, text = next(each for each in options if each[0] == row["target"])
    if states_confidence:
        confidence = stream.randrange(30, 101, 5) / 100
        said = f"<answer>{letter}</answer><confidence>{confidence}</confidence>"
        return REASONING.format(label=text, other="it") + said
    forms = (letter, f"{letter}: {text}", f"{letter}: {text}\n\n{PROSE}")
    return stream.choice((*forms, PROSE * 3 + f"Therefore, the answer is:\n\n**{letter}: {text}**"))


def main() -> None:
    rows = int(sys.argv[1]) if sys.argv[1:] else 6_000
    print("| answers | confidences | process | wall, s | processor, s | peak memory, MiB |")
    print("| --: | :-- | :-- | --: | --: | --: |")
    for states_confidence in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answers.jsonl"
            stream = random.Random(0)
            with path.open("w", encoding="utf-8") as lines:
                for row in questions(rows, stream):
                    said = answer(row, stream, states_confidence=states_confidence)
                    lines.write(json.dumps(row | {"response": said}) + "\n")
            score = [
                sys.executable,
                "-m",
                "vecbench",
                "score",
                str(path),
                "-o",
                str(path.with_name("scores")),
            ]
            for name, further in (("--no-figures", ["--no-figures"]), ("with figures", [])):
                best = min((cost([*score, *further]) for _ in range(3)), key=lambda each: each.wall)
                kind = "15 values" if states_confidence else "none"
                figures = f"{best.wall:.1f} | {best.processor:.1f} | {best.peak:.0f}"
                print(f"| {rows:,} | {kind} | {name} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
