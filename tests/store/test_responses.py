import errno
import json
import os
from dataclasses import replace

import pytest

from vecbench.errors import RunError
from vecbench.store import ResponseLog, StoredResponse, read_responses

ROW = StoredResponse(
    key="k0",
    task="emoji_7",
    sample_id="s0",
    repeat=0,
    target="joy",
    candidates=("joy", "fear"),
    image="images/0.png",
    image_sha256="00",
    prompt_sha256="11",
    response="<answer>joy</answer>",
    finish_reason="stop",
    error=None,
    n_prompt_tokens=3,
    n_output_tokens=2,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "responses.jsonl"


def store(path, *rows):
    with ResponseLog(path) as log:
        for row in rows:
            log.append(row)


def test_what_is_appended_is_read_back(path):
    rows = [ROW, replace(ROW, key="k1", response="a \u2028 line\n, ñ, 😀 and half a pair \ud83d")]
    store(path, *rows)
    assert list(read_responses(path)) == rows


def test_reasoning_is_a_part_of_the_line_only_where_there_is_some(path):
    rows = [ROW, replace(ROW, key="k1", response="", reasoning="joy?", n_reasoning_tokens=2)]
    store(path, *rows)
    assert list(read_responses(path)) == rows
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [each.keys() & {"reasoning", "n_reasoning_tokens"} for each in lines] == [
        set(),
        {"reasoning", "n_reasoning_tokens"},
    ]
    assert [each.is_only_reasoning for each in rows] == [False, True]


@pytest.mark.parametrize(
    "changes", [{"reasoning": 7}, {"n_reasoning_tokens": -1}, {"n_reasoning_tokens": "7"}]
)
def test_reasoning_that_is_none_makes_no_response(path, changes):
    path.write_text(json.dumps(json.loads(ROW.to_line()) | changes) + "\n")
    assert list(read_responses(path)) == []


def test_what_the_model_gave_its_answer_is_a_part_of_the_line_only_where_it_is_known(path):
    token = {"product": 0.75, "tokens": 2, "share": 0.9}
    scored = replace(ROW, key="k1", token_confidence=token, option_log_probabilities=(-0.25, -1.5))
    store(path, ROW, scored)
    assert list(read_responses(path)) == [ROW, scored]
    assert len(scored.to_line()) - len(ROW.to_line()) < 200
    assert "token_confidence" not in json.loads(ROW.to_line())


@pytest.mark.parametrize(
    "token",
    [
        [],
        {},
        {"product": 1.5, "tokens": 1},
        {"product": 1, "tokens": 0},
        {"product": 1},
        1.0,
        {"product": "1", "tokens": 1},
        {"product": 1, "tokens": 1, "share": -1},
        {"product": 1, "tokens": True},
    ],
)
def test_a_token_confidence_that_is_none_makes_no_response(path, token):
    path.write_text(json.dumps(json.loads(ROW.to_line()) | {"token_confidence": token}) + "\n")
    assert list(read_responses(path)) == []


@pytest.mark.parametrize("options", [[0.1, -1.0], ["x", "y"], "xy", [-1.0] * 9, None])
def test_log_probabilities_of_options_that_are_none_make_no_response(path, options):
    path.write_text(json.dumps(json.loads(ROW.to_line()) | {"option_log_probabilities": options}) + "\n")
    assert list(read_responses(path)) == []


def test_a_line_is_in_the_file_as_soon_as_it_is_appended(path):
    with ResponseLog(path) as log:
        log.append(ROW)
        assert json.loads(path.read_text())["key"] == "k0"


def test_a_reopened_log_knows_what_it_holds_and_errors_do_not_count(path):
    store(path, ROW, replace(ROW, key="k1", sample_id="s1", response=None, error="out of memory"))
    with ResponseLog(path) as log:
        assert ROW in log
        assert replace(ROW, key="k1", sample_id="s1") not in log


@pytest.mark.parametrize("kept", range(1, 40, 3))
def test_a_torn_last_line_is_cut_off(path, kept):
    store(path, ROW)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:kept])
    assert list(read_responses(path)) == [ROW]
    with ResponseLog(path) as log:
        log.append(replace(ROW, key="k1"))
    assert [row.key for row in read_responses(path)] == ["k0", "k1"]


def test_a_torn_line_longer_than_a_block_is_cut_off(path):
    store(path, ROW)
    path.write_bytes(path.read_bytes() + b"x" * 200_000)
    store(path)
    assert list(read_responses(path)) == [ROW]


def test_a_file_that_is_nothing_but_a_torn_line_becomes_empty(path):
    path.write_bytes(b'{"key": "k')
    store(path)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("line", ["{", "[]", '{"key": "k1"}', "null"])
def test_a_broken_line_in_the_middle_is_moved_away(path, line):
    store(path, ROW)
    path.write_text(f"{line}\n" + path.read_text())
    assert list(read_responses(path)) == [ROW]
    with ResponseLog(path) as log:
        assert [each.number for each in log.unread] == [1]
        assert ROW in log
    assert path.read_bytes() == ROW.to_line()
    assert path.with_name("responses.jsonl.unread").read_text() == f"{line}\n"


def test_only_the_last_response_to_a_sample_counts_as_stored(path):
    store(path, ROW, replace(ROW, key="k1", response=None, error="no such file"))
    with ResponseLog(path) as log:
        assert ROW not in log
        log.append(ROW)
    with ResponseLog(path) as log:
        assert ROW in log


def test_a_complete_last_line_without_its_newline_is_read(path):
    store(path, ROW, replace(ROW, key="k1", sample_id="s1"))
    path.write_bytes(path.read_bytes()[:-1])
    assert [row.key for row in read_responses(path)] == ["k0", "k1"]


def test_a_full_disk_leaves_no_part_of_a_line(path, monkeypatch):
    write = os.write

    def full(file, data):
        if len(data) < 100:  # the rest of the line that was begun
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data[:-50])

    with ResponseLog(path) as log:
        log.append(ROW)
        stored = path.read_bytes()
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(RunError, match="no space left") as caught:
            log.append(replace(ROW, key="k1"))
        monkeypatch.undo()
        assert "kept" in caught.value.remedy
        assert path.read_bytes() == stored


def test_a_failed_sync_is_reported(path, monkeypatch):
    def broken(_file):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    log = ResponseLog(path)
    monkeypatch.setattr(os, "fsync", broken)
    log.append(ROW)
    with pytest.raises(RunError, match="input/output error"):
        log.close()


def test_a_file_that_cannot_be_opened_is_a_run_error(tmp_path):
    with pytest.raises(RunError, match="cannot write"):
        ResponseLog(tmp_path / "none" / "responses.jsonl")
