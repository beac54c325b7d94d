"""The confidence of an answer by the model's own probabilities of its tokens."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from vecbench.answers import AnswerKind
from vecbench.engines.base import Response, ScoredToken, TokenScores
from vecbench.parsing import strict
from vecbench.parsing.form import Form
from vecbench.parsing.places import Place
from vecbench.parsing.prediction import Reading

N_ALTERNATIVES = 5
"""So many of the likeliest tokens are asked for at every step: what every endpoint gives that gives any."""


def token_confidence(
    response: Response, candidates: Sequence[str], kind: AnswerKind, form: Form
) -> dict[str, Any] | None:
    """What a line of responses.jsonl says of the tokens of its answer; None where it is unknown.

    The answer is found by the strict reader, and so never in the reasoning. "product" is that of the
    probabilities of the tokens that have a part in it, such as `>joy`, and "tokens" how many these are;
    "share" is the answer's among the candidates, see `_share`, where it is known.
    """
    if response.tokens is None or response.text is None:
        return None
    reading = strict.read(response.text, candidates, kind, response.finish_reason, replace(form, places=True))
    asked = kind.asked_in(form)
    options = asked.spelt_options(candidates)
    option = asked.chosen_option(reading.answer, candidates) if options and reading.is_read else None
    place = _place(response.text, reading, None if option is None else (options[option], candidates[option]))
    tokens = place and response.tokens.within(*place)
    if not place or not tokens:
        return None
    product = math.exp(sum(each.log_probability for each in tokens))
    said = {"product": min(product, 1.0), "tokens": len(tokens)}
    steps = _and_the_next(tokens, response.tokens, place[1])
    share = None if option is None else _share(response.text, place, steps, options, options[option])
    return said if share is None else {**said, "share": share}


def _place(text: str, reading: Reading, option: tuple[str, str] | None) -> Place | None:
    """Where the answer stands: of what states it the answer's own words, where they stand there once.

    `option` is how the answer is spelt, and the candidate that it stands for.

    All that states it where an alias does, or where the answer is named before by other words, such as
    "fear (B)". Of a sentence in prose, whose words are not the answer's, nothing then.
    """
    stated = next(((begin, end) for begin, end, what in reading.places if what == "answer"), None)
    if stated is None or reading.answer is None:
        return None
    if option is not None:
        for flags in (re.NOFLAG, re.IGNORECASE):
            spelt = re.compile(rf"(?<!\w){re.escape(option[0])}(?!\w)", flags)
            found = [each.span() for each in spelt.finditer(text, *stated)]
            before = text[stated[0] : found[0][0]] if len(found) == 1 else ""
            if len(found) == 1 and option[1].casefold() not in before.casefold():
                return found[0]
    return None if reading.answer_status == "sentence" else stated


def _share(
    text: str, place: Place, tokens: Iterable[ScoredToken], options: Sequence[str], option: str
) -> float | None:
    """The answer's share among the options, in [0, 1], by what else could have been written in its place.

    At the first token at which options part, the probability of all likeliest tokens that go on with the
    answer, by that of those which go on with any of the options; where several go on alike, such as
    amusement and anger with "a", times the share among these at the token at which they part. Case and
    blanks before it do not count. None where no token shows another option.
    """
    begin, end = place
    left = {each.casefold() for each in options}
    spelt = option.casefold()
    if spelt not in left or not text[begin:end].casefold().startswith(spelt):
        return None
    share, others_shown = 1.0, False
    for token in tokens:
        chosen = _going_on(text[token.begin : token.end], token, text, begin, left)
        if spelt not in chosen or token.begin == token.end:
            return None
        if chosen == left:
            continue
        shown = [
            (math.exp(log_probability), found)
            for alternative, log_probability in token.alternatives.items()
            if (found := _going_on(alternative, token, text, begin, left)) and found != left
        ]
        others_shown = others_shown or not all(found <= chosen for _, found in shown)
        of_all = math.fsum(each for each, _ in shown)
        if of_all == 0:  # so unlikely that no number says how much
            return None
        share *= math.fsum(each for each, found in shown if found <= chosen) / of_all
        left = chosen
        if len(left) == 1:  # before the next token is looked for
            break
    return min(share, 1.0) if others_shown and len(left) == 1 else None


def _and_the_next(tokens: Sequence[ScoredToken], scores: TokenScores, end: int) -> Iterator[ScoredToken]:
    """The answer's tokens, and the one behind: there "happy" parts from "happy surprise"."""
    yield from tokens
    yield from scores.within(end, end + 1) or ()


def _going_on(written: str, token: ScoredToken, text: str, begin: int, left: set[str]) -> set[str]:
    """The options that it may become if this is written in a token's place; all of them if none is begun."""
    lead = text[token.begin : begin].strip()
    said = written.casefold()
    before = text[begin : max(begin, token.begin)].casefold()
    if not before:
        said = said.lstrip()
        if not said.startswith(lead.casefold()):
            return set()
        said = said[len(lead) :].lstrip()
    rests = {each: each[len(before) :] for each in left if each.startswith(before)}
    longer = {each for each, rest in rests.items() if rest.startswith(said)}
    ended = {
        each for each, rest in rests.items() if said.startswith(rest) and not said[len(rest) :][:1].isalnum()
    }
    return longer or ended
