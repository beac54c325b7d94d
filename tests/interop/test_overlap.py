"""A file of one program is claimed by no other program's reader; what is plain rows too comes last."""

import json
import re
from pathlib import Path

import pytest
from eemo_miniature import lists

from vecbench.interop.reader import FileBeginning
from vecbench.interop.readers import READERS

ROOT = Path(__file__).parents[2]
RECORD = {
    "image_path": "a.jpg",
    "prompt": "Which?",
    "ground_truth": "joy",
    "other_info": {"task": "FI-8", "candidates": ["joy", "fear"]},
    "generations": ["<answer>joy</answer>"],
}
STATEMENT = {"statement": "It is calm.", "label": "correct", "class": "scene context", "predict": "correct"}
TURN = {"role": "user", "content": [{"type": "image", "image": "a.jpg"}, {"type": "text", "text": "Which?"}]}
LINE = {"conversations": [TURN], "task": "FI-8", "ground_truth": "joy", "candidates": ["joy", "fear"]}


def emobserver(folder, indent):
    return stored(folder / "Std_VECBench_results.json", json.dumps({"a": RECORD, "b": RECORD}, indent=indent))


def mvei(folder, indent):
    images = [{"image_id": "joy/a.jpg", "ov_emotion": "joy", "statement_list": [STATEMENT]}]
    return stored(folder / "MVEI_predict.json", json.dumps(images, indent=indent))


def eemo(folder, indent):
    rows = json.loads((lists(folder) / "EEmo-Bench(pair).json").read_text())
    answered = [{**row, "response(right)": row["correct_answer"]} for row in rows]
    return stored(folder / "EEmo-Bench(all-pair).json", json.dumps(answered, indent=indent))


def emocaliber(folder, _):
    lines = [{**LINE, "response": "<answer>joy</answer>"}, {"original_data": LINE, "error": "no memory"}]
    return stored(folder / "0.jsonl", "".join(json.dumps(line) + "\n" for line in lines))


def stored(path, text):
    path.write_text(text)
    return path


NAMES = {
    emobserver: "EmObserver",
    mvei: "MVEI predictions",
    eemo: "EEmo-Bench leaderboard",
    emocaliber: "EmoCaliber",
}


@pytest.mark.parametrize("indent", [None, 4], ids=["one line", "indented"])
@pytest.mark.parametrize("written", NAMES, ids=lambda each: each.__name__)
def test_a_published_format_is_claimed_by_its_reader_alone(tmp_path, written, indent):
    beginning = FileBeginning(written(tmp_path, indent))
    first, *others = [reader.name for reader in READERS if reader.recognises(beginning)]
    assert first == NAMES[written]
    assert [name for name in others if name != "plain"] == []


def test_the_docs_name_the_lm_eval_that_tests_run_against():
    [pinned] = re.findall(r"^lm_eval==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert set(re.findall(r"as lm-eval ([\d.]+) writes", (ROOT / "docs" / "exports.md").read_text())) == {
        pinned
    }
