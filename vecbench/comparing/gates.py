"""gates.yaml: what a candidate must keep to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vecbench.answers import known_metrics, metrics_of
from vecbench.errors import DataError, UsageError, nearest
from vecbench.metrics.definition import Metric
from vecbench.scoring.scores import OVERALL
from vecbench.tasks import Catalogue
from vecbench.tasks.task import without_prefix
from vecbench.tasks.yaml_file import read_yaml

Comparator = Literal["max_drop", "max_rise", "below", "at_most", "above", "at_least"]
COMPARATORS: tuple[Comparator, ...] = Comparator.__args__  # type: ignore[attr-defined]
CHANGES: tuple[Comparator, ...] = ("max_drop", "max_rise")

DETECT = 0.03
"""How far beyond its margin a significance rule must be able to see unless it says so: three points."""

FINEST = 1e-4
"""A significance rule sees no smaller change than a hundredth of a point."""

LEAST_ALPHA = 1e-6

LARGEST_FILE = 2**20

NO_MAPPING = "not a mapping of keys to values"
"""What the YAML reader says of a file that holds something else."""

# Strict: `true` is no number to a reader, and "0.1" in quotes no number in YAML.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Margin = Annotated[Number, Field(ge=0)]


class Rule(BaseModel):
    """One rule of gates.yaml; exactly one of the six comparators is given.

    Attributes:
        metric: A key of scores.json.
        of: A task, or a group (its rows pooled); None for all rows.
        max_drop: The largest fall from the baseline that is accepted, a fraction.
        max_rise: The largest rise.
        below: The candidate's value must be lower than this.
        at_most: It must not be higher than this.
        above: It must be higher than this.
        at_least: It must not be lower than this.
        when: "point": what was measured decides. "significant": only what is more than chance fails.
        relative: Whether max_drop and max_rise are shares of the baseline's value.
        detect: The change, or distance beyond the bound, that a significance rule must be able to see. A
            change must be larger than max_drop or max_rise.
        name: How the rule is called in the outputs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    of: str | None = None
    max_drop: Margin | None = None
    max_rise: Margin | None = None
    below: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    at_least: Number | None = None
    when: Literal["point", "significant"] = "point"
    relative: Annotated[bool, Field(strict=True)] = False
    detect: Annotated[Number, Field(ge=FINEST)] | None = None
    name: str | None = Field(None, min_length=1, max_length=200)

    @property
    def comparator(self) -> Comparator:
        """The one that is given."""
        return next(each for each in COMPARATORS if getattr(self, each) is not None)

    @property
    def limit(self) -> float:
        """Its number."""
        return float(getattr(self, self.comparator))

    @property
    def is_change(self) -> bool:
        """Whether the rule is about the change from the baseline, not about the candidate alone."""
        return self.comparator in CHANGES

    @property
    def fails_above(self) -> bool:
        """Whether it is high values, or rises, that fail."""
        return self.comparator in {"max_rise", "below", "at_most"}

    @property
    def label(self) -> str:
        """The rule in words, such as "accuracy of id_ver: max_drop 0.01, when significant"."""
        if self.name is not None:
            return self.name
        relative = " relative" if self.relative else ""
        when = ", when significant" if self.when == "significant" else ""
        return f"{self.metric} of {self.of or OVERALL}: {self.comparator} {self.limit:g}{relative}{when}"


class _GateFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: list[dict[str, Any]] = Field(min_length=1)
    alpha: Number = Field(0.05, ge=LEAST_ALPHA, lt=0.5)
    power: Number = Field(0.8, gt=0.5, le=0.999)


@dataclass(frozen=True, slots=True)
class Gates:
    """The rules of a file.

    Attributes:
        path: The file.
        rules: At least one.
        alpha: How often, at most, chance alone may fail any of the significance rules.
        power: How often a significance rule must catch a change of `detect` to be decided.
    """

    path: Path
    rules: tuple[Rule, ...]
    alpha: float = 0.05
    power: float = 0.8


def read_gates(path: Path, catalogue: Catalogue, tasks: Iterable[str] = ()) -> Gates:
    """The rules of a gates.yaml."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}", "--gate takes a YAML file with rules.")
    if path.stat().st_size > LARGEST_FILE:
        raise DataError(f"{path}: larger than {LARGEST_FILE:,} bytes", "A gate file is a list of rules.")
    content = _content(path)
    try:
        file = _GateFile.model_validate(content)
    except ValidationError as invalid:
        raise _fault(f"{path}", invalid, list(_GateFile.model_fields)) from None
    of_sides = dict.fromkeys(tasks)
    known = list(dict.fromkeys([*catalogue.tasks, *catalogue.groups, *of_sides]))
    rules = tuple(
        _rule(f"{path}: rule {number}", each, known, catalogue, of_sides)
        for number, each in enumerate(file.rules, start=1)
    )
    return Gates(path, rules, file.alpha, file.power)


def _content(path: Path) -> dict[str, Any]:
    try:
        return dict(read_yaml(path).content)
    except DataError as fault:
        if not fault.message.endswith(NO_MAPPING):
            raise
        raise DataError(fault.message, "A gate file holds `rules:`, a list.") from None


def _rule(
    where: str, content: dict[str, Any], known: list[str], catalogue: Catalogue, of_sides: Collection[str]
) -> Rule:
    try:
        rule = Rule.model_validate(content)
    except ValidationError as invalid:
        raise _fault(where, invalid, list(Rule.model_fields)) from None
    comparable = [key for key, each in known_metrics().items() if not each.is_of_one_run]
    if rule.metric not in known_metrics():
        raise DataError(
            f"{where}: metric: unknown metric {rule.metric!r}",
            f"{nearest(rule.metric, comparable)} One of another package is there while that is installed.",
        )
    metric = known_metrics()[rule.metric]
    if metric.is_of_one_run:
        raise DataError(
            f"{where}: metric: {rule.metric} tells how to read another score and is none to be held to",
            f"Choose one of {', '.join(comparable)}.",
        )
    of = None if rule.of is None else without_prefix(rule.of)
    if of == OVERALL and of not in known:
        of = None
    if of is not None and of not in known:
        raise DataError(f"{where}: of: unknown task or group {rule.of!r}", nearest(of, [*known, OVERALL]))
    _require_scored(where, rule.metric, of, catalogue, of_sides)
    given = [each for each in COMPARATORS if getattr(rule, each) is not None]
    if len(given) != 1:
        said = f"{' and '.join(given)} are given" if given else "nothing to hold it to"
        raise DataError(f"{where}: {said}", f"Write exactly one of {', '.join(COMPARATORS)}.")
    _require_sense(where, rule, metric)
    return rule.model_copy(update={"of": of})


def _require_scored(
    where: str, key: str, of: str | None, catalogue: Catalogue, of_sides: Collection[str]
) -> None:
    """Refuses a rule about tasks none of whose answers have such a metric."""
    if of is not None and (of in catalogue.tasks or of in catalogue.groups):
        tasks = catalogue.select(of)
    elif catalogue.tasks.keys() >= set(of_sides):
        tasks = [catalogue.tasks[name] for name in of_sides]
    else:
        return  # rows will tell of which kind they are
    kinds = dict.fromkeys(task.answers.name for task in tasks)
    metrics = (metric for task in tasks for metric in metrics_of(task.answers) if not metric.is_of_one_run)
    scored = dict.fromkeys(metric.key for metric in metrics)
    if tasks and key not in scored:
        of_kinds = " and ".join(kinds)
        raise DataError(
            f"{where}: metric: {of or OVERALL} has no {key}, its answers are of the kind {of_kinds}",
            f"Choose one of {', '.join(scored)}.",
        )


def _require_sense(where: str, rule: Rule, metric: Metric) -> None:
    if metric.better is not None and (metric.better == "higher") == rule.fails_above:
        better = metric.better
        opposite = {
            "max_drop": "max_rise",
            "max_rise": "max_drop",
            "below": "above",
            "at_most": "at_least",
            "above": "below",
            "at_least": "at_most",
        }[rule.comparator]
        raise DataError(
            f"{where}: {rule.comparator}: {rule.metric} is better when it is {better}, so this would fail "
            "improvements",
            f"Write {opposite}.",
        )
    _require_range(where, rule, metric)
    if rule.relative and not rule.is_change:
        raise DataError(
            f"{where}: relative: {rule.comparator} is about the candidate alone",
            "Use relative with max_drop or max_rise.",
        )
    if rule.when == "significant" and (why := metric.change.refused([])) is not None:
        tests = (key for key, each in known_metrics().items() if each.change.refused([]) is None)
        raise DataError(
            f"{where}: when: {rule.metric} has no test ({why})",
            f"Write `when: point`, or choose one of {', '.join(tests)}.",
        )
    if rule.detect is not None and rule.when != "significant":
        raise DataError(
            f"{where}: detect: says nothing without `when: significant`", "Add it, or leave it out."
        )
    if rule.detect is not None and rule.is_change and rule.detect < rule.limit + FINEST:
        raise DataError(
            f"{where}: detect: {rule.detect:g} is within {rule.comparator}, and a true change there is "
            "measured as allowed in half of all cases or more, however many samples there are",
            f"Write {rule.limit + FINEST:g} or more, or leave it out.",
        )


def _require_range(where: str, rule: Rule, metric: Metric) -> None:
    """Refuses numbers that are percent, and a rule that no candidate could pass, or none could fail."""
    low, high = metric.range
    given = f"{where}: {rule.comparator}: {rule.limit:g}"
    remedy = f"Write what the value must keep to, in [{low:g}, {high:g}]."
    if rule.limit < 0 <= low:
        raise DataError(f"{given} is below 0, which {rule.metric} never is", remedy)
    unit = "%" if rule.relative else "points"
    is_fraction = rule.relative or metric.unit == "share"
    for key, value in ((rule.comparator, rule.limit), ("detect", rule.detect or 0.0)):
        if is_fraction and abs(value) > 1:
            raise DataError(
                f"{where}: {key}: {value:g} is no fraction",
                f"Values are fractions: write {value / 100:g} for {value:g} {unit}.",
            )
    impossible = {
        "at_most": rule.limit < low,
        "at_least": rule.limit > high,
        "below": rule.limit <= low,
        "above": rule.limit >= high,
    }
    if impossible.get(rule.comparator):
        raise DataError(f"{given}: {rule.metric} is in [{low:g}, {high:g}], so nothing would pass", remedy)
    never = {
        # Of its value, nothing can lose more than all; a rise of so much of a small value is possible.
        "max_drop": rule.limit >= (1.0 if rule.relative else high - low),
        "max_rise": not rule.relative and rule.limit >= high - low,
        "at_most": rule.limit >= high,
        "at_least": rule.limit <= low,
        "below": rule.limit > high,
        "above": rule.limit < low,
    }
    if never[rule.comparator]:
        raise DataError(
            f"{given} is as much as {rule.metric} can be off, so nothing would fail",
            f"Values are fractions: write {rule.limit / 100:g} for {rule.limit:g} {unit}."
            if is_fraction and rule.limit > 0
            else "Write a value that a candidate could miss.",
        )


def _fault(where: str, invalid: ValidationError, known: list[str]) -> DataError:
    first = invalid.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return DataError(f"{where}: {key}: unknown key", nearest(key, known))
    if first["type"] == "missing":
        remedy = "A gate file holds `rules:`, a list." if key == "rules" else "Add it."
        return DataError(f"{where}: {key}: missing", remedy)
    given = f", not {first['input']!r:.60}" if not isinstance(first["input"], dict | list) else ""
    return DataError(
        f"{where}: {key}: {first['msg'][:1].lower()}{first['msg'][1:]}{given}", "See docs/compare.md."
    )
