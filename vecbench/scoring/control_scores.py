"""What a control says of a run, one number after the other, as scores hold it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from vecbench.scoring.scores import Score


class ControlScore(NamedTuple):
    """A quantity of a run and its control on the same samples.

    Attributes:
        scope: Of what.
        name: Id of the task or group; "overall".
        control: As it is asked for: "shuffled", "gaussian_noise:3".
        source: Where the confidences come from: "stated", "token".
        metric: Its key, see `controls.effects.QUANTITIES`; of calibration metrics "control_KEY".
        score: Its value.
    """

    scope: Literal["task", "group", "overall"]
    name: str
    control: str
    source: str
    metric: str
    score: Score
