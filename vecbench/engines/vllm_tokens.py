"""The tokens of vLLM's answers, with what the model gave them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from vecbench.engines.base import Request
from vecbench.engines.token_scores import DecodedTokens, Scored

if TYPE_CHECKING:
    from vecbench.engines.vllm_adapter import AsyncLLM


RAW = "raw_logprobs"
"""vLLM's mode in which it tells the model's own probabilities."""


def n_logprobs(request: Request, llm: AsyncLLM) -> int | None:
    """So many of the likeliest tokens vLLM is asked for; None for nothing.

    Nothing is asked of an engine whose `logprobs_mode` has other numbers than the model's own.
    """
    config = llm.model_config
    most = config.get_vocab_size() if config.max_logprobs < 0 else config.max_logprobs
    wanted = min(request.n_alternatives, most)
    return wanted if wanted > 0 and config.logprobs_mode == RAW else None


def vllm_tokens(
    completion: Any, text: str, count: int, decode: Callable[[Sequence[int]], str]
) -> DecodedTokens | None:
    """The first `count` tokens of a completion, whose text may have been cut; None if they are not scored."""
    if completion.logprobs is None:
        return None

    def scored(place: int) -> Scored:
        found = completion.logprobs[place]
        own = found[completion.token_ids[place]].logprob
        return own, ((token, each.logprob) for token, each in found.items())

    return DecodedTokens(text, completion.token_ids[:count], decode, scored)


def remember_texts(llm: AsyncLLM) -> None:
    """Has vLLM decode each token once: for log probabilities it does so at every step with all the likeliest.

    On two cores that was a tenth of a small model's time. Nothing is done where there is no such tokenizer.
    """
    processor: Any = getattr(llm, "output_processor", None)
    tokenizer: Any = getattr(processor, "tokenizer", None)
    if tokenizer is None:
        return
    known: dict[int, str] = {}

    class Remembering(type(tokenizer)):  # type: ignore[misc]
        def decode(self, ids: Any, *arguments: Any, **settings: Any) -> str:
            if arguments or settings or not isinstance(ids, list) or len(ids) != 1:
                text: str = super().decode(ids, *arguments, **settings)
                return text
            if ids[0] not in known:
                known[ids[0]] = super().decode(ids)
            return known[ids[0]]

    # No copy by the tokenizer's own `__reduce__`: that of vLLM 0.25 turns what the engine works with into the
    # copy, and every image ends in an endless recursion.
    remembering = object.__new__(Remembering)
    remembering.__dict__.update(tokenizer.__dict__)
    processor.tokenizer = remembering
