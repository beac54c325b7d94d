"""Log probabilities as endpoints list them."""

import json
import math
from dataclasses import replace

import pytest
from fakes import make_request

from vecbench.engines.completion import completion_response

TEXT = "<answer>joy</answer>"
PIECES = ("<answer", ">", "joy", "</answer>")


def listed(*pieces, **changes):
    return [
        {"token": each, "logprob": -0.25, "bytes": list(each.encode(errors="replace")), "top_logprobs": []}
        | changes
        for each in pieces
    ]


def response(text, content, *, n_alternatives=5, stop=(), masked=lambda text: text, **message):
    asked = replace(make_request("a", "?", stop=stop), n_alternatives=n_alternatives)
    choice = {"finish_reason": "stop", "message": {"content": text} | message}
    choice["logprobs"] = content if isinstance(content, dict) or content is None else {"content": content}
    body = json.dumps({"choices": [choice]}).encode()
    return completion_response(asked, body, masked)


def within(text, content, part="joy", **settings):
    begin = text.index(part)
    return response(text, content, **settings).tokens.within(begin, begin + len(part))


def spans(found):
    return [(each.begin, each.end) for each in found]


def test_the_tokens_of_a_part_come_with_their_log_probabilities_and_alternatives():
    top = [{"token": "joy", "logprob": -0.25}, {"token": "fear", "logprob": -2}]
    [token] = within(TEXT, listed(*PIECES, top_logprobs=top))
    assert (token.begin, token.end, token.log_probability) == (8, 11, -0.25)
    assert token.alternatives == {"joy": -0.25, "fear": -2}


def test_who_does_not_ask_gets_none():
    assert response(TEXT, listed(*PIECES), n_alternatives=0).tokens is None


def test_characters_may_be_cut_into_bytes():
    first, *others = "喜".encode()
    tokens = [
        *listed("<answer>"),
        {"token": "\\xe5", "logprob": -1, "bytes": [first]},
        {"token": "\\x96\\x9c", "logprob": -2, "bytes": others},
        *listed("</answer>"),
    ]
    found = within("<answer>喜</answer>", tokens, "喜")
    assert [each.log_probability for each in found] == [-1, -2]
    assert spans(found) == [(8, 8), (8, 9)]


@pytest.mark.parametrize(
    "pieces", [("<answer", ">joy", "</answer>"), (" ", *PIECES), (" <answer", *PIECES[1:])]
)
def test_tokens_may_straddle_the_part_and_begin_with_a_blank(pieces):
    assert len(within(TEXT, listed(*pieces))) == 1


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        {"content": None},
        {"content": {}},
        {"tokens": list(PIECES), "token_logprobs": [-1] * 4},
        [],
        listed(*PIECES[:2]),
        listed(*PIECES[:3]),
        listed(*PIECES[1:]),
        listed("<answer", ">", "fear", "</answer>"),
        [*listed(*PIECES), *listed(" and", " more")],
        [*listed("so", " "), *listed(*PIECES)],
        [*listed(*PIECES[:2]), None, *listed(*PIECES[2:])],
        [*listed(*PIECES[:2]), {"token": None, "logprob": -1}, *listed(*PIECES[2:])],
        listed("token_id:1", "token_id:2"),
    ],
)
def test_tokens_that_do_not_make_up_the_text_are_missing(content):
    assert within(TEXT, content) is None


@pytest.mark.parametrize(
    "value", [0.5, math.nan, -math.inf, math.inf, None, "-0.5", True, -9999.0, -9999, -1e9, [], {}]
)
def test_what_is_no_log_probability_is_missing_and_so_are_stand_ins_for_one(value):
    tokens = listed(*PIECES)
    tokens[2]["logprob"] = value
    assert within(TEXT, tokens) is None
    assert len(within(TEXT, tokens, "</answer>")) == 1  # what is not asked for does not matter
    tokens[2] |= {"logprob": -0.5, "top_logprobs": [{"token": "fear", "logprob": value}]}
    assert within(TEXT, tokens)[0].alternatives == {"joy": -0.5}


@pytest.mark.parametrize("top", [None, {}, "joy", [None, 1, "joy", {"token": 3, "logprob": -1}, {}]])
def test_alternatives_that_are_none_leave_the_token_itself(top):
    assert within(TEXT, listed(*PIECES, top_logprobs=top))[0].alternatives == {"joy": -0.25}


@pytest.mark.parametrize("given", [None, [], "joy", [300, 1], ["a"]])
def test_a_token_without_bytes_is_its_text(given):
    assert spans(within(TEXT, listed(*PIECES, bytes=given))) == [(8, 11)]


def test_the_token_that_ends_the_answer_and_a_stop_text_may_be_listed():
    assert len(within(TEXT, listed(*PIECES, "<|im_end|>"))) == 1
    for stop in ("\n\n", "STOP"):
        tokens = listed(*PIECES, stop[:1], f"{stop[1:]} more", " of it")
        assert len(within(TEXT, tokens, stop=("x", stop))) == 1
        assert within(TEXT, tokens) is None
    assert len(within("joy", listed("joyS", "TOP"), stop=("STOP",))) == 1


def test_reasoning_beside_the_text_may_be_listed_before_it():
    reasoning = listed("joy", ", or ", "fear", "?", "</think>", "\n\n")
    tokens = [*reasoning, *listed(*PIECES, logprob=-1), *listed("<|im_end|>")]
    [found] = within(TEXT, tokens, reasoning_content="joy, or fear?")
    assert found.log_probability == -1
    assert within(TEXT, tokens) is None  # where nobody reasoned, it is something else
    assert len(within(TEXT, listed(*PIECES), reasoning_content="joy, or fear?")) == 1


def test_a_text_in_which_a_key_is_masked_has_no_tokens():
    content = listed("KEY ", *PIECES)
    masked = response(f"KEY {TEXT}", content, masked=lambda text: text.replace("KEY", "[key]"))
    assert masked.text == f"[key] {TEXT}"
    assert masked.tokens.within(14, 17) is None


def test_halves_of_characters_that_are_none_are_no_fault():
    assert within(f"{TEXT}\ud800", listed(*PIECES, "\ud800", bytes=None)) is not None
