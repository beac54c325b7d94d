"""`vecbench score` with each protocol, as a process."""

import csv
import json
import subprocess
import sys

import pytest
from published import emocaliber_responses, expected

from vecbench.tasks import load_catalogue


@pytest.fixture(scope="module")
def responses(tmp_path_factory):
    folder = tmp_path_factory.mktemp("responses")
    lines = [each.to_line() for each in emocaliber_responses(load_catalogue())]
    (folder / "responses.jsonl").write_bytes(b"".join(lines))
    return folder


def score(*arguments):
    command = [sys.executable, "-m", "vecbench", "score", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("protocol", "printed"),
    [("emocaliber", ["84.32", "own matcher"]), ("emobserver", ["55.71", "mean of groups"])],
)
def test_a_protocol_is_scored_written_and_printed(responses, tmp_path, protocol, printed):
    done = score(responses, "--protocol", protocol, "-o", tmp_path, "--no-figures")
    assert done.returncode == 0, done.stderr
    assert all(each in done.stdout for each in printed)
    assert max(len(line.rstrip()) for line in done.stdout.splitlines() if "summary" not in line) <= 80
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert (scores["schema"], scores["protocol"]) == ("vecbench.scores/2", protocol)
    assert f"Protocol `{protocol}`" in (tmp_path / "summary.md").read_text()
    assert len((tmp_path / "predictions.jsonl").read_text().splitlines()) == 1203


def test_emocalibers_figures_are_drawn(responses, tmp_path):
    done = score(responses, "--protocol", "emocaliber", "-o", tmp_path, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "figures" / "reliability_ood_ver.svg").stat().st_size > 0
    overall = json.loads(done.stdout)["overall"]["metrics"]["accuracy"]["value"]
    assert overall == pytest.approx(expected("emocaliber")["overall"]["accuracy"], abs=1e-12)


def test_differences_are_written_and_summed_up(responses, tmp_path):
    done = score(responses, "--against", "emocaliber", "-o", tmp_path, "--no-figures")
    assert done.returncode == 0, done.stderr
    assert "label taken from the reasoning" in done.stdout
    with (tmp_path / "differences.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    assert all(row["reasons"] for row in rows)
    assert "strict against emocaliber" in (tmp_path / "differences.md").read_text()
    assert json.loads((tmp_path / "scores.json").read_text())["protocol"] == "strict"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--protocol", "emocaliber", "--intervals"], "the protocol emocaliber has none"),
        (["--protocol", "emobserver", "--recalibrate", "platt"], "emobserver does not recalibrate"),
        (["--protocol", "emocaliber", "--against", "strict"], "--protocol strict --against emocaliber"),
        (["--against", "emobserver"], "--protocol strict --against emocaliber"),
        (["--protocol", "emocalibre"], "Did you mean emocaliber"),
    ],
)
def test_what_a_protocol_cannot_do_is_said_with_status_2(responses, tmp_path, arguments, message):
    done = score(responses, "-o", tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "out").exists()
