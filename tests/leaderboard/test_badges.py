"""What was not held against the data is never shown like what was."""

import csv
import io
import json
import re

import pytest

from vecbench.leaderboard.entry import read_entries
from vecbench.leaderboard.publication import build
from vecbench.leaderboard.standings import leaderboard
from vecbench.scoring.scores import ALL_ROWS
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
[DEMO] = (leaderboards_folder() / "demo" / "entries").glob("*.json")


@pytest.fixture
def board(tmp_path):
    """A leaderboard of two models on the data and one on samples that may be made up."""
    (tmp_path / "entries").mkdir()
    for place, (name, on_data) in enumerate((("First", True), ("Second", True), ("Made up", False))):
        said = json.loads(DEMO.read_text())
        said["model"]["name"] = name
        said["submission_sha256"] = said["responses_sha256"] = f"{place}" * 64
        said["checked"].update(sample_ids=on_data, images=on_data)
        slug = name.lower().replace(" ", "-")
        (tmp_path / "entries" / f"{slug}-{str(place) * 8}.json").write_text(json.dumps(said))
    build(tmp_path, tmp_path, CATALOGUE)
    return tmp_path


def test_the_page_marks_scores_only_and_says_what_was_not_checked(board):
    text = (board / "index.html").read_text()
    rows = {re.search(r">([^<]+)<", row)[1]: row for row in re.findall(r"<tr role=\"row\" data-kind.*", text)}
    assert ">verified</span>" in rows["First"]
    assert "not checked" not in rows["First"]
    assert 'data-kind="scores only"' in rows["Made up"]
    assert 'title="not checked: sample ids, images">scores only</span>' in rows["Made up"]
    assert "<small>not checked: sample ids, images</small>" in rows["Made up"]
    assert "verified" not in rows["Made up"]
    assert '<option value="scores only">' in text
    assert "2 verified entries, 1 scores only, 0 reported" in text


def test_the_tables_keep_scores_only_apart(board):
    text = (board / "README.md").read_text()
    verified, scores_only = text.split("## Scores only: ")
    assert "Made up" not in verified
    assert "| First |" not in scores_only
    assert "as First" in scores_only  # whose answers it has
    assert "not checked: sample ids, images" in scores_only
    latex = (board / "leaderboard.tex").read_text()
    assert latex.index("% Verified") < latex.index("Second") < latex.index("% Scores only")
    assert "Made up" not in latex[: latex.index("% Scores only")]
    rows = list(csv.DictReader(io.StringIO((board / "leaderboard.csv").read_text())))
    assert {(row["model"], row["kind"]) for row in rows if row["kind"] != "baseline"} == {
        ("First", "verified"),
        ("Second", "verified"),
        ("Made up", "scores only"),
    }


def test_scores_only_push_no_verified_model_down(board):
    made = leaderboard(read_entries(board), CATALOGUE)
    standings, accuracy = made.standings, made.columns[0]
    assert [each.entry.model.name for each in standings][-1] == "Made up"
    assert [each.rank(ALL_ROWS, accuracy) for each in standings] == [(1, 2), (1, 2), None]


def test_an_entry_whose_answers_were_not_read_is_marked(board):
    path = next((board / "entries").glob("second-*"))
    said = json.loads(path.read_text())
    n = said["tasks"]["emoji_7"]["n"]
    said["tasks"]["emoji_7"]["unread"] = n // 5 + 1
    path.write_text(json.dumps(said))
    standings = {
        each.entry.model.name: each for each in leaderboard(read_entries(board), CATALOGUE).standings
    }
    assert f"§: not read: Emoji-7 ({n // 5 + 1} of {n})" in standings["Second"].notes
    assert "§" not in "".join(standings["First"].notes)
    build(board, board, CATALOGUE)
    for page in ("README.md", "index.html"):
        text = (board / page).read_text()
        row = next(line for line in text.splitlines() if "Second" in line and "§" in line)
        assert "§" in row
        assert "more than 20 % of the answers to a task were not read" in text.lower()


def test_latex_leaves_out_columns_that_no_entry_of_a_group_has(tmp_path):
    build(leaderboards_folder() / "eemo_bench", tmp_path, CATALOGUE)
    text = (tmp_path / "leaderboard.tex").read_text()
    assert r"\multicolumn{1}{c}{EEmo perception}" in text
    assert text.count("Ranking pooled") == 1
