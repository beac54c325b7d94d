"""Sampling whose draws depend on each request's own seed, not on what else is in its batch."""

from __future__ import annotations

import torch
from transformers import LogitsProcessor, TemperatureLogitsWarper, TopPLogitsWarper


class SeededSampling(LogitsProcessor):  # type: ignore[misc]
    """Turns greedy decoding into sampling with one random stream a row.

    transformers draws a whole batch from one stream, so an answer would change with the batch it
    happens to be in. By the Gumbel-max identity, the argmax of logits + Gumbel noise is a draw from
    their softmax (Maddison, Tarlow and Minka, "A* Sampling", 2014, section 2.1); the noise comes from
    a generator of the row's own.

    Args:
        temperature: Above 0.
        top_p: In (0, 1].
        seeds: One a row, in the batch's order.
        device: Where the logits are.
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
