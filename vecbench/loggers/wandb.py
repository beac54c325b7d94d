"""Weights & Biases. Where nobody is logged in nothing leaves the machine: the run is kept in ./wandb."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import wandb

from vecbench.loggers.logger import Logger


class WandbLogger(Logger):
    """A run of the project, else of the one that WANDB_PROJECT names."""

    def __init__(self, project: str | None, run: str) -> None:
        super().__init__(project, run)
        is_told = bool(os.environ.get("WANDB_MODE") or wandb.api.api_key)
        mode = {} if is_told else {"mode": "offline"}  # it would ask for an account
        self._run = wandb.init(project=project, name=run, job_type="evaluation", **mode)

    def config(self, values: Mapping[str, Any]) -> None:
        self._run.config.update(dict(values))

    def metrics(self, values: Mapping[str, float]) -> None:
        self._run.log(dict(values))

    def figures(self, files: Sequence[Path]) -> None:
        if files:
            self._run.log({f"figures/{path.stem}": wandb.Image(str(path)) for path in files})

    def close(self) -> None:
        self._run.finish()
