"""The bundled model's shape, a LLaVA of less than half a million parameters, and its processor."""

from __future__ import annotations

import torch
from transformers import (
    CLIPVisionConfig,
    GenerationConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from tools.demo.tokenizer import IMAGE, MAXIMUM_LENGTH

IMAGE_SIZE = 64
"""Width and height of the pixels that the vision tower sees."""

PATCH_SIZE = 8
"""Width and height of a patch: an eye or a mouth fills one. With twice this, held-out emoji fare worse."""

VISION_WIDTH = 64
"""Hidden size of the vision tower. A wider one did no better on held-out emoji."""

TEXT_WIDTH = 64
"""Hidden size of the decoder. A narrow one takes more steps in the same time, and needs them."""

HEAD_SIZE = 32
"""Size of every attention head; inference engines have kernels for 32 and 64, not for 16."""

PIXEL_MEAN = (0.5, 0.5, 0.5)
PIXEL_DEVIATION = (0.5, 0.5, 0.5)


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlavaForConditionalGeneration:
    """Makes an untrained model.

    Args:
        tokenizer: The tokenizer whose vocabulary the decoder has.

    Returns:
        The model in float32, with weights drawn from torch's global generator.
    """
    vision = CLIPVisionConfig(
        hidden_size=VISION_WIDTH,
        intermediate_size=3 * VISION_WIDTH,
        num_hidden_layers=4,
        num_attention_heads=VISION_WIDTH // HEAD_SIZE,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
        projection_dim=VISION_WIDTH,
        hidden_act="gelu",
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=TEXT_WIDTH,
        intermediate_size=2 * TEXT_WIDTH,
        num_hidden_layers=3,
        num_attention_heads=TEXT_WIDTH // HEAD_SIZE,
        num_key_value_heads=TEXT_WIDTH // HEAD_SIZE,
        head_dim=HEAD_SIZE,
        max_position_embeddings=MAXIMUM_LENGTH,
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        image_seq_length=(IMAGE_SIZE // PATCH_SIZE) ** 2,
        # The last layer's output without the class token: so small a tower has no layer to spare.
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlavaForConditionalGeneration(config).to(torch.float32)
    model.generation_config = GenerationConfig(
        do_sample=False,
        max_new_tokens=48,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return model


def build_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """Makes the processor that turns a picture and a chat into the model's inputs.

    Args:
        tokenizer: The model's tokenizer, with its chat template.

    Returns:
        A processor that resizes pictures to `IMAGE_SIZE` squares and counts one token per patch.
    """
    images = CLIPImageProcessorPil(
        size={"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        crop_size={"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        do_center_crop=False,
        image_mean=list(PIXEL_MEAN),
        image_std=list(PIXEL_DEVIATION),
    )
    return LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=PATCH_SIZE,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=tokenizer.chat_template,
    )
