"""The special tokens of a tokenizer that carry meaning: what marks reasoning must not be lost in decoding."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from vecbench.parsing.reasoning import DELIMITERS

_MARKS = tuple(delimiter for pair in DELIMITERS for delimiter in pair)


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """Which special tokens stay in a decoded text.

    `skipped` says whether the tokenizer itself can leave all of them out: where none marks reasoning.
    """

    skipped: bool
    dropped: re.Pattern[str]

    @classmethod
    def of(cls, tokenizer: Any) -> SpecialTokens:
        """Those of a tokenizer of transformers, or of anything that has as little of it as it needs."""
        added = getattr(tokenizer, "added_tokens_decoder", None) or {}
        special = {str(token) for token in added.values() if getattr(token, "special", False)}
        special |= {str(token) for token in getattr(tokenizer, "all_special_tokens", None) or ()}
        kept = {token for token in special if any(token in mark for mark in _MARKS)}
        longest_first = sorted(special - kept, key=len, reverse=True)
        return cls(not kept, re.compile("|".join(map(re.escape, longest_first)) or r"(?!)"))

    def without(self, text: str) -> str:
        """A text without the special tokens that mark nothing; decoded with them, unless `skipped`."""
        return text if self.skipped else self.dropped.sub("", text)
