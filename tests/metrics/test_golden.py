"""The metrics reproduce the values of tests/golden/calibration.json."""

import json
from pathlib import Path

import numpy as np
import pytest

from vecbench.metrics import (
    Cells,
    accuracy,
    augrc,
    aurc,
    auroc,
    brier,
    brier_reliability,
    brier_resolution,
    brier_uncertainty,
    confidence_gap,
    e_aurc,
    ece,
    ece_mass,
    f1_macro,
    f1_weighted,
    mce,
    nll,
    smece,
    wilson_interval,
)
from vecbench.metrics.calibration import ECE
from vecbench.metrics.proper import BRIER
from vecbench.metrics.totals import Totals

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "calibration.json").read_text())
METRICS = {
    "aurc": aurc,
    "augrc": augrc,
    "brier_reliability_unique": brier_reliability,
    "brier_resolution_unique": brier_resolution,
    "brier_uncertainty_unique": brier_uncertainty,
    "e_aurc": e_aurc,
    "ece_em10_quantile_left": ece_mass,
    "mce_w10_left": mce,
    "mce_w15_left": lambda confidence, correct: mce(confidence, correct, bins=15),
    "nll_clip1e-12": nll,
    "smece_exact": smece,
    "overconfidence_gap": confidence_gap,
    "ece_w10_left": ece,
    "ece_w10_left_observed": ece,
    "ece_w15_left": lambda confidence, correct: ece(confidence, correct, bins=15),
    "ece_w20_left": lambda confidence, correct: ece(confidence, correct, bins=20),
    "brier": brier,
    "brier_observed": brier,
    "auroc": auroc,
    "auroc_observed": auroc,
}


def entries(names):
    return [
        pytest.param(case, entry, id=f"{case['id']}-{entry['metric']}")
        for case in GOLDEN["cases"]
        for entry in case["expected"]
        if entry["metric"] in names
    ]


def rows(case):
    pairs = zip(case["confidence"], case["correct"], strict=True)
    stated = [(confidence, correct) for confidence, correct in pairs if confidence is not None]
    return [confidence for confidence, _ in stated], [correct for _, correct in stated]


@pytest.mark.parametrize(("case", "entry"), entries(METRICS))
def test_metric_equals_its_golden_value(case, entry):
    value = METRICS[entry["metric"]](*rows(case))
    tolerance = entry.get("tolerance") or case.get("tolerance") or GOLDEN["tolerance"]
    if entry["value"] is None:
        assert value != value  # noqa: PLR0124 - nan
    else:
        assert value == pytest.approx(entry["value"], abs=tolerance)


@pytest.mark.parametrize(("case", "entry"), entries({"accuracy_ci95_wilson"}))
def test_wilson_interval_equals_its_golden_value(case, entry):
    interval = wilson_interval(sum(case["correct"]), case["n"])
    assert interval == pytest.approx(tuple(entry["value"]), abs=GOLDEN["tolerance"])


MULTICLASS = {
    "f1_macro_with_unparsed": f1_macro,
    "f1_weighted_with_unparsed": f1_weighted,
}


@pytest.mark.parametrize(("case", "entry"), entries({"accuracy_with_unparsed", *MULTICLASS}))
def test_label_metric_equals_its_golden_value(case, entry):
    targets = [str(label) for label in case["labels"]]
    labels = [None if label is None else str(label) for label in case["predictions_with_unparsed"]]
    if entry["metric"] in MULTICLASS:
        value = MULTICLASS[entry["metric"]](targets, labels, ["0", "1", "2", "3"])
    else:
        value = accuracy(targets, labels)
    assert value == pytest.approx(entry["value"], abs=GOLDEN["tolerance"])


def test_every_case_but_the_paired_one_is_used():
    used = entries(METRICS) + entries(MULTICLASS)
    left_out = {case["id"] for case in GOLDEN["cases"]} - {entry.values[0]["id"] for entry in used}
    assert left_out == {"g19_paired120"}


def test_bounds_under_missing_confidence_equal_their_golden_values():
    [case] = [case for case in GOLDEN["cases"] if case["id"] == "g17_missing_confidence50"]
    values = {entry["metric"]: entry["value"] for entry in case["expected"]}
    confidence, correct = rows(case)
    missing = case["n"] - len(confidence)
    for declared, metric, golden in (
        (BRIER, brier, "brier_bounds"),
        (ECE, ece, "ece_w10_left_bounds_simple"),
    ):
        totals = Totals(Cells.of_rows(confidence, correct), np.asarray(0.0), np.asarray(float(missing)))
        bounds = declared.bounds(metric(confidence, correct), totals)
        assert list(bounds) == pytest.approx(values[golden], abs=GOLDEN["tolerance"])


SMECE = json.loads((Path(__file__).parents[1] / "golden" / "smece.json").read_text())


@pytest.mark.parametrize("case", SMECE["cases"], ids=lambda case: case["name"])
def test_smece_where_the_smoothed_residual_is_0_on_a_grid_point(case):
    confidence = [stated for stated, right, wrong in case["cells"] for _ in range(right + wrong)]
    correct = [mark for _, right, wrong in case["cells"] for mark in [1] * right + [0] * wrong]
    assert smece(confidence, correct) == pytest.approx(case["smece"], abs=SMECE["tolerance"])
