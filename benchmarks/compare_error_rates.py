"""How often the gates of `vecbench compare` fail without a reason, and how often they catch one.

A model is simulated on samples of different difficulty, twice (an A/A test): whatever gate fails then, and
whatever change has a star in the table, does so by chance. Then with a true drop of three points of accuracy.
And for rules with a margin, on as many samples as each asks for, with a true drop of what it allows, and of
what it is to detect; and for bounds at exactly the candidate's true value. "alike": both answer a hard sample
worse than an easy one, as two runs of a model do. "independent": nothing but the chance of being right is
shared, the hardest case for a comparison. One answer in twenty states no confidence. Prints Markdown tables.

Usage: python benchmarks/compare_error_rates.py [SIMULATIONS [stars|bounds|drop|margin|gates ...]]
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from vecbench.comparing import Comparison, Gates, Rule, Side, compare, verdicts_on
from vecbench.comparing.tables import difference_lines
from vecbench.comparing.verdicts import samples_needed
from vecbench.metrics import Cells
from vecbench.metrics.catalogue import LABEL_METRICS
from vecbench.metrics.significance import mcnemar_p
from vecbench.metrics.totals import Totals
from vecbench.parsing import Prediction, Reading
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
TASKS = ("emoset_8", "fi_8", "webemo_25", "webemo_7")
GROUP = "id_ver"
NINE = ("id_ver", "id_vsa", "ood_ver")
"""Groups that have nine tasks."""

STATED = np.array([0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0])
DIFFICULTY = {"alike": (1.4, 0.6), "independent": (0.7e6, 0.3e6)}
"""Parameters of the Beta distribution of a sample's chance to be answered right; 70 % on the whole."""

REPLICATES = 2000
ENOUGH_FOR_STARS = 10_000
"""What `vecbench compare` makes; with fewer, no bootstrap of so many tests could have a star."""

TOGETHER = ("accuracy", "ece", "brier", "auroc")
DETECTED = ((0.0, 0.03), (0.02, 0.03), (0.02, 0.05), (0.03, 0.06), (0.05, 0.06), (0.05, 0.08))
"""Margins, and the drops that a rule with each is to detect."""

SILENT = 0.05
"""The share of answers without a confidence."""

TESTED = {metric.key: metric for metric in LABEL_METRICS if metric.change.refused([]) is None}
STATISTICS = tuple(key for key, metric in TESTED.items() if metric.basis == "confidence")

TENTHS = (np.arange(10) + 0.5) / 10
OFF = {
    "one bin off by 20": TENTHS - 0.2 * (np.arange(10) == 5),
    "all bins off by 2": TENTHS - 0.02,
    "calibrated but for 2 at .95": TENTHS - 0.02 * (np.arange(10) == 9),
    "overconfident": 0.2 + 0.6 * TENTHS,
}
"""Candidate → how often it is right where it states each of ten confidences, all equally often."""

BOUNDED = ("ece", "brier", "auroc", "joint_score", "accuracy", "confidence_gap")


def rows_of(
    chance: np.ndarray, stream: np.random.Generator, tasks: Sequence[str] = TASKS
) -> list[Prediction]:
    """One run: answers and stated confidences, which follow the chance to be right and are too high."""
    right = stream.random(chance.size) < chance
    meant = 0.35 + 0.55 * chance + stream.normal(0, 0.12, chance.size)
    stated = STATED[np.abs(STATED - meant[:, None]).argmin(axis=1)]
    stated[stream.random(chance.size) < SILENT] = np.nan
    return predictions(right, stated, tasks)


def predictions(right: np.ndarray, stated: np.ndarray, tasks: Sequence[str]) -> list[Prediction]:
    """Rows of tasks in turn; no confidence where it is nan."""
    rows = []
    for number, confidence in enumerate(stated.tolist()):
        task = CATALOGUE.tasks[tasks[number % len(tasks)]]
        target, other = task.labels[:2]
        status = ("missing", None) if math.isnan(confidence) else ("ok", confidence)
        reading = Reading(target if right[number] else other, "ok", status[1], status[0])
        rows.append(Prediction("", task.id, str(number), 0, target, task.labels, reading))
    return rows


def compared(
    kind: str,
    n: int,
    drop: float,
    number: int,
    tasks: Sequence[str] = TASKS,
    replicates: int = REPLICATES,
) -> Comparison:
    stream = np.random.default_rng([number, n])
    chance = stream.beta(*DIFFICULTY[kind], n)
    # Right answers get lost at the same rate everywhere, so that the mean falls by the drop.
    worse = chance * (1 - drop / 0.7)
    sides = [
        Side(Path(name), "strict", tuple(rows_of(each, stream, tasks)))
        for name, each in (("baseline", chance), ("candidate", worse))
    ]
    return compare(*sides, CATALOGUE, replicates=replicates, seed=number)


def gates(metrics: Iterable[str], margin: float = 0.0, detect: float | None = None) -> Gates:
    rules = []
    for metric in metrics:
        bound = {"max_drop" if TESTED[metric].better == "higher" else "max_rise": margin}
        rules.append(Rule(metric=metric, of=GROUP, when="significant", detect=detect, **bound))
    return Gates(Path("gates.yaml"), tuple(rules))


def stars_without_a_change(simulations: int) -> None:
    tasks = [task.id for group in NINE for task in CATALOGUE.select(group)]
    print(f"\nA/A: tables of {len(tasks)} tasks with a star, in percent of {simulations} comparisons.\n")
    print("| answers | samples | tests | any star | any p < 0.05 |\n| :-- | --: | --: | --: | --: |")
    for kind in DIFFICULTY:
        for n in (900, 3600):
            starred = unadjusted = 0
            for number in range(simulations):
                found = compared(kind, n, 0.0, number, tasks, ENOUGH_FOR_STARS)
                blocks = [line.metrics.values() for line in difference_lines(found)]
                tests = [each for block in blocks for each in block if each.p_holm is not None]
                starred += any(each.significant for each in tests)
                unadjusted += any(each.p is not None and each.p.two_sided < 0.05 for each in tests)
            shares = [f"{100 * each / simulations:.1f}" for each in (starred, unadjusted)]
            said = [kind, f"{n:,}", str(found.differences.family), *shares]
            print(f"| {' | '.join(said)} |", flush=True)


def at_the_bound(simulations: int) -> None:
    print(
        f"\nBounds at the true value that fail, when significant, in percent of {simulations} candidates.\n"
    )
    print(f"| candidate | samples | {' | '.join(BOUNDED)} |\n| :-- | --: |{' --: |' * len(BOUNDED)}")
    for name, chance in OFF.items():
        truth = Totals(Cells(TENTHS, 1000 * chance, 1000 * (1 - chance)))
        rules = []
        for key in BOUNDED:
            bound = {
                "at_least" if TESTED[key].better == "higher" else "at_most": float(TESTED[key].value(truth))
            }
            rules.append(Rule(metric=key, when="significant", **bound))
        for n in (300, 1000, 3000):
            failed = np.zeros(len(rules))
            for number in range(simulations):
                stream = np.random.default_rng([number, n])
                place = stream.integers(10, size=n)
                rows = predictions(stream.random(n) < chance[place], TENTHS[place], TASKS)
                side = Side(Path("candidate"), "strict", tuple(rows))
                comparison = compare(side, side, CATALOGUE, replicates=1000, seed=number)
                # Each in a file of its own: Holm's adjustment is no part of the question.
                failed += [
                    verdicts_on(comparison, Gates(Path("gates.yaml"), (rule,))).outcome == "failed"
                    for rule in rules
                ]
            shares = [f"{100 * each / simulations:.1f}" for each in failed]
            print(f"| {name} | {n:,} | {' | '.join(shares)} |", flush=True)


def without_a_change(simulations: int) -> None:
    files = {metric: gates([metric]) for metric in STATISTICS}
    files["all of these"] = gates(STATISTICS)
    files[", ".join(TOGETHER)] = gates(TOGETHER)
    conditions = [(kind, n) for kind in DIFFICULTY for n in (200, 1000, 4000)]
    failed: dict[str, list[int]] = {name: [] for name in files}
    for kind, n in conditions:
        counts: Counter[str] = Counter()
        for number in range(simulations):
            comparison = compared(kind, n, 0.0, number)
            counts.update(
                name for name, file in files.items() if verdicts_on(comparison, file).outcome == "failed"
            )
        for name, column in failed.items():
            column.append(counts[name])
    print(f"\nA/A: gates that fail although nothing changed, in percent of {simulations} comparisons.\n")
    print(
        f"| rule(s), no fall or rise allowed | {' | '.join(f'{kind}, n = {n}' for kind, n in conditions)} |"
    )
    print(f"| :-- | {' | '.join('--:' for _ in conditions)} |")
    for name, column in failed.items():
        print(f"| {name} | {' | '.join(f'{100 * each / simulations:.1f}' for each in column)} |")


def with_a_drop(simulations: int, n: int = 4000, drop: float = 0.03) -> None:
    files = {
        "accuracy, max_drop 0": gates(["accuracy"]),
        "accuracy, max_drop 0.01": gates(["accuracy"], 0.01),
        f"{', '.join(TOGETHER)}, 0.01 each": gates(TOGETHER, 0.01),
    }
    print(f"\nA true drop of accuracy by {100 * drop:g} points on {n:,} samples, in percent.\n")
    print("| rule(s) | answers | failed | undecided | passed |\n| :-- | :-- | --: | --: | --: |")
    for kind in DIFFICULTY:
        counts: dict[str, Counter[str]] = {name: Counter() for name in files}
        for number in range(simulations):
            comparison = compared(kind, n, drop, number)
            for name, file in files.items():
                counts[name][verdicts_on(comparison, file).outcome] += 1
        for name, each in counts.items():
            shares = [f"{100 * each[key] / simulations:.1f}" for key in ("failed", "undecided", "passed")]
            print(f"| {name} | {kind} | {' | '.join(shares)} |", flush=True)


def with_a_margin(simulations: int, pilot: int = 100_000) -> None:
    """The test and the margin themselves, without a comparison around them: so there can be many."""
    print(f"\nRules about accuracy that fail, in percent of {simulations:,} simulations.\n")
    print("| max_drop | detect | answers | samples | nothing changed | drop = max_drop | drop = detect |")
    print("| --: | --: | :-- | --: | --: | --: | --: |")
    for kind in DIFFICULTY:
        for margin, detect in DETECTED:
            lost, gained = flipped(kind, pilot, detect, 0)
            share, net = (lost + gained) / pilot, (lost - gained) / pilot
            error = math.sqrt((share - net**2) / pilot)
            n = samples_needed(pilot, error, detect, 0.05, 0.8, margin=margin, share=True)
            failed = []
            for drop in (0.0, margin, detect):
                counts = (flipped(kind, n, drop, number) for number in range(simulations))
                failed.append(
                    sum(
                        lost - gained > margin * n and mcnemar_p(lost, gained).fall < 0.05
                        for lost, gained in counts
                    )
                )
            shares = [f"{100 * each / simulations:.1f}" for each in failed]
            said = [f"{margin:g}", f"{detect:g}", kind, f"{n:,}", *shares]
            print(f"| {' | '.join(said)} |", flush=True)


def flipped(kind: str, n: int, drop: float, number: int) -> tuple[int, int]:
    """Samples that are lost and gained between two runs."""
    stream = np.random.default_rng([number, n])
    chance = stream.beta(*DIFFICULTY[kind], n)
    before, now = stream.random(n) < chance, stream.random(n) < chance * (1 - drop / 0.7)
    return int(np.sum(before & ~now)), int(np.sum(~before & now))


PARTS = {
    "stars": stars_without_a_change,
    "bounds": at_the_bound,
    "drop": with_a_drop,
    "margin": lambda simulations: with_a_margin(10 * simulations),
    "gates": without_a_change,
}


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for part in sys.argv[2:] or PARTS:
        PARTS[part](simulations)


if __name__ == "__main__":
    main()
