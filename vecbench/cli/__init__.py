"""The command line."""

from vecbench.cli.app import main

__all__ = ["main"]
