"""A tiny checkpoint with random weights of each family of models, with the architecture of the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] in ('image', 'image_url') or 'image' in part %}"
    "IMAGE{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "max_position_embeddings": 2048}  # fmt: skip
VISION = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION_OF_QWEN = {"depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 2}
PIXELS = {"shortest_edge": 28 * 28, "longest_edge": 112 * 112}
PIXELS_OF_GLM = {"shortest_edge": 2 * 28 * 28, "longest_edge": 2 * 112 * 112}  # it counts two frames an image
ROPE = {"rope_type": "default", "rope_theta": 1e6}
MROPE = ROPE | {"mrope_section": [4, 6, 6]}


def save_tiny(family: str, folder: Path) -> None:
    """Writes the checkpoint of a family; the same weights every time."""
    import torch
    from transformers import AutoModelForImageTextToText

    processor, config = FAMILIES[family]()
    tokenizer = processor.tokenizer
    # Random weights may answer alike whatever the colours: those of GLM's from 0 do.
    torch.manual_seed(1 if family.startswith("glm") else 0)
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:  # smaller ones, or zeros, leave no trace of the image in an answer
                weight.normal_(std=0.08)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    if family in {"llava", "llava_onevision", "gemma3"}:
        _as_on_the_hub(folder / "model.safetensors")


def _as_on_the_hub(weights: Path) -> None:
    """Names the weights of a vision tower as published checkpoints do, which is how vLLM knows them."""
    from safetensors.torch import load_file, save_file

    found = load_file(weights)
    renamed = {
        name.replace("vision_tower.", "vision_tower.vision_model."): weight for name, weight in found.items()
    }
    save_file(renamed, weights, {"format": "pt"})


LETTERS = tuple(map(chr, range(33, 127)))
ENDS = {"unk_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
KNOWN = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def _tokenizer(*special: str, **named: str) -> Any:
    """One token a letter of ASCII, so that every answer is text; `named` special ones are its attributes."""
    from transformers import Qwen2Tokenizer

    known = [*KNOWN, *special, *named.values()]
    vocabulary = _numbered(*LETTERS, "Ġ", "Ċ", *known)  # the two are how a blank and a new line are written
    return Qwen2Tokenizer(
        vocab=vocabulary, merges=[], extra_special_tokens=known, model_specific_special_tokens=named, **ENDS
    )


def _numbered(*tokens: str) -> dict[str, int]:
    return {token: place for place, token in enumerate(tokens)}


def _text(tokenizer: Any, **settings: Any) -> dict[str, Any]:
    ids = {
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    return TEXT | {"vocab_size": len(tokenizer)} | ids | settings


def _ids(tokenizer: Any, **tokens: str) -> dict[str, int]:
    return {name: tokenizer.convert_tokens_to_ids(token) for name, token in tokens.items()}


def _qwen(version: str, patch: int, text: Mapping[str, Any], vision: Mapping[str, Any]) -> tuple[Any, Any]:
    import transformers

    image = "<|vision_start|><|image_pad|><|vision_end|>"
    tokenizer = _tokenizer("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    video = "Qwen3VLVideoProcessor" if version == "3" else "Qwen2VLVideoProcessor"
    name = f"Qwen{version}VL"
    processor = getattr(transformers, f"{name}Processor")(
        image_processor=transformers.Qwen2VLImageProcessor(size=PIXELS, patch_size=patch),
        tokenizer=tokenizer,
        video_processor=getattr(transformers, video)(size=PIXELS, patch_size=patch),
        chat_template=TEMPLATE.replace("IMAGE", image),
    )
    config = getattr(transformers, f"{name}Config")(
        text_config=_text(tokenizer, **{"rope_parameters": MROPE} | text),
        vision_config=VISION_OF_QWEN | {"patch_size": patch, **vision},
        **_ids(
            tokenizer,
            image_token_id="<|image_pad|>",
            video_token_id="<|video_pad|>",
            vision_start_token_id="<|vision_start|>",
            vision_end_token_id="<|vision_end|>",
        ),
    )
    return processor, config


def qwen2_vl() -> tuple[Any, Any]:
    vision = {"depth": 2, "embed_dim": 64, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2}
    return _qwen("2", 14, {}, vision)


def qwen2_5_vl() -> tuple[Any, Any]:
    vision = {"out_hidden_size": 64, "window_size": 56, "fullatt_block_indexes": [1]}
    return _qwen("2_5_", 14, {}, vision)


def qwen3_vl() -> tuple[Any, Any]:
    rope = ROPE | {"mrope_section": [6, 5, 5], "mrope_interleaved": True}
    text = {"head_dim": 32, "rope_parameters": rope}
    vision = {"out_hidden_size": 64, "num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
    return _qwen("3", 16, text, vision)


def llava() -> tuple[Any, Any]:
    from transformers import CLIPImageProcessor, LlavaConfig, LlavaProcessor

    tokenizer = _tokenizer("<image>")
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE.replace("IMAGE", "<image>\n"),
    )
    config = LlavaConfig(
        text_config=_text(tokenizer, model_type="llama"),
        vision_config=VISION | {"model_type": "clip_vision_model", "image_size": 56, "patch_size": 14},
        image_seq_length=16,
        **_ids(tokenizer, image_token_index="<image>"),
    )
    return processor, config


def llava_onevision() -> tuple[Any, Any]:
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    tokenizer = _tokenizer("<image>", "<video>")
    size = {"height": 56, "width": 56}
    grid = [[56, 56], [56, 112], [112, 56], [112, 112]]
    processor = LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=grid),
        tokenizer=tokenizer,
        video_processor=LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE.replace("IMAGE", "<image>\n"),
    )
    config = LlavaOnevisionConfig(
        text_config=_text(tokenizer, model_type="qwen2", rope_parameters=ROPE),
        vision_config=VISION
        | {"model_type": "siglip_vision_model", "image_size": 56, "patch_size": 14, "vision_use_head": False},
        image_grid_pinpoints=grid,
        **_ids(tokenizer, image_token_index="<image>", video_token_index="<video>"),
    )
    return processor, config


def internvl() -> tuple[Any, Any]:
    from transformers import (
        GotOcr2ImageProcessor,
        InternVLConfig,
        InternVLProcessor,
        InternVLVideoProcessor,
    )

    tokenizer = _tokenizer(
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    size = {"height": 56, "width": 56}
    processor = InternVLProcessor(
        image_processor=GotOcr2ImageProcessor(size=size, crop_to_patches=True, max_patches=4),
        tokenizer=tokenizer,
        video_processor=InternVLVideoProcessor(size=size),
        image_seq_length=4,
        chat_template=TEMPLATE.replace("IMAGE", "<IMG_CONTEXT>\n"),
    )
    config = InternVLConfig(
        text_config=_text(tokenizer, model_type="qwen2", rope_parameters=ROPE),
        vision_config=VISION | {"image_size": 56, "patch_size": 14},
        image_seq_length=4,
        tie_word_embeddings=False,
        **_ids(tokenizer, image_token_id="<IMG_CONTEXT>"),
    )
    return processor, config


def gemma3() -> tuple[Any, Any]:
    from transformers import Gemma3Config, Gemma3ImageProcessor, Gemma3Processor, GemmaTokenizer

    named = {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
    known = [*KNOWN, "<unk>", "<bos>", "<mask>", *named.values()]
    lines = ["\n" * count for count in (1, 2, 3, 4)]  # vLLM looks for each of them
    tokenizer = GemmaTokenizer(
        vocab=_numbered(*LETTERS, "▁", *lines, *known),
        merges=[("\n", "\n"), ("\n\n", "\n\n"), ("\n\n", "\n")],
        extra_special_tokens=known,
        model_specific_special_tokens=named,
        **ENDS | {"unk_token": "<unk>"},
    )
    processor = Gemma3Processor(
        image_processor=Gemma3ImageProcessor(size={"height": 56, "width": 56}),
        tokenizer=tokenizer,
        image_seq_length=4,
        chat_template=TEMPLATE.replace("IMAGE", "<start_of_image>"),
    )
    config = Gemma3Config(
        text_config=_text(tokenizer, head_dim=32, query_pre_attn_scalar=32, sliding_window=64,
                          layer_types=["sliding_attention", "full_attention"]),
        vision_config=VISION | {"image_size": 56, "patch_size": 14, "vision_use_head": False},
        mm_tokens_per_image=4,
        **_ids(tokenizer, boi_token_index="<start_of_image>", eoi_token_index="<end_of_image>",
               image_token_index="<image_soft_token>"),
    )  # fmt: skip
    return processor, config


def _idefics(name: str, **further: Any) -> tuple[Any, Any]:
    import transformers

    cells = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    tokenizer = _tokenizer(
        "<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>", *cells
    )
    image_processor = getattr(transformers, f"{name}ImageProcessor")(
        size={"longest_edge": 112}, max_image_size={"longest_edge": 56}
    )
    processor = getattr(transformers, f"{name}Processor")(
        image_processor=image_processor,
        tokenizer=tokenizer,
        image_seq_len=4,
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
        **further,
    )
    config = getattr(transformers, f"{name}Config")(
        text_config=_text(tokenizer, model_type="llama"),
        vision_config=VISION | {"image_size": 56, "patch_size": 14},
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
        **_ids(tokenizer, image_token_id="<image>"),
    )
    return processor, config


def idefics3() -> tuple[Any, Any]:
    return _idefics("Idefics3")


def smolvlm() -> tuple[Any, Any]:
    from transformers import SmolVLMVideoProcessor

    size = {"longest_edge": 56}
    return _idefics("SmolVLM", video_processor=SmolVLMVideoProcessor(size=size, max_image_size=size))


def minicpm_v() -> tuple[Any, Any]:
    from transformers import (
        MiniCPMV4_6Config,
        MiniCPMV4_6ImageProcessor,
        MiniCPMV4_6Processor,
        MiniCPMV4_6VideoProcessor,
    )

    tokenizer = _tokenizer(
        image_token="<|image_pad|>",
        video_token="<|video_pad|>",
        image_start_token="<image>",
        image_end_token="</image>",
        slice_start_token="<slice>",
        slice_end_token="</slice>",
        image_id_start_token="<image_id>",
        image_id_end_token="</image_id>",
    )
    slices = {"max_slice_nums": 4, "scale_resolution": 112, "patch_size": 14}
    processor = MiniCPMV4_6Processor(
        image_processor=MiniCPMV4_6ImageProcessor(**slices),
        video_processor=MiniCPMV4_6VideoProcessor(**slices),
        tokenizer=tokenizer,
        chat_template=TEMPLATE.replace("IMAGE", "<|image_pad|>"),
    )
    linear = {"linear_key_head_dim": 128, "linear_value_head_dim": 128, "linear_num_key_heads": 2,
              "linear_num_value_heads": 2}  # fmt: skip
    config = MiniCPMV4_6Config(
        text_config=_text(tokenizer, model_type="qwen3_5_text", head_dim=32,
                          layer_types=["linear_attention", "full_attention"], **linear),
        vision_config=VISION | {"image_size": 112, "patch_size": 14},
        image_size=112,
        insert_layer_id=0,
        **_ids(tokenizer, image_token_id="<|image_pad|>", video_token_id="<|video_pad|>"),
    )  # fmt: skip
    return processor, config


def _glm(version: str) -> tuple[Any, Any]:
    import transformers

    tokenizer = _tokenizer(
        "<|begin_of_image|>",
        "<|end_of_image|>",
        "<|begin_of_video|>",
        "<|end_of_video|>",
        "<|image|>",
        "<|video|>",
    )
    name = f"Glm{version}"
    processor = getattr(transformers, f"{name}Processor")(
        image_processor=getattr(transformers, f"{name}ImageProcessor")(size=PIXELS_OF_GLM),
        tokenizer=tokenizer,
        video_processor=getattr(transformers, f"{name}VideoProcessor")(size=PIXELS_OF_GLM),
        chat_template=TEMPLATE.replace("IMAGE", "<|begin_of_image|><|image|><|end_of_image|>"),
    )
    config = getattr(transformers, f"{name}Config")(
        text_config=_text(tokenizer, rope_parameters=MROPE | {"partial_rotary_factor": 1.0}),
        vision_config=VISION_OF_QWEN | {"out_hidden_size": 64, "image_size": 56},
        **_ids(
            tokenizer,
            image_token_id="<|image|>",
            video_token_id="<|video|>",
            image_start_token_id="<|begin_of_image|>",
            image_end_token_id="<|end_of_image|>",
            video_start_token_id="<|begin_of_video|>",
            video_end_token_id="<|end_of_video|>",
        ),
    )
    return processor, config


def glm4v() -> tuple[Any, Any]:
    return _glm("4v")


def glm46v() -> tuple[Any, Any]:
    return _glm("46V")


FAMILIES: Mapping[str, Callable[[], tuple[Any, Any]]] = {
    each.__name__: each
    for each in (
        qwen2_vl, qwen2_5_vl, qwen3_vl, llava, llava_onevision, internvl, gemma3, smolvlm, idefics3,
        minicpm_v, glm4v, glm46v,
    )
}  # fmt: skip
"""The processor and the configuration of each."""
