"""docs/protocols.md shows what the program prints."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from published import emocaliber_responses, expected, stored

from vecbench.metrics import ece
from vecbench.scoring import PROTOCOLS, score_responses
from vecbench.tasks import load_catalogue

PAGE = (Path(__file__).parents[1] / "docs" / "protocols.md").read_text()
REASONING = "<think>Dark, but not anger.</think>"
RESPONSES = [
    ("s1", "fear", f"{REASONING}<answer>\nfear\n</answer><confidence>0.8</confidence>"),
    ("s2", "excitement", "<answer>awesome party: excitement</answer><confidence>0.9</confidence>"),
    ("s3", "sadness", "<answer>not anger, but sadness</answer><confidence>0.7</confidence>"),
    ("s4", "anger", "<answer>fear or anger</answer><confidence>0.6</confidence>"),
    ("s5", "awe", "<answer>awe</answer><confidence>90%</confidence>"),
    ("s6", "awe", "<answer>awe</answer><confidence>95</confidence>"),
    ("s7", "contentment", "<answer>contentment</answer><confidence>1.0</confidence>"),
    ("s8", "disgust", f"{REASONING}<answer></answer>"),
    ("s9", "fear", "<answer>anger</answer><confidence>0.5</confidence>"),
    ("s9", "fear", "<answer>fear</answer><confidence>0.9</confidence>"),
]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "my-run").mkdir()
    labels = load_catalogue().tasks["fi_8"].labels
    lines = [stored("fi_8", *each[:2], labels, each[2], finish_reason="stop").to_line() for each in RESPONSES]
    (folder / "my-run" / "responses.jsonl").write_bytes(b"".join(lines))
    return folder


def plain(text):
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(("command", "shown"), re.findall(r"```\n\$ vecbench (.+)\n([^`]+)```", PAGE))
def test_a_command_prints_what_the_page_shows(workplace, command, shown):
    done = subprocess.run(
        [sys.executable, "-m", "vecbench", *command.split(), "--no-figures"],
        capture_output=True, text=True, cwd=workplace, check=False,
    )  # fmt: skip
    assert done.returncode == (4 if "--against" in command else 0), (
        done.stderr
    )  # 3 of 9 are read by one alone
    assert "\n".join(plain(shown)) in "\n".join(plain(done.stdout))
    listed = workplace / "my-run" / "differences.md"
    if "--against" in command:
        assert listed.read_text().rpartition("\n\n")[2] in PAGE


def test_the_effect_of_confidences_of_one_is_as_the_page_says():
    catalogue = load_catalogue()
    scores = score_responses(emocaliber_responses(catalogue), PROTOCOLS["emocaliber"], catalogue).scores
    for name, group in scores.groups.items():
        shown = catalogue.groups[name].display
        cells, script = group.pooled.cells, expected("emocaliber")["groups"][shown]
        at_one = int(cells.total[cells.confidence == 1].sum())
        numbers = f"{script['ece'] * 100:.2f} | {100 * float(ece.of_cells(cells)):.2f}"
        assert f"| {shown} | {script['valid_samples']:.0f} | {at_one} | {numbers} |" in PAGE
