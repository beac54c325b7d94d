"""Where the files lie that come with vecbench: tasks, leaderboards, the demo's model."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def tasks_folder() -> Path:
    """The folder with the task YAML."""
    return _shipped("tasks")


def leaderboards_folder() -> Path:
    """The folder with one leaderboard a benchmark."""
    return _shipped("leaderboards")


def demo_model(*, every_kind: bool = False) -> Path:
    """The checkpoint of `vecbench-nano`, or of `vecbench-nano-all`, which knows every kind of answer."""
    return _PACKAGE / "checkpoints" / ("vecbench-nano-all" if every_kind else "vecbench-nano")


def _shipped(name: str) -> Path:
    # A wheel carries the checkout's top-level folders in vecbench/shipped; a checkout has them beside
    # the package.
    installed = _PACKAGE / "shipped" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
