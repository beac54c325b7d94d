"""How often rank ranges part models that are equal in truth: at most 5 % of leaderboards should.

Twelve models answer the same samples, in two tasks. What is hard for one is hard for the others; the
confidences are stated to one or two decimals. In each population all models have the same true value of the
measures that are counted, so any rank range but that of all ranks is a wrong distinction.

Usage: python benchmarks/rank_error_rates.py [--boards N]
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vecbench.answers import Label
from vecbench.leaderboard.columns import board_columns
from vecbench.leaderboard.entry import Entry, EntryModel, GroupMetrics, RowMetrics, Source
from vecbench.leaderboard.outcomes import UNITS, TaskOutcomes
from vecbench.leaderboard.ranking import rank_ranges
from vecbench.leaderboard.value import Value

MODELS = 12
TASKS = ("one", "two")
COLUMNS = [column for column in board_columns([Label()]) if column.test is not None]
LABELS = {
    column.measure: f"{column.metric.key} ({column.aggregate})" if column.is_paired else column.metric.key
    for column in COLUMNS
}
Answers = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""Confidences and whether each answer is right; shape (samples,)."""
Population = Callable[[int, NDArray[np.float64], np.random.Generator], Answers]
"""The answers of a model, by its number, to samples of some difficulties."""


def shares(difficulty: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """How likely a model is right, sample by sample."""
    own = generator.normal(size=difficulty.size)
    return np.asarray(1 / (1 + np.exp(-0.8 - difficulty - 0.7 * own)))


def right(
    share: NDArray[np.float64], difficulty: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Right with some chance, and together with other models on the same samples."""
    shared = np.abs(np.modf(1e3 * difficulty)[0])
    return np.where(generator.random(share.size) < 0.5, shared, generator.random(share.size)) < share


def calibrated(
    model: int,  # noqa: ARG001
    difficulty: NDArray[np.float64],
    generator: np.random.Generator,
) -> Answers:
    """States how likely it is right, in tenths."""
    stated = shares(difficulty, generator).round(1)
    return stated, right(stated, difficulty, generator)


def overconfident(
    model: int,  # noqa: ARG001
    difficulty: NDArray[np.float64],
    generator: np.random.Generator,
) -> Answers:
    """States 15 points more than that."""
    share = shares(difficulty, generator)
    return np.minimum(1, share + 0.15).round(2), right(share, difficulty, generator)


def coarse_and_fine(model: int, difficulty: NDArray[np.float64], generator: np.random.Generator) -> Answers:
    """All calibrated, but one half states one value only: noise adds less to its ECE."""
    if model % 2:
        return calibrated(model, difficulty, generator)
    stated = np.full(difficulty.size, 0.65)
    return stated, right(stated, difficulty, generator)


def on_shared_images(
    model: int,  # noqa: ARG001
    difficulty: NDArray[np.float64],
    generator: np.random.Generator,
) -> Answers:
    """Calibrated, and asked about each image in two tasks: what a model makes of it, it makes of it twice."""
    images = difficulty.size // 2
    stated = np.tile(shares(difficulty[:images], generator).round(1), 2)
    luck = generator.random(images)
    answers = [np.where(generator.random(images) < 0.8, luck, generator.random(images)) for _ in TASKS]
    return stated, np.concatenate(answers) < stated


EVERY = ("joint_score", "accuracy", "brier", "ece", "auroc", "brier_skill")
POPULATIONS: dict[str, tuple[Population, tuple[str, ...]]] = {
    "calibrated": (calibrated, EVERY),
    "overconfident": (overconfident, EVERY),
    "one value, or many": (coarse_and_fine, ("ece",)),
    "calibrated, tasks on the same images": (on_shared_images, EVERY),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--boards", type=int, default=1000)
    boards = arguments.parse_args().boards
    print(f"Leaderboards of {MODELS} equal models with a wrong distinction, in % of {boards}")
    for name, (population, metrics) in POPULATIONS.items():
        for n in (100, 300, 2000, 8000):
            wrong = dict.fromkeys(LABELS, 0)
            for board in range(boards):
                generator = np.random.default_rng([board, n])
                difficulty = generator.normal(size=n)
                is_shared = population is on_shared_images
                entries = [
                    entry(population(model, difficulty, generator), is_shared=is_shared)
                    for model in range(MODELS)
                ]
                pooled = [each.overall.pooled for each in entries]
                for measure, ranges in rank_ranges(entries, pooled, TASKS, COLUMNS).items():
                    given = [each for each in ranges if each is not None]
                    wrong[measure] += any(each != (1, len(given)) for each in given)
            said = ", ".join(
                f"{LABELS[measure]} {100 * count / boards:.1f}"
                for measure, count in wrong.items()
                if measure[0] in metrics
            )
            print(f"{name}, {n} samples: {said}")


def entry(answers: Answers, *, is_shared: bool) -> Entry:
    """An entry of nothing but outcomes.

    Two thirds of the samples are of the first task, or one half where the other half is of the same images.
    """
    stated, is_right = answers
    first = stated.size // 2 if is_shared else 2 * stated.size // 3
    every = base64.b64encode(np.packbits(np.ones(first, dtype=bool)).tobytes()).decode()
    outcomes = {
        task: TaskOutcomes(
            n=stated[part].size,
            samples_sha256="0" * 64,
            right=base64.b64encode(np.packbits(is_right[part]).tobytes()).decode(),
            confidence=base64.b64encode((UNITS * stated[part]).round().astype("<u2").tobytes()).decode(),
            shared={other: every for other in TASKS if other != task and is_shared},
        )
        for task, part in zip(TASKS, (slice(first), slice(first, None)), strict=True)
    }
    n, correct = stated.size, int(is_right.sum())
    rows = RowMetrics(n=n, correct=correct, metrics={"accuracy": Value(value=correct / n)})
    return Entry.model_construct(  # not whole, so not to be validated
        benchmark="none",
        kind="verified",
        model=EntryModel(name="a model"),
        source=Source(name="a simulation"),
        outcomes=outcomes,
        overall=GroupMetrics(pooled=rows),
    )


if __name__ == "__main__":
    main()
