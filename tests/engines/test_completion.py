"""Chat completions as endpoints write them."""

import json

import pytest
from fakes import make_request

from vecbench.engines.completion import BROKEN, FILTERS, LENGTHS, STOPS, completion_response


def response(content, finish="stop", usage=None, **message):
    choice = {"finish_reason": finish, "message": {"content": content} | message}
    body = json.dumps({"choices": [choice], "usage": usage}).encode()
    return completion_response(make_request("a", "?"), body, lambda text: text.replace("KEY", "[key]"))


@pytest.mark.parametrize("spelt", [str, str.upper, str.title, lambda word: f"FINISH_REASON_{word.upper()}"])
def test_the_end_of_an_answer_is_known_however_it_is_spelt(spelt):
    for words, meant in ((STOPS, "stop"), (LENGTHS, "length")):
        for word in words:
            found = response("joy", spelt(word))
            assert (found.text, found.finish_reason, found.error) == ("joy", meant, None)
    for word in FILTERS:
        assert response("joy", spelt(word)).error == "stopped by the endpoint's content filter"
    for word in BROKEN:
        assert response("joy", spelt(word)).error == f"the endpoint ended its answer with: {word}"


@pytest.mark.parametrize(
    ("finish", "stored"),
    [
        (None, None),
        ("tool_calls", "tool_calls"),
        ("a\nb", "a b"),
        ("at KEY", "at [key]"),
        (["stop"], "['stop']"),
    ],
)
def test_of_an_end_that_is_not_known_the_text_is_kept_with_its_word(finish, stored):
    found = response("joy", finish)
    assert (found.text, found.finish_reason, found.error) == ("joy", stored, None)


@pytest.mark.parametrize("finish", ["tool_calls", None])
def test_an_empty_answer_that_ended_in_no_known_way_is_an_error(finish):
    assert response("", finish).error is not None
    assert response(None, finish).error is not None
    assert response("", "stop").text == ""


@pytest.mark.parametrize(
    ("content", "message", "text", "reasoning"),
    [
        (None, {"reasoning_content": "joy?"}, "", "joy?"),
        ("", {"reasoning": "joy?"}, "", "joy?"),
        ("joy", {"reasoning": None, "reasoning_content": "joy?"}, "joy", "joy?"),
        (
            None,
            {"reasoning_details": [{"type": "reasoning.text", "text": "joy"}, {"summary": "?"}]},
            "",
            "joy?",
        ),
        (
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "joy?"}]},
                {"type": "text", "text": "joy"},
            ],
            {},
            "joy",
            "joy?",
        ),
        ("joy", {"reasoning": " "}, "joy", None),
        ("joy", {"reasoning": 7}, "joy", None),
        (None, {"reasoning": "my KEY"}, "", "my [key]"),
    ],
)
def test_reasoning_is_kept_beside_the_text(content, message, text, reasoning):
    usage = {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}
    found = response(content, "length", usage, **message)
    assert (found.text, found.reasoning, found.error) == (text, reasoning, None)
    assert (found.n_output_tokens, found.n_reasoning_tokens) == (9, 7)


@pytest.mark.parametrize("details", [None, [], {}, {"reasoning_tokens": "7"}, {"reasoning_tokens": -1}])
def test_a_count_of_reasoning_that_is_none_is_unknown(details):
    assert response("joy", usage={"completion_tokens_details": details}).n_reasoning_tokens is None
