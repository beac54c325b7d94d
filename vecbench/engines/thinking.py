"""A budget for reasoning: so many tokens, and it is closed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch
from transformers import LogitsProcessor

from vecbench.parsing.reasoning import CLOSING, DELIMITERS, OPENING, Delimiters, as_think_tags

_REASONING = re.compile(f"{OPENING}(.*?)(?:{CLOSING}|\\Z)", re.DOTALL)
TAIL = 24
"""So many tokens hold every delimiter, however it is cut into tokens."""
SLACK = 16
"""Tokens; the same text is cut into tokens in more ways than one."""


def over_budget(text: str, budget: int, tokens: Callable[[str], int]) -> str | None:
    """What is wrong with a response whose reasoning was not closed in time; None if it was.

    Args:
        text: The response.
        budget: Of its reasoning.
        tokens: How many tokens a text has.
    """
    reasoning = _REASONING.search(as_think_tags(text))
    count = tokens(reasoning[1]) if reasoning else 0
    if count <= budget + SLACK:
        return None
    return f"its reasoning has {count} tokens and was not closed after {budget}, as thinking_budget says"


class ThinkingBudget(LogitsProcessor):  # type: ignore[misc]
    """Lets each row of a batch reason for so many tokens, and then makes it write what closes reasoning.

    Of the transformers engine; vLLM has its own. Reasoning begins with one of `DELIMITERS` in the answer, or
    at the prompt's end where the chat template writes it. The tokens of several stretches of it are added
    up. Delimiters are looked for in the decoded text, since many tokenizers cut them up in more than one way.
    """

    def __init__(self, budget: int, prompts: torch.Tensor, tokenizer: Any) -> None:
        self._width = prompts.shape[1]
        self._rows = [_Row(budget, tokenizer, prompt) for prompt in prompts[:, -TAIL:].tolist()]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The logits, shape (rows, vocabulary), minus infinity but for a token that has to come next."""
        if input_ids.shape[1] > self._width:
            for row, token in zip(self._rows, input_ids[:, -1].tolist(), strict=True):
                row.wrote(token)
        for place, row in enumerate(self._rows):
            if (token := row.next_token) is not None:
                scores[place] = float("-inf")
                scores[place, token] = 0.0
        return scores


class _Row:
    """How far one answer's reasoning is."""

    def __init__(self, budget: int, tokenizer: Any, prompt: list[int]) -> None:
        self._left = budget
        self._tokenizer = tokenizer
        self._since: list[int] = []  # tokens since reasoning was last opened or closed
        self._to_come: list[int] = []  # of what closes it, the next one last
        self._open: Delimiters | None = None
        end = self._text(prompt).rstrip()
        self._turned(next((pair for pair in DELIMITERS if end.endswith(pair[0])), None))

    @property
    def next_token(self) -> int | None:
        """The only token that may come next; None if any may."""
        return self._to_come[-1] if self._to_come else None

    def wrote(self, token: int) -> None:
        """Another token of the answer."""
        if self._to_come:
            self._to_come.pop()
            if not self._to_come:
                self._turned(None)
            return
        self._since = [*self._since[1 - TAIL :], token]
        text = self._text(self._since)
        if self._open is None:
            opened = next((pair for pair in DELIMITERS if pair[0] in text), None)
            if opened is not None:
                self._turned(opened)
        elif self._open[1] in text:
            self._turned(None)
        else:
            self._left -= 1
            self._close_if_used_up()

    def _turned(self, opened: Delimiters | None) -> None:
        self._open, self._since = opened, []
        self._close_if_used_up()

    def _close_if_used_up(self) -> None:
        if self._open is not None and self._left <= 0:
            closing: list[int] = self._tokenizer.encode(self._open[1], add_special_tokens=False)
            self._to_come = closing[::-1]

    def _text(self, tokens: list[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=False)
        return text
