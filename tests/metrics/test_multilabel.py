import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import average_precision_score, f1_score, hamming_loss, jaccard_score

from vecbench.metrics.multilabel import (
    EXACT_MATCH,
    F1_MACRO,
    F1_MICRO,
    F1_SAMPLES,
    HAMMING,
    JACCARD,
    MAP,
    average_precision,
    set_columns,
)
from vecbench.metrics.totals import Totals, WeightedRows

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "multilabel" / "expected.json").read_text())[
    "rows"
]
KEYS = {
    "f1_micro": F1_MICRO,
    "f1_macro": F1_MACRO,
    "f1_samples": F1_SAMPLES,
    "jaccard_samples": JACCARD,
    "hamming_loss": HAMMING,
    "map_over_labels_that_occur": MAP,
}
SETS = st.tuples(st.integers(1, 12), st.integers(1, 5)).flatmap(
    lambda shape: st.tuples(
        arrays.arrays(np.bool_, shape),
        arrays.arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.1, 0.5, 0.6, 1.0])),
    )
)


def totals_of(target, score, weights=None):
    target, score = np.array(target, bool), np.array(score, float)
    labels = [f"label {number}" for number in range(target.shape[1])]
    listed = np.full(len(target), float(len(labels)))
    columns = set_columns(target, score >= 0.5, labels, listed, score)
    made = Totals.of_columns(columns)
    return made if weights is None else Totals(weighted=WeightedRows(columns, weights))


@pytest.mark.parametrize("row", GOLDEN)
def test_metrics_equal_their_golden_values(row):
    assert (np.array(row["score"]) >= 0.5).astype(int).tolist() == row["label_set"]
    totals = totals_of(row["target"], row["score"])
    for key, metric in KEYS.items():
        assert float(metric.value(totals)) == pytest.approx(row["values"][key], abs=1e-9), key
    found = list(MAP.details(totals)["by_label"]["average_precision"].values())
    assert found == pytest.approx(row["values"]["ap"], abs=1e-9)


def test_a_label_that_never_occurs_is_left_out_of_the_mean():
    totals = totals_of([[1, 0], [0, 0]], [[0.4, 0.9], [0.6, 0.1]])
    assert MAP.details(totals)["by_label"]["average_precision"] == {"label 0": 0.5, "label 1": None}
    assert float(MAP.value(totals)) == 0.5
    assert math.isnan(average_precision([0, 0], [0.3, 0.4]))


@given(SETS)
def test_metrics_equal_scikit_learns_with_ties_and_empty_sets(rows):
    target, score = rows
    answer, totals = score >= 0.5, totals_of(target, score)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        several = target.shape[1] > 1  # scikit-learn takes one column for something else
        for average, metric in (("micro", F1_MICRO), ("macro", F1_MACRO), ("samples", F1_SAMPLES)):
            if several:
                expected = f1_score(target, answer, average=average)
                assert float(metric.value(totals)) == pytest.approx(expected, abs=1e-9)
        if several:
            expected = jaccard_score(target, answer, average="samples")
            assert float(JACCARD.value(totals)) == pytest.approx(expected, abs=1e-9)
        assert float(HAMMING.value(totals)) == pytest.approx(hamming_loss(target, answer), abs=1e-9)
        for place in np.flatnonzero(target.any(axis=0)):
            expected = average_precision_score(target[:, place], score[:, place])
            assert average_precision(target[:, place], score[:, place]) == pytest.approx(expected, abs=1e-9)


@given(SETS, st.randoms())
def test_a_replicate_is_the_rows_as_often_as_they_were_drawn(rows, random):
    target, score = rows
    weights = np.array([[random.randint(0, 3) for _ in target] for _ in range(3)], float)
    found = MAP.value(totals_of(target, score, weights))
    for value, times in zip(found, weights, strict=True):
        drawn = np.repeat(np.arange(len(target)), times.astype(int))
        expected = MAP.value(totals_of(target[drawn], score[drawn])) if drawn.size else math.nan
        assert float(value) == pytest.approx(float(expected), abs=1e-9, nan_ok=True)


def test_exact_match_counts_what_accuracy_counts():
    assert EXACT_MATCH.counts is not None
    assert EXACT_MATCH.interval == "wilson"


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="one length"):
        average_precision([1, 0], [0.5])


def test_an_unread_answer_is_wrong_about_every_label():
    target = np.array([[1, 0, 0], [1, 0, 0]], dtype=bool)
    answer = np.zeros((2, 3), dtype=bool)
    columns = set_columns(target, answer, ["a", "b", "c"], np.full(2, 3.0), read=np.array([True, False]))
    assert columns["hamming"].tolist() == [pytest.approx(1 / 3), 1.0]
