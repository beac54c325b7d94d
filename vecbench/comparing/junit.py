"""Verdicts as JUnit XML: one test case a rule, an undecided one being an error of the test itself."""

from __future__ import annotations

from xml.etree import ElementTree

from vecbench.comparing.comparison import Comparison
from vecbench.comparing.verdicts import Verdicts
from vecbench.escaping import in_xml


def junit_xml(comparison: Comparison, verdicts: Verdicts) -> str:
    """The text of the XML file."""
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
