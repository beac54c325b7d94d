"""Scores with what controls say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vecbench.controls.report import ControlReport
from vecbench.controls.tables import as_json
from vecbench.scoring import Scores


def with_reports(scores: Scores, reports: Sequence[ControlReport]) -> Scores:
    """The scores, whose frame, CSV and JSON have what their controls say too."""
    listed = tuple(each for report in reports for each in report.listed())
    return replace(scores, further={**scores.further, "controls": as_json(reports)}, controls=listed)
