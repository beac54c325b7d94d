"""The log probabilities that a chat completion lists, in OpenAI's form: JSON in which anything may stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from vecbench.engines.base import ScoredToken
from vecbench.engines.token_scores import PlacedTokens, by_text

UNKNOWN = -9999.0
"""What older servers write for a token that is not among those that they scored, and vLLM's for less."""


class EndpointTokens(PlacedTokens):
    """Tokens with their texts, as an endpoint lists them.

    Where they do not make up the text, none is known. Some endpoints list what they leave out of the text
    too: the reasoning beside it, a token that ends the answer, a stop text.

    Args:
        text: Of the answer.
        listed: `logprobs.content` of the choice, whatever it is.
        stops: Texts that end the answer.
        is_reasoned: Whether reasoning may stand before the answer.
    """

    def __init__(self, text: str, listed: object, stops: Sequence[str], *, is_reasoned: bool) -> None:
        tokens = listed if isinstance(listed, list) else []
        known = all(isinstance(each, dict) and isinstance(each.get("token"), str) for each in tokens)
        self._tokens: list[dict[str, Any]] = tokens if known else []
        super().__init__(text, len(self._tokens))
        texts = [_bytes(each) for each in self._tokens]
        self._ends = [0, *accumulate(map(len, texts))]
        self._answer = _encoded(self._body.rstrip())
        self._begin = self._found(b"".join(texts), stops, is_reasoned)

    def within(self, begin: int, end: int) -> Sequence[ScoredToken] | None:
        """The tokens that have a part in `text[begin:end]`, in order; None where some are not scored."""
        return None if self._begin is None else super().within(begin, end)

    def _found(self, joined: bytes, stops: Sequence[str], is_reasoned: bool) -> int | None:
        """The byte of all tokens at which the answer begins; None where it is not among them."""
        begin = joined.rfind(self._answer) if is_reasoned else len(joined) - len(joined.lstrip())
        end = begin + len(self._answer)
        if not self._answer or begin < 0 or joined[begin:end] != self._answer:
            return None
        behind, last = joined[end:], joined[self._ends[-2] :]
        ends = tuple(map(_encoded, stops))
        is_whole = behind.strip() in (b"", last.strip()) or behind.startswith(ends)
        return begin if is_whole or behind.lstrip().startswith(ends) else None

    def _length(self, place: int) -> int:
        # The beginning of a character is none yet.
        until = max(0, self._ends[place] - (self._begin or 0))
        return len(self._answer[:until].decode(errors="ignore"))

    def _token(self, place: int, begin: int, end: int) -> ScoredToken | None:
        token = self._tokens[place]
        own = _log_probability(token.get("logprob"))
        if own is None:
            return None
        listed = token.get("top_logprobs")
        others = {
            each["token"]: scored
            for each in (listed if isinstance(listed, list) else [])
            if isinstance(each, dict)
            and isinstance(each.get("token"), str)
            and (scored := _log_probability(each.get("logprob"))) is not None
        }
        return ScoredToken(begin, end, own, by_text((others | {token["token"]: own}).items()))

    def _has_text(self, place: int) -> bool:
        # A token of reasoning has a text, and no part in the answer's.
        return self._ends[place + 1] > (self._begin or 0)


def _log_probability(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and UNKNOWN < value <= 0 else None


def _bytes(token: dict[str, Any]) -> bytes:
    listed = token.get("bytes")
    if isinstance(listed, list) and listed:
        try:
            return bytes(listed)
        except (TypeError, ValueError):
            pass
    return _encoded(token["token"])


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")
