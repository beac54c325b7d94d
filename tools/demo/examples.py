"""What the bundled model is trained on: pictures, prompts and the answers it should give."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np
import numpy.typing as npt
import torch
import yaml

from tools.demo.architecture import IMAGE_SIZE
from tools.demo.labels import EMOTIONS, SENTIMENTS
from vecbench.errors import DataError
from vecbench.samples.images import decode_image, read_image

Pixels = npt.NDArray[np.uint8]

LABELS = {"emoji_2": SENTIMENTS, "emoji_7": EMOTIONS}
NOUNS = {"emoji_2": "sentiment", "emoji_7": "emotion"}

CONFIDENCES = tuple(f"{step / 20:.2f}" for step in range(1, 20))
"""The confidences that the model can state: 0.05 to 0.95 in steps of 0.05."""

REASONS = 3
"""Most keywords that the model names before it answers."""

OTHER_LABELS = (
    "amusement",
    "awe",
    "contentment",
    "disgust",
    "affection",
    "cheerfullness",
    "confusion",
    "disappointment",
    "enthrallment",
    "envy",
    "exasperation",
    "gratitude",
    "horror",
    "irritabilty",
    "lust",
    "neglect",
    "nervousness",
    "optimism",
    "pride",
    "rage",
    "relief",
    "shame",
    "suffering",
    "sympathy",
    "zest",
)
"""Labels of VECBench that the demo does not ask for, spelt as there; the tokenizer should know them."""


@dataclass(frozen=True)
class Example:
    """A picture in training.

    Attributes:
        task: `emoji_2` or `emoji_7`; empty for a picture without a label.
        label: What the model should answer; empty for a picture without a label.
        emoji: The base emoji.
        split: `train` or `validation`; empty for a picture without a label.
        keywords: CLDR keywords.
        pixels: The picture on white, uint8, shape (3, IMAGE_SIZE, IMAGE_SIZE).
    """

    task: str
    label: str
    emoji: str
    split: str
    keywords: tuple[str, ...]
    pixels: Pixels


def read_examples(folder: Path) -> list[Example]:
    """Reads the training folder that `tools.demo.dataset` writes.

    Args:
        folder: Folder with `training.csv` and `images`.

    Returns:
        Examples in the table's order.

    Raises:
        DataError: The table is missing, or an image is.
    """
    table = folder / "training.csv"
    if not table.exists():
        raise DataError(f"{table} does not exist", "Build it with `python -m tools.demo.dataset`.")
    pixels: dict[str, Pixels] = {}
    examples = []
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["image"] not in pixels:
                pixels[row["image"]] = read_pixels(folder, row["image"])
            keywords = tuple(row["keywords"].split("|"))
            examples.append(
                Example(row["task"], row["label"], row["emoji"], row["split"], keywords, pixels[row["image"]])
            )
    return examples


def read_pixels(folder: Path, image: str) -> Pixels:
    """Decodes one picture as evaluation does.

    Args:
        folder: The data folder.
        image: The picture's path in it.

    Returns:
        uint8, shape (3, IMAGE_SIZE, IMAGE_SIZE).

    Raises:
        DataError: It is missing, broken or of another size.
    """
    picture = decode_image(read_image(folder, image))
    if picture.size != (IMAGE_SIZE, IMAGE_SIZE):
        raise DataError(f"{folder / image} has {picture.size} pixels, expected {IMAGE_SIZE} each way")
    return np.ascontiguousarray(np.asarray(picture, dtype=np.uint8).transpose(2, 0, 1))


def stack(examples: Sequence[Example]) -> torch.Tensor:
    """The pixels of some pictures in one tensor: uint8, shape (batch, 3, IMAGE_SIZE, IMAGE_SIZE)."""
    return torch.from_numpy(np.stack([example.pixels for example in examples]))


def read_prompts(path: Path) -> dict[str, dict[str, str]]:
    """Renders the prompt profiles for the demo's tasks.

    Args:
        path: The tasks' `prompts.yaml`: Jinja2 templates by profile.

    Returns:
        Prompt by task by profile; the profile that quotes the data row is left out.
    """
    profiles: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    return {
        profile: {
            task: environment.from_string(template).render(labels=list(LABELS[task]), noun=NOUNS[task])
            for task in LABELS
        }
        for profile, template in profiles.items()
        if "dataset_prompt" not in template
    }


class Reasons:
    """Chooses the keywords that the model names before it answers.

    A picture has a dozen keywords, most of them rare. The most frequent ones ("smiling", "tear", "heart")
    are those that can be learnt from few pictures, and those that say what is seen. Labels are not
    among them: the reasoning should not give the answer away.

    Args:
        examples: The pictures whose keywords are counted, once per emoji.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        keywords = {example.emoji: example.keywords for example in examples}
        labels = {*EMOTIONS, *SENTIMENTS}
        counts = Counter(word for words in keywords.values() for word in words if word not in labels)
        self._rank = {
            word: place
            for place, (word, _) in enumerate(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
            # "face" is said of nearly all of them and tells nothing.
            if word != "face" and word.isalpha()
        }

    def __call__(self, example: Example) -> str:
        """The keywords of one picture, the most frequent first, separated by commas."""
        known = sorted(set(example.keywords) & set(self._rank), key=self._rank.__getitem__)
        return ", ".join(known[:REASONS])


def answer(reasons: str, label: str, confidence: str) -> str:
    """The answer in the format that the tasks parse.

    Args:
        reasons: Keywords, separated by commas.
        label: The label.
        confidence: One of `CONFIDENCES`.

    Returns:
        The text that the model writes, without the end token.
    """
    return f"{caption(reasons)}<answer>{label}</answer><confidence>{confidence}</confidence>"


def caption(reasons: str) -> str:
    """The answer's first part: what is seen.

    Args:
        reasons: Keywords, separated by commas.

    Returns:
        The reasons in their tags.
    """
    return f"<think>{reasons}</think>"


def corpus(prompts: dict[str, dict[str, str]], examples: Sequence[Example], reasons: Reasons) -> list[str]:
    """The texts that the tokenizer is trained on: prompts, labels and answers.

    Args:
        prompts: Prompt by task by profile.
        examples: The labelled pictures.
        reasons: Chooses their keywords.

    Returns:
        Texts; those that must become one token stand in it often.
    """
    words = [*EMOTIONS, *SENTIMENTS, *OTHER_LABELS]
    texts = [prompt for by_task in prompts.values() for prompt in by_task.values()] * 20
    texts += [str(words)] * 40
    texts += words * 40
    texts += list(CONFIDENCES) * 200
    texts += [f" {reasons(example)}" for example in examples for _ in range(2)]
    return texts
