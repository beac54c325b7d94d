"""How probable a model of transformers finds answers that it has not given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from vecbench.engines.base import Request, Response
from vecbench.engines.option_tokens import OptionTokens, Scored, Tokens, tokens_behind


class OptionScorer:
    """Scores the options of requests that are answered.

    The model generates behind prompt and context, as it generates answers, and is made to write one path of
    tokens after the other: so every family's own rules for images and positions hold. Options that part at
    their first token, of one token each, take one pass.

    Args:
        model: With `generate`.
        tokenizer: The model's.
        end_tokens: What ends answers.
        context: Tokens that the model can take.
    """

    def __init__(self, model: Any, tokenizer: Any, end_tokens: Sequence[int], context: int) -> None:
        self._model, self._pad = model, tokenizer.pad_token_id
        self._encode = partial(tokenizer.encode, add_special_tokens=False)
        self._end_tokens, self._context = list(end_tokens), context

    def added(
        self, requests: Sequence[Request], responses: Sequence[Response], inputs: Mapping[str, torch.Tensor]
    ) -> list[Response]:
        """The responses, with the options of those whose requests ask for it, or why they have none.

        Args:
            requests: A batch.
            responses: To some of them, in any order.
            inputs: What the processor makes of the batch, padded on the left; the first two axes of what is
                given token by token are those of "input_ids".
        """
        found = {each.key: each for each in responses}
        wanted: dict[int, OptionTokens] = {}
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        for row, (request, length) in enumerate(zip(requests, lengths, strict=True)):
            response = found.get(request.key)
            if not request.options or response is None or response.text is None:
                continue
            try:
                wanted[row] = tokens_behind(request, response, self._encode, length, self._context)
            except ValueError as problem:
                found[request.key] = replace(response, options_fault=str(problem))
        scored = self._scored(wanted, inputs) if wanted else {}
        for row, tokens in wanted.items():
            response = found[requests[row].key]
            try:
                sums = tokens.log_probabilities(scored[row])
                found[response.key] = replace(response, option_log_probabilities=sums)
            except ValueError as problem:
                found[response.key] = replace(response, options_fault=str(problem))
        return list(found.values())

    def _scored(
        self, wanted: Mapping[int, OptionTokens], inputs: Mapping[str, torch.Tensor]
    ) -> dict[int, Scored]:
        first = next(iter(wanted.values()))  # stands for rows of which nothing is wanted
        every = [wanted.get(row, first) for row in range(inputs["input_ids"].shape[0])]
        there = extended(inputs, [each.context for each in every], self._pad)
        scored: dict[int, Scored] = {row: {} for row in range(len(every))}
        for number in range(max(len(each.paths) for each in every)):
            paths = [each.paths[min(number, len(each.paths) - 1)] for each in every]
            along = _Along(every, paths)
            self._model.generate(
                **there,
                generation_config=GenerationConfig(
                    max_new_tokens=1 + max(map(len, paths)),
                    do_sample=False,
                    eos_token_id=self._end_tokens,
                    pad_token_id=self._pad,
                    bos_token_id=self._model.generation_config.bos_token_id,
                ),
                logits_processor=LogitsProcessorList([along]),
            )
            for row, found in enumerate(along.scored):
                scored[row].update(found)
        return scored


def extended(
    inputs: Mapping[str, torch.Tensor], added: Sequence[Tokens], pad_token_id: int
) -> dict[str, torch.Tensor]:
    """What a processor made of some prompts, with more tokens behind each, padded on the left again.

    What else is given token by token, such as what a token belongs to, goes on as at the prompt's end, where
    it is text.
    """
    ids = inputs["input_ids"]
    lengths: list[int] = inputs["attention_mask"].sum(dim=1).tolist()
    width = max(length + len(tokens) for length, tokens in zip(lengths, added, strict=True))
    made = dict(inputs)
    for name, values in inputs.items():
        if not isinstance(values, torch.Tensor) or values.shape[:2] != ids.shape:
            continue
        fill = pad_token_id if name == "input_ids" else 0
        longer = values.new_full((len(lengths), width, *values.shape[2:]), fill)
        for row, (length, tokens) in enumerate(zip(lengths, added, strict=True)):
            begin = width - length - len(tokens)
            longer[row, begin : begin + length] = values[row, -length:]
            if tokens and name == "input_ids":
                longer[row, -len(tokens) :] = torch.tensor(tokens, device=ids.device)
            elif tokens:
                longer[row, -len(tokens) :] = values[row, -1]
        made[name] = longer
    return made


class _Along(LogitsProcessor):  # type: ignore[misc]
    """Makes each row write a path, and notes what it thinks of all tokens that options have next.

    It has to see the logits as the model makes them.
    """

    def __init__(self, options: Sequence[OptionTokens], paths: Sequence[Tokens]) -> None:
        self._options, self._paths, self._step = options, paths, 0
        self.scored: list[Scored] = [{} for _ in options]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:  # noqa: ARG002
        """The logits of the paths' next tokens alone, shape (rows, vocabulary)."""
        logarithms = scores.float().log_softmax(dim=-1)
        forced = torch.full_like(scores, -torch.inf)
        for row, (options, path) in enumerate(zip(self._options, self._paths, strict=True)):
            if self._step <= len(path):
                following = options.following[path[: self._step]]
                values = logarithms[row, list(following)].tolist()
                self.scored[row][path[: self._step]] = dict(zip(following, values, strict=True))
            # Behind its end a row writes anything until the longest path is done.
            forced[row, path[self._step] if self._step < len(path) else options.options[0][0]] = 0.0
        self._step += 1
        return forced
