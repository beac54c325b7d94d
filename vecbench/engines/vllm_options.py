"""How probable vLLM's model finds answers that it has not given."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

from vecbench.engines.base import Request, Response
from vecbench.engines.option_tokens import OptionTokens, Scored, Tokens, tokens_behind
from vecbench.engines.vllm_adapter import AsyncLLM, LoRARequest, RequestOutputKind, SamplingParams
from vecbench.engines.vllm_tokens import RAW

AT_ONCE = 100
"""So many tokens are scored by one request: vLLM's sampler takes 128."""


class VllmOptionScorer:
    """Scores the options of a request that is answered.

    Where options part, one request for a single token asks for the probabilities of all tokens that may
    follow. Prompt, images and answer are in vLLM's prefix cache by then, and are not computed again.

    Args:
        llm: The engine.
        lora: The adapter that it answers with.
    """

    def __init__(self, llm: AsyncLLM, lora: LoRARequest | None) -> None:
        self._llm, self._lora = llm, lora
        self._encode = partial(llm.renderer.get_tokenizer().encode, add_special_tokens=False)
        self._numbers = count()

    async def scored(self, request: Request, response: Response, prompt: Any) -> tuple[float, ...]:
        """The natural logarithm of each option's probability.

        Args:
            request: Names the options.
            response: With a text.
            prompt: The request as vLLM's engine took it.

        Raises:
            ValueError: They cannot be told apart, do not fit into the context, or vLLM tells no probability.
        """
        config = self._llm.model_config
        if config.logprobs_mode != RAW:
            raise ValueError(f"logprobs_mode={config.logprobs_mode} hides the probabilities: leave it out")
        tokens = tokens_behind(
            request, response, self._encode, len(prompt["prompt_token_ids"]), config.max_model_len
        )
        parts = [
            (path, following[begin : begin + AT_ONCE])
            for path, following in tokens.following.items()
            for begin in range(0, len(following), AT_ONCE)
        ]
        found = await asyncio.gather(*(self._next(request.key, prompt, tokens, *part) for part in parts))
        scored: Scored = {}
        for (path, _), values in zip(parts, found, strict=True):
            scored[path] = {**scored.get(path, {}), **values}
        return tokens.log_probabilities(scored)

    async def _next(
        self, key: str, prompt: Any, tokens: OptionTokens, path: Tokens, following: Sequence[int]
    ) -> Mapping[int, float]:
        """What the logarithms of some tokens' probabilities are behind a path."""
        asked = {**prompt, "prompt_token_ids": [*prompt["prompt_token_ids"], *tokens.context, *path]}
        sampling = SamplingParams(
            temperature=0.0,
            max_tokens=1,
            logprob_token_ids=list(following),
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        name = f"{key}-option-{next(self._numbers)}"
        generated = self._llm.generate(asked, sampling, name, lora_request=self._lora)
        output = [each async for each in generated][-1]
        [said] = output.outputs[0].logprobs
        return {token: float(said[token].logprob) for token in following}
