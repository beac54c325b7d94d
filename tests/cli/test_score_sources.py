"""`vecbench score --confidence`: what it prints, writes and refuses."""

import csv
import io
import json

import pytest
from simulated_runs import repeated, simulated, stated, with_token, write_run
from typer.testing import CliRunner

import vecbench
from vecbench.cli.app import app
from vecbench.errors import UsageError


def score(*arguments, **options):
    return CliRunner().invoke(app, ["score", *map(str, arguments)], **options)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    rows = simulated({"emoji_2": 60, "emoji_7": 60}, 0)
    rows = with_token(rows, lambda row: None if row.sample_id == "s7" else round(1 - stated(row), 3))
    return write_run(tmp_path_factory.mktemp("sources") / "run", rows)


def test_a_table_has_a_line_a_source_and_one_of_what_they_differ_in(run, tmp_path):
    done = score(run, "--confidence", "stated,token", "-o", tmp_path, "--no-figures")
    assert done.exit_code == 0, done.output
    said = done.output
    assert [line.split()[:3] for line in said.splitlines() if line.startswith("  token")][:2] == [
        ["token", "60", "98.3"],
        ["token", "60", "98.3"],
    ]
    assert "token − stated       59" in said
    assert "* more than chance at 5 %, over all" in said
    assert "token: the probability of the answer's tokens." in said
    summary = (tmp_path / "summary.md").read_text()
    assert "| token − stated | 59 |" in summary
    block = json.loads((tmp_path / "scores.json").read_text())["tasks"]["emoji_2"]["sources"]
    assert list(block["scores"]) == ["stated", "token"]


def test_intervals_fit_the_terminal(run, tmp_path):
    arguments = ("--confidence", "all,combined_logistic,combined_rank", "--intervals", "--no-figures")
    done = score(run, *arguments, "-o", tmp_path, env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    tables = done.output.partition("sources (%)")[2].partition("Read: ")[0]
    assert max(map(len, tables.splitlines())) <= 80
    assert "combined_rank is an order of answers and no probability" in " ".join(tables.split())


@pytest.mark.parametrize("format_", ["markdown", "latex", "json", "csv"])
def test_every_format_has_the_sources(run, tmp_path, format_):
    done = score(run, "--confidence", "all", "--format", format_, "-o", tmp_path, "--no-figures")
    assert done.exit_code == 0, done.output
    if format_ == "json":
        assert list(json.loads(done.stdout)["overall"]["sources"]["scores"]) == ["stated", "token"]
    elif format_ == "csv":
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        assert {row["source"] for row in rows} == {"stated", "token"}
        of_token = [row for row in rows if row["source"] == "token" and row["metric"] == "ece"]
        assert {row["name"]: row["n"] for row in of_token if row["level"] == "task"} == {
            "emoji_2": "59",
            "emoji_7": "59",
        }
    else:
        assert ("token & " if format_ == "latex" else "| token | 60 |") in done.stdout


def test_without_the_option_nothing_is_said_of_sources(run, tmp_path):
    done = score(run, "--format", "csv", "-o", tmp_path, "--no-figures")
    assert done.stdout.splitlines()[0].endswith(",n,why")
    assert "sources" not in json.loads((tmp_path / "scores.json").read_text())["overall"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--confidence", "agreement"), "--repeats"),
        (("--confidence", "options"), "--score-options"),
        (("--confidence", "tokens"), "unknown source 'tokens'"),
        (("--confidence", "token", "--protocol", "emocaliber"), "emocaliber knows one source"),
    ],
)
def test_what_is_not_there_ends_with_status_2_and_what_to_do(run, tmp_path, arguments, said):
    done = score(run, *arguments, "-o", tmp_path / "scores", "--no-figures")
    assert isinstance(done.exception, UsageError)
    assert said in f"{done.exception} {done.exception.remedy}"
    assert not (tmp_path / "scores").exists()


def test_figures_draw_the_sources_over_each_other(run, tmp_path):
    done = score(run, "--confidence", "all,combined_rank", "-o", tmp_path, "--figure-formats", "svg")
    assert done.exit_code == 0, done.output
    drawn = [path.read_text() for path in (tmp_path / "figures").glob("sources_*.csv")]
    assert drawn
    assert all("token" in each and "combined_rank" not in each for each in drawn)


def test_python_has_them_by_source_and_in_notebooks(run):
    scores = vecbench.score(run, confidence="stated,token")
    frame = scores.to_frame()
    assert set(frame.source) == {"stated", "token"}
    assert "token − stated" in scores._repr_html_()
    alone = vecbench.score(run, confidence=["token"]).to_frame()
    of_token = [each[each.source == "token"].reset_index(drop=True) for each in (frame, alone)]
    assert of_token[0].equals(of_token[1])
    with pytest.raises(UsageError, match="one answer to each sample"):
        vecbench.score(run, confidence="agreement")


def test_confidences_alone_have_no_other_source():
    import pandas as pd

    rows = pd.DataFrame({"confidence": [0.5, 0.6], "correct": [True, False]})
    with pytest.raises(UsageError, match="confidence="):
        vecbench.score(rows, confidence="token")


def test_repeats_bring_agreement(tmp_path):
    rows = [row for repeat in range(3) for row in repeated(simulated({"emoji_2": 40}, repeat), repeat)]
    run = write_run(tmp_path / "run", rows)
    done = score(run, "--confidence", "stated,agreement", "--no-figures")
    assert "A row is a sample with its most frequent answer" in done.output
    assert "agreement −" in done.output
