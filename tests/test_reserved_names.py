"""No name is vecbench's own: what is called as outputs call theirs has the numbers that it has otherwise."""

import json
from functools import cache
from itertools import product

import pandas as pd
import pytest

import vecbench
from vecbench.comparing import read_gates, verdicts_on
from vecbench.leaderboard.entry import Entry
from vecbench.leaderboard.standings import leaderboard
from vecbench.leaderboard.tables import csv_text
from vecbench.report.figures import file_name
from vecbench.tasks import load_catalogue

pytestmark = pytest.mark.filterwarnings("ignore:.* are not read")

NEUTRAL = "neutral_word"
WORDS = (
    "overall", "Overall", "macro", "pooled", "rows", "headline", "all", "tasks", "groups", "mixed", "names",
    "No group", "group tested", "pool tested", "pool overall", "task", "tested", "n",
)  # fmt: skip
IDS = tuple(word for word in WORDS if " " not in word)
OTHER = "zzz"  # sorts behind all of them: draws depend on the order of tasks
ANSWERS = [("a", 0.9), ("b", 0.7), ("a", 0.6), ("a", None), (None, 0.8), ("b", 0.5), ("a", 0.6), ("b", 0.9)]


def frame(task="first", label="a", value="here", shift=0):
    """Eight rows of a task, and eight of another one that shows the same images."""
    lines = []
    for name, (place, target) in product((task, OTHER), enumerate("abab" * 2)):
        answer, confidence = ANSWERS[(place + shift + (name == OTHER)) % 8]
        said = "" if answer is None else f"<answer>{label if answer == 'a' else answer}</answer>"
        said += "" if confidence is None else f"<confidence>{confidence}</confidence>"
        lines.append(
            {"task": name, "id": str(place), "target": label if target == "a" else target, "response": said}
            | {"candidates": [label, "b"], "column": value if place % 2 else "there"}
        )
    return pd.DataFrame(lines)


def included(folder, task="first", group="tested", column="column"):
    """Two tasks in one group each, and a benchmark of both groups."""
    folder.mkdir()
    metadata = {"version": 1, "vecbench": {"labels": ["a", "b"], "subsets": [column]}}
    for name, of in ((task, group), (OTHER, "others")):
        said = metadata | {"vecbench": metadata["vecbench"] | {"group": of}}
        (folder / f"{of.encode().hex()}-task.yaml").write_text(json.dumps({"task": name, "metadata": said}))
        said = {"group": of, "task": [name], "metadata": {"version": 1, "vecbench": {}}}
        (folder / f"{of.encode().hex()}-group.yaml").write_text(json.dumps(said))
    said = {"group": "both", "task": [group, "others"], "metadata": {"version": 1, "vecbench": {}}}
    (folder / "bench.yaml").write_text(json.dumps(said))
    return folder


def assert_alike(found, expected, word, column="name"):
    """Frames of scores, where one has a word and the other another one in a column, and in reasons."""
    expected = expected.copy()
    is_named = ~expected["scope"].str.startswith("overall") | (column != "name")
    for name in (column, "why"):
        renamed = expected[name].str.replace(NEUTRAL, word, regex=False)
        expected[name] = renamed.where(is_named, expected[name])
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("protocol", ["strict", "emocaliber", "emobserver"])
@pytest.mark.parametrize("word", WORDS)
def test_a_task_is_scored_alike(word, protocol):
    expected = scored(NEUTRAL, protocol)
    assert_alike(vecbench.score(frame(task=word), protocol).to_frame(), expected, word)


@cache
def scored(task, protocol):
    return vecbench.score(frame(task=task), protocol).to_frame()


@pytest.mark.parametrize("word", IDS)
def test_a_group_is_scored_and_compared_alike(word, tmp_path):
    named, other = (included(tmp_path / str(place), group=each) for place, each in enumerate((word, NEUTRAL)))
    before, after = frame(), frame(shift=1)
    for made in (
        lambda of: vecbench.score(before, include_path=of),
        lambda of: vecbench.compare(before, after, replicates=200, include_path=of),
    ):
        assert_alike(made(named).to_frame(), made(other).to_frame(), word)


@pytest.mark.parametrize("protocol", ["strict", "emocaliber", "emobserver"])
@pytest.mark.parametrize("word", WORDS)
def test_a_task_is_compared_and_gated_alike(word, protocol, tmp_path):
    found, expected = (compared(each, protocol) for each in (word, NEUTRAL))
    assert_alike(found.to_frame(), expected.to_frame(), word)
    for of in (word, None):
        file = tmp_path / "gates.yaml"
        rule = {"metric": "accuracy", "at_least": 0.3} | ({} if of is None else {"of": of})
        file.write_text(json.dumps({"rules": [rule]}))
        [verdict] = verdicts_on(found, read_gates(file, load_catalogue(), [word, OTHER])).each
        block = found.differences.overall if of is None else found.differences.tasks[word]
        assert (verdict.n, verdict.candidate) == (block.n, block.metrics["accuracy"].candidate)


@cache
def compared(task, protocol):
    before, after = frame(task=task), frame(task=task, shift=1)
    return vecbench.compare(before, after, protocol=protocol, replicates=200)


@pytest.mark.parametrize("word", WORDS)
def test_a_label_is_scored_alike(word):
    found, expected = (
        vecbench.score(frame(label=each), by=("answer", "target")).to_frame() for each in (word, NEUTRAL)
    )
    expected["subset"] = expected["subset"].str.replace(NEUTRAL, word)
    keys = ["scope", "name", "subset", "metric"]
    alike = [each.sort_values(keys).reset_index(drop=True) for each in (found, expected)]
    pd.testing.assert_frame_equal(*alike)


@pytest.mark.parametrize("word", [*WORDS, "–", "answer", "target", "missing"])
def test_a_column_and_a_value_are_scored_alike(word, tmp_path):
    def made(column, value):
        folder = included(tmp_path / f"{column}, {value}", column=column)
        rows = frame(value=value)
        rows["attributes"] = [{column: each} for each in rows.pop("column")]
        return vecbench.score(rows, by=column, include_path=folder).to_frame()

    expected = made(NEUTRAL, "z")
    expected["subset"] = expected["subset"].str.replace(NEUTRAL, word)
    pd.testing.assert_frame_equal(made(word, "z"), expected)
    found, expected = made("column", word), made("column", "z")
    assert sorted(found.value.dropna()) == sorted(expected.value.dropna())


@pytest.mark.parametrize("word", IDS)
def test_a_group_of_a_board_has_values_and_ranks_of_its_own(word, tmp_path):
    def numbers(group):
        catalogue = load_catalogue([included(tmp_path / group, group=group)])
        board = leaderboard({name: entry(group, right) for name, right in (("x", 90), ("y", 20))}, catalogue)
        lines = csv_text(board).splitlines()
        assert len(lines) == 1 + 2 * (2 + 2 + 1)
        return lines

    assert numbers(word) == [line.replace(f"group,{NEUTRAL},", f"group,{word},") for line in numbers(NEUTRAL)]


def entry(group, right):
    def rows(n, correct):
        return {"n": n, "correct": correct, "metrics": {"accuracy": {"value": correct / n}}}

    return Entry.model_validate(
        {
            "benchmark": "both",
            "kind": "reported",
            "model": {"name": f"right {right}"},
            "source": {"name": "a test"},
            "tasks": {"first": rows(100, right), OTHER: rows(200, 100)},
            "groups": {group: {"pooled": rows(100, right)}, "others": {"pooled": rows(200, 100)}},
            "overall": {"pooled": rows(300, 100 + right)},
        }
    )


def test_every_name_has_figures_of_its_own():
    names = ["overall", "a/b", "a_b", "A_B", "../a_b", "a.b", "é", "a" * 200, "a" * 201, "task overall"]
    stems = {file_name("confusion", name).casefold() for name in names}
    assert len(stems) == len(names)
    assert not any("/" in stem for stem in stems)
    assert file_name("confusion", "emoji_7") == "confusion_emoji_7"


def said(figure):
    return [text.get_text() for text in figure.texts][1].partition(",")[0]


@pytest.mark.parametrize("word", ["overall", "Overall"])
def test_a_diagram_of_all_rows_is_had_where_a_task_is_called_so(word):
    scores = vecbench.score(frame(task=word))
    assert "n = 16" in said(vecbench.reliability_diagram(scores))
    assert "n = 8" in said(vecbench.reliability_diagram(scores, word))
    assert "n = 16" in said(vecbench.reliability_diagram(vecbench.score(frame()), "overall"))
