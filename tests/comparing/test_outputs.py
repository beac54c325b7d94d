"""What strangers put into names must not break any output."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from simulated_runs import CATALOGUE, response, write_run

from vecbench.comparing import (
    Gates,
    Rule,
    compare,
    github_annotations,
    json_document,
    junit_xml,
    open_side,
    verdicts_on,
)
from vecbench.comparing.tables import markdown
from vecbench.tasks import load_catalogue

ODD = [
    "a|b",
    "line\nbreak",
    "<script>x</script>",
    "`code` **bold** [l](x)",
    "nul\x00\x1b[31m",
    "\ud800",
    "é" * 300,
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A comparison and verdicts in which every name is a trap."""
    folder = tmp_path_factory.mktemp("odd\n|<b>")
    baseline = [response("task|<i>", sample, "a", 0.9, target="a") for sample in ODD]
    candidate = [response("task|<i>", sample, "b", 0.9, target="a") for sample in ODD]
    sides = [
        open_side(write_run(folder / name, rows), "strict", CATALOGUE)
        for name, rows in (("a|b", baseline), ("<c>\n::error::x", candidate))
    ]
    comparison = compare(*sides, CATALOGUE, replicates=100)
    rules = (
        Rule(metric="accuracy", max_drop=0.1, name="100 %, a:b\n::set-output name=x::y\x07"),
        Rule(metric="accuracy", of="fi_8", max_drop=0.1, name="<&>|"),
        Rule(metric="coverage", at_least=0.5),
    )
    return comparison, verdicts_on(comparison, Gates(Path("gates.yaml"), rules))


def test_junit_is_xml_with_a_case_a_rule(odd):
    suites = ElementTree.fromstring(junit_xml(*odd).encode())
    [suite] = suites
    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
    }
    assert [[part.tag for part in case] for case in suite] == [["failure"], ["error"], ["system-out"]]
    message = suite[0][0].get("message")
    assert "accuracy fell by 100.00 points (100.00 % → 0.00 %), allowed 10.00 points" in message
    assert suite[1].get("name") == "2. <&>|"


def test_no_name_breaks_a_table_or_becomes_markup(odd):
    text = markdown(*odd)
    text.encode()
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(tables) == 3
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    unescaped = re.sub(r"\\.", "", text)
    assert set(re.findall(r"<[^>]*>", unescaped)) <= {
        "<br>",
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
    }
    assert not re.search("[\x00-\x09\x0b-\x1f]", text)


def test_an_annotation_is_one_line_that_github_reads(odd):
    lines = list(github_annotations(odd[1]))
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning"]
    for line in lines:
        assert re.fullmatch(r"::(error|warning) title=[^:,\n]*::[^\n]+", line)
    assert "title=vecbench%3A 100 %25%2C a%3Ab\\n%3A%3Aset-output" in lines[0]


def test_the_document_has_every_verdict_and_flip_as_they_are(odd):
    said = json.loads(json_document(*odd))
    assert said["schema"] == "vecbench.comparison/1"
    assert [rule["outcome"] for rule in said["gates"]["rules"]] == ["failed", "undecided", "passed"]
    assert said["gates"]["outcome"] == "failed"
    assert {flip["sample_id"] for flip in said["flips"]["right_to_wrong"]} == set(ODD)
    assert said["flips"]["wrong_to_right"] == []
    assert said["flips"]["right_to_wrong"][0]["baseline"]["answer"] == "a"


def test_ratings_that_are_neither_right_nor_wrong_have_no_flips_in_the_summary(tmp_path):
    catalogue = load_catalogue([Path(__file__).parents[1] / "every_kind"])
    rated = {"kind": "rating", "target": 5.0, "candidates": ()}
    sides = [
        open_side(
            write_run(tmp_path / name, [response("valence", "a", name, None, **rated)]), "strict", catalogue
        )
        for name in ("4", "6")
    ]
    comparison = compare(*sides, catalogue, replicates=100)
    assert comparison.differences.overall.metrics["mae"].candidate == 1
    assert "wrong now" not in markdown(comparison)


def test_labels_have_them_even_if_there_are_none(tmp_path):
    side = open_side(write_run(tmp_path, [response("fi_2", "a", "positive", None)]), "strict", CATALOGUE)
    assert "Right before, wrong now: 0" in markdown(compare(side, side, CATALOGUE, replicates=100))
