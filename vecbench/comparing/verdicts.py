"""What the gates say of a comparison.

A rule with `when: point` fails when the value that was measured is beyond what it allows, and passes
otherwise. A rule with `when: significant`

- fails when the value is beyond what it allows **and** the worsening is more than chance: the one-sided
  p value, adjusted by Holm for the number of such rules, is below alpha. Of a change, chance means no
  change at all; of a bound, a true value at the bound.
- passes when it has not failed and could have: a change of `detect` would have failed it in `power` of all
  cases; or when the candidate is better, and that is more than chance.
- is undecided otherwise. The number of samples, or of bootstrap replicates, that would do is said.

Whatever is undefined, absent, or needs rows that are not there, is undecided; so is what would pass while a
published protocol leaves rows out of the candidate's scores that it counts in the baseline's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from vecbench.answers import known_metrics
from vecbench.comparing.comparison import Comparison
from vecbench.comparing.differences import Difference, Differences
from vecbench.comparing.gates import DETECT, Gates, Rule
from vecbench.metrics.significance import FEWEST_SAMPLES, PValues, holm

Outcome = Literal["passed", "failed", "undecided"]

MOST_SAMPLES = 10**9
"""As many samples as are worth counting."""

MOST_DROPPED = 0.01
"""A larger share of rows that only the candidate's scores leave out can hide what a rule is to catch."""

SLACK = 1e-9
"""0.70 − 0.69 is a little more than 0.01 in floating point, and is no larger drop."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule.

    Attributes:
        number: The rule's place in its file, from 1.
        rule: The rule.
        outcome: passed, failed or undecided.
        message: Why, in a sentence.
        baseline: The baseline's value; None if undefined, or no matter to the rule.
        candidate: The candidate's value; None if undefined.
        p: One-sided p value; None for `when: point`.
        p_holm: Adjusted for the number of significance rules.
        n: Samples that it rests on.
        n_needed: Samples that would do; None unless too few are the reason.
    """

    number: int
    rule: Rule
    outcome: Outcome
    message: str
    baseline: float | None = None
    candidate: float | None = None
    p: float | None = None
    p_holm: float | None = None
    n: int = 0
    n_needed: int | None = None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of all rules of a file.

    Attributes:
        gates: The file.
        each: One a rule, in the file's order.
    """

    gates: Gates
    each: tuple[Verdict, ...]

    @property
    def outcome(self) -> Outcome:
        """Failed if a rule failed; else undecided if one is; else passed."""
        outcomes = {verdict.outcome for verdict in self.each}
        return "failed" if "failed" in outcomes else "undecided" if "undecided" in outcomes else "passed"

    @property
    def exit_status(self) -> int:
        """0, 1 when a gate failed, 4 when no verdict was possible."""
        return {"passed": 0, "failed": 1, "undecided": 4}[self.outcome]

    def count(self, outcome: Outcome) -> int:
        """How many rules came out so."""
        return sum(verdict.outcome == outcome for verdict in self.each)


def verdicts_on(comparison: Comparison, gates: Gates) -> Verdicts:
    """Judges every rule."""
    tests = {
        number: p
        for number, rule in enumerate(gates.rules, start=1)
        if rule.when == "significant" and (p := _worsening_p(comparison, rule)) is not None
    }
    adjusted = holm(tests)
    # Planning is for the hardest of Holm's levels.
    level = gates.alpha / max(1, sum(rule.when == "significant" for rule in gates.rules))
    judged = [
        _verdict(comparison, gates, number, rule, tests.get(number), adjusted.get(number), level)
        for number, rule in enumerate(gates.rules, start=1)
    ]
    return Verdicts(gates, tuple(judged))


def _p_values(comparison: Comparison, rule: Rule) -> PValues | None:
    block = comparison.differences_of(rule.of)
    if block is None or rule.metric not in block.metrics:
        return None
    if _is_too_small(block, rule):
        # No evidence against the candidate, and still one of the rules that Holm counts.
        return PValues(1.0, 1.0)
    return block.metrics[rule.metric].p if rule.is_change else block.bound_p(rule.metric, rule.limit)


def _is_too_small(block: Differences, rule: Rule) -> bool:
    """Whether the rule's test is a bootstrap of too few samples to be one."""
    found = block.metrics[rule.metric]
    if block.alone is None or rule.metric not in block.alone.drawn or _is_exact(block, rule):
        return False
    if rule.is_change:
        return found.is_of_few
    return found.candidate is not None and block.samples < FEWEST_SAMPLES


def _is_exact(block: Differences, rule: Rule) -> bool:
    return block.has_exact_test(rule.metric, of_change=rule.is_change)


def _worsening_p(comparison: Comparison, rule: Rule) -> float | None:
    found = _p_values(comparison, rule)
    if found is None:
        return None
    return found.rise if rule.fails_above else found.fall


def _verdict(
    comparison: Comparison,
    gates: Gates,
    number: int,
    rule: Rule,
    p: float | None,
    p_holm: float | None,
    level: float,
) -> Verdict:
    block = comparison.differences_of(rule.of)
    if block is None:
        shown = comparison.shown(rule.of)
        return Verdict(number, rule, "undecided", f"the two sides have no rows of {shown} in common")
    found = block.metrics.get(rule.metric) or Difference(None, None)
    if found.candidate is None or (rule.is_change and found.baseline is None):
        side = "candidate" if found.candidate is None else "baseline"
        why = f": {found.why}" if found.why and comparison.paired else ""
        return Verdict(
            number, rule, "undecided", f"{rule.metric} of the {side} is undefined{why}", n=block.samples
        )
    margin, worsening = _worsening(rule, found.baseline, found.candidate)
    beyond = _is_beyond(rule, worsening, margin)
    measured = _measured(rule, found.baseline, found.candidate, worsening, margin)

    def verdict(outcome: Outcome, message: str, n_needed: int | None = None) -> Verdict:
        if outcome == "passed" and block.dropped > MOST_DROPPED * block.n:
            outcome = "undecided"
            message += (
                f"; the protocol leaves {block.dropped:,} rows out of the candidate's scores that it counts "
                "in the baseline's: hold it under the protocol strict, which leaves none out"
            )
        return Verdict(
            number,
            rule,
            outcome,
            message,
            found.baseline if rule.is_change else None,
            found.candidate,
            p,
            p_holm,
            block.samples,
            n_needed,
        )

    if rule.when == "point":
        return verdict("failed" if beyond else "passed", measured)
    if p is None or p_holm is None:
        return verdict(
            "undecided", f"{measured}; no test is possible: {found.why or 'its values are unknown'}"
        )
    too_small = _is_too_small(block, rule)
    if too_small and rule.is_change:
        tested = f"{measured}; {found.why}"
    elif too_small:
        tested = f"{measured}; a bootstrap takes {FEWEST_SAMPLES} samples"
    else:
        tested = f"{measured}; {_p_text(p_holm)}"
    if beyond and p_holm < gates.alpha:
        return verdict("failed", tested)
    detect = _detect(rule, found.baseline, margin)
    both = _p_values(comparison, rule)
    if both is not None and both.least >= level:
        return verdict(
            "undecided",
            f"{tested}; {comparison.replicates:,} replicates can give no p value below {level:.2g}, "
            f"--replicates {_replicates_needed(level)} would do",
        )
    events = FEWEST_SAMPLES if too_small and rule.is_change else 0
    needed = samples_needed(
        block.samples,
        _error(block, rule, found),
        detect,
        level,
        gates.power,
        margin=margin,
        share=_is_exact(block, rule),
        events=events,
    )
    if too_small:
        needed = max(needed, FEWEST_SAMPLES)
    surely_better = both is not None and (both.fall if rule.fails_above else both.rise) < level
    if needed > block.samples and not surely_better:
        return verdict(
            "undecided",
            f"{tested}; too few samples to decide: {block.samples:,} samples would show a change of "
            f"{_points(rule, detect)} in fewer than {100 * gates.power:g} % of cases, "
            f"{'no number' if needed == MOST_SAMPLES else f'{needed:,}'} would do",
            needed,
        )
    return verdict("passed", tested)


def samples_needed(
    samples: int,
    error: float,
    change: float,
    level: float,
    power: float,
    *,
    margin: float = 0.0,
    share: bool = False,
    events: int = 0,
) -> int:
    """How many samples make a change fail a one-sided rule with the wanted power.

    The largest of three numbers. By the normal approximation, in which the error falls with the square root
    of the samples: for significance, and for the measured change to be beyond the margin, since both are
    asked for. And by sign alone: k samples that all got worse have the p value 2⁻ᵏ, and a change of this
    size must bring that many. Without that, a handful of samples that agree would look like certainty.

    Args:
        samples: That were measured; at least 1.
        error: Standard error that they gave.
        change: To be seen; above 0, and above the margin.
        level: Of the test, in (0, 1).
        power: In (0.5, 1).
        margin: What a measured change must exceed; at least 0.
        share: Whether it is a share of the samples: it cannot change by `change` unless that many samples
            do, so that one sample's variance is at least `change`, however alike the two sides were.
        events: Samples that must have changed, if more than significance by sign takes.

    Returns:
        At most `MOST_SAMPLES`.

    Raises:
        ValueError: The change is not above the margin: a true one at the margin is measured within it in
            half of all cases, with however many samples.
    """
    if change <= margin:
        raise ValueError(f"no number of samples shows a change of {change:g} beyond {margin:g}")
    normal = NormalDist()
    with_power = normal.inv_cdf(power)
    variance = max(samples * error**2, min(change, 1.0) if share else 0.0)
    deviations = (with_power - normal.inv_cdf(level)) / change
    by_error = variance * deviations * deviations
    by_margin = _beyond_margin(with_power * math.sqrt(variance), change - margin, 0.5 if share else 0.0)
    by_sign = _trials(max(math.ceil(-math.log2(level)), events), min(change, 1.0), power)
    # SLACK: that many samples exactly are enough.
    most = max(by_error - SLACK, by_margin - SLACK, by_sign)
    return MOST_SAMPLES if most > MOST_SAMPLES else math.ceil(most)


def _beyond_margin(spread: float, distance: float, step: float) -> float:
    """The n at which n · distance − step = √n · spread.

    The step is half a sample: a share changes by whole ones, and must exceed the margin by one.
    """
    root = (spread + math.sqrt(spread**2 + 4 * distance * step)) / (2 * distance)
    return root * root


def _trials(events: int, chance: float, power: float) -> int:
    """The least number of trials that bring so many events in `power` of all cases."""
    from scipy.special import bdtrc

    def suffices(trials: int) -> bool:
        return trials >= events and bool(bdtrc(events - 1, trials, chance) >= power - SLACK)

    few, many = events - 1, events
    while not suffices(many):
        if many > MOST_SAMPLES:
            return many
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if suffices(middle) else (middle, many)
    return many


def _replicates_needed(level: float) -> int:
    """How many replicates give p values below a level, even if one in twenty is undefined."""
    return math.ceil((math.floor(1 / level) + 1) / 0.95)


def _detect(rule: Rule, baseline: float | None, margin: float) -> float:
    """The change that the rule must be able to see, as a difference of values."""
    asked = 0.0 if rule.detect is None else rule.detect * (abs(baseline or 0.0) if rule.relative else 1.0)
    return asked if asked > 0 else margin + DETECT


def _error(block: Differences, rule: Rule, found: Difference) -> float:
    return (found.error if rule.is_change else block.candidate_error(rule.metric)) or 0.0


def _worsening(rule: Rule, baseline: float | None, candidate: float) -> tuple[float, float]:
    """The margin, and how far the value went in the direction that the rule fears."""
    sign = 1.0 if rule.fails_above else -1.0
    if not rule.is_change:
        return 0.0, sign * (candidate - rule.limit)
    before = baseline or 0.0
    return rule.limit * (abs(before) if rule.relative else 1.0), sign * (candidate - before)


def _is_beyond(rule: Rule, worsening: float, margin: float) -> bool:
    if rule.comparator in {"below", "above"}:
        return worsening >= -SLACK
    return worsening > margin + SLACK


def _measured(rule: Rule, baseline: float | None, candidate: float, worsening: float, margin: float) -> str:
    if not rule.is_change:
        wanted = rule.comparator.replace("_", " ")
        return f"{rule.metric} is {_value(rule, candidate)}, wanted {wanted} {_value(rule, rule.limit)}"
    moved = "rose" if (worsening >= 0) == rule.fails_above else "fell"
    by = f"{moved} by {_points(rule, abs(worsening))}" if abs(worsening) > SLACK else "did not change"
    values = f"({_value(rule, baseline or 0.0)} → {_value(rule, candidate)})"
    return f"{rule.metric} {by} {values}, allowed {_points(rule, margin)}"


def _value(rule: Rule, value: float) -> str:
    """A value as tables print it: in percent, except where that would make no sense."""
    is_number = known_metrics()[rule.metric].unit == "number"
    return f"{value:.3f}" if is_number else f"{100 * value:.2f} %"


def _points(rule: Rule, value: float) -> str:
    """A change of such values."""
    return _value(rule, value).replace("%", "points")


def _p_text(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
