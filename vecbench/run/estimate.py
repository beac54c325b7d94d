"""What a run would generate, and about how many tokens and dollars that takes, without a model."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from vecbench.engines import Request
from vecbench.errors import ImageError
from vecbench.models import LOCAL, Model
from vecbench.run.control import ControlImage
from vecbench.samples.sample import SampleImage

CHARACTERS = 4
"""So many of English text are about one token, where no tokenizer is at hand."""

Price = tuple[float, float]
"""Dollars per million tokens, of prompts and of answers."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would generate now.

    Attributes:
        requests: Responses to generate; those that are stored already are not among them.
        images: Pictures that they show.
        absent: Of those, how many are still to be downloaded.
        unusable: Requests that would fail before a model is asked, which are in no other number but
            `requests`, and why the first of them would.
        prompt_tokens: Of the prompts' texts, without the chat template around them.
        counted_by: How those were counted.
        image_tokens: Of the pictures; None where nothing here says how many the model makes of one.
        image_rule: How those were counted.
        output_tokens: The most that may be generated.
    """

    requests: int
    images: int
    absent: int
    unusable: int
    why_unusable: str
    prompt_tokens: int
    counted_by: str
    image_tokens: int | None
    image_rule: str
    output_tokens: int

    def cost(self, price: Price) -> tuple[float, float]:
        """Dollars if every answer is empty, and if every one is as long as it may be."""
        asked = self.prompt_tokens + (self.image_tokens or 0)
        return dollars(asked, 0, price), dollars(asked, self.output_tokens, price)


def dollars(prompt_tokens: int, output_tokens: int, price: Price) -> float:
    """What so many tokens cost."""
    return (prompt_tokens * price[0] + output_tokens * price[1]) / 1e6


def estimated(
    requests: Iterable[Request], model: Model, limits: Mapping[str, int], *, downloads: bool
) -> Estimate:
    """The estimate for requests, whose images are read as far as they say how large they are.

    Args:
        requests: What would be asked.
        model: Of a folder the tokenizer and the image processor are looked at.
        limits: `min_pixels` and `max_pixels`, where they are not the image processor's own.
        downloads: Whether an image that is not here would be downloaded. It is then taken to be as large as
            the mean of the others.
    """
    folder = Path(model.source).expanduser() if model.revision.startswith(LOCAL) else None
    text_tokens, counted_by = _text_counter(folder)
    picture_tokens, rule = _picture_counter(folder, limits)
    asked = images = absent = unusable = prompt = pictures = output = 0
    why = ""
    for request in requests:
        asked += 1
        sizes = []
        try:
            for shown in request.images:
                image = shown.original if isinstance(shown, ControlImage) else shown  # which has its size
                assert isinstance(image, SampleImage)
                if not (downloads and isinstance(image.data, str)):
                    sizes.append(_size(image))
        except ImageError as fault:
            unusable, why = unusable + 1, why or fault.message
            continue
        images += len(request.images)
        absent += len(request.images) - len(sizes)
        prompt += text_tokens(request.prompt)
        output += request.sampling.max_tokens
        pictures += sum(picture_tokens(*size) for size in sizes) if picture_tokens is not None else 0
    seen = images - absent
    of_images = None if picture_tokens is None or (absent and not seen) else pictures
    if absent and of_images is not None:
        of_images = round(of_images * images / seen)
    return Estimate(asked, images, absent, unusable, why, prompt, counted_by, of_images, rule, output)


def _size(image: SampleImage) -> tuple[int, int]:
    """Width and height of a picture as it is shown."""
    if isinstance(image.data, str):
        raise ImageError(image.data)
    if image.box is not None and image.box.shown == "cropped":
        return image.decode().size
    try:
        with Image.open(io.BytesIO(image.data)) as picture:  # its header only
            return picture.size
    except Exception as fault:  # whatever the bytes lead Pillow to
        raise ImageError(f"{image.name}: not an image, or of a format that Pillow does not read") from fault


def _text_counter(folder: Path | None) -> tuple[Callable[[str], int], str]:
    """Counts a text's tokens, and by what."""
    with suppress(Exception):  # no such package, no such file, or one of a form that this version cannot read
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json")) if folder is not None else None
        if tokenizer is not None:
            counts: dict[str, int] = {}  # the samples of a task share their prompt

            def count(text: str) -> int:
                if text not in counts:
                    counts[text] = len(tokenizer.encode(text, add_special_tokens=False).ids)
                return counts[text]

            return count, "by the checkpoint's tokenizer"
    return lambda text: math.ceil(len(text) / CHARACTERS), f"{CHARACTERS} characters taken as one"


def _picture_counter(
    folder: Path | None, limits: Mapping[str, int]
) -> tuple[Callable[[int, int], int] | None, str]:
    """Counts the tokens of a picture of a width and height, and by what rule; None where no rule is known."""
    config = _json(folder, "config.json")
    every = config.get("mm_tokens_per_image")  # Gemma 3
    if config.get("model_type") == "llava":
        every = config.get("image_seq_length")
    if isinstance(every, int):
        return lambda _width, _height: every, f"{every} each, as config.json says"
    processor = _json(folder, "preprocessor_config.json") or _json(folder, "processor_config.json").get(
        "image_processor", {}
    )
    patch, merge = processor.get("patch_size"), processor.get("merge_size")
    if not (isinstance(patch, int) and isinstance(merge, int)):
        return None, ""
    edges = processor.get("size") or {}
    least, most = (
        limits.get(name) or processor.get(name) or edges.get(edge)
        for name, edge in (("min_pixels", "shortest_edge"), ("max_pixels", "longest_edge"))
    )
    side = patch * merge
    return (
        lambda width, height: _merged_patches(width, height, side, least or 0, most or 2**63),
        f"one for {side}×{side} pixels, after scaling to the model's limits",
    )


def _merged_patches(width: int, height: int, side: int, least: int, most: int) -> int:
    """Squares of a picture that is scaled, in its shape, to at least and at most so many pixels.

    The rule of Qwen2-VL's processor, which several families have taken over: sides are multiples of the
    square's, rounded to the nearest, and rounded down or up where a limit is met.
    """
    pixels = width * height
    rows, columns = (round(each / side) for each in (height, width))
    if rows * columns * side**2 > most:
        scale = math.sqrt(most / pixels)
        rows, columns = (max(1, math.floor(each * scale / side)) for each in (height, width))
    elif rows * columns * side**2 < least:
        scale = math.sqrt(least / pixels)
        rows, columns = (math.ceil(each * scale / side) for each in (height, width))
    return max(1, rows * columns)


def _json(folder: Path | None, name: str) -> dict[str, Any]:
    """What a file of the checkpoint says; nothing where there is none, or none that can be read."""
    with suppress(OSError, ValueError):
        if folder is not None:
            content = json.loads((folder / name).read_text(encoding="utf-8"))
            return content if isinstance(content, dict) else {}
    return {}
