import json

import pytest

from vecbench.errors import DataError
from vecbench.strict_json import MAX_DEPTH, MAX_VALUES, RepeatedKeyError, parse_json, unique


def test_what_json_says_is_read():
    text = '{"a": [1, -2.5, true, null, "\u00e4\\ud800"], "b": {"a": 18446744073709551615}}'
    assert parse_json(text.encode(), "x") == {
        "a": [1, -2.5, True, None, "\u00e4\ud800"],
        "b": {"a": 2**64 - 1},
    }


def test_the_deepest_and_the_longest_that_is_allowed_is_read():
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "x")
    assert len(parse_json(b"[" + b"1," * (MAX_VALUES - 1) + b"1]", "x")) == MAX_VALUES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"a": 1, "b": 2, "b": 2}', "not valid JSON: the key 'b' is there more than once"),
        (b'[{"\\u0061": 1, "a": 1}]', "not valid JSON: the key 'a' is there more than once"),
        (b'{"\\u202e": 1, "\\u202e": 1}', "the key '\\u202e' is there more than once"),
        (b"[NaN]", "not valid JSON: NaN is no JSON number"),
        (b"-Infinity", "not valid JSON: -Infinity is no JSON number"),
        (b"1e400", "not valid JSON: 1e400 is larger than any JSON reader can hold"),
        (b"18446744073709551616", "not valid JSON: the integer 18446744073709551616… has more than 64 bits"),
        (b"-" + b"1" * 5000, "has more than 64 bits"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "JSON nested more than 32 levels deep"),
        (b"[" * 100_000 + b"]" * 100_000, "JSON nested more than 32 levels deep"),
        (b"[" + b"1," * MAX_VALUES + b"1]", "JSON of more than 500000 values"),
        (b"\xff", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b"{} {}", "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_json_that_is_ambiguous_endless_or_broken_is_refused(text, said):
    with pytest.raises(DataError) as refused:
        parse_json(text, "run.json")
    assert refused.value.message.startswith("run.json: ")
    assert said in refused.value.message


def test_the_first_key_that_comes_again_is_named():
    with pytest.raises(RepeatedKeyError, match=r"^the key 'b' is there more than once$"):
        json.loads('{"a": 1, "b": 1, "c": 1, "c": 1, "b": 1}', object_pairs_hook=unique)


def test_a_repeated_key_among_very_many_is_found_at_once():
    pairs = [(str(number), None) for number in range(200_000)]
    assert len(unique(pairs)) == len(pairs)
    with pytest.raises(RepeatedKeyError, match="'199999'"):
        unique([*pairs, pairs[-1]])
