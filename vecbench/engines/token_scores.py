"""Where a response's tokens stand in its text, with what the model gave each of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile

from vecbench.engines.base import ScoredToken

Scored = tuple[float, Iterable[tuple[int, float]]]
"""The log probability of a token that was chosen, and of the likeliest ones, each by its id."""


class PlacedTokens(ABC):
    """Finds the tokens of a part of a text; nothing is done for any other part of it."""

    def __init__(self, text: str, count: int) -> None:
        self._count = count
        # Tokenizers differ in what they make of blanks at the very beginning.
        self._body = text.lstrip()
        self._blanks = len(text) - len(self._body)
        self._borders: dict[int, int] = {}

    def within(self, begin: int, end: int) -> Sequence[ScoredToken] | None:
        """The tokens that have a part in `text[begin:end]`, in order; None where some are not scored."""
        found: list[ScoredToken] = []
        place = bisect_left(range(self._count + 1), begin, key=self._border)
        if place and (place > self._count or self._border(place) > begin):
            place -= 1
        while self._border(place) < end:
            if place == self._count:
                return None
            token = self._token(place, self._border(place), self._border(place + 1))
            if token is None:
                return None
            # A special token that is left out of the text is as wide as the beginning of a character.
            if token.end > token.begin or self._has_text(place):
                found.append(token)
            place += 1
        return found

    def _border(self, place: int) -> int:
        if place not in self._borders:
            self._borders[place] = self._blanks + self._length(place)
        return self._borders[place]

    @abstractmethod
    def _length(self, place: int) -> int:
        """How many characters of the text's body the tokens before a place are."""

    @abstractmethod
    def _token(self, place: int, begin: int, end: int) -> ScoredToken | None:
        """The token at a place; None if it is not scored."""

    @abstractmethod
    def _has_text(self, place: int) -> bool:
        """Whether the token at a place, by itself, is any text at all."""


class DecodedTokens(PlacedTokens):
    """Tokens whose borders are those of ever longer beginnings of the answer, decoded.

    A token by itself says less: characters of several bytes are cut, and blanks depend on what stands before.

    Args:
        text: Of the response, which may end before its tokens do.
        tokens: Their ids.
        decode: The text of some tokens, as the response's was made.
        scored: What the token at a place got.
    """

    def __init__(
        self,
        text: str,
        tokens: Sequence[int],
        decode: Callable[[Sequence[int]], str],
        scored: Callable[[int], Scored],
    ) -> None:
        super().__init__(text, len(tokens))
        self._tokens, self._decode, self._scored = tokens, decode, scored

    def _length(self, place: int) -> int:
        beginning = self._decode(self._tokens[:place]).lstrip()
        if self._body.startswith(beginning):
            return len(beginning)
        pairs = zip(beginning, self._body, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    def _token(self, place: int, begin: int, end: int) -> ScoredToken | None:
        log_probability, likeliest = self._scored(place)
        texts = ((self._decode([token]), each) for token, each in likeliest)
        return ScoredToken(begin, end, log_probability, by_text(texts))

    def _has_text(self, place: int) -> bool:
        return bool(self._decode(self._tokens[place : place + 1]))


class Decoder:
    """Decodes tokens as a function does, and each by itself once: likely ones come again and again."""

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._known: dict[int, str] = {}

    def __call__(self, tokens: Sequence[int]) -> str:
        """Their text."""
        if len(tokens) != 1:
            return self._decode(tokens)
        if tokens[0] not in self._known:
            self._known[tokens[0]] = self._decode(tokens)
        return self._known[tokens[0]]


def by_text(likeliest: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """Text → log probability, that of tokens of the same text added up; without those of none."""
    found: dict[str, float] = {}
    for text, log_probability in likeliest:
        if text and log_probability > -math.inf:
            both = sorted((found.get(text, -math.inf), log_probability))
            found[text] = both[1] + math.log1p(math.exp(both[0] - both[1]))
    return found
