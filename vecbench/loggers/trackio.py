"""Trackio, in a file on this machine; in a Space of the Hub where TRACKIO_SPACE_ID names one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trackio

from vecbench.loggers.logger import Logger

PROJECT = "vecbench"
"""Where neither the option nor TRACKIO_PROJECT names one: it has no project of its own."""


class TrackioLogger(Logger):
    """A run of the project, begun once its settings are known."""

    def __init__(self, project: str | None, run: str) -> None:
        super().__init__(project or os.environ.get("TRACKIO_PROJECT") or PROJECT, run)

    def config(self, values: Mapping[str, Any]) -> None:
        trackio.init(project=self.project, name=self.run, config=dict(values))

    def metrics(self, values: Mapping[str, float]) -> None:
        trackio.log(dict(values))

    def figures(self, files: Sequence[Path]) -> None:
        if files:
            trackio.log({f"figures/{path.stem}": trackio.Image(str(path)) for path in files})

    def close(self) -> None:
        trackio.finish()
