"""A run held against its controls: which may be, and everything that is said of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecbench.comparing.pairs import KINDS, Kind, paired
from vecbench.comparing.sides import Side, key_of, open_side
from vecbench.controls.effects import MARGIN, Effect, effects, sources_of
from vecbench.errors import DataError, UsageError
from vecbench.scoring import Score, protocol_named
from vecbench.scoring.control_scores import ControlScore
from vecbench.scoring.scores import STATED
from vecbench.store import Control, Manifest
from vecbench.tasks import Catalogue

FEWEST = 2
"""Pairs of rows; of one nothing can be resampled."""

SAME_BUT_FOR: tuple[Kind, ...] = ("labels", "prompts", "images", "tasks", "protocol")
"""What a control has in common with its run; samples may be fewer."""


@dataclass(frozen=True)
class ControlReport:
    """One control, by one source of confidences.

    Attributes:
        control: What was shown in place of the images.
        path: Where its run is.
        source: Of the confidences.
        effects: Of every task, every group, and all rows; the last one is that.
        notes: What must be known to read them.
        asks_alike: Tasks whose samples are all asked the same, where other samples' images are shown: no
            model can know there that an image is not its sample's.
    """

    control: Control
    path: Path
    source: str
    effects: tuple[Effect, ...]
    notes: tuple[str, ...] = ()
    asks_alike: frozenset[str] = frozenset()

    @property
    def overall(self) -> Effect:
        """Of all rows."""
        return self.effects[-1]

    @property
    def is_blind(self) -> bool:
        """Whether no task's images can be told from its samples' own."""
        return len(self.asks_alike) == self.overall.tasks

    @property
    def shown(self) -> tuple[Effect, ...]:
        """The effects without those of several tasks that are of one."""
        return tuple(each for each in self.effects if each.scope == "task" or each.tasks > 1)

    @property
    def sentence(self) -> str:
        """What all rows say, in words."""
        scores, verdict = self.overall.scores, self.overall.verdict
        fall = scores["confidence_fall"]
        title = self.control.title
        of = "its confidence" if self.source == STATED else f"its confidence ({self.source})"
        if verdict is None:
            return f"{title}: nothing can be said of {of}: {fall.why}."
        if self.is_blind:
            return (
                f"{title}: all samples of a task are asked the same here, so that no model can tell another "
                f"sample's image from its own, and {of} need not fall; accuracy falls by "
                f"{points(scores['accuracy_fall'])}."
            )
        if self.control.is_corruption:
            falls = f"accuracy falls by {points(scores['accuracy_fall'])}, {of} by {points(fall)}"
            return f"{title}: {falls}, of {fall.n:,} pairs."
        how, value = _WITHOUT[self.control.name], f"{points(fall)}, of {fall.n:,} pairs"
        margin = f"{100 * MARGIN:.0f} points"
        if verdict == "falls":
            return f"{title}: {of} falls {how}, by {value}."
        if verdict == "rises":
            return f"{title}: {of} does not fall {how}; it rises: a fall of {value}."
        if verdict == "does not fall":
            return f"{title}: {of} does not fall {how}, or by less than {margin}: {value}."
        return (
            f"{title}: it is not shown that {of} falls {how}: {value}. Both 0 and {margin} are in the "
            "interval; more samples would tell."
        )

    def listed(self) -> Iterator[ControlScore]:
        """Every number."""
        for each in self.effects:
            about = (each.scope, each.name, self.control.title, self.source)
            for key, score in each.scores.items():
                yield ControlScore(*about, key, score)
            for key, (_, score) in each.calibration.items():
                yield ControlScore(*about, f"control_{key}", score)

    def as_json(self) -> dict[str, Any]:
        """As scores.json has it."""
        return {
            "control": self.control.model_dump(),
            "run": str(self.path),
            "source": self.source,
            "said": self.sentence,
            "notes": list(self.notes),
            "scopes": [
                {
                    "scope": each.scope,
                    "name": each.name,
                    "n": each.n,
                    "verdict": each.verdict,
                    "scores": {key: score.as_json() for key, score in each.scores.items()},
                    "calibration": {
                        key: {"run": real.as_json(), "control": control.as_json()}
                        for key, (real, control) in each.calibration.items()
                    },
                }
                for each in self.effects
            ],
        }


def points(score: Score) -> str:
    """A value with its interval, in points."""
    if score.value is None or score.low is None or score.high is None:
        return f"unknown ({score.why})"
    return f"{100 * score.value:.1f} points [{100 * score.low:.1f}, {100 * score.high:.1f}]"


_WITHOUT = {
    "blank": "without the image",
    "grey": "without the image",
    "shuffled": "with another sample's image",
}


def control_reports(
    run: Path, controls: Sequence[Path], protocol: str, catalogue: Catalogue
) -> tuple[ControlReport, ...]:
    """Holds a run against its controls, by every source of confidences that both have.

    Raises:
        UsageError: One of them is no run, or no control; the run is one itself, the control is of another
            model, or the protocol is a published one, which knows no controls.
        DataError: They differ in more than what was shown, or have no two samples in common.
    """
    if protocol_named(protocol).is_published:
        raise UsageError(f"--control: the protocol {protocol} knows no controls", "Use strict.")
    real = open_side(run, protocol, catalogue)
    manifest = _manifest(real)
    if manifest.control is not None:
        raise UsageError(
            f"{run} is a control itself ({manifest.control.title})", "Name the run that it is the control of."
        )
    # All are looked at before anything is computed.
    sides = [_required(open_side(path, protocol, catalogue), real) for path in controls]
    return tuple(report for side in sides for report in _reports(real, side, catalogue))


def stated_report(real: Side, control: Side, catalogue: Catalogue) -> ControlReport:
    """Holds a run against one control by the confidences that are stated, both of them read already.

    Raises:
        UsageError: The one is no control, or of another model.
        DataError: As of `control_reports`.
    """
    return next(_reports(real, _required(control, real), catalogue, [STATED]))


def _manifest(side: Side) -> Manifest:
    if side.manifest is None:
        raise UsageError(f"{side.path} is no run, and so has no control", "Name the directory of a run.")
    return side.manifest


def _required(side: Side, real: Side) -> Side:
    """Refuses what is no control of the run."""
    manifest, of = _manifest(side), _manifest(real)
    if manifest.control is None:
        raise UsageError(
            f"{side.path} is no control: its samples' images were shown",
            "vecbench run --control blank, with the run's other options, makes one.",
        )
    first, second = (f"{each.model.name} ({each.model.revision:.12})" for each in (of, manifest))
    if (of.model.name, of.model.revision) != (manifest.model.name, manifest.model.revision):
        raise UsageError(
            f"{side.path} is of another model than {real.path}: {second} there, {first} here",
            "Name a control of the same model.",
        )
    return side


def _reports(
    real: Side, side: Side, catalogue: Catalogue, sources: Sequence[str] | None = None
) -> Iterator[ControlReport]:
    """By each of some sources of confidences; None for all that both have."""
    control = _manifest(side).control
    assert control is not None
    pairing = paired(real, side, KINDS)
    refused = [kind for kind in SAME_BUT_FOR if kind in pairing.allowed]
    if refused:
        said = "; ".join(f"{kind}: {pairing.allowed[kind]}" for kind in refused)
        raise DataError(
            f"{side.path} differs from {real.path} in more than what was shown: {said}",
            "Run the control with the same options and data.",
        )
    if len(pairing.pairs) < FEWEST:
        raise DataError(
            f"{side.path} and {real.path} have one sample in common, of which nothing can be said",
            "Run the control on more samples.",
        )
    samples = pairing.allowed.get("samples")
    notes = () if samples is None else (f"Samples differ: {samples}; those in both count.",)
    asked: dict[str, set[str]] = {}
    for old, _ in pairing.pairs if control.name == "shuffled" else ():
        asked.setdefault(old.task, set()).add(real.prompts.get(key_of(old), old.key))
    alike = frozenset(task for task, prompts in asked.items() if len(prompts) == 1)
    for source in sources_of(pairing.pairs) if sources is None else sources:
        found = effects(pairing.pairs, catalogue, source)
        yield ControlReport(control, side.path, source, tuple(found), (*notes, *pairing.notes), alike)
