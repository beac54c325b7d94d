"""Which tools there are, and those that somebody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from vecbench.errors import UsageError, nearest
from vecbench.loggers.logger import log_scores
from vecbench.scoring import Scores

LOGGERS: Mapping[str, str] = {"wandb": "WandbLogger", "mlflow": "MlflowLogger", "trackio": "TrackioLogger"}
"""Name of a tool, of its package, its extra and its module here → its class."""


@dataclass(frozen=True)
class AskedLogger:
    """A tool that is installed, and the project that was named."""

    name: str
    project: str | None

    def log(self, scores: Scores, run: str, figures: Iterable[Path]) -> None:
        """Logs scores as a run of that name; RunError where it fails."""
        made = getattr(import_module(f"vecbench.loggers.{self.name}"), LOGGERS[self.name])
        log_scores(self.name, lambda: made(self.project, run), scores, sorted(figures))


def asked_loggers(texts: Iterable[str]) -> list[AskedLogger]:
    """The tools in texts such as `wandb` and `mlflow:PROJECT,trackio`; nothing of them is imported.

    UsageError: There is no such tool, or it is not installed.
    """
    asked = []
    for text in texts:
        for each in text.split(","):
            name, sign, project = (part.strip() for part in each.partition(":"))
            if name not in LOGGERS or (sign and not project):
                raise UsageError(f"--log: {each!r} is no tool", nearest(name, LOGGERS))
            if find_spec(name) is None:
                raise UsageError(
                    f"--log: {name} is not installed", f'Install it: pip install "vecbench[{name}]"'
                )
            asked.append(AskedLogger(name, project or None))
    return asked
