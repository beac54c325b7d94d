"""Answers whose probabilities are asked for, as tokens: the same ones, whichever engine scores them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from vecbench.engines.base import Request, Response

Tokens = tuple[int, ...]

Scored = dict[Tokens, Mapping[int, float]]
"""Beginning of options → token → the natural logarithm of its probability there."""

LEAST = -9999.0
"""What a logarithm is at least: that of an impossible token is infinite, and JSON has no such number."""


@dataclass(frozen=True)
class OptionTokens:
    """The tokens of several options, behind the same ones.

    The text before the options is tokenised with each of them, as a model that writes both would see it: a
    blank before an option may be a part of its first token. What all of them, and the text alone, have in
    common at the beginning is the context; the rest of each is what is scored.

    Attributes:
        context: Behind the prompt's tokens, before every option.
        options: Of each option what follows, at least one; no two are equal.
    """

    context: Tokens
    options: tuple[Tokens, ...]

    @classmethod
    def of(cls, encode: Callable[[str], Sequence[int]], prefix: str, options: Sequence[str]) -> OptionTokens:
        """The tokens of options behind a text.

        Args:
            encode: Text → tokens, none of them added around it.
            prefix: May be empty.
            options: Texts.

        Raises:
            ValueError: An option has no tokens, or those of another one.
        """
        alone = tuple(encode(prefix)) if prefix else ()
        whole = [tuple(encode(prefix + option)) for option in options]
        shared = 0
        while shared < len(alone) and all(each[: shared + 1] == alone[: shared + 1] for each in whole):
            shared += 1
        found = tuple(each[shared:] for each in whole)
        for place, tokens in enumerate(found):
            if not tokens:
                raise ValueError(f"the option {options[place]!r} has no tokens")
            if (first := found.index(tokens)) < place:
                raise ValueError(
                    f"the options {options[first]!r} and {options[place]!r} have the same tokens"
                )
        return cls(alone[:shared], found)

    @cached_property
    def paths(self) -> tuple[Tokens, ...]:
        """The beginnings in `following` that no longer one begins with: walking along them meets all."""
        nodes = self.following
        inner = {each[:-1] for each in nodes if each}
        return tuple(each for each in nodes if each not in inner)

    @property
    def longest(self) -> int:
        """Tokens of the longest option."""
        return max(map(len, self.options))

    @cached_property
    def following(self) -> Mapping[Tokens, tuple[int, ...]]:
        """Every beginning of an option, the empty one first → the tokens that follow it in any option."""
        found: dict[Tokens, dict[int, None]] = {}
        for tokens in self.options:
            for place, token in enumerate(tokens):
                found.setdefault(tokens[:place], {})[token] = None
        return {beginning: tuple(tokens) for beginning, tokens in found.items()}

    def log_probabilities(self, scored: Mapping[Tokens, Mapping[int, float]]) -> tuple[float, ...]:
        """Of each option the sum over its tokens, at least `LEAST`, at most 0.

        Args:
            scored: Every beginning of an option → the logarithms of what follows it, see `following`.

        Raises:
            ValueError: One of them is nan.
        """
        sums = [
            math.fsum(scored[tokens[:place]][token] for place, token in enumerate(tokens))
            for tokens in self.options
        ]
        if any(map(math.isnan, sums)):
            raise ValueError("the model computes nan where a token's scores belong")
        return tuple(min(0.0, max(LEAST, each)) for each in sums)


def tokens_behind(
    request: Request,
    response: Response,
    encode: Callable[[str], Sequence[int]],
    n_prompt_tokens: int,
    context: int,
) -> OptionTokens:
    """The tokens of a request's options where its answer has them.

    Args:
        request: Names the options.
        response: With a text.
        encode: See `OptionTokens.of`.
        n_prompt_tokens: Of the prompt, images included.
        context: Tokens that the model can take.

    Raises:
        ValueError: As for `OptionTokens.of`, or they do not fit into the context.
    """
    prefix = request.option_prefix(response.text or "", response.finish_reason)
    tokens = OptionTokens.of(encode, prefix, request.options)
    needed = n_prompt_tokens + len(tokens.context) + tokens.longest
    if needed > context:
        raise ValueError(f"prompt, answer and option have {needed} tokens, the model's context {context}")
    return tokens
