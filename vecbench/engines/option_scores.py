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

TOLERANCE, HALF_TOLERANCE = 1e-4, 0.05
"""What two ways to a logarithm may differ by, in float32 and in 16 bits; beyond 1 as a share of it."""

_Kind = tuple[int, bool, bool]
"""Of a batch: images of a request, whether it has several requests, whether they are padded."""


class OptionScorer:
    """Scores the options of requests that are answered.

    The model generates behind prompt and context, as it generates answers, and is made to write one path of
    tokens after the other: so every family's own rules for images and positions hold. The prompt is computed
    once for all paths, if the model goes on behind it as it does after computing it anew.

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
        halved = model.dtype in (torch.bfloat16, torch.float16)
        self._tolerance = HALF_TOLERANCE if halved else TOLERANCE
        # Batches that have something in common → whether a walk may go on behind the first one's prompt.
        self._resumes: dict[_Kind, bool] = {}

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
        scored = self._scored(wanted, inputs, len(requests[0].images)) if wanted else {}
        for row, tokens in wanted.items():
            response = found[requests[row].key]
            try:
                sums = tokens.log_probabilities(scored[row])
                found[response.key] = replace(response, option_log_probabilities=sums)
            except ValueError as problem:
                found[response.key] = replace(response, options_fault=str(problem))
        return list(found.values())

    def _scored(
        self, wanted: Mapping[int, OptionTokens], inputs: Mapping[str, torch.Tensor], images: int
    ) -> dict[int, Scored]:
        first = next(iter(wanted.values()))  # stands for rows of which nothing is wanted
        every = [wanted.get(row, first) for row in range(inputs["input_ids"].shape[0])]
        there = extended(inputs, [each.context for each in every], self._pad)
        walks = [
            _Along(every, [each.paths[min(number, len(each.paths) - 1)] for each in every])
            for number in range(max(len(each.paths) for each in every))
        ]
        kind = (images, len(every) > 1, bool((there["attention_mask"] == 0).any()))
        cache = self._walked(walks[0], there)
        for walk in walks[1:]:
            self._walked_from(cache, walk, there, kind)
        scored: dict[int, Scored] = {row: {} for row in range(len(every))}
        for walk in walks:
            for row, found in enumerate(walk.scored):
                scored[row].update(found)
        return scored

    def _walked_from(self, cache: Any, walk: _Along, there: Mapping[str, torch.Tensor], kind: _Kind) -> None:
        """Walks behind a prompt whose keys and values are known; anew where the model does not take them.

        Families differ in how they place tokens behind images that are not shown again. So the first walk of
        each kind of batch is done both ways, and what differs, or fails, is not tried again.
        """
        if self._resumes.get(kind) is False:
            self._walked(walk, there)
            return
        known, anew = self._resumes.get(kind), walk.fresh()
        try:
            cache.crop(there["input_ids"].shape[1] - 1)
            self._walked(walk, by_token(there), cache)
        except (torch.OutOfMemoryError, torch.AcceleratorError):
            raise
        except Exception:  # whatever a family's code makes of a prompt without its images
            known = self._resumes[kind] = False
        if known:
            return
        self._walked(anew, there)
        if known is None:
            self._resumes[kind] = anew.is_like(walk, self._tolerance)
        walk.scored = anew.scored

    def _walked(self, walk: _Along, there: Mapping[str, torch.Tensor], cache: Any = None) -> Any:
        """Generates along the paths of a walk; the keys and values that the model has then."""
        made = self._model.generate(
            **there,
            past_key_values=cache,
            generation_config=GenerationConfig(
                max_new_tokens=walk.steps,
                do_sample=False,
                eos_token_id=self._end_tokens,
                pad_token_id=self._pad,
                bos_token_id=self._model.generation_config.bos_token_id,
                return_dict_in_generate=True,
            ),
            logits_processor=LogitsProcessorList([walk]),
        )
        return made.past_key_values


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
    for name, values in by_token(inputs).items():
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


def by_token(inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What is given token by token: its first two axes are those of "input_ids"."""
    shape = inputs["input_ids"].shape
    return {
        name: values
        for name, values in inputs.items()
        if isinstance(values, torch.Tensor) and values.shape[:2] == shape
    }


class _Along(LogitsProcessor):  # type: ignore[misc]
    """Makes each row write a path, and notes what it thinks of all tokens that options have next.

    It has to see the logits as the model makes them.
    """

    def __init__(self, options: Sequence[OptionTokens], paths: Sequence[Tokens]) -> None:
        self._options, self._paths, self._step = options, paths, 0
        self.scored: list[Scored] = [{} for _ in options]

    @property
    def steps(self) -> int:
        """So many tokens are generated."""
        return 1 + max(map(len, self._paths))

    def fresh(self) -> _Along:
        """The same, not yet walked."""
        return _Along(self._options, self._paths)

    def is_like(self, other: _Along, tolerance: float) -> bool:
        """Whether another walk found the same; a tolerance is of logarithms, and of their size from 1 on."""
        pairs = [
            (value, there[path][token])
            for here, there in zip(self.scored, other.scored, strict=True)
            for path, values in here.items()
            for token, value in values.items()
        ]
        return all(abs(one - two) <= tolerance * max(1.0, abs(one)) for one, two in pairs)

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
