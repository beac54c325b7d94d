"""Responses of many kinds, each with what a careful reader makes of it by the rules of docs/parsing.md.

corpus.jsonl was written by hand, not by the parser. A row's labels and aliases are those of its `task`, which
is fi_8 unless it says otherwise, or its own `candidates` without aliases. Its response ended by itself unless
it has another `finish_reason`. `why` says what the reader went by.
"""

import json
from pathlib import Path

import pytest
from readers import read_label as read

from vecbench.parsing import Reading
from vecbench.tasks import load_catalogue

TASKS = load_catalogue().tasks
ROWS = [json.loads(line) for line in Path(__file__).with_name("corpus.jsonl").read_text("utf-8").splitlines()]


def labels_and_aliases(row):
    if "candidates" in row:
        return row["candidates"], {}
    task = TASKS[row.get("task", "fi_8")]
    return task.labels, task.aliases


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['group']}: {row['why']}")
def test_a_response_is_read_as_a_careful_reader_reads_it(row):
    reading = read(row["response"], *labels_and_aliases(row), row.get("finish_reason", "stop"))
    expected = (row["label"], row["answer_status"], row["confidence"], row["confidence_status"])
    assert reading == Reading(*expected), row["response"]
