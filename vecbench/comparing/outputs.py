"""A comparison and its verdicts for other programs: as JSON, as JUnit XML, as GitHub's annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from vecbench.comparing.comparison import Comparison
from vecbench.comparing.differences import Difference, Differences
from vecbench.comparing.sides import Side
from vecbench.comparing.verdicts import Verdict, Verdicts
from vecbench.escaping import in_annotation_message, in_annotation_property, in_xml, printable
from vecbench.metrics.bootstrap import LEVEL

SCHEMA = "vecbench.comparison/1"


def json_document(comparison: Comparison, verdicts: Verdicts | None = None) -> str:
    """The text of the JSON document; undefined values are null."""
    differences = comparison.differences
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "baseline": _side(comparison.baseline),
        "candidate": _side(comparison.candidate),
        "paired": comparison.paired,
        "intervals": {"level": LEVEL, "replicates": comparison.replicates, "seed": comparison.seed}
        if comparison.paired
        else None,
        "allowed": dict(comparison.allowed),
        "notes": list(comparison.notes),
        "tasks": {name: _differences(each) for name, each in differences.tasks.items()},
        "groups": {name: _differences(each) for name, each in differences.groups.items()},
        "overall": _differences(differences.overall),
        "flips": {
            "right_to_wrong": [asdict(each) for each in comparison.flips.lost],
            "wrong_to_right": [asdict(each) for each in comparison.flips.gained],
        },
    }
    if verdicts is not None:
        said["gates"] = {
            "file": str(verdicts.gates.path),
            "alpha": verdicts.gates.alpha,
            "power": verdicts.gates.power,
            "outcome": verdicts.outcome,
            "rules": [_verdict(each) for each in verdicts.each],
        }
    return json.dumps(said, indent=1, allow_nan=False) + "\n"


def _side(side: Side) -> dict[str, Any]:
    revision = side.manifest.model.revision if side.manifest else None
    return {
        "path": str(side.path),
        "model": side.name,
        "revision": revision,
        "protocol": side.protocol,
    }


def _differences(each: Differences) -> dict[str, Any]:
    said = {
        "n": each.n,
        "samples": each.samples,
        "samples_changed": each.changed,
        "tasks": list(each.tasks),
        "metrics": {key: _difference(found) for key, found in each.metrics.items()},
    }
    if each.macro:
        said["macro"] = {key: _difference(found) for key, found in each.macro.items()}
    return said


def _difference(found: Difference) -> dict[str, Any]:
    said: dict[str, Any] = {
        "baseline": found.baseline,
        "candidate": found.candidate,
        "change": found.change,
    }
    if found.p is not None:
        said |= {
            "low": found.low,
            "high": found.high,
            "standard_error": found.error,
            "p": found.p.two_sided,
            "method": found.method,
        }
        if found.p_holm is not None:
            said["p_holm"] = found.p_holm
    if found.why is not None:
        said["why"] = found.why
    return said


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": verdict.rule.model_dump(exclude_none=True),
        "outcome": verdict.outcome,
        "message": verdict.message,
        "baseline": verdict.baseline,
        "candidate": verdict.candidate,
        "p": verdict.p,
        "p_holm": verdict.p_holm,
        "samples": verdict.n,
        "samples_needed": verdict.n_needed,
    }


def junit_xml(comparison: Comparison, verdicts: Verdicts) -> str:
    """The text of the XML file: one test case a rule, an undecided one being an error of the test itself."""
    counts = {
        "tests": str(len(verdicts.each)),
        "failures": str(verdicts.count("failed")),
        "errors": str(verdicts.count("undecided")),
    }
    root = ElementTree.Element("testsuites", {"name": "vecbench", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "vecbench gates", "skipped": "0", **counts})
    sides = f"{comparison.baseline.name} → {comparison.candidate.name}"
    for verdict in verdicts.each:
        # Numbered: two rules may be called the same.
        name = in_xml(f"{verdict.number}. {verdict.rule.label}")
        case = ElementTree.SubElement(suite, "testcase", {"classname": "vecbench.gates", "name": name})
        if verdict.outcome == "passed":
            ElementTree.SubElement(case, "system-out").text = in_xml(f"{verdict.message}\n{sides}")
            continue
        tag, kind = ("failure", "gate failed") if verdict.outcome == "failed" else ("error", "undecided")
        fault = ElementTree.SubElement(case, tag, {"message": in_xml(verdict.message), "type": kind})
        fault.text = in_xml(f"{verdict.message}\n{sides}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def github_annotations(verdicts: Verdicts) -> Iterator[str]:
    """A workflow command for each rule that did not pass: an error if it failed, a warning if undecided."""
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
