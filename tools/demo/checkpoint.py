"""Saves the bundled model as hub checkpoints of its kind are saved, so that every engine can load it."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from tools.demo.tokenizer import IMAGE

WEIGHTS = "model.safetensors"

_RENAMED = {
    "model.vision_tower.vision_model.": "vision_tower.vision_model.",
    "model.vision_tower.": "vision_tower.vision_model.",
    "vision_tower.vision_model.": "vision_tower.vision_model.",
    "vision_tower.": "vision_tower.vision_model.",
    "model.multi_modal_projector.": "multi_modal_projector.",
    "language_model.lm_head.": "language_model.lm_head.",
    "language_model.model.": "language_model.model.",
    "model.language_model.": "language_model.model.",
    "lm_head.": "language_model.lm_head.",
}
"""How transformers 5 names the weights, in memory or in a file, and how LLaVA's hub checkpoints do.

Inference engines other than transformers read the latter only. The first prefix that fits counts.
"""


def hub_name(name: str) -> str:
    """The name that a hub checkpoint has for a weight."""
    for prefix, renamed in _RENAMED.items():
        if name.startswith(prefix):
            return renamed + name.removeprefix(prefix)
    return name


def save(model: LlavaForConditionalGeneration, processor: LlavaProcessor, folder: Path) -> None:
    """Saves the model in bfloat16, with its processor.

    Args:
        model: The trained model; it is not changed.
        processor: Its processor.
        folder: Where to; files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        half = LlavaForConditionalGeneration(model.config)
        half.load_state_dict(model.state_dict())
        half.generation_config = model.generation_config
        half.to(torch.bfloat16).save_pretrained(temporary)
        for name in ("config.json", "generation_config.json"):
            shutil.copy(Path(temporary) / name, folder / name)
        weights = load_file(Path(temporary) / WEIGHTS)
    renamed = {hub_name(name): weights[name].contiguous() for name in sorted(weights)}
    save_file(renamed, folder / WEIGHTS, metadata={"format": "pt"})
    # save_file leaves it readable by its owner alone.
    (folder / WEIGHTS).chmod(0o644)
    processor.save_pretrained(folder)
    _add_older_names(folder)


def _add_older_names(folder: Path) -> None:
    """Makes the processor's files readable for transformers 4 too, which vLLM may still run on.

    It knows the tokenizer's class by another name, wants a mapping of extra tokens, and reads the image
    processor from a file of its own.
    """
    path = folder / "tokenizer_config.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer |= {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "extra_special_tokens": {"image_token": IMAGE},
    }
    _write_json(path, tokenizer)
    whole = json.loads((folder / "processor_config.json").read_text(encoding="utf-8"))
    _write_json(folder / "preprocessor_config.json", whole["image_processor"])


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load(folder: Path) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """Loads a saved model.

    Args:
        folder: A folder that `save` wrote.

    Returns:
        The model in evaluation mode and float32, and its processor.
    """
    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    return model.eval(), LlavaProcessor.from_pretrained(folder, local_files_only=True)


def shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every weight in a saved model, by its name in the file."""
    with safe_open(folder / WEIGHTS, "pt") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def count_parameters(folder: Path) -> int:
    """The number of weights in a saved model."""
    return sum(math.prod(shape) for shape in shapes(folder).values())
