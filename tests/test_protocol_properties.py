"""Whatever the responses are: every protocol scores them, and every difference has its reason."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import stored

from vecbench.report.disagreements import disagreement_markdown
from vecbench.report.tables import csv_table, latex_table, markdown_table
from vecbench.scoring import PROTOCOLS, disagreements, prediction_lines, protocol_named, score_responses
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
LABELS = ("positive", "negative", "Negative", "unknown", ".", "neutral")
STATED = ("0.8", "1.0", "0.3", "1.2", "-1", "nan", "inf", "90%", "high", "", "{0.5}")
WRITTEN = st.tuples(st.sampled_from(LABELS), st.sampled_from(STATED)).map(
    lambda said: f"<answer>{said[0]}</answer><confidence>{said[1]}</confidence>"
)
RESPONSES = st.builds(
    stored,
    task=st.sampled_from(["fi_2", "webemo_2", "fi_8", "emoji_2", "comics"]),
    sample=st.sampled_from("abcdefgh"),
    target=st.sampled_from(LABELS),
    candidates=st.lists(st.sampled_from(LABELS), min_size=1, max_size=4),
    response=st.one_of(st.none(), WRITTEN, st.text(max_size=20)),
    repeat=st.integers(0, 2),
    error=st.sampled_from([None, None, None, "out of memory"]),
)
QUICK = settings(max_examples=50, deadline=None)


def values(block):
    rows = [*block["tasks"].values(), *block["groups"].values(), block["overall"]]
    yield from (score for each in rows for score in each["metrics"].values())


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if name != "strict"])
@QUICK
@given(st.lists(RESPONSES, max_size=30))
def test_any_responses_are_scored_and_none_disappears(protocol, responses):
    complete = score_responses(responses, protocol_named(protocol), CATALOGUE)
    scores = json.loads(complete.scores.as_json())
    counted = [row for row in complete.rows if row.dropped is None]
    assert scores["overall"]["n"] == len(counted) == len(complete.rows) - scores["dropped"]["n"]
    assert sum(scores["dropped"]["reasons"].values()) == scores["dropped"]["n"]
    if protocol == "emocaliber":
        assert len(complete.rows) == len(responses)
    for score in values(scores):
        assert score["value"] is None or 0 <= score["value"] <= 1
        assert (score["value"] is None) == ("why" in score)
    for text in (markdown_table(complete.scores), csv_table(complete.scores), latex_table(complete.scores)):
        assert text.endswith("\n")
    assert len(list(prediction_lines(complete.rows))) == len(complete.rows)


@QUICK
@given(st.lists(RESPONSES, max_size=30))
def test_every_response_that_is_judged_differently_is_listed_with_a_reason(responses):
    found = disagreements(responses, CATALOGUE)
    assert all(row.reasons for row in found.rows)
    overall = found.overall
    listed = [(row.strict, row.emocaliber) for row in found.rows]
    gained = sum(theirs.dropped is None and theirs.correct for _, theirs in listed) - sum(
        ours is not None and ours.correct for ours, _ in listed
    )
    # Rows that are not listed count alike in both, so the listed ones make up the whole difference.
    assert overall.emocaliber[1] - overall.strict[1] == gained
    rows = sum(theirs.dropped is None for _, theirs in listed) - sum(ours is not None for ours, _ in listed)
    assert overall.emocaliber[0] - overall.strict[0] == rows
    assert found.as_csv().count("\n") >= 1 + len(found.rows)
    assert disagreement_markdown(found)
    assert math.isclose(
        sum(each.differing for name, each in found.tasks.items() if name != "overall"), len(listed)
    )
