"""The command line."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and exits with its status.

    Args:
        arguments: Those of the command line; None for the process's own.
    """
    try:
        from vecbench.cli.app import main as run
    except KeyboardInterrupt:  # while the commands themselves are being imported
        print("error: stopped", file=sys.stderr)
        sys.exit(4)
    run(arguments)
