"""A VECBench of a few rows a task, made of the demo's images, in each of the formats that it is given in.

The layouts are the published ones; the prompts are not, since those rows bring their own.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vecbench.samples import open_data
from vecbench.tasks import Task, load_catalogue

EMOTIONS = {"anger": "anger", "fear": "fear", "sadness": "sadness"}
"""The demo's labels that every list of emotions has."""

LABELS = {
    "emoset_8": EMOTIONS,
    "fi_8": EMOTIONS,
    "webemo_25": {"joy": "cheerfullness", "love": "affection", "anger": "rage"},
    "webemo_7": EMOTIONS | {"love": "love"},
    "fi_2": {"positive": "positive", "negative": "negative"},
    "webemo_2": {"positive": "positive", "negative": "negative"},
    "unbiasedemo_6": EMOTIONS | {"surprise": "surprise"},
    "abstract_8": {"fear": "fear", "sadness": "sadness"},
    "artphoto_8": {"anger": "anger", "fear": "fear"},
}
"""Task → the demo's label of an image → the label that the image has in the task."""


@dataclass(frozen=True, slots=True)
class MiniatureRow:
    """One sample: `image` is a path below a folder `images`, `source` the demo's file."""

    task: Task
    number: int
    label: str
    source: Path

    @property
    def image(self) -> str:
        return f"images/{self.task.display}/{self.number:05}{self.source.suffix}"


def miniature_rows() -> list[MiniatureRow]:
    """The rows; no image is used twice."""
    catalogue = load_catalogue()
    pools: dict[str, list[Path]] = {}
    for name in ("emoji_7", "emoji_2"):
        demo = catalogue.tasks[name]
        for sample in open_data(demo.data).samples(demo):
            pools.setdefault(sample.target, []).append(sample.root / sample.image)
    used: set[bytes] = set()
    rows = []
    for task, labels in LABELS.items():
        for number, (theirs, label) in enumerate(labels.items()):
            source = next(path for path in pools[theirs] if path.read_bytes() not in used)
            used.add(source.read_bytes())
            rows.append(MiniatureRow(catalogue.tasks[task], number, label, source))
    return rows


def emocaliber(root: Path) -> Path:
    """`test_8k.jsonl` beside the images; the table."""
    table = root / "test_8k.jsonl"
    lines = []
    for row in _with_images(root):
        content = [{"type": "image", "image": row.image}, {"type": "text", "text": _prompt(row.task)}]
        line = {
            "conversations": [{"role": "user", "content": content}],
            "task": row.task.display,
            "ground_truth": row.label,
            "candidates": list(row.task.labels),
        }
        lines.append(json.dumps(line) + "\n")
    table.write_text("".join(lines))
    return table


def emobserver(root: Path) -> Path:
    """`benchmarks/VECBench/Std-VECBench.json` with images beside it, as in wudq/MVEI_PLUS; the root."""
    folder = root / "benchmarks" / "VECBench"
    records = {
        f"{row.task.display}/{row.number:05}": {
            "image_path": f"../benchmarks/VECBench/{row.image}",
            "prompt": _prompt(row.task),
            "ground_truth": row.label,
            "other_info": {"candidates": list(row.task.labels), "task": row.task.display},
        }
        for row in _with_images(folder)
    }
    (folder / "Std-VECBench.json").write_text(json.dumps(records, indent=2))
    return root


def hub(root: Path) -> Path:
    """`VECBench/test_metadata.csv`, paths from the dataset's root, as in wudq/VECBench; the root."""
    folder = root / "VECBench"
    rows = _with_images(folder)
    with (folder / "test_metadata.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image_path", "label", "task", "split"])
        writer.writerow(["VECBench/images/FI-8/train.jpg", "awe", "FI-8", "train"])
        writer.writerows([f"VECBench/{row.image}", row.label, row.task.display, "test"] for row in rows)
    return root


def folder(root: Path) -> Path:
    """`samples.csv` beside the images; the folder."""
    rows = _with_images(root)
    with (root / "samples.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "label", "task"])
        writer.writerows([row.image, row.label, row.task.id] for row in rows)
    return root


def damaged(root: Path) -> Path:
    """A miniature with a file missing, another one broken, and an image in two tasks; the root."""
    hub(root)
    folder = root / "VECBench"
    (folder / "images" / "FI-2" / "00000.png").unlink()
    (folder / "images" / "FI-8" / "00001.png").write_bytes(b"nonsense")
    with (folder / "test_metadata.csv").open("a") as stream:
        stream.write("VECBench/images/EmoSet-8/00000.png,anger,FI-8,test\n")
    return root


FORMATS: dict[str, Callable[[Path], Path]] = {
    "EmoCaliber JSONL": emocaliber,
    "EmObserver JSON": emobserver,
    "metadata CSV": hub,
    "CSV": folder,
}
"""The format's name → writes a miniature of it into a folder, and returns what --data takes."""


def _prompt(task: Task) -> str:
    return f"Which {task.noun} fits? Choose from {list(task.labels)}. Answer as <answer>…</answer>."


def _with_images(folder: Path) -> list[MiniatureRow]:
    rows = miniature_rows()
    for row in rows:
        path = folder / row.image
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(row.source, path)
    return rows
