"""docs/eemo-ranking.md says what the protocols read."""

import re
from pathlib import Path

import pytest

from vecbench.scoring import protocol_named
from vecbench.tasks import load_catalogue

PAGE = (Path(__file__).parents[1] / "docs" / "eemo-ranking.md").read_text()
TASKS = load_catalogue().tasks


def rows(heading):
    """(answers, cell, cell) of the table with that heading; ⏎ stands for a line break there."""
    table = PAGE.split(f"| {heading}", 1)[1].split("\n\n", 1)[0]
    for line in table.splitlines()[2:]:
        first, *cells = (each.strip() for each in line.strip("|").split("|"))
        if "all seven" not in first:
            yield first.replace("`⏎`", "\n").replace("`⏎", "\n").replace("⏎`", "\n"), *cells


def answers(cell):
    return re.findall(r"`([^`]+)`", cell) or [cell.strip("`")]


def read(task, protocol, answer):
    form = TASKS[task].form_of("eemo-logic")
    return protocol_named(protocol).read(answer, TASKS[task].labels, TASKS[task].answers, "stop", form)


@pytest.mark.parametrize(("first", "published", "strict"), [*rows("answer (target")])
def test_rankings_are_read_as_the_page_says(first, published, strict):
    [answer] = answers(first)
    for protocol, cell in (("eemo-logic", published), ("strict", strict)):
        reading = read("eemo_top3", protocol, answer)
        names = reading.answer or ()
        said = ", ".join(each if each in TASKS["eemo_top3"].labels else f'"{each}"' for each in names)
        assert cell.startswith(said or "nothing")
        assert ("`alias`" in cell) is (reading.answer_status == "alias")


@pytest.mark.parametrize(("first", "published", "strict"), [*rows("answer | `eemo-logic`")])
def test_ratings_are_read_as_the_page_says(first, published, strict):
    found = answers(first)
    readings = [[read("eemo_valence", name, each) for each in found] for name in ("eemo-logic", "strict")]
    for reading in readings[0]:
        number = (
            f"{reading.answer:g}" if reading.answer is not None else "nan" if "nan" in first else "nothing"
        )
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.]*\d)", published)
    for reading in readings[1]:
        number = f"{reading.answer:g}" if reading.answer is not None else "nothing"
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.]*\d)", strict)
        assert ("out_of_range" in strict) is (reading.answer_status == "out_of_range")


def test_the_reversed_target_scores_as_the_page_says():
    from vecbench.scoring.eemo_logic import published_score

    gold = ("joy", "anger", "sadness")
    scores = [published_score(each, gold).total * 100 for each in (("joy", "sadness", "anger"), gold[::-1])]
    assert scores == pytest.approx([50, 83.33])
    assert "gets 50 instead of 83.33" in PAGE
    assert "gets 83.33 instead of 50" in PAGE.replace("\n  ", " ")


def test_so_many_orders_have_another_score_as_the_page_says():
    from itertools import permutations

    from vecbench.metrics.rankings import ranking_score
    from vecbench.scoring.eemo_logic import published_score

    pairs = [
        (gold, answer) for gold in permutations(TASKS["eemo_top3"].labels, 3) for answer in permutations(gold)
    ]
    other = sum(
        abs(published_score(answer, gold).total - ranking_score(answer, gold).total) > 1e-3
        for gold, answer in pairs
    )
    assert f"Of all {len(pairs):,} pairs of a target and one of its orders, {other} get" in PAGE.replace(
        "\n  ", " "
    )
