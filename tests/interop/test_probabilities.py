"""What a run stored of the model's own probabilities is read back with its responses."""

import json

import pytest
from simulated_runs import CATALOGUE, response, with_token, write_run

from vecbench.interop.reading import open_responses

SCORES = (-0.1, -2.5)


def read(run):
    [row] = open_responses(run, CATALOGUE).responses
    return row


def test_both_are_read_as_they_were_stored(tmp_path):
    row = response("emoji_2", "s", "positive", 0.9, option_log_probabilities=SCORES)
    [row] = with_token([row], lambda _: 0.75)
    found = read(write_run(tmp_path / "run", [row]))
    assert found.token_confidence == {"product": 0.75, "tokens": 2}
    assert found.option_log_probabilities == SCORES


@pytest.mark.parametrize(
    ("token", "options"),
    [
        (0.75, [0.1, 0.2]),
        ("high", "ab"),
        ({"product": 2, "tokens": 1}, [-1.0]),
        ([], {}),
        (None, [-1.0, "a"]),
    ],
)
def test_what_another_program_calls_so_is_none(tmp_path, token, options):
    line = json.loads(response("emoji_2", "s", "positive", 0.9).to_line())
    line |= {"token_confidence": token, "option_log_probabilities": options}
    (tmp_path / "answers.jsonl").write_text(json.dumps(line) + "\n")
    found = read(tmp_path / "answers.jsonl")
    assert (found.token_confidence, found.option_log_probabilities) == (None, ())
    assert found.response
