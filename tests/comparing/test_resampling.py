import numpy as np
import pytest
from simulated_runs import CATALOGUE, simulated, write_run

from vecbench.comparing import compare, open_side, resampling
from vecbench.comparing.observed_pairs import observed_pairs
from vecbench.comparing.resampling import replicates_of
from vecbench.metrics.calibration import CONFIDENCE_GAP
from vecbench.metrics.proper import BRIER
from vecbench.parsing import Prediction, Reading


def pairs(*stated):
    """Right answers with these confidences, side by side."""
    return [
        tuple(
            Prediction("", "emoji_2", str(place), 0, "a", ("a", "b"), Reading("a", "ok", each, "ok"))
            for each in both
        )
        for place, both in enumerate(zip(*stated, strict=True))
    ]


def observed(by_task):
    return observed_pairs(by_task, {name: CATALOGUE.tasks[name].answers for name in by_task})


def test_rounding_moves_no_difference():
    """All confidences round to 0.5, and yet the candidate's are 0.0004 higher in every replicate."""
    before = 0.5 + 1e-8 * np.arange(1100)
    rows = observed({"emoji_2": pairs(before.tolist(), (before + 0.0004).tolist())})
    wanted = {name: [CONFIDENCE_GAP] for name in ("emoji_2", "all")}
    drawn = replicates_of(rows, {"all": ["emoji_2"]}, wanted, 200, 0)
    for name in ("emoji_2", "all"):
        old, new = drawn.values[name]["confidence_gap"]
        assert new - old == pytest.approx(np.full(200, 0.0004), abs=1e-6)
    assert any("2,200 distinct confidences" in note for note in drawn.notes)


def test_rounding_hardly_changes_what_is_concluded(monkeypatch):
    stream = np.random.default_rng(0)
    stated = stream.uniform(0.3, 1, (2, 900))
    rows = observed({"emoji_2": pairs(*stated.tolist())})
    found = []
    for most in (1001, 10**6):
        monkeypatch.setattr(resampling, "MOST_DISTINCT", most)
        old, new = replicates_of(rows, {}, {"emoji_2": [BRIER]}, 2000, 0).values["emoji_2"]["brier"]
        found.append(np.quantile(new - old, [0.025, 0.5, 0.975]))
    assert found[0] == pytest.approx(found[1], abs=0.002)


@pytest.fixture
def sides(tmp_path):
    paths = [write_run(tmp_path / name, simulated({"emoji_2": 60}, seed)) for seed, name in enumerate("ab")]
    return [open_side(path, "strict", CATALOGUE) for path in paths]


def test_costly_replicates_are_fewer_unless_asked_for_and_that_is_said(sides, monkeypatch):
    monkeypatch.setattr(resampling, "MOST_NUMBERS", 10)
    comparison = compare(*sides, CATALOGUE)
    assert comparison.replicates == 1000
    assert any("1,000 bootstrap replicates instead of 10,000" in note for note in comparison.notes)
    comparison = compare(*sides, CATALOGUE, replicates=1500)
    assert comparison.replicates == 1500
    assert not any("instead" in note for note in comparison.notes)


def test_few_confidences_get_all_replicates(sides):
    assert compare(*sides, CATALOGUE).replicates == 10_000
