"""Other libraries: where they are right they are oracles, and where they are not, a test says how."""

import warnings

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from vecbench.metrics import ece, smece

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of their dependencies
    import relplot
    import torch
    from netcal.metrics import ECE
    from torchmetrics.functional.classification import binary_calibration_error

pytestmark = pytest.mark.filterwarnings("ignore")


def continuous(n=500, seed=0):
    """Confidences that lie on no edge."""
    stream = np.random.default_rng(seed)
    confidence = stream.uniform(0.02, 0.98, n)
    return confidence, stream.random(n) < confidence**1.3


def torchmetrics_ece(confidence, correct, bins):
    preds = torch.tensor(np.asarray(confidence), dtype=torch.float64)
    target = torch.tensor(np.asarray(correct, int))
    return float(binary_calibration_error(preds, target, n_bins=bins, norm="l1"))


@pytest.mark.parametrize("seed", range(5))
def test_off_the_edges_netcal_agrees(seed):
    confidence, correct = continuous(seed=seed)
    theirs = ECE(10).measure(confidence, correct.astype(int))
    assert ece(confidence, correct) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bins", [10, 15])
def test_off_the_edges_torchmetrics_agrees(seed, bins):
    confidence, correct = continuous(seed=seed)
    theirs = torchmetrics_ece(confidence, correct, bins)
    assert ece(confidence, correct, bins) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_away_from_the_ends_relplot_agrees_as_far_as_its_grid_allows(seed):
    confidence, correct = continuous(seed=seed)
    theirs = relplot.smECE(confidence, correct.astype(float))
    assert smece(confidence, correct) == pytest.approx(theirs, abs=2e-3)


def test_netcal_puts_three_tenths_into_the_bin_below():
    # The edge of linspace is 0.30000000000000004.
    confidence, correct = [0.3, 0.29], [1, 0]
    assert ece(confidence, correct) == pytest.approx(0.495)
    assert ECE(10).measure(np.array(confidence), np.array(correct)) == pytest.approx(0.205)


def test_torchmetrics_gives_one_a_bin_of_its_own():
    confidence, correct = [1.0, 1.0, 0.95, 0.95], [0, 0, 1, 1]
    assert ece(confidence, correct) == pytest.approx(abs(0.975 - 0.5))
    assert torchmetrics_ece(confidence, correct, 10) == pytest.approx((1.0 + 0.05) / 2)


def test_torchmetrics_takes_numbers_above_one_for_logits_and_says_nothing():
    assert 0 <= torchmetrics_ece([85.0, 90.0], [1, 0], 10) <= 1
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        ece([85.0, 90.0], [1, 0])


def test_scikit_learns_curve_closes_its_bins_on_the_right():
    # 0.5 stands with 0.45 there, with 0.55 here.
    confidence, correct = np.array([0.45, 0.5, 0.55]), np.array([1, 0, 1])
    share, mean = calibration_curve(correct, confidence, n_bins=2)
    assert mean.tolist() == pytest.approx([0.475, 0.55])
    assert share.tolist() == pytest.approx([0.5, 1.0])
    assert ece(confidence, correct, 2) == pytest.approx((0.55 + abs(0.525 * 2 - 1)) / 3)


def test_relplot_counts_rows_at_the_ends_half():
    confidence, correct = np.array([0.0] * 12 + [1.0] * 12), np.array([0] * 8 + [1] * 4 + [1] * 6 + [0] * 6)
    theirs = relplot.smECE(confidence, correct.astype(float))
    assert abs(theirs - smece(confidence, correct)) > 0.005
