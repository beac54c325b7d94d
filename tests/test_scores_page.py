"""docs/scores.md and docs/blind-spots.md have every metric, with its interval as it is declared."""

import re
from pathlib import Path

import pytest

from vecbench.metrics.catalogue import JUDGED_METRICS, LABEL_METRICS, OWN_METRICS
from vecbench.scoring.row_scores import FEWEST_FOR_GAPS, FEWEST_ROWS

DOCS = Path(__file__).parents[1] / "docs"
ROWS = re.findall(r"^\| (`.+?) \| .+ \| (.+?) \|$", (DOCS / "scores.md").read_text(), re.MULTILINE)
INTERVALS: dict[str, list[str]] = {}  # a key may be that of a metric of several kinds
for keys, interval in ROWS:
    for key in re.findall(r"`(\w+)`", keys):
        INTERVALS.setdefault(key, []).append(interval)
WORDS = {"wilson": "Wilson", "percentile": "bootstrap", "gaps": "gaps", "own": "own", "none": "none"}


def test_every_metric_has_a_row():
    assert INTERVALS.keys() == {metric.key for metric in OWN_METRICS}


@pytest.mark.parametrize("metric", OWN_METRICS, ids=lambda metric: metric.key)
def test_the_interval_of_a_metric_is_as_it_is_declared(metric):
    rows = {}
    for said in INTERVALS[metric.key]:
        exception = re.search(rf"`{metric.key}`: (\w+)", said)
        rows[exception[1] if exception else said.split(";")[0]] = said
    assert WORDS[metric.interval] in rows
    of_one_key = [each.interval for each in OWN_METRICS if each.key == metric.key]
    assert len(rows) == len(of_one_key)
    said = rows[WORDS[metric.interval]]
    if metric.takes_of_each:
        assert f"{metric.takes_of_each} right and {metric.takes_of_each} wrong" in said
    elif metric.interval == "gaps":
        assert f"{FEWEST_FOR_GAPS} rows" in said
    elif metric.interval == "percentile" and metric in JUDGED_METRICS and metric.over == "confident":
        assert f"{FEWEST_ROWS} rows" in said


def test_the_blind_spots_of_every_metric_of_labels_are_told():
    told = re.findall(r"^(\*\*`.+)$", (DOCS / "blind-spots.md").read_text(), re.MULTILINE)
    assert {key for line in told for key in re.findall(r"`(\w+)`", line)} >= {
        metric.key for metric in LABEL_METRICS
    }
