"""The tokens of options behind a text."""

import math

import pytest

from vecbench.engines.option_tokens import LEAST, OptionTokens


def merged(text):
    """Tokens of characters, but that a blank is a part of the character behind it, and "fu" is one."""
    tokens, place = [], 0
    while place < len(text):
        width = 2 if text[place : place + 2] == "fu" or (text[place] == " " and place + 1 < len(text)) else 1
        tokens.append(hash(text[place : place + width]))
        place += width
    return tokens


def ids(*texts):
    return tuple(map(hash, texts))


def test_what_is_scored_is_what_differs_from_the_text_before():
    found = OptionTokens.of(merged, "<a>", ["fun", "joy"])
    assert found == OptionTokens(ids(*"<a>"), (ids("fu", "n"), ids(*"joy")))


def test_a_blank_before_an_option_that_its_first_token_takes_is_scored_with_all_of_them():
    found = OptionTokens.of(merged, "is ", ["joy", "B"])
    assert found == OptionTokens(ids(*"is"), (ids(" j", "o", "y"), ids(" B")))


def test_every_option_is_scored_from_where_the_first_differs():
    # "f" and "un" become "fu" and "n": the others' "f" is scored too, or they would be sums over less.
    found = OptionTokens.of(merged, "if", ["un", "ear"])
    assert found == OptionTokens(ids("i"), (ids("fu", "n"), ids(*"fear")))


def test_without_a_text_options_are_scored_whole():
    assert OptionTokens.of(merged, "", ["A", "B"]) == OptionTokens((), (ids("A"), ids("B")))


@pytest.mark.parametrize(
    ("options", "said"),
    [(["joy", ""], "option '' has no tokens"), (["a", "b", "a"], "'a' and 'a' have the same tokens")],
)
def test_options_that_cannot_be_told_apart_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        OptionTokens.of(merged, "<a>", options)


def test_paths_meet_all_that_options_begin_with():
    options = OptionTokens((), ((1,), (1, 2), (1, 2, 3), (1, 4, 5), (6, 7), (8,)))
    assert options.following == {(): (1, 6, 8), (1,): (2, 4), (1, 2): (3,), (1, 4): (5,), (6,): (7,)}
    assert options.paths == ((1, 2), (1, 4), (6,))
    assert OptionTokens((), ((1,), (2,))).paths == ((),)


def test_a_probability_is_the_product_over_all_tokens():
    options = OptionTokens((), ((1,), (1, 2), (3, 2)))
    scored = {(): {1: math.log(0.5), 3: -math.inf}, (1,): {2: math.log(0.25)}, (3,): {2: 0.0}}
    assert options.log_probabilities(scored) == pytest.approx((math.log(0.5), math.log(0.125), LEAST))
    with pytest.raises(ValueError, match="nan"):
        options.log_probabilities(scored | {(1,): {2: math.nan}})
