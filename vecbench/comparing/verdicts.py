"""What the gates say of a comparison.

A rule with `when: point` fails when the value that was measured is beyond what it allows, and passes
otherwise. A rule with `when: significant`

- fails when the value is beyond what it allows **and** the worsening is more than chance: the one-sided
  p value, adjusted by Holm for the number of such rules, is below alpha. Of a change, chance means no
  change at all; of a bound, a true value at the bound.
- passes when it has not failed and could have: a change of `detect` would have failed it in `power` of all
  cases; or when the candidate is better, and that is more than chance.
- is undecided otherwise. The number of samples, or of bootstrap replicates, that would do is said.

Confidences that are missing count at their worst case wherever that is worse for the candidate than what was
measured: leaving out what would look bad gains nothing.

Whatever is undefined, absent, or needs rows that are not there, is undecided; so is what would pass while a
published protocol leaves rows out of the candidate's scores that it counts in the baseline's, and whatever is
held against a task of whose answers too many were not read.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from vecbench.answers import known_metrics
from vecbench.comparing.comparison import Comparison
from vecbench.comparing.differences import Difference, Differences
from vecbench.comparing.gates import DETECT, Gates, Rule
from vecbench.comparing.unread import UnreadAnswers, mostly_unread, unread_answers
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
        message: Why, in a sentence.
        baseline: The baseline's value; None if undefined, or no matter to the rule.
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
    """What became of all rules of a file, in its order."""

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
    rules = dict(enumerate(gates.rules, start=1))
    significant = {number: rule for number, rule in rules.items() if rule.when == "significant"}
    tests = {number: _worsening(comparison, rule) for number, rule in significant.items()}
    adjusted = holm({number: p.rise for number, p in tests.items() if p is not None})
    # Planning is for the hardest of Holm's levels.
    level = gates.alpha / max(1, len(significant))
    sides = {"baseline": comparison.baseline, "candidate": comparison.candidate}
    unread = {which: unread_answers(side)[0] for which, side in sides.items()}
    judged = (
        _verdict(comparison, gates, unread, number, rule, tests.get(number), adjusted.get(number), level)
        for number, rule in rules.items()
    )
    return Verdicts(gates, tuple(judged))


def _worsening(comparison: Comparison, rule: Rule) -> PValues | None:
    """How often chance would show as much worsening (`rise`) or improvement (`fall`)."""
    block = comparison.differences_of(rule.of)
    if block is None or rule.metric not in block.metrics:
        return None
    if _is_too_small(block, rule):
        # No evidence against the candidate, and still one of the rules that Holm counts.
        return PValues(1.0, 1.0)
    found = block.metrics[rule.metric]
    if not rule.is_change:
        p = block.bound_p(rule.metric, rule.limit)
    else:
        p = found.p_worst if _values(rule, found).are_worst else found.p
    return p if p is None or rule.fails_above else PValues(p.rise, p.fall, p.least)


@dataclass(frozen=True, slots=True)
class _Values:
    """What a rule is held against: values as measured, or with missing confidences at their worst."""

    baseline: float
    candidate: float
    are_worst: bool = False


def _values(rule: Rule, found: Difference) -> _Values:
    """Those that are worse for the candidate."""
    measured = _Values(found.baseline or 0.0, found.candidate or 0.0)
    if found.worst is None:
        return measured
    worst = _Values(*found.worst, are_worst=True)
    return worst if _worsened(rule, worst) > _worsened(rule, measured) + SLACK else measured


def _worsened(rule: Rule, values: _Values) -> float:
    """By how much the candidate is worse than the baseline, or than the bound."""
    by = values.candidate - (values.baseline if rule.is_change else rule.limit)
    return by if rule.fails_above else -by


def _is_too_small(block: Differences, rule: Rule) -> bool:
    """Whether the rule's test is a bootstrap of too few samples to be one."""
    found = block.metrics[rule.metric]
    is_exact = block.has_exact_test(rule.metric, of_change=rule.is_change)
    if block.alone is None or rule.metric not in block.alone.drawn or is_exact:
        return False
    if rule.is_change:
        return found.is_of_few
    return found.candidate is not None and block.samples < FEWEST_SAMPLES


def _verdict(
    comparison: Comparison,
    gates: Gates,
    unread: Mapping[str, UnreadAnswers],
    number: int,
    rule: Rule,
    p: PValues | None,
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
    if too_much := mostly_unread(unread, block.tasks):
        return Verdict(number, rule, "undecided", too_much, n=block.samples)
    values = _values(rule, found)
    scale = abs(values.baseline) if rule.relative else 1.0
    margin = rule.limit * scale if rule.is_change else 0.0
    worsening = _worsened(rule, values)
    measured = _measured(rule, found.baseline or 0.0, found.candidate, margin)
    if values.are_worst:
        measured += f"; with the confidences that are missing at their worst it {_at_worst(rule, values)}"

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
            None if p is None else p.rise,
            p_holm,
            block.samples,
            n_needed,
        )

    is_strict = rule.comparator in {"below", "above"}
    beyond = worsening >= -SLACK if is_strict else worsening > margin + SLACK
    if rule.when == "point":
        return verdict("failed" if beyond else "passed", measured)
    if p is None or p_holm is None:
        return verdict(
            "undecided", f"{measured}; no test is possible: {found.why or 'its values are unknown'}"
        )
    too_small = _is_too_small(block, rule)
    if too_small:
        said = found.why if rule.is_change else f"a bootstrap takes {FEWEST_SAMPLES} samples"
    else:
        said = "p < 0.001" if p_holm < 0.001 else f"p = {p_holm:.3f}"
    tested = f"{measured}; {said}"
    if beyond and p_holm < gates.alpha:
        return verdict("failed", tested)
    if p.least >= level:
        # So many give p values below the level, even if one in twenty is undefined.
        would_do = math.ceil((math.floor(1 / level) + 1) / 0.95)
        return verdict(
            "undecided",
            f"{tested}; {comparison.replicates:,} replicates can give no p value below {level:.2g}, "
            f"--replicates {would_do} would do",
        )
    detect = (rule.detect or 0.0) * scale or margin + DETECT
    needed = samples_needed(
        block.samples,
        (found.error if rule.is_change else block.candidate_error(rule.metric)) or 0.0,
        detect,
        level,
        gates.power,
        margin=margin,
        share=block.has_exact_test(rule.metric, of_change=rule.is_change),
        events=FEWEST_SAMPLES if too_small and rule.is_change else 0,
    )
    if too_small:
        needed = max(needed, FEWEST_SAMPLES)
    if needed > block.samples and p.fall >= level:  # and it is not surely better
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
        return bool(bdtrc(events - 1, trials, chance) >= power - SLACK)

    many = events
    while many <= MOST_SAMPLES and not suffices(many):
        many *= 2
    return events + bisect_left(range(events, many), True, key=suffices)


def _measured(rule: Rule, baseline: float, candidate: float, margin: float) -> str:
    if not rule.is_change:
        wanted = rule.comparator.replace("_", " ")
        return f"{rule.metric} is {_value(rule, candidate)}, wanted {wanted} {_value(rule, rule.limit)}"
    return f"{rule.metric} {_changed(rule, baseline, candidate)}, allowed {_points(rule, margin)}"


def _at_worst(rule: Rule, values: _Values) -> str:
    if rule.is_change:
        return _changed(rule, values.baseline, values.candidate)
    return f"is {_value(rule, values.candidate)}"


def _changed(rule: Rule, baseline: float, candidate: float) -> str:
    change = candidate - baseline
    if abs(change) > SLACK:
        by = f"{'rose' if change > 0 else 'fell'} by {_points(rule, abs(change))}"
    else:
        by = "did not change"
    return f"{by} ({_value(rule, baseline)} → {_value(rule, candidate)})"


def _value(rule: Rule, value: float) -> str:
    """A value as tables print it: in percent, except where that would make no sense."""
    is_number = known_metrics()[rule.metric].unit == "number"
    return f"{value:.3f}" if is_number else f"{100 * value:.2f} %"


def _points(rule: Rule, value: float) -> str:
    """A change of such values."""
    return _value(rule, value).replace("%", "points")
