"""What is done with a model's logits before a token is chosen by them, in the transformers engine."""

from __future__ import annotations

import torch
from transformers import LogitsProcessor, TemperatureLogitsWarper, TopPLogitsWarper


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


class SeededSampling(LogitsProcessor):  # type: ignore[misc]
    """Turns greedy decoding into sampling with one random stream a row.

    transformers draws a whole batch from one stream, so an answer would change with the batch it
    happens to be in. By the Gumbel-max identity, the argmax of logits + Gumbel noise is a draw from
    their softmax (Maddison, Tarlow and Minka, "A* Sampling", 2014, section 2.1); the noise comes from
    a generator of the row's own.
    """

    def __init__(self, *, temperature: float, top_p: float, seeds: list[int], device: torch.device) -> None:
        self._temperature = TemperatureLogitsWarper(temperature)
        self._top_p = TopPLogitsWarper(top_p) if top_p < 1 else None
        self._streams = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The perturbed logits, shape (rows, vocabulary)."""
        warped = self._temperature(input_ids, scores.float())
        if self._top_p is not None:
            warped = self._top_p(input_ids, warped)
        for row, stream in zip(warped, self._streams, strict=True):
            # -log(Exponential) is Gumbel; exponential_ never draws 0, so no logit becomes infinite.
            row.sub_(torch.empty_like(row).exponential_(generator=stream).log_())
        return warped
