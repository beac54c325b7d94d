"""Values that files may hold and few expect: none of them is told as a fault of vecbench."""

import json
import subprocess
import sys

import pytest

import vecbench
from vecbench.metrics.recalibration import fold_of

ROW = {
    "task": "faces",
    "target": "joy",
    "candidates": ["joy", "fear"],
    "response": "<answer>joy</answer><confidence>0.5</confidence>",
}


def test_an_image_whose_name_has_half_a_character_has_a_fold():
    assert fold_of("\ud800") in range(5)
    assert fold_of("image") in range(5)


def test_a_repeat_that_no_table_can_hold_is_a_fault_of_its_row(tmp_path):
    rows = [ROW | {"id": "a"}, ROW | {"id": "b", "repeat": 10**15}]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.warns(UserWarning, match="not a count"):
        assert vecbench.score(tmp_path / "x.jsonl").tasks["faces"].n == 1


def test_pillow_says_nothing_of_its_own_on_standard_error():
    program = (
        "import warnings, vecbench.samples.images\n"
        "warnings.warn_explicit('x', UserWarning, 'TiffImagePlugin.py', 1, module='PIL.TiffImagePlugin')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
