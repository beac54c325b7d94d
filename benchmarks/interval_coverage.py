"""How often the reported intervals hold the truth: nominal 95 %, for six kinds of models.

Each model states confidences with a fixed frequency and is right with a fixed chance at each, so that every
metric's true value is known: four of them one of nine, two of them one of 100,000, hardly any twice. Prints a
table in Markdown.

Usage: python benchmarks/interval_coverage.py [SIMULATIONS]
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from vecbench.metrics import Cells, augrc, aurc, auroc, brier, confidence_gap, e_aurc, ece, wilson_interval
from vecbench.metrics.bootstrap import Outcomes, bootstrap, percentile_interval, reflected_interval
from vecbench.metrics.cells import Values
from vecbench.metrics.consistency import calibration_p

CONFIDENCE = np.array([0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95])
FREQUENCY = np.array([0.04, 0.06, 0.1, 0.12, 0.1, 0.18, 0.2, 0.14, 0.06])
DISTINCT = 1 - 0.7 * ((np.arange(100_000)[::-1] + 0.5) / 100_000) ** 1.5


class Model(NamedTuple):
    """Distinct confidences, ascending, how often each is stated, and how often it is right."""

    confidence: np.ndarray
    frequency: np.ndarray
    truth: np.ndarray

    def cells(self, rows: float) -> Cells:
        """So many rows, exactly as often right as the truth says."""
        total = rows * self.frequency
        return Cells(self.confidence, total * self.truth, total * (1 - self.truth))


EVENLY = np.full(DISTINCT.size, 1 / DISTINCT.size)
MODELS = {
    "calibrated": Model(CONFIDENCE, FREQUENCY, CONFIDENCE),
    "slightly overconfident": Model(CONFIDENCE, FREQUENCY, CONFIDENCE - 0.03),
    "overconfident": Model(CONFIDENCE, FREQUENCY, 0.25 + 0.45 * CONFIDENCE),
    "under- and overconfident": Model(
        CONFIDENCE, FREQUENCY, np.clip(0.5 + 1.6 * (0.72 - CONFIDENCE), 0.05, 0.95)
    ),
    "calibrated, all distinct": Model(DISTINCT, EVENLY, DISTINCT),
    "overconfident, all distinct": Model(DISTINCT, EVENLY, 0.25 + 0.45 * DISTINCT),
}
SIZES = (200, 1000, 8000)
REPLICATES = 2000
POPULATION = 1e9

PERCENTILE = {
    "brier": brier.of_cells,
    "confidence_gap": confidence_gap.of_cells,
    "auroc": auroc.of_cells,
    "aurc": aurc.of_cells,
    "e_aurc": e_aurc.of_cells,
    "augrc": augrc.of_cells,
}


def ece_15(cells: Cells) -> Values:
    return ece.of_cells(cells, 15)


REFLECTED = {"ece": (ece.of_cells, 10), "ece_15": (ece_15, 15)}
STATISTICS = {
    key: (lambda rows, metric=metric: metric(rows.cells))
    for key, metric in {**PERCENTILE, **{key: metric for key, (metric, _) in REFLECTED.items()}}.items()
}


def held(model: Model, n: int, simulations: int) -> dict[str, float]:
    """The share of simulated data sets whose interval holds the true value, by metric."""
    population = model.cells(POPULATION)
    true = {key: float(metric(population)) for key, metric in PERCENTILE.items()}
    true |= {key: float(metric(population)) for key, (metric, _) in REFLECTED.items()}
    accuracy = float(model.frequency @ model.truth)
    hits = dict.fromkeys(["accuracy", *PERCENTILE, *REFLECTED], 0)
    stream = np.random.default_rng(n)
    for number in range(simulations):
        total = stream.multinomial(n, model.frequency)
        stated = total > 0
        right = stream.binomial(total, model.truth).astype(np.float64)
        cells = Cells(model.confidence[stated], right[stated], (total - right)[stated])
        outcomes = Outcomes(cells, np.asarray(0.0), np.asarray(0.0))
        drawn = bootstrap({"rows": outcomes}, {}, STATISTICS, REPLICATES, seed=number)["rows"]
        low, high = wilson_interval(int(right.sum()), n)
        hits["accuracy"] += low <= accuracy <= high
        for key in PERCENTILE:
            interval = percentile_interval(drawn[key])
            hits[key] += interval is not None and interval[0] <= true[key] <= interval[1]
        for key, (metric, bins) in REFLECTED.items():
            may_be_zero = bool(calibration_p.of_cells(cells, bins, REPLICATES, number) > 0.05)
            interval = reflected_interval(float(metric(cells)), drawn[key], may_be_zero=may_be_zero)
            hits[key] += interval is not None and interval[0] <= true[key] <= interval[1]
    return {key: count / simulations for key, count in hits.items()}


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    keys = ["accuracy", *PERCENTILE, *REFLECTED]
    print(f"Share of {simulations} simulated data sets whose 95 % interval holds the truth, in percent.\n")
    print(f"| model | n | true ECE | {' | '.join(keys)} |")
    print(f"| :-- | --: | --: | {' | '.join('--:' for _ in keys)} |")
    for name, model in MODELS.items():
        true_ece = float(ece.of_cells(model.cells(1)))
        for n in SIZES:
            shares = held(model, n, simulations)
            cells = " | ".join(f"{100 * shares[key]:.1f}" for key in keys)
            print(f"| {name} | {n} | {100 * true_ece:.1f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
