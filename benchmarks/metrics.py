"""Speed of the metrics: 10,000 bootstrap replicates, and single metrics beside scikit-learn.

Prints two tables in Markdown: seconds, the median of several calls in this one process.

Usage: python benchmarks/metrics.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy.stats import bootstrap as scipy_bootstrap
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score

from vecbench.metrics import Cells, auroc, brier, ece
from vecbench.metrics.bootstrap import bootstrap
from vecbench.metrics.catalogue import LABEL_METRICS
from vecbench.metrics.totals import Totals


def median_seconds(work: Callable[[], object], calls: int = 5) -> float:
    seconds = []
    for _ in range(calls):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def simulated(n: int, distinct: int) -> tuple[np.ndarray, np.ndarray]:
    stream = np.random.default_rng(0)
    confidence = stream.choice(np.linspace(0.3, 1, distinct).round(4), n)
    return confidence, stream.random(n) < 0.9 * confidence


def naive_bootstrap(confidence: np.ndarray, correct: np.ndarray, replicates: int) -> None:
    """One metric (Brier score) by drawing rows."""
    stream = np.random.default_rng(0)
    for _ in range(replicates):
        rows = stream.integers(0, confidence.size, confidence.size)
        np.mean((confidence[rows] - correct[rows]) ** 2)


STATISTICS = {
    metric.key: metric.value
    for metric in LABEL_METRICS
    if metric.basis == "confidence" and metric.interval == "percentile"
}


def replicates_table() -> None:
    print(f"10,000 replicates of {len(STATISTICS)} metrics; the naive ones compute the Brier score alone,")
    print("from 200 replicates, scaled up.\n")
    print("| distinct confidences | n | vecbench, s | drawing rows, s | scipy.stats.bootstrap, s |")
    print("| --: | --: | --: | --: | --: |")
    for distinct in (14, 200):
        for n in (1_000, 8_000, 1_000_000):
            confidence, correct = simulated(n, distinct)
            totals = Totals(Cells.of_rows(confidence, correct))
            ours = median_seconds(lambda totals=totals: bootstrap({"rows": totals}, {}, STATISTICS))
            few = 200 if n < 1_000_000 else 10
            scale = 10_000 / few
            naive = scale * median_seconds(lambda: naive_bootstrap(confidence, correct, few), 1)  # noqa: B023
            losses = ((confidence - correct) ** 2,)
            theirs = scale * median_seconds(
                lambda: scipy_bootstrap(losses, np.mean, n_resamples=few, method="percentile", batch=1),  # noqa: B023
                1,
            )
            print(f"| {distinct} | {n:,} | {ours:.3f} | {naive:.1f} | {theirs:.1f} |", flush=True)


def single_table(n: int = 1_000_000) -> None:
    confidence, correct = simulated(n, 101)
    print(f"\nOne metric of {n:,} rows.\n")
    print("| metric | vecbench, s | scikit-learn, s |")
    print("| :-- | --: | --: |")
    pairs = {
        "ECE (scikit-learn: calibration_curve)": (
            ece,
            lambda: calibration_curve(correct, confidence, n_bins=10),
        ),
        "Brier score": (brier, lambda: brier_score_loss(correct, confidence)),
        "AUROC": (auroc, lambda: roc_auc_score(correct, confidence)),
    }
    for name, (ours, theirs) in pairs.items():
        mine = median_seconds(lambda ours=ours: ours(confidence, correct))
        print(f"| {name} | {mine:.3f} | {median_seconds(theirs):.3f} |", flush=True)


if __name__ == "__main__":
    replicates_table()
    single_table()
