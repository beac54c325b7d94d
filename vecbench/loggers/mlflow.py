"""MLflow, at MLFLOW_TRACKING_URI; without it in a file of the current folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import mlflow

from vecbench.loggers.logger import Logger

MOST_SETTINGS, MOST_METRICS = 100, 1000
"""So many does a server take at a time."""
LONGEST = 6000
"""Characters of a setting."""
_NOT_IN_NAMES = re.compile(r"[^\w/. -]")


class MlflowLogger(Logger):
    """A run of the experiment, else of the one that MLFLOW_EXPERIMENT_NAME names."""

    def __init__(self, project: str | None, run: str) -> None:
        super().__init__(project, run)
        if project is not None:
            mlflow.set_experiment(project)
        mlflow.start_run(run_name=run)

    def config(self, values: Mapping[str, Any]) -> None:
        for part in _parts({name: str(value)[:LONGEST] for name, value in values.items()}, MOST_SETTINGS):
            mlflow.log_params(part)

    def metrics(self, values: Mapping[str, float]) -> None:
        for part in _parts(values, MOST_METRICS):
            mlflow.log_metrics(part)

    def figures(self, files: Sequence[Path]) -> None:
        for path in files:
            mlflow.log_artifact(str(path), "figures")

    def close(self) -> None:
        mlflow.end_run()


def _parts(values: Mapping[str, Any], most: int) -> Iterator[dict[str, Any]]:
    """The values under names that it takes, so many at a time."""
    named = iter({_NOT_IN_NAMES.sub("_", name): value for name, value in values.items()}.items())
    while part := dict(islice(named, most)):
        yield part
