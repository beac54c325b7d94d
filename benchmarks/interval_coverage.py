"""How often the reported intervals hold the truth: nominal 95 %, over a grid of models and sizes.

Each model states confidences with a fixed frequency and is right with a fixed chance at each, so that every
metric's true value is known. The grid has models that are calibrated, off everywhere, off in one bin of many,
off by as much as chance alone would show, right nearly always and nearly never, and models that state one of
nine values, one of fifty, or hardly any value twice. Then the same for several tasks on the same images:
whether an answer is right, and how confident it is, depends on the image as much as on chance.

An interval that is not printed, for the reason in `no_interval`, cannot miss: a share is of all data sets;
those in which an interval was printed are said where that is not all of them. Prints tables in Markdown.

Usage: python benchmarks/interval_coverage.py [SIMULATIONS [N ...]]
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from vecbench.metrics import Cells
from vecbench.metrics.bootstrap import bootstrap
from vecbench.metrics.catalogue import JUDGED_METRICS, null_bins
from vecbench.metrics.consistency import null_eces
from vecbench.metrics.observations import Observations
from vecbench.metrics.totals import Totals
from vecbench.scoring.dependence import INDEPENDENT, Dependence, Effects
from vecbench.scoring.row_scores import scored

METRICS = tuple(metric for metric in JUDGED_METRICS if metric.interval != "none")
KEYS = tuple(metric.key for metric in METRICS if metric.key != "coverage")
RESAMPLED = {metric.key: metric.value for metric in METRICS if metric.interval == "percentile"}
SIZES = (30, 100, 300, 1000, 8000)
REPLICATES = 1000
POPULATION = 1e8
LEAST = 92.0
"""What no printed interval may stay below, in percent."""

NINE = np.array([0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95])
OF_NINE = np.array([0.04, 0.06, 0.1, 0.12, 0.1, 0.18, 0.2, 0.14, 0.06])
TEN, OF_TEN = (np.arange(10) + 0.5) / 10, np.full(10, 0.1)
FIVE, OF_FIVE = np.array([0.55, 0.65, 0.75, 0.85, 0.95]), np.full(5, 0.2)
FIFTY = np.arange(50, 101) / 100
OF_FIFTY = np.linspace(0.5, 1.5, 51) / np.linspace(0.5, 1.5, 51).sum()
DISTINCT = 1 - 0.7 * ((np.arange(50_000)[::-1] + 0.5) / 50_000) ** 1.5
EVENLY = np.full(DISTINCT.size, 1 / DISTINCT.size)
SIGNS = (-1.0) ** np.arange(10)


class Model(NamedTuple):
    """Distinct confidences, ascending, how often each is stated, and how often it is right.

    `errors` are standard errors of a bin's gap, at the size in question, by which some bins are off besides.
    """

    confidence: np.ndarray
    frequency: np.ndarray
    truth: np.ndarray
    errors: np.ndarray | None = None

    def at(self, n: int) -> Model:
        """The model with its gaps as they are at a size."""
        if self.errors is None:
            return self
        truth = self.truth
        for _ in range(200):
            spread = np.sqrt(truth * (1 - truth) / (n * self.frequency))
            truth = np.clip(0.5 * truth + 0.5 * (self.confidence - self.errors * spread), 0.005, 0.995)
        return self._replace(truth=truth, errors=None)

    def cells(self, rows: float) -> Cells:
        """So many rows, exactly as often right as the truth says."""
        total = rows * self.frequency
        return Cells(self.confidence, total * self.truth, total * (1 - self.truth))

    def true(self, key: str) -> float:
        """A metric of the model itself."""
        metric = next(each for each in METRICS if each.key == key)
        return float(metric.value(Totals(self.cells(POPULATION))))


def off(values: np.ndarray, where: np.ndarray | int, by: float) -> np.ndarray:
    """The values with some of them lower."""
    truth = values.copy()
    truth[where] -= by
    return np.clip(truth, 0, 1)


MODELS = {
    "calibrated": Model(NINE, OF_NINE, NINE),
    "1 point over": Model(NINE, OF_NINE, NINE - 0.01),
    "3 points over": Model(NINE, OF_NINE, NINE - 0.03),
    "5 points over": Model(NINE, OF_NINE, NINE - 0.05),
    "8 points over": Model(NINE, OF_NINE, NINE - 0.08),
    "overconfident": Model(NINE, OF_NINE, 0.25 + 0.45 * NINE),
    "under and over": Model(NINE, OF_NINE, np.clip(0.5 + 1.6 * (0.72 - NINE), 0.05, 0.95)),
    "ten bins, calibrated": Model(TEN, OF_TEN, TEN),
    "ten bins, one off by 20": Model(TEN, OF_TEN, off(TEN, 5, 0.2)),
    "ten bins, one off by 10": Model(TEN, OF_TEN, off(TEN, 5, 0.1)),
    "ten bins, last off by 20": Model(TEN, OF_TEN, off(TEN, 9, 0.2)),
    "ten bins, ± 5": Model(TEN, OF_TEN, np.clip(TEN + 0.05 * SIGNS, 0.005, 0.995)),
    "ten bins, ± 2": Model(TEN, OF_TEN, np.clip(TEN + 0.02 * SIGNS, 0.005, 0.995)),
    "ten bins, ± 1 error": Model(TEN, OF_TEN, TEN, SIGNS),
    "ten bins, ± 1.7 errors": Model(TEN, OF_TEN, TEN, 1.7 * SIGNS),
    "three of ten, 2 errors": Model(TEN, OF_TEN, TEN, np.where(np.arange(10) < 3, 2.0, 0.0)),
    "five bins, last off by 10": Model(FIVE, OF_FIVE, off(FIVE, 4, 0.1)),
    "one bin, 0.5 errors": Model(np.array([0.8]), np.ones(1), np.array([0.8]), np.array([0.5])),
    "one bin, 1.7 errors": Model(np.array([0.8]), np.ones(1), np.array([0.8]), np.array([1.7])),
    "one bin, 2.5 errors": Model(np.array([0.8]), np.ones(1), np.array([0.8]), np.array([2.5])),
    "one bin, calibrated": Model(np.array([0.95]), np.ones(1), np.array([0.95])),
    "two values in a bin": Model(np.array([0.9, 0.95]), np.full(2, 0.5), np.array([1.0, 0.85])),
    "mostly 1.0": Model(np.array([0.9, 1.0]), np.array([0.3, 0.7]), np.array([0.9, 0.97])),
    "accuracy .98": Model(
        np.array([0.8, 0.9, 0.95, 1.0]), np.array([0.1, 0.3, 0.3, 0.3]), np.array([0.93, 0.97, 0.99, 0.995])
    ),
    "accuracy .05": Model(np.array([0.3, 0.6, 0.9]), np.array([0.3, 0.4, 0.3]), np.array([0.02, 0.05, 0.08])),
    "well separated": Model(
        np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0]),
        np.array([0.05, 0.05, 0.05, 0.1, 0.25, 0.25, 0.25]),
        np.array([0.1, 0.3, 0.8, 0.97, 0.995, 0.999, 0.999]),
    ),
    "two decimals, calibrated": Model(FIFTY, OF_FIFTY, FIFTY),
    "two decimals, 3 over": Model(FIFTY, OF_FIFTY, FIFTY - 0.03),
    "two decimals, .9 and above off by 10": Model(FIFTY, OF_FIFTY, off(FIFTY, FIFTY >= 0.9, 0.1)),
    "all distinct, calibrated": Model(DISTINCT, EVENLY, DISTINCT),
    "all distinct, overconfident": Model(DISTINCT, EVENLY, 0.25 + 0.45 * DISTINCT),
}
SHARED = ("calibrated", "3 points over", "overconfident", "ten bins, one off by 20")
DEPENDENT = ((500, 2, 0.5), (500, 2, 0.95), (300, 4, 0.7), (2000, 2, 0.7))
"""Images, tasks, and the correlation of what makes answers to an image alike (of a Gaussian copula)."""

Ends = tuple[float, float] | None


def intervals(
    rows: Observations, drawn: dict[str, np.ndarray], effects: Effects, seed: int
) -> Iterator[tuple[str, Ends]]:
    """The interval of every metric, as `vecbench score` makes it; None where it prints none."""
    plain = Totals.of(rows)
    totals = Totals.of(rows, null_eces(plain.cells, null_bins(METRICS), REPLICATES, seed))
    for metric in METRICS:
        score = scored(metric, totals, rows, drawn.get(metric.key), effects)
        yield metric.key, None if score.low is None or score.high is None else (score.low, score.high)


def independent(model: Model, n: int) -> Iterator[dict[str, Ends]]:
    """The intervals of data sets of n rows, one after the other."""
    stream = np.random.default_rng(n)
    for seed in itertools.count():
        total = stream.multinomial(n, model.frequency)
        right = stream.binomial(total, model.truth)
        place = np.repeat(np.arange(total.size), total)
        is_right = np.arange(n) - np.repeat(np.cumsum(total) - total, total) < right[place]
        rows = Observations(np.arange(n), is_right, model.confidence[place], np.ones(n, dtype=bool))
        drawn = bootstrap({"rows": Totals.of(rows)}, {}, RESAMPLED, REPLICATES, seed, unseen=True)
        yield dict(intervals(rows, drawn["rows"], INDEPENDENT, seed))


def dependent(model: Model, images: int, tasks: int, correlation: float) -> Iterator[dict[str, Ends]]:
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
        effects = dependence.effects(list(answers), METRICS)
        drawn = bootstrap(
            rows, {"pool": list(rows)}, RESAMPLED, REPLICATES, seed, dependence.clusters(rows), unseen=True
        )
        yield dict(intervals(Observations.pooled(list(answers.values())), drawn["pool"], effects, seed))


class Held(NamedTuple):
    """Of a metric: data sets, those in which an interval was printed, and those in which it missed."""

    simulations: int
    printed: int = 0
    missed: int = 0

    @property
    def share(self) -> float:
        """Of all data sets, those whose interval holds or is not printed, in percent."""
        return 100 * (1 - self.missed / self.simulations)

    @property
    def cell(self) -> str:
        """As a table has it."""
        if not self.printed:
            return "–"
        printed = 100 * self.printed / self.simulations
        return f"{self.share:.1f}" + (f" ({printed:.0f})" if printed < 100 else "")


def counted(name: str, setting: Sequence[float], simulations: int) -> dict[str, Held]:
    """How often the intervals of a model hold, by metric."""
    model = MODELS[name].at(int(setting[0]))
    if len(setting) == 1:
        found = independent(model, int(setting[0]))
    else:
        found = dependent(model, int(setting[0]), int(setting[1]), setting[2])
    true = {key: model.true(key) for key in KEYS}
    held = dict.fromkeys(KEYS, Held(simulations))
    for each in itertools.islice(found, simulations):
        for key in KEYS:
            ends = each[key]
            if ends is not None and not np.isnan(true[key]):
                misses = not ends[0] - 1e-9 <= true[key] <= ends[1] + 1e-9
                held[key] = Held(simulations, held[key].printed + 1, held[key].missed + misses)
    return held


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    sizes = [int(each) for each in sys.argv[2:]] or SIZES
    error = 100 * (0.95 * 0.05 / simulations) ** 0.5
    print(f"Of {simulations} simulated data sets, the share whose 95 % interval holds the truth, in percent;")
    print(f"its standard error is {error:.1f}. In brackets: how often there is an interval, if not always.\n")
    jobs: list[tuple[str, tuple[float, ...]]] = [(name, (n,)) for name in MODELS for n in sizes]
    if len(sys.argv) < 3:
        jobs += [(name, setting) for name in SHARED for setting in DEPENDENT]
    shares: dict[str, list[tuple[float, str]]] = {key: [] for key in KEYS}
    with ProcessPoolExecutor() as workers:
        found = [workers.submit(counted, name, setting, simulations) for name, setting in jobs]
        print(f"| model | true ECE | rows | {' | '.join(KEYS)} |")
        print(f"| :-- | {' | '.join(['--:'] * (len(KEYS) + 2))} |")
        for (name, setting), each in zip(jobs, found, strict=True):
            held = each.result()
            true = 100 * MODELS[name].at(int(setting[0])).true("ece")
            rows = f"{setting[0]:.0f}"
            if len(setting) > 1:
                rows += f" images × {setting[1]:.0f}, r = {setting[2]}"
            cells = " | ".join(held[key].cell for key in KEYS)
            print(f"| {name} | {true:.1f} | {rows} | {cells} |", flush=True)
            for key in KEYS:
                if held[key].printed:
                    shares[key].append((held[key].share, f"{name}, {rows}"))
    print(f"\nThe lines in which a metric has an interval, and their shares; the bar is {LEAST:.0f} %.\n")
    print(f"| metric | lines | mean | below {LEAST:.0f} | lowest | where |")
    print("| :-- | --: | --: | --: | --: | :-- |")
    for key, found_of in shares.items():
        every = [share for share, _ in found_of]
        share, where = min(found_of)
        below = sum(each < LEAST for each in every)
        mean = sum(every) / len(every)
        print(f"| {key} | {len(every)} | {mean:.1f} | {below} | {share:.1f} | {where} |")


if __name__ == "__main__":
    main()
