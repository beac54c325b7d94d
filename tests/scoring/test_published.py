"""The published protocols' scores, against what the original scripts print for tests/golden."""

import io
import json
import math
from dataclasses import replace

import pytest
from published import emobserver_responses, emocaliber_responses, expected, stored
from rich.console import Console

from vecbench.report.columns import columns
from vecbench.report.figures import write_figures
from vecbench.report.files import summary
from vecbench.report.tables import (
    csv_table,
    latex_table,
    markdown_table,
    score_table,
    terminal_table,
)
from vecbench.scoring import PROTOCOLS, prediction_lines, protocol_named, score_responses
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
GROUPS = {"ID VSA": "id_vsa", "ID VER": "id_ver", "OOD VER": "ood_ver"}
SENTIMENTS = ("positive", "negative")
RIGHT, WRONG = "<answer>positive</answer>", "<answer>negative</answer>"


def exactly(value):
    return pytest.approx(value, rel=0, abs=1e-12)


def said(responses, protocol="emocaliber"):
    return json.loads(score_responses(responses, protocol_named(protocol), CATALOGUE).scores.as_json())


def response(sample, text, **changes):
    return stored("fi_2", sample, changes.pop("target", "positive"), SENTIMENTS, text, **changes)


@pytest.fixture(scope="module")
def emocaliber():
    return said(emocaliber_responses(CATALOGUE))


@pytest.fixture(scope="module")
def emobserver():
    return said(emobserver_responses(CATALOGUE), "emobserver")


def test_emocaliber_tasks_are_the_scripts(emocaliber):
    wanted = expected("emocaliber")["tasks"]
    assert len(emocaliber["tasks"]) == len(wanted) == 9
    for name, values in wanted.items():
        scored = emocaliber["tasks"][CATALOGUE.task_named(name).id]
        assert scored["n"] == values["total_samples"]
        assert scored["metrics"]["accuracy"]["value"] == exactly(values["accuracy"])
        assert scored["metrics"]["f1_weighted"]["value"] == exactly(values["f1_score"])
        right = scored["metrics"]["accuracy"]["value"] * scored["n"]
        assert right == pytest.approx(values["correct_samples"])


def test_emocaliber_groups_are_the_scripts(emocaliber):
    keys = {
        "ece": "ece",
        "brier": "brier_score",
        "auroc": "roc_auc",
        "mean_confidence": "avg_confidence",
        "accuracy": "avg_accuracy",
        "f1_weighted": "f1_score",
        "accuracy_all_rows": "accuracy",
    }
    for name, values in expected("emocaliber")["groups"].items():
        scored = emocaliber["groups"][GROUPS[name]]
        assert scored["n"] == values["total_samples"]
        assert scored["counts"]["confident"] == values["valid_samples"]
        for ours, theirs in keys.items():
            assert scored["metrics"][ours]["value"] == exactly(values[theirs]), (name, ours)
        coverage = values["valid_samples"] / values["total_samples"]
        assert scored["metrics"]["coverage"]["value"] == exactly(coverage)


def test_emocaliber_overall_is_that_of_its_other_matcher(emocaliber):
    wanted = expected("emocaliber")["overall"]
    overall = emocaliber["overall"]
    assert overall["n"] == wanted["total_samples"]
    assert overall["metrics"]["accuracy"]["value"] == exactly(wanted["accuracy"])
    assert overall["metrics"]["f1_weighted"]["value"] == exactly(wanted["f1_score"])
    assert "another matcher" in overall["metrics"]["accuracy"]["note"]


def test_emocaliber_thresholds_print_as_the_scripts(emocaliber):
    table = expected("emocaliber")["threshold_table"]
    columns = {"Acc": "accuracy", "F1": "f1_weighted", "Coverage": "coverage"}
    for place, heading in enumerate(table["header"]):
        name, _, column = heading.rpartition(" ")
        lines = emocaliber["thresholds"][GROUPS[name]]
        assert [line["threshold"] for line in lines] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
        printed = [f"{100 * line[columns[column]]:.2f}" for line in lines]
        assert printed == [row[place] for row in table["rows"]], heading


def test_emobserver_is_the_evaluators(emobserver):
    wanted = expected("emobserver")
    for name in ("id_ver", "id_vsa", "ood_ver"):
        assert emobserver["groups"][name]["metrics"]["accuracy"]["value"] == exactly(wanted[f"{name}_acc"])
    assert emobserver["overall"]["metrics"]["accuracy"]["value"] == exactly(wanted["total_acc"])
    for name, scored in emobserver["tasks"].items():
        accuracy = wanted[f"{CATALOGUE.tasks[name].display}_acc"]
        assert scored["metrics"] == {"accuracy": {"value": exactly(accuracy), "n": scored["n"]}}


def test_rows_that_the_script_drops_are_counted_with_their_reasons():
    rows = [
        response("a", f"{RIGHT}<confidence>0.8</confidence>"),
        response("b", f"{WRONG}<confidence>0.6</confidence>"),
        response("c", f"{RIGHT}<confidence>90%</confidence>"),
        response("d", f"{RIGHT}<confidence></confidence>"),
        response("e", None),
        response("f", None, error="out of memory"),
    ]
    complete = score_responses(rows, PROTOCOLS["emocaliber"], CATALOGUE)
    scores = json.loads(complete.scores.as_json())
    assert (scores["tasks"]["fi_2"]["n"], scores["groups"]["id_vsa"]["n"]) == (2, 2)
    assert scores["tasks"]["fi_2"]["metrics"]["accuracy"]["value"] == 0.5
    assert scores["dropped"] == {
        "n": 4,
        "of": 6,
        "reasons": {"confidence is no number": 2, "no response": 1, "generation failed": 1},
        "tasks": {"fi_2": 4},
    }
    assert any("dropped, as the script does: 4 of 6" in note for note in scores["notes"])
    lines = [json.loads(line) for line in prediction_lines(complete.rows)]
    assert [line.get("dropped") for line in lines] == [
        None, None, "confidence is no number", "confidence is no number", "no response", "generation failed",
    ]  # fmt: skip


def test_every_response_to_a_sample_counts_as_in_the_script():
    rows = [response("a", RIGHT), response("a", WRONG), response("a", WRONG, repeat=1)]
    scores = said(rows)
    assert scores["tasks"]["fi_2"]["metrics"]["accuracy"] == {"value": exactly(1 / 3), "n": 3}
    assert scores["duplicates"] == 1


def test_a_confidence_of_one_is_in_no_bin_and_in_the_denominator():
    rows = [response(str(number), f"{RIGHT}<confidence>1.0</confidence>") for number in range(3)]
    rows.append(response("x", f"{WRONG}<confidence>0.5</confidence>"))
    metrics = said(rows)["groups"]["id_vsa"]["metrics"]
    assert metrics["ece"] == {"value": exactly(0.5 / 4), "n": 4, "rows_in_no_bin": 3}
    assert metrics["brier"]["value"] == exactly(0.25 / 4)


def test_the_edges_are_those_of_linspace():
    # 0.3 lies below the edge 0.30000000000000004, so it shares a bin with 0.2 and their surpluses add up.
    rows = [
        response("a", f"{RIGHT}<confidence>0.3</confidence>"),
        response("b", f"{WRONG}<confidence>0.2</confidence>"),
    ]
    assert said(rows)["groups"]["id_vsa"]["metrics"]["ece"]["value"] == exactly(0.5 / 2)


def test_confidences_outside_the_range_are_clipped():
    rows = [
        response("a", f"{RIGHT}<confidence>95</confidence>"),
        response("b", f"{WRONG}<confidence>-inf</confidence>"),
    ]
    metrics = said(rows)["groups"]["id_vsa"]["metrics"]
    assert (metrics["brier"]["value"], metrics["mean_confidence"]["value"]) == (0.0, 0.5)


def test_nan_is_a_confidence_that_leaves_values_undefined():
    rows = [
        response("a", f"{RIGHT}<confidence>nan</confidence>"),
        response("b", f"{WRONG}<confidence>0.6</confidence>"),
    ]
    metrics = said(rows)["groups"]["id_vsa"]["metrics"]
    assert metrics["coverage"]["value"] == 1
    assert metrics["accuracy"]["value"] == 0.5
    assert metrics["ece"]["value"] == exactly(0.3)
    for key in ("brier", "auroc", "mean_confidence"):
        assert metrics[key]["value"] is None
        assert "nan" in metrics[key]["why"]


def test_without_any_confidence_the_groups_accuracy_is_undefined_and_its_pool_is_not():
    metrics = said([response("a", RIGHT), response("b", WRONG)])["groups"]["id_vsa"]["metrics"]
    assert metrics["accuracy"] == {"value": None, "n": 0, "why": "no row has a confidence"}
    assert metrics["accuracy_all_rows"]["value"] == 0.5
    assert metrics["coverage"]["value"] == 0


def test_case_makes_no_difference_and_unknown_is_a_label_like_any_other():
    rows = [response("a", RIGHT, target="Positive"), response("b", "none of them", target="Unknown")]
    complete = score_responses(rows, PROTOCOLS["emocaliber"], CATALOGUE)
    scores = json.loads(complete.scores.as_json())
    assert scores["tasks"]["fi_2"]["metrics"]["accuracy"]["value"] == 1
    assert scores["tasks"]["fi_2"]["metrics"]["f1_weighted"]["value"] == 1
    assert [row.correct for row in complete.rows] == [True, True]


@pytest.mark.parametrize("protocol", ["emocaliber", "emobserver"])
def test_no_rows_at_all_are_scored_without_complaint(protocol):
    assert said([], protocol)["overall"]["metrics"]["accuracy"]["value"] is None


def test_rows_of_a_task_that_nobody_knows_count_for_emocalibers_overall_only():
    rows = [response("a", RIGHT), stored("comics", "b", "x", ("x", "y"), "y")]
    scores = said(rows)
    assert scores["overall"]["metrics"]["accuracy"]["value"] == 0.5
    assert scores["groups"]["id_vsa"]["n"] == 1
    assert scores["tasks"]["comics"]["metrics"]["accuracy"]["value"] == 0


def test_for_emobserver_what_is_absent_counts_as_zero():
    scores = said([response("a", RIGHT), response("b", WRONG)], "emobserver")
    assert scores["groups"]["id_vsa"]["metrics"]["accuracy"]["value"] == exactly(0.25)
    assert scores["groups"]["id_vsa"]["absent"] == ["webemo_2"]
    assert scores["groups"]["ood_ver"]["metrics"]["accuracy"]["value"] == 0
    assert scores["overall"]["metrics"]["accuracy"]["value"] == exactly(0.25 / 3)


def test_for_emobserver_only_the_first_generation_counts_and_a_failure_is_the_first_candidate():
    rows = [
        response("a", WRONG),
        response("a", RIGHT, repeat=1),
        response("b", None, error="out of memory"),
        response("c", "no idea", target="negative"),
        response("d", WRONG),
        response("d", RIGHT),  # tried again: it takes the first one's place
    ]
    scores = said(rows, "emobserver")
    assert scores["tasks"]["fi_2"]["n"] == 4
    assert scores["tasks"]["fi_2"]["metrics"]["accuracy"]["value"] == 0.5
    assert scores["first_candidate"] == {"n": 2, "without_response": 1}
    assert scores["tasks"]["fi_2"]["counts"] == {"answered": 4, "confident": 0, "errors": 1}
    assert scores["dropped"]["n"] == 1


def test_the_order_of_the_rows_makes_no_difference():
    rows = list(emocaliber_responses(CATALOGUE))[:400]
    for protocol in ("emocaliber", "emobserver"):
        assert said(rows, protocol) == said(rows[::-1], protocol)


def test_scores_agree_with_sklearn():
    from sklearn.metrics import f1_score, roc_auc_score

    rows = list(emocaliber_responses(CATALOGUE))
    rows = [replace(row, target="unknown") if place % 50 == 0 else row for place, row in enumerate(rows)]
    complete = score_responses(rows, PROTOCOLS["emocaliber"], CATALOGUE)
    for name, group in complete.scores.groups.items():
        members = [row for row in complete.rows if row.task in group.tasks]
        labels = [row.reading.answer or "unknown" for row in members]
        f1 = f1_score([row.target for row in members], labels, average="weighted", zero_division=0)
        assert group.pooled.metrics["f1_weighted"].value == exactly(f1), name
        confident = [row for row in members if row.reading.confidence is not None]
        area = roc_auc_score(
            [row.correct for row in confident], [row.reading.confidence for row in confident]
        )
        assert group.pooled.metrics["auroc"].value == exactly(area)
        assert math.isfinite(area)


@pytest.mark.parametrize(
    ("protocol", "headings"),
    [
        ("emocaliber", ["Acc", "Acc all", "F1 wgt", "Cov", "ECE", "Brier", "AUROC", "Conf"]),
        ("emobserver", ["Acc"]),
    ],
)
def test_tables_have_the_columns_that_the_protocol_has_and_print_two_decimals(protocol, headings):
    scores = score_responses(emocaliber_responses(CATALOGUE), protocol_named(protocol), CATALOGUE).scores
    assert [column.heading for column in columns(scores)] == headings
    for _, lines in score_table(scores).blocks:
        assert all(len(line.cells) == len(headings) for line in lines)
    value = f"{100 * scores.groups['ood_ver'].pooled.metrics['accuracy'].value:.2f}"
    console = Console(width=80, file=io.StringIO())
    console.print(terminal_table(scores))
    printed = console.file.getvalue()
    assert "…" not in printed
    for text in (markdown_table(scores), latex_table(scores), printed):
        assert value in text
        assert "Acc of a group" in text.replace("\n", " ")
    assert csv_table(scores).count("task,fi_8,rows,accuracy,") == 1


def test_figures_are_drawn_of_what_the_protocol_scores(tmp_path):
    rows = [row for row in emocaliber_responses(CATALOGUE) if row.task == "fi_2"]
    drawn = {}
    for protocol in ("emocaliber", "emobserver"):
        scores = score_responses(rows, protocol_named(protocol), CATALOGUE).scores
        drawn[protocol] = {path.stem for path in write_figures(scores, tmp_path / protocol).pictures}
    assert drawn["emocaliber"] == {"reliability_id_vsa", "coverage_id_vsa", "confusion_fi_2"}
    assert drawn["emobserver"] == {"confusion_fi_2"}


def test_a_task_alone_has_no_diagram_where_the_script_scores_confidences_of_groups_only(tmp_path):
    rows = [
        stored("colours", str(n), "red", ("red", "blue"), "<answer>red</answer><confidence>0.9</confidence>")
        for n in range(3)
    ]
    scores = score_responses(rows, protocol_named("emocaliber"), CATALOGUE).scores
    assert [path.stem for path in write_figures(scores, tmp_path).pictures] == ["confusion_colours"]


def test_the_summary_shows_the_thresholds(tmp_path):
    complete = score_responses(emocaliber_responses(CATALOGUE), PROTOCOLS["emocaliber"], CATALOGUE)
    text = summary(complete, None, [], tmp_path)
    line = expected("emocaliber")["threshold_table"]["rows"][8]
    assert "| 0.9 | " + " | ".join(line) + " |" in text
