"""A difference between two values with what a test says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vecbench.comparing.differences import Difference, Differences
from vecbench.metrics.cells import Values
from vecbench.metrics.definition import Bias, Metric
from vecbench.metrics.significance import (
    FEWEST_SAMPLES,
    bootstrap_p,
    difference_interval,
    error_difference_interval,
    error_difference_p,
    holm,
    sign_flip_p,
)

EXACT = "exact McNemar test; paired bootstrap interval"
EXACT_ALONE = "exact McNemar test"
EXACT_BY_IMAGE = "exact sign-flip test by image; paired bootstrap interval"
EXACT_BY_IMAGE_ALONE = "exact sign-flip test by image"
BOOTSTRAP: Mapping[Bias, str] = {
    "none": "paired bootstrap, percentile",
    "steady": "paired bootstrap, reflected",
    "fading": "paired bootstrap, hull of percentile and reflected, an error that may be 0 taken for 0 too",
}
"""How interval and p value are made, as the outputs say it."""


def tested(metric: Metric, plain: Difference, replicates: Values, zero_p: tuple[float, float]) -> Difference:
    """The difference with what the bootstrap says of it."""
    bias = metric.change.bias
    values = plain.baseline or 0.0, plain.candidate or 0.0
    change = replicates[1] - replicates[0]
    if bias == "fading":
        interval = error_difference_interval(values, replicates, zero_p)
        p = error_difference_p(values, replicates, zero_p)
    else:
        interval = difference_interval(values[1] - values[0], change, bias)
        p = bootstrap_p(values[1] - values[0], change, bias)
    if interval is None or p is None:
        return replace(plain, why=f"{metric.key} is undefined in too many bootstrap replicates")
    error = float(np.nanstd(change))
    if plain.is_of_few:
        return replace(plain, error=error, why=why_of_few(plain.samples_changed or 0.0))
    return replace(plain, low=interval[0], high=interval[1], error=error, p=p, method=BOOTSTRAP[bias])


def exactly_tested(found: Difference, changes: NDArray[np.int64], *, by_image: bool) -> Difference:
    """The difference of a share with the exact test's p value in place of the bootstrap's."""
    alone, with_interval = (EXACT_BY_IMAGE_ALONE, EXACT_BY_IMAGE) if by_image else (EXACT_ALONE, EXACT)
    return replace(found, p=sign_flip_p(changes), method=alone if found.p is None else with_interval)


def why_of_few(changed: float) -> str:
    """Why so few samples that differ have no interval."""
    differ = "1 sample differs" if changed == 1 else f"{changed:.0f} samples differ"
    return f"{differ}, too few for a bootstrap: it takes {FEWEST_SAMPLES}"


def adjusted_for_tasks(tasks: Mapping[str, Differences]) -> dict[str, Differences]:
    """The tasks with their p values adjusted for the number of tasks, metric by metric."""
    metrics = {name: dict(each.metrics) for name, each in tasks.items()}
    for key in dict.fromkeys(key for each in metrics.values() for key in each):
        p_values = {name: each[key].p for name, each in metrics.items() if key in each}
        adjusted = holm({name: p.two_sided for name, p in p_values.items() if p is not None})
        for name, p_holm in adjusted.items():
            metrics[name][key] = replace(metrics[name][key], p_holm=p_holm)
    return {name: replace(each, metrics=metrics[name]) for name, each in tasks.items()}
