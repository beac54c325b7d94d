"""The scores of sets of rows, and of sets that are pooled: values, intervals, reasons."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np

from vecbench.answers import AnswerKind, metrics_of, scores_confidences
from vecbench.metrics import mean_interval, wilson_interval
from vecbench.metrics.bootstrap import LEVEL, bootstrap, percentile_interval
from vecbench.metrics.catalogue import null_bins
from vecbench.metrics.cells import Cells, Values
from vecbench.metrics.condensed import is_condensed
from vecbench.metrics.confusion import Confusion
from vecbench.metrics.consistency import BY_VALUE, consistency_p, null_eces, widened
from vecbench.metrics.definition import Ends, Metric
from vecbench.metrics.gaps import Gaps, Place, gap_effect, mean_gap_effect
from vecbench.metrics.observations import Observations
from vecbench.metrics.replication import WORKERS
from vecbench.metrics.resampling import resampled
from vecbench.metrics.totals import Totals
from vecbench.parsing import Prediction
from vecbench.scoring.dependence import INDEPENDENT, Dependence, Effects
from vecbench.scoring.observations import answered_ratings, observations, stated_shares
from vecbench.scoring.predictions import status_counts
from vecbench.scoring.scores import Pool, RowScores, Score

WILSON = "wilson"
PERCENTILE = "bootstrap, percentile"
SQUARE_AND_ADD = "square-and-add of the tasks' Wilson intervals"
OWN = "of its own"
GAPS = "normal gaps of bins; low end 0 unless the consistency test rejects"
FEWEST_ROWS = 15
"""With fewer rows, of those that a metric of confidences is of, no interval of it was found to hold."""

FEWEST_FOR_GAPS = 50
NO_WIDTH = 1e-12

NO_REPLICATES = "no replicates were made"
TOO_OFTEN_UNDEFINED = "it is undefined in too many replicates"
ALL_ALIKE = "it has the same value in every replicate"
NONE_READ = "no answer with a confidence was read"
OF_NO_MEAN = "none is known of a mean over tasks"

MEAN_GAPS = "normal gaps of bins, of all tasks"
BY_IMAGE = "all answers to an image together"
"""What is said beside these where an image has several rows."""

Name = str | Pool
Drawn = Mapping[Name, Mapping[str, Values]]
"""Set or pool → metric key → replicates."""


class SetScorer:
    """Scores sets of rows, each of one kind, and pools of sets.

    The order of the rows makes no difference, and a set's scores depend on its own rows alone. Answers to one
    image are not independent: they are resampled together, and the other intervals are as much wider as they
    depend. With 0 replicates there are values without what the bootstrap and the consistency test say. Where
    metrics are `wanted`, the others that the kinds have are left out.
    """

    def __init__(
        self,
        sets: Mapping[str, Sequence[Prediction]],
        kinds: Mapping[str, AnswerKind],
        pools: Mapping[Pool, Sequence[str]],
        replicates: int,
        seed: int,
        wanted: Callable[[Metric], bool] = lambda _: True,
    ) -> None:
        self._sets, self._pools = sets, pools
        self._members: dict[Name, Sequence[str]] = {name: [name] for name in sets}
        self._members.update(pools.items())
        self._kinds = {name: [kinds[part] for part in parts] for name, parts in self._members.items()}
        self._observations = observations(sets, kinds)
        self._totals: dict[Name, Totals] = {}
        self._metrics = {
            name: tuple(each for each in _common_metrics(of) if wanted(each) and self._has(name, each.needs))
            for name, of in self._kinds.items()
        }
        self._dependence = Dependence.of(self._observations)
        self._replicates, self._seed = replicates, seed
        # numpy draws without holding the interpreter: the two kinds of replicates need not wait.
        with ThreadPoolExecutor(WORKERS) as workers:
            workers.submit(import_module, "scipy.special")  # what SmoothECE needs takes as long to import
            simulated = self._simulated(workers) if replicates else {}
            self._drawn = self._all_drawn() if replicates else {}
        self._nulls = {name: each.result() for name, each in simulated.items()}

    def _has(self, name: Name, column: str) -> bool:
        """Whether all rows of a set or pool have a column; all have the one without a name."""
        return not column or all(column in self._observations[part].columns for part in self._members[name])

    def is_condensed(self, name: str) -> bool:
        """Whether a set's confidences were condensed for its replicates."""
        return name in self._drawn and is_condensed(self._total(name).cells)

    def is_of_one_kind(self, name: Name) -> bool:
        """Whether all rows of a pool are: rows of several kinds cannot be scored together."""
        return len({each.pool for each in self._kinds[name]}) == 1

    def scores(self, name: Name) -> RowScores:
        """The scores of a set, or of a pool's rows together."""
        parts = self._members[name]
        rows = [row for part in parts for row in self._sets[part]]
        kind, metrics = self._kinds[name][0], self._metrics[name]
        if not self.is_of_one_kind(name):
            kinds = ", ".join(dict.fromkeys(each.pool for each in self._kinds[name]))
            why = f"answers of several kinds ({kinds}) are not pooled"
            unpooled = {each.key: Score(None, 0, why=why) for each in metrics if not each.is_of_one_run}
            return RowScores(len(rows), status_counts(rows), unpooled, kind="mixed", scored_by=metrics)
        whole = Observations.pooled([self._observations[part] for part in parts])
        effects = self._dependence.effects(parts, metrics) if self._dependence else INDEPENDENT
        null = widened(self._nulls.get(name, {}), effects.null)
        totals = Totals.of(whole, null)
        drawn = self._drawn[name].get(name, {}) if name in self._drawn else {}
        by_key = {
            metric.key: scored(metric, totals, whole, drawn.get(metric.key), effects)
            for metric in metrics
            if self._replicates or not metric.is_of_one_run
        }
        return RowScores(
            len(rows),
            status_counts(rows),
            by_key,
            totals.cells,
            whole.classes,
            Confusion.of_rows(whole),
            answered_ratings(whole) if kind.has_numbers else None,
            kind.name,
            metrics,
            stated_shares(whole) if kind.has_shares else None,
        )

    def macro(self, name: Pool, scores: Mapping[str, RowScores]) -> dict[str, Score]:
        """The unweighted mean of a pool's sets, whose scores are given, as far as a mean says something."""
        parts = self._members[name]
        drawn = self._drawn.get(name, {})
        by_image = self._dependence is not None and self._dependence.is_in(parts)
        macro: dict[str, Score] = {}
        stating = all(map(scores_confidences, self._kinds[name]))
        for metric in self._metrics[name]:
            key = metric.key
            if (metric.counts_stated and not stating) or not metric.averaged:
                continue
            if any(key not in scores[part].metrics for part in parts):
                continue
            each = [scores[part].metrics[key] for part in parts]
            undefined = [part for part in parts if scores[part].metrics[key].value is None]
            if undefined:
                macro[key] = Score(None, len(parts), why=f"{key} is undefined for {', '.join(undefined)}")
                continue
            value = math.fsum(score.value for score in each if score.value is not None) / len(parts)
            if metric.counts is not None:
                effect = self._dependence.macro_effect(parts, metric.counts) if self._dependence else 1.0
                macro[key] = mean_of_shares(value, each, effect)
                continue
            interval, how = self._macro_interval(metric, parts, drawn)
            details = _mean_bounds(each)
            if interval is None:
                macro[key] = Score(value, len(parts), details=details | {"no_interval": how})
            else:
                how += f"; {BY_IMAGE}" * by_image
                macro[key] = Score(value, len(parts), *interval, how, details=details)
        return macro

    def _macro_interval(self, metric: Metric, parts: Sequence[str], drawn: Drawn) -> tuple[Ends, str]:
        """The ends and how they were made; or None and why there are none."""
        interval, how = None, NO_REPLICATES
        if metric.interval == "percentile" and all(metric.key in drawn.get(part, {}) for part in parts):
            interval = percentile_interval(np.mean([drawn[part][metric.key] for part in parts], axis=0))
            how = PERCENTILE if interval else TOO_OFTEN_UNDEFINED
        elif metric.interval == "gaps" and metric.place is not None and self._nulls:
            interval, how = self._macro_gaps(metric.place, parts).interval(LEVEL), MEAN_GAPS
        elif metric.interval in {"none", "own"}:
            how = metric.why_no_interval if metric.interval == "none" else OF_NO_MEAN
        return (None, ALL_ALIKE) if interval and _has_no_width(interval) else (interval, how)

    def _macro_gaps(self, place: Place, parts: Sequence[str]) -> Gaps:
        rows = [self._observations[part] for part in parts]
        cells = [self._total(part).cells for part in parts]
        each = [Gaps.of(own, place(own), gap_effect(of, place)) for own, of in zip(cells, rows, strict=True)]
        return Gaps.mean(each, mean_gap_effect(rows, place))

    def _total(self, name: Name) -> Totals:
        if name not in self._totals:
            if isinstance(name, str):
                self._totals[name] = Totals.of(self._observations[name])
            else:
                cells = [self._total(part).cells for part in self._members[name]]
                self._totals[name] = Totals(Cells.pooled(cells))
        return self._totals[name]

    def _simulated(self, workers: ThreadPoolExecutor) -> dict[Name, Future[dict[int, Values]]]:
        found = {}
        for name, metrics in self._metrics.items():
            bins = null_bins(metrics)
            if bins and self.is_of_one_kind(name) and (cells := self._total(name).cells).n:
                found[name] = workers.submit(null_eces, cells, bins, self._replicates, self._seed)
        return found

    def _all_drawn(self) -> dict[Name, Drawn]:
        """Set or pool → its replicates, and those of its sets in the same draws.

        Where an image has several rows in it, it is drawn by itself: what else was scored makes no
        difference.
        """
        drawn = self._drawn_by_confidence()
        # A pool of one set, or of the sets of another pool, is that one: the draws are the same too.
        made: dict[tuple[object, ...], tuple[Name, Drawn]] = {}
        for name, parts in self._members.items():
            wanted: dict[Name, list[Metric]] = {
                each: list(filter(_is_resampled_by_row, self._metrics[each])) for each in [*parts, name]
            }
            if not any(wanted.values()):
                continue
            if not self.is_of_one_kind(name):
                wanted[name] = []
            model = {part: self._observations[part] for part in parts}
            members = {each: self._members[each] for each in wanted}
            alike = (*parts, *wanted[name])
            if alike not in made:
                by_row = resampled([model], members, wanted, self._replicates, self._seed)
                of_one = {each: {key: values[0] for key, values in of.items()} for each, of in by_row.items()}
                made[alike] = name, of_one
            first, found = made[alike]
            known = drawn.get(name, {})
            drawn[name] = {
                each: {**known.get(each, {}), **found[first if each == name else each]} for each in wanted
            }
        return drawn

    def _drawn_by_confidence(self) -> dict[Name, Drawn]:
        wanted = {
            each.key: each.value
            for listed in self._metrics.values()
            for each in listed
            if each.basis == "confidence" and each.interval == "percentile"
        }
        judged = [name for name in self._sets if self._kinds[name][0].judges]
        if not judged or not wanted:
            return {}
        totals = {name: self._total(name) for name in judged}
        pools = {name: parts for name, parts in self._pools.items() if totals.keys() >= set(parts)}
        apart = bootstrap(totals, pools, wanted, self._replicates, self._seed, unseen=True)
        drawn: dict[Name, Drawn] = dict.fromkeys([*judged, *pools], apart)
        if self._dependence is None:
            return drawn
        for name in drawn:
            parts = self._members[name]
            if self._dependence.is_in(parts):
                rows = {part: totals[part] for part in parts}
                pool = {} if isinstance(name, str) else {name: parts}
                clusters = self._dependence.clusters(rows)
                drawn[name] = bootstrap(
                    rows, pool, wanted, self._replicates, self._seed, clusters, unseen=True
                )
        return drawn


def _is_resampled_by_row(metric: Metric) -> bool:
    return metric.basis in {"sums", "rows"} and metric.interval == "percentile"


def _common_metrics(kinds: Sequence[AnswerKind]) -> tuple[Metric, ...]:
    """Those that all of some kinds have, in the order of the first."""
    first, *others = [metrics_of(kind) for kind in kinds]
    return tuple(metric for metric in first if all(metric in listed for listed in others))


def scored(
    metric: Metric, totals: Totals, rows: Observations, drawn: Values | None, effects: Effects
) -> Score:
    """A metric of some rows, with its interval or the reason why there is none.

    Args:
        metric: What is scored.
        totals: Of the rows, with replicates of the consistency test where there are any.
        rows: The rows.
        drawn: Replicates of the metric; None where there are none.
        effects: How much wider intervals are than those of independent rows.
    """
    stated = totals.cells.n
    n = {"all": rows.n, "confident": stated, "answered": int(rows.answered.sum())}[metric.over]
    if metric.counts is not None and metric.interval == "wilson":
        part = int(np.count_nonzero(metric.counts(rows)))
        return share(part, rows.n, effects.shares.get(metric.key, 1.0))
    if metric.is_of_one_run and not totals.null:
        return Score(None, 0, why=_why_undefined(metric, totals))
    unread = int((rows.stated & ~rows.answered).sum())
    is_of_none = metric.over == "confident" and 0 < unread == stated
    value = math.nan if is_of_none else float(metric.value(totals))
    if math.isnan(value):
        return Score(None, n, why=_why_undefined(metric, totals, unread))
    details = dict(metric.details(totals))
    missing = rows.n - stated
    if metric.bounds is not None and missing:
        details["bounds"] = list(metric.bounds(value, totals))
    refused = _why_no_interval(metric, totals)
    if refused:
        return Score(value, n, details=details | {"no_interval": refused})
    interval, method = None, PERCENTILE
    effect = effects.others.get(metric.key, 1.0)
    if metric.interval == "percentile" and drawn is not None:
        interval = percentile_interval(drawn)
        if interval is None:
            details["no_interval"] = TOO_OFTEN_UNDEFINED
    elif metric.ends is not None and totals.null:
        interval, method = metric.ends(totals.cells, effect, LEVEL), OWN
        if interval is None:
            details["no_interval"] = metric.why_no_interval
    elif metric.place is not None and totals.null:
        low, high = Gaps.of(totals.cells, metric.place(totals.cells), effect).interval(LEVEL)
        interval, method = (0.0 if _may_be_zero(metric, totals) else low, high), GAPS
    if interval is not None and _has_no_width(interval):
        interval, details["no_interval"] = None, ALL_ALIKE
    if interval is None:
        return Score(value, n, details={"no_interval": NO_REPLICATES} | details)
    return Score(value, n, *interval, method + f"; {BY_IMAGE}" * effects.by_image, details=details)


def _has_no_width(interval: tuple[float, float]) -> bool:
    return interval[1] - interval[0] <= NO_WIDTH


def _may_be_zero(metric: Metric, totals: Totals) -> bool:
    """Whether a consistency test lets a calibration error be 0: by bins, or by stated value."""
    return any(
        consistency_p(totals.cells, totals.null[bins], bins) > 1 - LEVEL
        for bins in {metric.bins, BY_VALUE}
        if bins is not None and bins in totals.null
    )


def _why_no_interval(metric: Metric, totals: Totals) -> str:
    """Why a value stands alone; empty if there is an interval."""
    if metric.interval == "none":
        return metric.why_no_interval
    cells = totals.cells
    fewest = FEWEST_FOR_GAPS if metric.interval == "gaps" else FEWEST_ROWS
    if metric.over == "confident" and cells.n < fewest:
        rows = "1 row has" if cells.n == 1 else f"{cells.n} rows have"
        return f"{rows} a confidence; it takes {fewest}"
    if metric.over == "all" and metric.basis == "confidence" and (n := cells.n + totals.missing) < fewest:
        return f"it is of {n:.0f} rows; it takes {fewest}"
    wrong, right = cells.n - int(cells.total_right), int(cells.total_right)
    if metric.takes_of_each and cells.confidence.size == 1:
        return "every row states the same confidence"
    if min(wrong, right) < metric.takes_of_each:
        fewer = f"{wrong} wrong" if wrong < right else f"{right} right"
        return f"{fewer} of {cells.n:,}; it takes {metric.takes_of_each}"
    return ""


def _mean_bounds(scores: Sequence[Score]) -> dict[str, Any]:
    """What the mean of some scores may be if all rows had a confidence; nothing where they all have."""
    if not any("bounds" in score.details for score in scores):
        return {}
    bounds = np.array([score.details.get("bounds", [score.value, score.value]) for score in scores])
    return {"bounds": bounds.mean(axis=0).tolist()}


def mean_of_shares(value: float, shares: Sequence[Score], effect: float) -> Score:
    """The unweighted mean of shares that are all defined, with its interval."""
    known = [(each.value or 0.0, each.low or 0.0, each.high or 0.0) for each in shares]
    return Score(value, len(shares), *mean_interval(known, effect), SQUARE_AND_ADD, details=_effect(effect))


def share(part: int, n: int, design_effect: float = 1.0) -> Score:
    """Some of n rows, with its Wilson interval; undefined of no rows."""
    if n == 0:
        return Score(None, 0, why="there are no rows")
    low, high = wilson_interval(part, n, design_effect=design_effect)
    return Score(part / n, n, low, high, WILSON, details=_effect(design_effect))


def _effect(design_effect: float) -> Mapping[str, Any]:
    """What is said of an interval that is wider than that of independent answers."""
    return {} if design_effect == 1 else {"design_effect": design_effect}


def _why_undefined(metric: Metric, totals: Totals, unread: int = 0) -> str:
    """Why a metric has no value; `unread` are rows with a confidence and no answer that was read."""
    if metric.over != "confident":
        return metric.undefined or "there are no rows"
    if totals.cells.n == 0:
        return "no row has a confidence"
    if unread == totals.cells.n:
        return NONE_READ
    if metric.undefined:
        return metric.undefined
    outcome = "right" if totals.cells.total_right else "wrong or not read" if unread else "wrong"
    return f"every answer with a confidence is {outcome}"
