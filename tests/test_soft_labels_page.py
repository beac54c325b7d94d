"""The worked example of docs/soft-labels.md has the numbers that the program prints."""

import json
import re
from pathlib import Path

import pytest

from vecbench.public import score

PAGE = (Path(__file__).parents[1] / "docs" / "soft-labels.md").read_text()
[TASK] = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
[WORKED] = re.findall(r"<!-- worked -->\n(.+?)<!-- /worked -->", PAGE, re.DOTALL)
CELLS = [[cell.strip() for cell in line.strip("|").split("|")] for line in WORKED.splitlines()]
ROWS = [cells for cells in CELLS if len(cells) == 6 and cells[2][0] == "0"]
VALUES = {cells[0].strip("`"): cells[1] for cells in CELLS if len(cells) == 2 and cells[0].startswith("`")}


def numbers(cell):
    return [float(each) for each in cell.split(",")]


def scored(folder, answers):
    (folder / "moods.yaml").write_text(TASK)
    lines = [
        {
            "task": "moods",
            "id": row[0],
            "target": [int(each) for each in row[0].split(",")],
            "response": answer,
        }
        for row, answer in zip(ROWS, answers, strict=True)
    ]
    (folder / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return score(folder / "answers.jsonl", include_path=folder).tasks["moods"].metrics


@pytest.mark.filterwarnings("ignore:.*confidences are not read")
def test_the_worked_example_is_what_the_program_says(tmp_path):
    labels = scored(tmp_path, [f"<answer>{row[1]}</answer><confidence>{row[2]}</confidence>" for row in ROWS])
    labelled = [dict(zip(("joy", "fear", "anger"), numbers(row[5]), strict=True)) for row in ROWS]
    shares = scored(tmp_path, map(json.dumps, labelled))
    assert len(ROWS) == 3
    assert len(VALUES) == 11
    for key, printed in VALUES.items():
        score_ = labels[key] if labels[key].value is not None else shares[key]
        decimals = len(printed.split(".")[1])
        assert f"{score_.value * (100 if decimals == 1 else 1):.{decimals}f}" == printed, key
