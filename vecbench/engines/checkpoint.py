"""What transformers can tell of a checkpoint before its weights are loaded."""

from __future__ import annotations

import warnings
from typing import Any

import transformers
from PIL.Image import new as new_image
from transformers import AutoProcessor, PretrainedConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from vecbench.engines.arguments import TransformersArguments
from vecbench.engines.base import broken_template
from vecbench.engines.chat_template import image_left_out, template_name
from vecbench.errors import RunError, UsageError, whole_message

INCOMPLETE = (
    "Are its processor_config.json or preprocessor_config.json and its tokenizer's files there? Copy them "
    "from the model that it was trained from."
)


def require_class(model: str, arguments: TransformersArguments) -> None:
    """Refuses a model that transformers has no class for that takes images and text.

    Raises:
        RunError: It is of a kind that this version does not know, or of text alone.
        UsageError: It brings code of its own, and nobody said to run it.
    """
    version = transformers.__version__
    settings, _ = PretrainedConfig.get_config_dict(model, revision=arguments.revision or "main")
    kind = settings.get("model_type")
    if kind in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return
    if settings.get("auto_map"):
        if not arguments.trust_remote_code:
            raise UsageError(
                f"{model} brings code of its own, which is only run where you say so",
                "Read it, then give -a trust_remote_code=true.",
            )
    elif kind in CONFIG_MAPPING_NAMES:
        raise RunError(
            f"{model} is a {kind}, for which transformers {version} has no class that takes images",
            "Name a model that does, such as Qwen/Qwen2.5-VL-3B-Instruct.",
        )
    elif kind is not None:
        raise RunError(
            f"{model} is a {kind}, which transformers {version} does not know",
            "A newer version may: pip install --upgrade transformers. vLLM may know it too: --engine vllm.",
        )


def loaded_processor(model: str, arguments: TransformersArguments) -> Any:
    """The processor of a checkpoint, with which a question with an image has been prepared once.

    Raises:
        RunError: There is none for images, or its chat template cannot be used.
    """
    try:
        processor = AutoProcessor.from_pretrained(
            model,
            revision=arguments.revision or "main",
            trust_remote_code=arguments.trust_remote_code,
            **arguments.pixel_limits,
        )
    except OSError as fault:  # files that are not there, by which it says so
        raise RunError(f"{model} has no processor: {whole_message(fault)}", INCOMPLETE) from fault
    images = getattr(processor, "image_processor", None)
    if images is None or getattr(processor, "tokenizer", None) is None:
        raise RunError(
            f"{model} has no processor for images and text, only a {type(processor).__name__}",
            INCOMPLETE,
        )
    known = getattr(getattr(images, "valid_kwargs", None), "__annotations__", arguments.pixel_limits)
    if idle := [name for name in arguments.pixel_limits if name not in known and not hasattr(images, name)]:
        warnings.warn(f"{model}: its {type(images).__name__} knows no {' or '.join(idle)}", stacklevel=2)
    name = template_name(model, arguments.chat_template)
    if arguments.chat_template is not None:
        with open(arguments.chat_template, encoding="utf-8") as template:
            processor.chat_template = template.read()
    if not getattr(processor, "chat_template", None):
        raise broken_template(name, "there is none")
    processor.tokenizer.padding_side = "left"
    if processor.tokenizer.pad_token_id is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    _require_question(model, name, processor)
    return processor


def _require_question(model: str, template: str, processor: Any) -> None:
    """What fails for one question fails for every one: tried here, and not after the weights are loaded."""
    text = {"type": "text", "text": "Which?"}
    image = {"type": "image", "image": new_image("RGB", (224, 224))}
    question = [{"role": "user", "content": [image, text]}]
    try:
        shown = processor.apply_chat_template(question, add_generation_prompt=True, tokenize=False)
    except Exception as fault:  # a template can fail in every way that Python can
        raise broken_template(template, whole_message(fault)) from fault
    try:
        plain = processor.apply_chat_template(
            [{"role": "user", "content": [text]}], add_generation_prompt=True, tokenize=False
        )
    except Exception:  # one that wants an image does show it
        plain = None
    left_out = image_left_out(template, shown, plain, getattr(processor, "image_token", None))
    if left_out is not None:
        raise left_out
    try:
        processor.apply_chat_template(
            [question],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        )
    except ImportError:
        raise
    except Exception as fault:
        said = whole_message(fault)
        raise RunError(f"the processor of {model} prepares no question: {said}", INCOMPLETE) from fault
