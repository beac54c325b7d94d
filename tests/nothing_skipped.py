"""Environments that are made to run some tests: a skipped one would let a build pass that never ran them."""

from __future__ import annotations

import pytest


def require_nothing_skipped(session: pytest.Session, marker: str) -> None:
    """Fails a session that selected tests of a marker and skipped any; in other sessions it is no fault."""
    if not any(item.get_closest_marker(marker) for item in session.items):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
