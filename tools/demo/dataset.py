"""Builds the demo tasks' data from published emoji packages.

Run as `python -m tools.demo.dataset --packages DIR`. The test images, `samples.csv` and `questions.jsonl` go
to the tasks folder, the training images and `training.csv` to a build folder. All are written anew, sorted,
and byte for byte the same on every run with the same Pillow (which encodes the Fluent images).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tools.demo.labels import normalise, read_annotations, read_polarities
from tools.demo.notice import NOTICE
from tools.demo.packages import EMOJIBASE, EMOTION, FLUENT, NOTO, TWEMOJI, fetch, read_members
from tools.demo.questions import Subject, questions
from tools.demo.selection import Emoji, select, variants

SIZE = 64
"""Width and height of every image in pixels; the in-domain packages ship this size."""

SAMPLE_COLUMNS = ("task", "id", "image", "label", "emoji")
TRAINING_COLUMNS = (*SAMPLE_COLUMNS, "split", "keywords")
QUESTIONS = "questions.jsonl"
"""The table of the tasks that ask otherwise than for a label."""


@dataclass(frozen=True)
class Picture:
    """One image of one emoji in one artwork.

    Attributes:
        artwork: `noto`, `twemoji` or `fluent`.
        name: Code point sequence of the variant, without variation selectors.
        emoji: The base emoji.
        data: The image file.
        suffix: File name extension, with its dot.
    """

    artwork: str
    name: str
    emoji: Emoji
    data: bytes
    suffix: str

    @property
    def path(self) -> str:
        """Path relative to the data folder."""
        return f"images/{self.artwork}/{self.name}{self.suffix}"

    def row(self, task: str, label: str) -> dict[str, str]:
        """The picture's row in a table, with the columns of both tables."""
        return {
            "task": task,
            "id": f"{self.artwork}-{self.name}",
            "image": self.path,
            "label": label,
            "emoji": self.emoji.code_points,
            "split": self.emoji.split or "",
            "keywords": "|".join(self.emoji.keywords),
        }

    def subject(self, ratings: Mapping[str, int]) -> Subject:
        """The picture as further questions are asked about it."""
        emoji = self.emoji
        return Subject(
            f"{self.artwork}-{self.name}",
            self.path,
            emoji.emotion,
            emoji.sentiment,
            ratings.get(emoji.code_points),
        )


def pictures_of(artwork: str, files: Mapping[str, bytes], emoji: Mapping[str, Emoji]) -> list[Picture]:
    """Chooses an artwork's pictures.

    Args:
        artwork: Short name of the artwork.
        files: Image files by file name: code points joined by hyphens, some with `fe0f` and some without.
        emoji: Emoji by code points.

    Returns:
        Pictures sorted by base emoji and variant. Of files with the same content (an artwork may draw
        "person" and "woman" alike) the first counts, so that no picture is asked about twice.
    """
    named = {normalise(Path(name).stem): name for name in sorted(files)}
    pictures = []
    for code_points, names in sorted(variants(named, emoji).items()):
        seen = set()
        for name in names:
            data = files[named[name]]
            digest = hashlib.sha256(data).hexdigest()
            if digest not in seen:
                seen.add(digest)
                pictures.append(Picture(artwork, name, emoji[code_points], data, Path(named[name]).suffix))
    return pictures


def reduce_image(data: bytes, size: int = SIZE) -> bytes:
    """Scales a picture down and keeps its transparency.

    Args:
        data: An image file that Pillow reads.
        size: Width and height of the result in pixels.

    Returns:
        A lossless WebP file.
    """
    with Image.open(io.BytesIO(data)) as image:
        # Premultiplied, or the colour of invisible pixels would bleed into the outline.
        premultiplied = image.convert("RGBA").convert("RGBa")
    reduced = premultiplied.resize((size, size), Image.Resampling.LANCZOS).convert("RGBA")
    buffer = io.BytesIO()
    reduced.save(buffer, "WEBP", lossless=True, method=6, exact=False)
    return buffer.getvalue()


def build(packages: Path, output: Path, training: Path) -> Counter[tuple[str, str, str]]:
    """Builds both folders.

    Args:
        packages: Where the npm archives are kept; missing ones are fetched into it.
        output: Folder of the test data; its `images`, tables and `NOTICE` are replaced.
        training: Folder of the training data; its `images` and `training.csv` are replaced.

    Returns:
        Number of rows by split, task and label.

    Raises:
        DataError: An archive is not the pinned one.
        RunError: npm fails.
    """
    noto = read_members(fetch(NOTO, packages), "package/img/google/64")
    twemoji = read_members(fetch(TWEMOJI, packages), "package/img/twitter/64")
    fluent = read_members(fetch(FLUENT, packages), "package/assets")
    keywords = read_members(fetch(EMOJIBASE, packages), "package/en/data.json")
    ratings = read_members(fetch(EMOTION, packages), "package/index.js")
    annotations = read_annotations(keywords["data.json"])
    polarities = read_polarities(ratings["index.js"])

    drawn = {normalise(Path(name).stem) for name in noto} & {normalise(Path(name).stem) for name in twemoji}
    emoji = select(annotations, polarities, drawn)
    in_domain = [*pictures_of("noto", noto, emoji), *pictures_of("twemoji", twemoji, emoji)]
    # Test emoji only: what changes between the in-domain tasks and this one is the drawing, not the emoji.
    tested = {code_points: one for code_points, one in emoji.items() if one.split == "test" and one.emotion}
    out_of_domain = [
        Picture(picture.artwork, picture.name, picture.emoji, reduce_image(picture.data), ".webp")
        for picture in pictures_of("fluent", fluent, tested)
    ]

    test_rows: list[dict[str, str]] = []
    training_rows: list[dict[str, str]] = []
    for picture in in_domain:
        rows = test_rows if picture.emoji.split == "test" else training_rows
        if picture.emoji.sentiment:
            rows.append(picture.row("emoji_2", picture.emoji.sentiment))
        if picture.emoji.emotion:
            rows.append(picture.row("emoji_7", picture.emoji.emotion))
        if picture.emoji.split is None:
            rows.append(picture.row("", ""))
    test_rows += [picture.row("fluent_7", picture.emoji.emotion or "") for picture in out_of_domain]

    _write(output, "samples.csv", SAMPLE_COLUMNS, test_rows, [*in_domain, *out_of_domain])
    subjects = [
        picture.subject(polarities)
        for picture in in_domain
        if picture.emoji.split == "test" and picture.name == picture.emoji.code_points
    ]
    lines = "".join(f"{json.dumps(row)}\n" for row in questions(subjects))
    (output / QUESTIONS).write_text(lines, encoding="utf-8")
    (output / "NOTICE").write_text(NOTICE, encoding="utf-8")
    _write(training, "training.csv", TRAINING_COLUMNS, training_rows, in_domain)
    return Counter((row["split"], row["task"], row["label"]) for row in [*test_rows, *training_rows])


def _write(
    folder: Path,
    table: str,
    columns: Sequence[str],
    rows: list[dict[str, str]],
    pictures: Sequence[Picture],
) -> None:
    """Writes a table and the images that it names."""
    shutil.rmtree(folder / "images", ignore_errors=True)
    named = {row["image"] for row in rows}
    for picture in pictures:
        if picture.path in named:
            path = folder / picture.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture.data)
    with (folder / table).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: (row["task"], row["id"])))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line.

    Args:
        arguments: Command-line arguments; the process's own by default.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.demo.dataset", description=__doc__)
    parser.add_argument("--packages", type=Path, required=True, help="where the npm archives are kept")
    parser.add_argument("--output", type=Path, default=Path("tasks/demo/data"), help="test data")
    parser.add_argument("--training", type=Path, default=Path("build/demo"), help="training data")
    options = parser.parse_args(arguments)
    counts = build(options.packages, options.output, options.training)
    for (split, task, label), count in sorted(counts.items()):
        print(f"{split or 'no label':10} {task or '-':9} {label or '-':11} {count:5}")


if __name__ == "__main__":
    main()
