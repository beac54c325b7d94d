"""How often the reported intervals hold the truth: nominal 95 %, for several kinds of models.

Each model states confidences with a fixed frequency and is right with a fixed chance at each, so that every
metric's true value is known: most of them one of nine, two of them one of 100,000, hardly any twice. Then the
same for several tasks on the same images: whether an answer is right, and how confident it is, depends on the
image as much as on chance. The pooled scores are looked at there, with images drawn and, for comparison, with
answers taken for independent. Prints tables in Markdown.

Usage: python benchmarks/interval_coverage.py [SIMULATIONS]
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from vecbench.metrics import Cells, augrc, aurc, auroc, brier, confidence_gap, e_aurc, ece, wilson_interval
from vecbench.metrics.bootstrap import bootstrap, percentile_interval, reflected_interval
from vecbench.metrics.catalogue import LABEL_METRICS, null_bins
from vecbench.metrics.cells import Values
from vecbench.metrics.consistency import consistency_p, null_eces, widened
from vecbench.metrics.observations import Observations
from vecbench.metrics.totals import Totals
from vecbench.scoring.dependence import INDEPENDENT, Dependence, Effects

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
    "overconfident by 1 point": Model(CONFIDENCE, FREQUENCY, CONFIDENCE - 0.01),
    "overconfident by 3 points": Model(CONFIDENCE, FREQUENCY, CONFIDENCE - 0.03),
    "overconfident by 5 points": Model(CONFIDENCE, FREQUENCY, CONFIDENCE - 0.05),
    "overconfident": Model(CONFIDENCE, FREQUENCY, 0.25 + 0.45 * CONFIDENCE),
    "under- and overconfident": Model(
        CONFIDENCE, FREQUENCY, np.clip(0.5 + 1.6 * (0.72 - CONFIDENCE), 0.05, 0.95)
    ),
    "calibrated, all distinct": Model(DISTINCT, EVENLY, DISTINCT),
    "overconfident, all distinct": Model(DISTINCT, EVENLY, 0.25 + 0.45 * DISTINCT),
}
SIZES = (200, 1000, 8000)
SHARED = {name: MODELS[name] for name in ("calibrated", "overconfident by 3 points", "overconfident")}
DEPENDENT = ((500, 2, 0.5), (500, 2, 0.95), (300, 4, 0.7), (2000, 2, 0.7))
"""Images, tasks, and the correlation of what makes answers to an image alike (of a Gaussian copula)."""

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
KEYS = ("accuracy", *PERCENTILE, *REFLECTED)
STATISTICS = {
    key: (lambda rows, metric=metric: metric(rows.cells))
    for key, metric in {**PERCENTILE, **{key: metric for key, (metric, _) in REFLECTED.items()}}.items()
}


def true_values(model: Model) -> dict[str, float]:
    """Every metric of the model itself."""
    population = model.cells(POPULATION)
    metrics = PERCENTILE | {key: metric for key, (metric, _) in REFLECTED.items()}
    return {"accuracy": float(model.frequency @ model.truth)} | {
        key: float(metric(population)) for key, metric in metrics.items()
    }


def intervals(
    cells: Cells, drawn: Mapping[str, Values], effects: Effects, seed: int
) -> dict[str, tuple[float, float] | None]:
    """The interval of every metric of rows that all have a confidence."""
    found: dict[str, tuple[float, float] | None] = {
        "accuracy": wilson_interval(
            int(cells.total_right), cells.n, design_effect=effects.shares.get("accuracy", 1.0)
        )
    }
    for key in PERCENTILE:
        found[key] = percentile_interval(drawn[key])
    null = widened(null_eces(cells, null_bins(LABEL_METRICS), REPLICATES, seed), effects.null)
    for key, (metric, bins) in REFLECTED.items():
        may_be_zero = consistency_p(cells, null[bins], bins) > 0.05
        found[key] = reflected_interval(float(metric(cells)), drawn[key], may_be_zero=may_be_zero)
    return found


def independent(model: Model, n: int, seed: int) -> Iterator[dict[str, tuple[float, float] | None]]:
    """The intervals of data sets of n rows, one after the other."""
    stream = np.random.default_rng(n)
    while True:
        total = stream.multinomial(n, model.frequency)
        stated = total > 0
        right = stream.binomial(total, model.truth).astype(np.float64)
        cells = Cells(model.confidence[stated], right[stated], (total - right)[stated])
        drawn = bootstrap({"rows": Totals(cells)}, {}, STATISTICS, REPLICATES, seed)["rows"]
        yield intervals(cells, drawn, INDEPENDENT, seed)
        seed += 1


def dependent(
    model: Model, images: int, tasks: int, correlation: float, *, by_image: bool
) -> Iterator[dict[str, tuple[float, float] | None]]:
    """The pooled intervals of several tasks on the same images, for data sets one after the other."""
    stream = np.random.default_rng(images)
    below = np.cumsum(model.frequency)[:-1]
    for seed in itertools.count():
        shared = stream.normal(size=(2, images))
        answers = {}
        for number in range(tasks):
            own = stream.normal(size=(2, images))
            rank = norm.cdf(np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own)
            place = np.searchsorted(below, rank[0])
            right, every = rank[1] < model.truth[place], np.ones(images, dtype=bool)
            answers[str(number)] = Observations(np.arange(images), right, model.confidence[place], every)
        rows = {name: Totals.of(each) for name, each in answers.items()}
        dependence = Dependence(answers, images)
        clusters = dependence.clusters(rows) if by_image else []
        effects = dependence.effects(list(answers), LABEL_METRICS) if by_image else INDEPENDENT
        drawn = bootstrap(rows, {"pool": list(rows)}, STATISTICS, REPLICATES, seed, clusters)["pool"]
        yield intervals(Cells.pooled([each.cells for each in rows.values()]), drawn, effects, seed)


def line(model: Model, found: Iterator[dict[str, tuple[float, float] | None]], simulations: int) -> str:
    """The share of data sets whose interval holds the true value, by metric, as cells of a table."""
    true = true_values(model)
    hits = dict.fromkeys(true, 0)
    for each in itertools.islice(found, simulations):
        for key, interval in each.items():
            hits[key] += interval is not None and interval[0] <= true[key] <= interval[1]
    return " | ".join(f"{100 * hits[key] / simulations:.1f}" for key in KEYS)


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    marks = " | ".join("--:" for _ in KEYS)
    print(f"Share of {simulations} simulated data sets whose 95 % interval holds the truth, in percent.\n")
    print(f"| model | n | true ECE | {' | '.join(KEYS)} |\n| :-- | --: | --: | {marks} |")
    for name, model in MODELS.items():
        true_ece = 100 * float(ece.of_cells(model.cells(1)))
        for n in SIZES:
            cells = line(model, independent(model, n, 0), simulations)
            print(f"| {name} | {n} | {true_ece:.1f} | {cells} |", flush=True)
    print("\nThe same of tasks that share their images, pooled.\n")
    print(f"| model | images | tasks | correlation | drawn | {' | '.join(KEYS)} |")
    print(f"| :-- | --: | --: | --: | :-- | {marks} |")
    for name, model in SHARED.items():
        for images, tasks, correlation in DEPENDENT:
            for by_image in (False, True):
                found = dependent(model, images, tasks, correlation, by_image=by_image)
                cells = line(model, found, simulations)
                drawn = "images" if by_image else "answers"
                print(f"| {name} | {images} | {tasks} | {correlation} | {drawn} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
