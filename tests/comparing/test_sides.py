import os
import tracemalloc

import pytest

from vecbench import json_lines
from vecbench.comparing.sides import open_side
from vecbench.errors import DataError, UsageError
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
PREDICTION = (
    b'{"key": "k", "task": "emoji_7", "sample_id": "s", "repeat": 0, "target": "joy", "answer": "joy", '
    b'"answer_status": "ok", "confidence": 1.0, "confidence_status": "ok"}\n'
)


@pytest.mark.parametrize(
    ("before", "refused", "said"),
    [
        (b"", UsageError, "it has no JSON object"),
        (PREDICTION, DataError, "line 2: not a prediction \\(longer"),
    ],
)
def test_a_line_without_an_end_is_not_read_whole(tmp_path, monkeypatch, before, refused, said):
    monkeypatch.setattr(json_lines, "MOST_BYTES", 100_000)
    path = tmp_path / "answers.jsonl"
    path.write_bytes(before + b"x" * 20_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(refused, match=said):
            open_side(path, "strict", CATALOGUE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize("name", ["scores.json", "run.json"])
def test_a_file_without_an_end_is_refused_unread(tmp_path, name):
    (tmp_path / "predictions.jsonl").write_bytes(PREDICTION)
    (tmp_path / name).touch()
    os.truncate(tmp_path / name, 10**12)
    with pytest.raises(DataError, match=f"{name}: larger than"):
        open_side(tmp_path, "strict", CATALOGUE)


@pytest.mark.parametrize("repeat", [b"-1", b"1" + b"0" * 30])
def test_a_repeat_that_is_no_count_is_refused(tmp_path, repeat):
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(PREDICTION.replace(b'"repeat": 0', b'"repeat": ' + repeat))
    with pytest.raises(DataError, match="line 1: not a prediction"):
        open_side(path, "strict", CATALOGUE)


@pytest.mark.parametrize("answer", [b'["joy"]', b"5.5", b'{"joy": 0.5}'])
def test_predictions_of_kinds_without_labels_say_what_to_compare_instead(tmp_path, answer):
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(PREDICTION.replace(b'"answer": "joy"', b'"answer": ' + answer))
    with pytest.raises(DataError, match="compare the responses themselves, not their scores"):
        open_side(path, "strict", CATALOGUE)
