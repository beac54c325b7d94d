"""What an entry says of its control: a run of the same model on the same samples, without their images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from vecbench.controls.effects import MARGIN, Effect, Verdict, verdict_of
from vecbench.controls.report import ControlReport
from vecbench.leaderboard.record import Identifier, Record
from vecbench.leaderboard.value import DIGITS, Value
from vecbench.scoring import Score
from vecbench.scoring.scores import OVERALL
from vecbench.store.control import SEEDED

Count = Annotated[int, Field(ge=0, le=10**9)]


def _share(value: Value) -> Value:
    return _between(value, 0)


def _difference(value: Value) -> Value:
    if value.low is None:
        raise ValueError("a fall needs its interval, which the verdict is made of")
    return _between(value, -1)


def _between(value: Value, least: float) -> Value:
    for each in (value.value, value.low, value.high):
        if each is not None and not least <= each <= 1:
            raise ValueError(f"{each} is not from {least:g} to 1")
    return value


Share = Annotated[Value, AfterValidator(_share)]
Difference = Annotated[Value, AfterValidator(_difference)]


class ControlEffect(Record):
    """What a control shows of some rows.

    Attributes:
        n: Rows of the run, and as many of the control.
        stated: Of these, pairs with a confidence on both sides, which the fall and the AUROC are of.
        accuracy: Of the control, in [0, 1]; None where answers are neither right nor wrong.
        confidence_fall: Mean confidence of the run − that of the control, in [-1, 1], with its interval; None
            without a pair that has both.
        auroc: The chance that an answer to the image has more confidence than one to the control, ties one
            half; None likewise.
        verdict: Whether confidence falls, see `verdict_of`; None where there is no fall, or it says nothing.
        asks_alike: Whether other samples' images are shown, and all samples of each task are asked the same:
            no model can tell then that an image is not the sample's, and a fall says nothing.
    """

    n: int = Field(ge=1, le=10**9)
    stated: Count
    accuracy: Share | None = None
    confidence_fall: Difference | None = None
    auroc: Share | None = None
    verdict: Verdict | None = None
    asks_alike: Literal[True] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fall = self.confidence_fall
        if self.stated > self.n:
            raise ValueError(f"{self.stated} pairs have a confidence, and there are {self.n}")
        for name, value in (("confidence_fall", fall), ("auroc", self.auroc)):
            if (value is None) != (self.stated == 0):
                raise ValueError(
                    f"{name} is of the pairs that have a confidence, of which there are {self.stated}"
                )
        said = None if fall is None or self.asks_alike else _verdict(fall)
        if self.verdict != said:
            raise ValueError(f"verdict is {self.verdict}, that of its fall {said}")
        return self

    @classmethod
    def of(cls, effect: Effect, *, asks_alike: bool) -> Self:
        """That of a report, with the digits that entries have."""
        scores = effect.scores
        fall = _value(scores["confidence_fall"])
        return cls(
            n=effect.n,
            stated=scores["confidence_fall"].n,
            accuracy=_value(scores["control_accuracy"]),
            confidence_fall=fall,
            auroc=_value(scores["control_auroc"]),
            # Of what the entry says, so that anybody who reads it comes to the same.
            verdict=None if fall is None or asks_alike else _verdict(fall),
            asks_alike=asks_alike or None,
        )

    @property
    def stays(self) -> bool:
        """Whether confidence is shown not to fall by as much as `MARGIN`."""
        return self.verdict in {"does not fall", "rises"}

    @property
    def said(self) -> str:
        """Whether confidence falls, in words."""
        if self.asks_alike:
            return (
                "all samples of a task are asked the same, so that no model can tell another sample's image "
                "from its own, and confidence need not fall"
            )
        fall = self.confidence_fall
        if fall is None or self.verdict is None or fall.low is None or fall.high is None:
            return "no pair of answers has a confidence on both sides"
        ends = f"{100 * fall.value:.1f} points [{100 * fall.low:.1f}, {100 * fall.high:.1f}]"
        return f"{_IN_WORDS[self.verdict]} {ends}, of {self.stated:,} pairs"


_IN_WORDS: Mapping[Verdict, str] = {
    "falls": "confidence falls by",
    "does not fall": f"confidence does not fall, or by less than {100 * MARGIN:.0f} points:",
    "rises": "confidence does not fall, it rises: a fall of",
    "undecided": "confidence is not shown to fall:",
}


class EntryControl(Record):
    """A submission's control.

    Attributes:
        name: What was shown in place of every image.
        seed: Of `shuffled`, which draws; None of the others.
        keys: Whether every key of its responses was found to be that of what was shown.
        groups: Group → what it shows of the group's rows.
        overall: Of all rows.
    """

    name: Literal["blank", "grey", "shuffled"]
    seed: Annotated[int, Field(gt=-(2**64), lt=2**64)] | None = None
    keys: bool
    groups: dict[Identifier, ControlEffect] = Field({})
    overall: ControlEffect

    @model_validator(mode="after")
    def _of_its_name(self) -> Self:
        if (self.seed is not None) != (self.name in SEEDED):
            raise ValueError(f"a control {self.name} has {'no' if self.seed is not None else 'a'} seed")
        for effect in (self.overall, *self.groups.values()):
            if effect.asks_alike and self.name != "shuffled":
                raise ValueError(f"a control {self.name} shows no other sample's image")
        return self

    @classmethod
    def of(cls, report: ControlReport, groups: Mapping[str, Sequence[str]], *, keys: bool) -> Self:
        """That of a report by the confidences that are stated; `groups` is group → ids of its tasks."""
        effects = {each.name: each for each in report.effects if each.scope == "group"}
        return cls.model_validate(
            {
                "name": report.control.name,
                "seed": report.control.seed,
                "keys": keys,
                "groups": {
                    name: ControlEffect.of(effects[name], asks_alike=report.asks_alike.issuperset(tasks))
                    for name, tasks in groups.items()
                },
                OVERALL: ControlEffect.of(report.overall, asks_alike=report.is_blind),
            }
        )

    @property
    def said(self) -> str:
        """What it shows of all rows, in a sentence."""
        unchecked = "" if self.keys else " The keys of its responses were not checked."
        return f"Control {self.name}: {self.overall.said}.{unchecked}"


def _verdict(fall: Value) -> Verdict | None:
    return None if fall.low is None or fall.high is None else verdict_of(fall.low, fall.high)


def _value(score: Score) -> Value | None:
    if score.value is None:
        return None
    low, high = (None if each is None else round(each, DIGITS) + 0.0 for each in (score.low, score.high))
    return Value(value=round(score.value, DIGITS) + 0.0, low=low, high=high)  # no −0
