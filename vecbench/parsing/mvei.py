"""The mvei protocol: reads a verdict on a statement exactly as MVEI's own script does.

It takes "not correct" for correct, and is here to reproduce published numbers. Source: `eval/cal_metrics.py`
of github.com/wdqqdw/MVEI.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vecbench.parsing.form import Form
from vecbench.parsing.prediction import Reading

if TYPE_CHECKING:
    from vecbench.answers import AnswerKind


def read(
    response: str | None,
    candidates: Sequence[str],
    kind: AnswerKind | None = None,
    finish_reason: str | None = None,
    form: Form | None = None,
) -> Reading:
    """The verdict that MVEI's own script reads, words of the reasoning included; it knows no confidence."""
    del candidates, kind, finish_reason, form
    text = (response or "").lower()
    verdict = next((each for each in ("incorrect", "correct") if each in text), None)
    return Reading(verdict, "ok" if verdict else "abstained", None, "missing")
