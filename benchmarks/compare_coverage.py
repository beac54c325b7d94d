"""How often the intervals of `vecbench compare` hold the true change, and how often its tests raise an alarm.

Two models answer the samples of two tasks. Each states one of some confidences with a fixed frequency, is
right with a fixed chance at each, and confuses labels with fixed chances; so the true value of every metric
is known, and with it the true change. Nominal: 95 % of the intervals hold it, and 5 % of the tests of two
models that are alike (A/A) give a p value below 0.05. Prints tables in Markdown.

Usage: python benchmarks/compare_coverage.py [SIMULATIONS [SAMPLES ...]]
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import product, repeat

import numpy as np

from vecbench.comparing.differences import Difference
from vecbench.comparing.row_differences import row_differences
from vecbench.metrics import Cells
from vecbench.metrics.calibration import bin_of
from vecbench.metrics.catalogue import LABEL_METRICS
from vecbench.metrics.totals import Totals
from vecbench.parsing import Prediction, Reading
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
TESTED = tuple(metric.key for metric in LABEL_METRICS if metric.change.refused([]) is None)
"""Metrics whose change is tested."""

TASKS = {"emoset_8": 0.7, "unbiasedemo_6": 0.3}
"""Task → its share of the samples; named as nobody knows them, so that they are in no group."""

CONFIDENCES = {"one decimal": np.arange(3, 10) / 10, "two decimals": np.arange(30, 101) / 100}
FREQUENCY = np.array([0.07, 0.07, 0.12, 0.16, 0.23, 0.2, 0.15])
MODELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "calibrated": lambda stated: stated,
    "slightly overconfident": lambda stated: stated - 0.03,
    "overconfident": lambda stated: 0.25 + 0.45 * stated,
    "underconfident": lambda stated: np.minimum(1.0, 1.55 * stated - 0.25),
    "one bin off by 20": lambda stated: stated - 0.2 * (bin_of(stated, 10) == 5),
    "all overconfident by 5": lambda stated: stated - 0.05,
    "all bins ±5": lambda stated: stated + 0.05 * (-1.0) ** bin_of(stated, 10),
}
"""Model → how often it is right at each confidence."""

PAIRS = (
    ("calibrated", "calibrated"),
    ("overconfident", "overconfident"),
    ("calibrated", "slightly overconfident"),
    ("calibrated", "overconfident"),
    ("slightly overconfident", "overconfident"),
    ("overconfident", "underconfident"),
    ("one bin off by 20", "one bin off by 20"),
    ("one bin off by 20", "all overconfident by 5"),
    ("one bin off by 20", "all bins ±5"),
    ("calibrated", "all bins ±5"),
    ("all bins ±5", "all overconfident by 5"),
)
SIZES = (300, 1000, 3000)
SILENT = 0.03
"""The share of answers without a confidence."""

POPULATION = 10**5
REPLICATES = 1000


@dataclass(frozen=True)
class Model:
    """Which confidences a model states, how often, and how often it is right at each."""

    stated: np.ndarray
    frequency: np.ndarray
    chance: np.ndarray

    @classmethod
    def named(cls, name: str, decimals: str) -> Model:
        stated = CONFIDENCES[decimals]
        frequency = np.interp(stated, CONFIDENCES["one decimal"], FREQUENCY)
        return cls(stated, frequency / frequency.sum(), MODELS[name](stated))


@dataclass
class Tally:
    """What became of a metric in the simulations of one case."""

    intervals: int = 0
    held: int = 0
    alarms: int = 0
    length: float = 0.0

    def add(self, found: Difference, truth: float) -> None:
        if found.low is None or found.high is None or found.p is None:
            return
        self.intervals += 1
        self.held += found.low - 1e-9 <= truth <= found.high + 1e-9
        self.alarms += found.p.two_sided < 0.05
        self.length += found.high - found.low


@dataclass(frozen=True)
class Case:
    """One kind of pair of models and samples, and what became of every metric: level → metric → tally."""

    models: tuple[str, str]
    decimals: str
    answers: str
    n: int
    tallies: Mapping[str, Mapping[str, Tally]] = field(
        default_factory=lambda: {level: defaultdict(Tally) for level in ("pooled", "macro")}
    )

    @property
    def is_alike(self) -> bool:
        return self.models[0] == self.models[1]


def target_shares(task: str) -> np.ndarray:
    """How often each label is the target: the later in the list, the more often."""
    weights = np.arange(1.0, len(CATALOGUE.tasks[task].labels) + 1)
    return weights / weights.sum()


def confusions(labels: int) -> np.ndarray:
    """Where wrong answers go: mostly to the next label, else to any other; shape (labels, labels)."""
    elsewhere = np.full((labels, labels), 0.4 / (labels - 1))
    elsewhere += 0.6 * np.roll(np.eye(labels), 1, axis=1)
    np.fill_diagonal(elsewhere, 0.0)
    return elsewhere / elsewhere.sum(axis=1, keepdims=True)


def true_values(model: Model) -> dict[str, dict[str, float]]:
    """Level → metric → value; but for F1, both tasks are alike."""
    rows = np.round(POPULATION * model.frequency)
    cells = Cells(model.stated, rows * model.chance, rows * (1 - model.chance))
    accuracy = float(model.frequency @ model.chance)
    silent = POPULATION * SILENT / (1 - SILENT) * np.array([accuracy, 1 - accuracy])
    totals = Totals(cells, *silent)
    values = {
        metric.key: float(metric.value(totals))
        for metric in LABEL_METRICS
        if metric.basis == "confidence" and not metric.is_of_one_run
    }
    counts = {}
    for task in TASKS:
        support = target_shares(task)
        predicted = accuracy * support + (1 - accuracy) * support @ confusions(support.size)
        counts[task] = np.array([support, predicted, accuracy * support])
    each = {task: true_f1(CATALOGUE.tasks[task].labels, [(1.0, task, counts[task])]) for task in TASKS}
    labels = list(dict.fromkeys(label for task in TASKS for label in CATALOGUE.tasks[task].labels))
    pooled = true_f1(labels, [(share, task, counts[task]) for task, share in TASKS.items()])
    macro = {key: float(np.mean([values[key] for values in each.values()])) for key in pooled}
    return {"pooled": values | pooled, "macro": values | macro}


def true_f1(labels: Sequence[str], parts: Sequence[tuple[float, str, np.ndarray]]) -> dict[str, float]:
    place = {label: number for number, label in enumerate(labels)}
    sums = np.zeros((3, len(labels)))
    for share, task, counts in parts:
        sums[:, [place[label] for label in CATALOGUE.tasks[task].labels]] += share * counts
    support, predicted, hits = sums
    f1 = 2 * hits / (support + predicted)
    return {"f1_macro": float(f1.mean()), "f1_weighted": float(f1 @ support / support.sum())}


def pairs_of(
    models: Sequence[Model], n: int, answers: str, stream: np.random.Generator
) -> Iterator[tuple[Prediction, Prediction]]:
    """Both models' answers to the same samples; "alike": most share their confidence, and their luck."""
    for task, share in TASKS.items():
        labels = CATALOGUE.tasks[task].labels
        rows = round(share * n)
        targets = stream.choice(len(labels), rows, p=target_shares(task))
        place = [stream.choice(model.stated.size, rows, p=model.frequency) for model in models]
        luck = stream.random((2, rows))
        astray = stream.random((2, rows))
        if answers == "alike":
            place[1] = np.where(stream.random(rows) < 0.6, place[0], place[1])
            both = stream.random(rows) < 0.7
            luck[1], astray[1] = np.where(both, luck[0], luck[1]), np.where(both, astray[0], astray[1])
        bounds = np.cumsum(confusions(len(labels)), axis=1)
        sides = []
        for side, model in enumerate(models):
            right = luck[side] < model.chance[place[side]]
            other = (astray[side][:, None] > bounds[targets]).sum(axis=1)
            label = np.where(right, targets, np.minimum(other, len(labels) - 1))
            stated = model.stated[place[side]]
            sides.append((label, np.where(stream.random(rows) < SILENT, np.nan, stated)))
        for number in range(rows):
            target = labels[targets[number]]
            said = [reading(labels[label[number]], stated[number]) for label, stated in sides]
            old, new = (
                Prediction("", f"simulated {task}", str(number), 0, target, labels, each) for each in said
            )
            yield old, new


def reading(label: str, stated: float) -> Reading:
    if np.isnan(stated):
        return Reading(label, "ok", None, "missing")
    return Reading(label, "ok", float(stated), "ok")


def simulated(case: Case, simulations: int) -> Case:
    models = [Model.named(name, case.decimals) for name in case.models]
    truth = [true_values(model) for model in models]
    for number in range(simulations):
        stream = np.random.default_rng([number, case.n])
        pairs = list(pairs_of(models, case.n, case.answers, stream))
        found = row_differences(pairs, "strict", CATALOGUE, replicates=REPLICATES, seed=number).overall
        for level, metrics in (("pooled", found.metrics), ("macro", found.macro)):
            for key in TESTED:
                change = truth[1][level][key] - truth[0][level][key]
                case.tallies[level][key].add(metrics[key], change)
    return case


def mean_and_worst(shares: Sequence[float], worst: Callable[[Sequence[float]], float]) -> str:
    if not shares:
        return "–"
    return f"{100 * np.mean(shares):.1f} ({100 * worst(shares):.0f})"


def print_table(heading: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    print(f"\n{heading}\n\n| {' | '.join(columns)} |\n| :-- |{' --: |' * (len(columns) - 1)}")
    for line in lines:
        print(f"| {' | '.join(line)} |", flush=True)


def print_results(cases: Sequence[Case], sizes: Sequence[int]) -> None:
    enough = min(max(tally.intervals for tally in case.tallies["pooled"].values()) for case in cases) / 2

    def shares(key: str, n: int, level: str, counted: str, *, alike: bool) -> list[float]:
        tallies = [case.tallies[level][key] for case in cases if case.n == n and (case.is_alike or not alike)]
        return [getattr(each, counted) / each.intervals for each in tallies if each.intervals >= enough]

    columns = [f"{level}, n = {n:,}" for level in ("pooled", "macro") for n in sizes]
    held = "Intervals that hold the true change, in percent: mean over all cases (the lowest)."
    alarms = "A/A: p values below 0.05, in percent: mean over the cases (the highest)."
    for heading, counted, worst, alike in ((held, "held", min, False), (alarms, "alarms", max, True)):
        lines = [
            [key]
            + [
                mean_and_worst(shares(key, n, level, counted, alike=alike), worst)
                for level in ("pooled", "macro")
                for n in sizes
            ]
            for key in TESTED
        ]
        print_table(heading, ["metric", *columns], lines)
    lines = []
    for models, answers in product(PAIRS, ("alike", "independent")):
        line = [" → ".join(models), answers]
        for decimals, n in product(CONFIDENCES, sizes):
            [case] = [
                each
                for each in cases
                if (each.models, each.answers, each.decimals, each.n) == (models, answers, decimals, n)
            ]
            tally = case.tallies["pooled"]["ece"]
            line.append(
                f"{100 * tally.held / tally.intervals:.0f} ±{50 * tally.length / tally.intervals:.1f}"
            )
        lines.append(line)
    columns = [f"{decimals}, n = {n:,}" for decimals, n in product(CONFIDENCES, sizes)]
    print_table(
        "ECE: intervals that hold the true change, in percent, and half their mean length, in points.",
        ["models", "answers", *columns],
        lines,
    )


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    sizes = [int(each) for each in sys.argv[2:]] or list(SIZES)
    kinds = product(PAIRS, CONFIDENCES, ("alike", "independent"), sizes)
    with ProcessPoolExecutor() as pool:
        cases = pool.map(simulated, [Case(*kind) for kind in kinds], repeat(simulations))
        print_results(list(cases), sizes)


if __name__ == "__main__":
    main()
