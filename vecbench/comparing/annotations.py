"""Verdicts as GitHub's workflow commands, which show at the top of a run and of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from vecbench.comparing.verdicts import Verdicts
from vecbench.escaping import in_annotation_message, in_annotation_property, printable


def github_annotations(verdicts: Verdicts) -> Iterator[str]:
    """One line a rule that did not pass: an error if it failed, a warning if it is undecided."""
    for verdict in verdicts.each:
        if verdict.outcome == "passed":
            continue
        command = "error" if verdict.outcome == "failed" else "warning"
        title = f"vecbench: {verdict.rule.label}"
        message = f"{verdict.outcome}: {verdict.message}"
        yield (
            f"::{command} title={in_annotation_property(printable(title))}"
            f"::{in_annotation_message(printable(message))}"
        )
