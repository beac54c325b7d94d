"""Accuracy and calibration of multimodal models on Visual Emotion Comprehension.

`score_confidences` scores arrays, `score` a run or anyone's file of responses, `compare` two of them;
`evaluate` runs a model, `load_run` opens what it stored, `write_report` shows it, `reliability_diagram` and
`coverage_curve` draw. The command line does the same: `vecbench --help`.

>>> import vecbench
>>> scores = vecbench.score_confidences([0.9, 0.8, 0.6, 0.7], [True, True, False, True])
>>> round(scores.overall.pooled.metrics["brier"].value, 3)
0.125
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vecbench.comparing.comparison import Comparison
    from vecbench.errors import VecbenchError
    from vecbench.public import (
        compare,
        evaluate,
        load_run,
        score,
        score_confidences,
    )
    from vecbench.report.public import coverage_curve, reliability_diagram
    from vecbench.scoring.scores import Scores
    from vecbench.stored_run import Run
    from vecbench.viewer.public import write_report

__version__ = "0.1.0.dev0"

__all__ = [
    "Comparison",
    "Run",
    "Scores",
    "VecbenchError",
    "compare",
    "coverage_curve",
    "evaluate",
    "load_run",
    "reliability_diagram",
    "score",
    "score_confidences",
    "write_report",
]

_HOMES = {
    "Comparison": "vecbench.comparing.comparison",
    "Run": "vecbench.stored_run",
    "Scores": "vecbench.scoring.scores",
    "VecbenchError": "vecbench.errors",
    "coverage_curve": "vecbench.report.public",
    "reliability_diagram": "vecbench.report.public",
    "write_report": "vecbench.viewer.public",
}
"""Names that are not in `vecbench.public` → the module that is imported once they are asked for."""


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


if not TYPE_CHECKING:  # for a type checker, an unknown name is a mistake

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_HOMES.get(name, "vecbench.public")), name)
        globals()[name] = value
        return value
