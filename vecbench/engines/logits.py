"""What is done with a model's logits before a token is chosen by them, in the transformers engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from transformers import (
    LogitsProcessor,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from vecbench.engines.base import Sampling
from vecbench.engines.thinking import ThinkingBudget
from vecbench.engines.token_scores import Scored


class NumberCheck(LogitsProcessor):  # type: ignore[misc]
    """Notices rows whose logits are nan: the largest of them is none, and its token no answer.

    Weights that are numbers do not prevent it: activations overflow in a dtype that is too narrow.
    """

    def __init__(self) -> None:
        self._nan: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:  # noqa: ARG002
        """The logits as they are, shape (rows, vocabulary)."""
        self._nan.append(scores.isnan().any(dim=-1))
        return scores

    def sound_steps(self) -> list[int]:
        """How many tokens of each row were chosen before its logits were first nan."""
        sound: list[int] = torch.stack(self._nan, dim=1).long().cummax(dim=1).values.eq(0).sum(dim=1).tolist()
        return sound


class TokenRecord(LogitsProcessor):  # type: ignore[misc]
    """Keeps what the model itself gives the tokens that are chosen, and the likeliest ones.

    It comes before whatever changes logits. All stays on the device until the batch is done.
    """

    def __init__(self, n_alternatives: int) -> None:
        self._n = n_alternatives
        self._last: torch.Tensor | None = None
        self._chosen: list[torch.Tensor] = []
        self._likeliest: list[torch.Tensor] = []
        self._ids: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The logits as they are, shape (rows, vocabulary)."""
        self._note(input_ids)
        self._last = scores.float().log_softmax(dim=-1)
        likeliest = self._last.topk(min(self._n, scores.shape[-1]), dim=-1, sorted=False)
        self._likeliest.append(likeliest.values)
        self._ids.append(likeliest.indices)
        return scores

    def rows(self, output: torch.Tensor) -> list[Callable[[int], Scored]]:
        """Of every row, what the token at a place of its answer got; `output` is all of its tokens."""
        self._note(output)
        chosen = torch.stack(self._chosen, dim=1).cpu()
        likeliest, ids = torch.stack(self._likeliest, dim=1).cpu(), torch.stack(self._ids, dim=1).cpu()
        answers = output[:, output.shape[1] - chosen.shape[1] :].cpu()

        def scored(row: int, place: int) -> Scored:
            token, own = int(answers[row, place]), float(chosen[row, place])
            others = dict(zip(ids[row, place].tolist(), likeliest[row, place].tolist(), strict=True))
            return own, (others | {token: own}).items()

        return [partial(scored, row) for row in range(len(answers))]

    def _note(self, input_ids: torch.Tensor) -> None:
        """What the last step's token got, now that it is chosen."""
        if self._last is not None:
            self._chosen.append(self._last.gather(1, input_ids[:, -1:]).squeeze(1))
            self._last = None


class RepetitionPenalty(RepetitionPenaltyLogitsProcessor):  # type: ignore[misc]
    """Penalizes the tokens of a row's own prompt and answer, as vLLM does, those of images included.

    What fills the row up on the left stands in no prompt, and a few models' token for an image has no logit.
    """

    def __init__(self, penalty: float, attention_mask: torch.Tensor) -> None:
        super().__init__(penalty)
        self._filled = attention_mask == 0

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The logits with those of repeated tokens lowered, shape (rows, vocabulary)."""
        width = self._filled.shape[1]
        odd = input_ids >= scores.shape[-1]
        odd[:, :width] |= self._filled
        # The prompt's last token stands in for them: it is penalized anyway.
        return super().__call__(torch.where(odd, input_ids[:, width - 1 : width], input_ids), scores)


class SeededSampling(LogitsProcessor):  # type: ignore[misc]
    """Turns greedy decoding into sampling with one random stream a row.

    transformers draws a whole batch from one stream, so an answer would change with the batch it
    happens to be in. By the Gumbel-max identity, the argmax of logits + Gumbel noise is a draw from
    their softmax (Maddison, Tarlow and Minka, "A* Sampling", 2014, section 2.1); the noise comes from
    a generator of the row's own. Temperature, min-p, top-k and top-p come in the order of vLLM's sampler.
    """

    def __init__(self, sampling: Sampling, *, seeds: list[int], device: torch.device) -> None:
        self._warpers = [TemperatureLogitsWarper(sampling.temperature)]
        if sampling.min_p > 0:
            self._warpers.append(MinPLogitsWarper(sampling.min_p))
        if sampling.top_k > 0:
            self._warpers.append(TopKLogitsWarper(sampling.top_k))
        if sampling.top_p < 1:
            self._warpers.append(TopPLogitsWarper(sampling.top_p))
        self._streams = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The perturbed logits, shape (rows, vocabulary)."""
        warped = scores.float()
        for warper in self._warpers:
            warped = warper(input_ids, warped)
        for row, stream in zip(warped, self._streams, strict=True):
            # -log(Exponential) is Gumbel; exponential_ never draws 0, so no logit becomes infinite.
            row.sub_(torch.empty_like(row).exponential_(generator=stream).log_())
        return warped


def processors(
    sampling: Sequence[Sampling], inputs: Mapping[str, torch.Tensor], tokenizer: Any
) -> list[LogitsProcessor]:
    """What is done with the logits of a batch, in the order of vLLM's sampler."""
    first, ids = sampling[0], inputs["input_ids"]
    processors: list[LogitsProcessor] = []
    if first.repetition_penalty != 1:
        processors.append(RepetitionPenalty(first.repetition_penalty, inputs["attention_mask"]))
    if first.thinking_budget is not None:
        processors.append(ThinkingBudget(first.thinking_budget, ids, tokenizer))
    if first.temperature > 0:
        seeds = [each.seed for each in sampling]
        processors.append(SeededSampling(first, seeds=seeds, device=ids.device))
    return processors
