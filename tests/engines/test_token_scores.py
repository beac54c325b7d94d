"""The tokens of a part of a text, found by decoding ever longer beginnings."""

import math

import pytest

from vecbench.engines.token_scores import DecodedTokens, by_text

SPECIAL = "<end>"


def placed(text, *tokens, log_probability=-0.5, decoded=None):
    """Tokens that are bytes, or a special one that is left out; `decoded` notes the lengths of beginnings."""
    pieces = [each.encode() if isinstance(each, str) else each for each in tokens]
    vocabulary = list(dict.fromkeys(pieces))

    def decode(ids):
        if decoded is not None:
            decoded.append(len(ids))
        joined = b"".join(vocabulary[each] for each in ids if vocabulary[each] != SPECIAL.encode())
        return joined.decode(errors="replace")

    ids = [vocabulary.index(each) for each in pieces]
    return DecodedTokens(text, ids, decode, lambda place: (log_probability, [(ids[place], log_probability)]))


def spans(found):
    return [(each.begin, each.end) for each in found]


def test_the_tokens_are_found_that_have_a_part_in_a_text():
    tokens = placed("<answer>joyful</answer>", "<answer", ">joy", "ful", "</", "answer>")
    assert spans(tokens.within(8, 14)) == [(7, 11), (11, 14)]
    assert spans(tokens.within(11, 14)) == [(11, 14)]
    assert spans(tokens.within(12, 13)) == [(11, 14)]
    assert spans(tokens.within(0, 23)) == [(0, 7), (7, 11), (11, 14), (14, 16), (16, 23)]
    assert tokens.within(8, 14)[0].alternatives == {">joy": pytest.approx(-0.5)}


@pytest.mark.parametrize("before", ["", "é ", "喜"])
def test_a_character_that_several_tokens_make_up_has_all_of_them(before):
    first, second, third = (bytes([each]) for each in "怒".encode())
    text = f"{before}怒!"
    at = len(before)
    tokens = placed(text, *([before] if before else []), first, second, third, "!")
    assert spans(tokens.within(at, at + 1)) == [(at, at), (at, at), (at, at + 1)]
    assert spans(tokens.within(at + 1, at + 2)) == [(at + 1, at + 2)]
    assert math.exp(sum(each.log_probability for each in tokens.within(at, at + 1))) == pytest.approx(
        math.exp(-1.5)
    )


def test_a_token_that_is_left_out_of_the_text_is_none_of_its_tokens():
    tokens = placed("so joy", "so", SPECIAL, " joy", SPECIAL)
    assert spans(tokens.within(3, 6)) == [(2, 6)]
    assert spans(tokens.within(2, 6)) == [(2, 6)]


def test_blanks_at_the_very_beginning_may_be_of_the_text_or_of_its_tokens():
    for text, first in (("joy!", " joy"), ("  joy!", "joy"), (" joy!", " joy")):
        at = text.index("joy")
        assert len(placed(text, first, "!").within(at, at + 3)) == 1
        assert len(placed(text, first, "!").within(at + 3, at + 4)) == 1


def test_of_a_text_that_ends_before_its_tokens_the_last_one_counts():
    tokens = placed("joy", "jo", "y</answer>", "more")
    assert spans(tokens.within(0, 3)) == [(0, 2), (2, 3)]


@pytest.mark.parametrize("tokens", [(), ("jo",), ("fear",), ("x", "joy")])
def test_where_tokens_do_not_make_up_the_text_nothing_is_known(tokens):
    assert placed("joy", *tokens).within(0, 3) is None


def test_only_few_beginnings_are_decoded():
    decoded = []
    text = "".join(f"{number} " for number in range(2000))
    tokens = placed(text, *(f"{number} " for number in range(2000)), decoded=decoded)
    at = text.index("1234")
    assert spans(tokens.within(at, at + 4)) == [(at, at + 5)]
    assert len(decoded) <= 20


def test_likeliest_tokens_of_the_same_text_are_added_up_and_those_without_one_are_left_out():
    half, quarter = math.log(0.5), math.log(0.25)
    found = by_text([("joy", quarter), ("", half), ("joy", half), ("sad", -math.inf)])
    assert found == {"joy": pytest.approx(math.log(0.75))}
