"""What a model's chat template makes of a question, in vLLM."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any


async def rendered(renderer: Any, messages: Sequence[Any], chat: Any) -> Any:
    """The prompt of a conversation, as tokens, with its images, which are not processed yet.

    Args:
        renderer: That of vLLM's engine.
        messages: The conversation, whose images are parts of its turns.
        chat: vLLM's `ChatParams`.
    """
    _, prompt = await renderer.render_messages_async(list(messages), chat)
    return await renderer.tokenize_prompt_async(prompt, renderer.default_chat_tok_params)


async def shows_image(renderer: Any, shown: Any, plain: Any) -> bool:
    """Whether a question that was rendered with an image and without one is asked with it.

    Where a template leaves it out, both are the same, and vLLM's processor finds no place for it. There are
    models whose processor needs none: it puts the image before every prompt.
    """
    if shown["prompt_token_ids"] != plain["prompt_token_ids"]:
        return True
    try:
        processed = await renderer.process_for_engine_async(shown, time.time())
    except Exception:  # whatever a processor says that looks for a place
        return False
    return any(processed.get("mm_placeholders", {}).values())
