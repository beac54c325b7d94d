import re
from pathlib import Path

import pytest
from simulated_runs import CATALOGUE

from vecbench.comparing import read_gates
from vecbench.errors import DataError, UsageError
from vecbench.tasks import load_catalogue


def gates(tmp_path, text, tasks=()):
    path = tmp_path / "gates.yaml"
    path.write_text(text)
    return read_gates(path, CATALOGUE, tasks)


def test_a_file_is_read_as_it_is_documented(tmp_path):
    read = gates(
        tmp_path,
        """
alpha: 0.01
rules:
  - metric: accuracy
    of: id_ver
    max_drop: 0.01
    when: significant
    detect: 0.02
  - {metric: ece, of: vecbench_fi_8, below: 0.15, name: "calibrated"}
  - {metric: coverage, at_least: 1}
  - {metric: brier, of: overall, max_rise: 0.05, relative: true}
  - {metric: accuracy, of: comics, above: 0.5}
""",
        ["comics"],
    )
    assert read.alpha == 0.01
    assert [rule.of for rule in read.rules] == ["id_ver", "fi_8", None, None, "comics"]
    assert [rule.label for rule in read.rules] == [
        "accuracy of id_ver: max_drop 0.01, when significant",
        "calibrated",
        "coverage of overall: at_least 1",
        "brier of overall: max_rise 0.05 relative",
        "accuracy of comics: above 0.5",
    ]


def test_the_gates_of_the_docs_are_read(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "compare.md").read_text()
    [text] = re.findall(r"```yaml\n# gates.yaml\n(.*?)```", page, flags=re.DOTALL)
    assert len(gates(tmp_path, text).rules) == 4


@pytest.mark.parametrize(
    ("rule", "message", "remedy"),
    [
        ("{metric: acuracy, max_drop: 0.1}", "metric: unknown metric 'acuracy'", "Did you mean accuracy"),
        ("{metric: accuracy, of: id_vr, max_drop: 0.1}", "of: unknown task or group", "Did you mean id_ver"),
        ("{metric: accuracy, max_dorp: 0.1}", "max_dorp: unknown key", "Did you mean max_drop"),
        ("{metric: accuracy}", "nothing to hold it to", "exactly one of"),
        (
            "{metric: accuracy, max_drop: 0.1, at_least: 0.5}",
            "max_drop and at_least are given",
            "exactly one",
        ),
        ("{metric: accuracy, max_drop: 1 %}", "max_drop: input should be a valid number", ""),
        ("{metric: accuracy, max_drop: -0.1}", "max_drop: input should be greater than", ""),
        ("{metric: accuracy, max_drop: .nan}", "max_drop: input should be", ""),
        ("{metric: accuracy, max_drop: 2}", "2 is no fraction", "write 0.02 for 2 points"),
        ("{metric: accuracy, max_drop: 5, relative: true}", "5 is no fraction", "write 0.05 for 5 %"),
        (
            "{metric: accuracy, max_drop: 0, when: significant, detect: 3}",
            "detect: 3 is no fraction",
            "write 0.03 for 3 points",
        ),
        ("{metric: confidence_gap, at_least: -3}", "-3 is no fraction", "write -0.03"),
        ("{metric: accuracy, at_least: -3}", "-3 is below 0", "in [0, 1]"),
        ("{metric: nll, at_most: -1}", "-1 is below 0", ""),
        ("{metric: accuracy, max_drop: true}", "max_drop: input should be a valid number, not True", ""),
        ("{metric: accuracy, at_least: '0.5'}", "at_least: input should be a valid number, not '0.5'", ""),
        ("{metric: accuracy, max_drop: 0.1, relative: 1}", "relative: input should be a valid boolean", ""),
        ("{metric: accuracy, max_rise: 0.1}", "would fail improvements", "Write max_drop"),
        ("{metric: ece, max_drop: 0.1}", "would fail improvements", "Write max_rise"),
        ("{metric: ece, at_least: 0.1}", "would fail improvements", "Write at_most"),
        ("{metric: ece, below: 0.1, relative: true}", "about the candidate alone", "max_rise"),
        ("{metric: smece, max_rise: 0.1, when: significant}", "smece has no test", "when: point"),
        ("{metric: calibration_p, at_most: 0.1}", "none to be held to", "Choose one of accuracy, f1_macro, "),
        ("{metric: ece, max_rise: 0.1, when: sometimes}", "when: input should be 'point' or", ""),
        ("{metric: ece, max_rise: 0.1, detect: 0.1}", "detect: says nothing", "leave it out"),
        (
            "{metric: accuracy, max_drop: 0.05, when: significant, detect: 0.05}",
            "detect: 0.05 is within max_drop",
            "Write 0.0501 or more, or leave it out.",
        ),
        (
            "{metric: ece, max_rise: 0.2, relative: true, when: significant, detect: 0.1}",
            "detect: 0.1 is within max_rise",
            "Write 0.2001 or more",
        ),
        ("{of: id_ver, max_rise: 0.1}", "metric: missing", ""),
        ("{metric: accuracy, max_drop: 1}", "nothing would fail", "write 0.01 for 1 points"),
        ("{metric: accuracy, max_drop: 1.0, relative: true}", "nothing would fail", "write 0.01 for 1 %"),
        ("{metric: ece, at_most: 1}", "1 is as much as ece can be off, so nothing would fail", "0.01"),
        ("{metric: accuracy, at_least: 0}", "nothing would fail", "a value that a candidate could miss"),
        ("{metric: confidence_gap, at_least: -1}", "nothing would fail", "a value that a candidate could"),
        ("{metric: accuracy, above: 1}", "accuracy is in [0, 1], so nothing would pass", "in [0, 1]"),
        ("{metric: ece, below: 0}", "ece is in [0, 1], so nothing would pass", "in [0, 1]"),
        ("{metric: nll, below: 0}", "nll is in [0, inf], so nothing would pass", "in [0, inf]"),
        ("{metric: pearson, at_least: 1.5}", "pearson is in [-1, 1], so nothing would pass", "in [-1, 1]"),
        ("{metric: pearson, max_drop: 2}", "nothing would fail", "a value that a candidate could miss"),
        (
            "{metric: brier, max_rise: 0, detect: 1.0e-12, when: significant}",
            "detect: input should be greater than or equal to 0.0001",
            "",
        ),
    ],
)
def test_a_faulty_rule_is_named_with_its_number_and_what_to_do(tmp_path, rule, message, remedy):
    with pytest.raises(DataError) as fault:
        gates(tmp_path, f"rules:\n  - {{metric: accuracy, max_drop: 0}}\n  - {rule}\n")
    assert "gates.yaml: rule 2: " in fault.value.message
    assert message in fault.value.message
    assert remedy in fault.value.remedy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a mapping"),
        ("rules: []", "rules: list should have at least 1 item"),
        ("rules: [accuracy]", "rules.0: input should be a valid dictionary"),
        ("rule: []", "missing|unknown key"),
        ("alpha: true\nrules: [{metric: accuracy, max_drop: 0}]", "alpha: input should be a valid number"),
        ("alpha: 2\nrules: [{metric: accuracy, max_drop: 0}]", "alpha: input should be less than 0.5"),
        (
            "alpha: 1.0e-17\nrules: [{metric: ece, max_rise: 0.1}]",
            "alpha: input should be greater than or equal",
        ),
        ("rules: [{metric: a, metric: b}]", "line 1, column .*: the key 'metric' is given twice"),
        ("rules: [", "line"),
    ],
)
def test_a_faulty_file_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as fault:
        gates(tmp_path, text)
    assert "gates.yaml" in fault.value.message


def test_a_file_that_holds_no_rules_is_told_what_a_gate_file_holds(tmp_path):
    for text in ("", "- metric: accuracy\n"):
        with pytest.raises(DataError) as fault:
            gates(tmp_path, text)
        assert fault.value.remedy == "A gate file holds `rules:`, a list."


def test_a_task_that_both_sides_have_is_named_once(tmp_path):
    with pytest.raises(DataError) as fault:
        gates(tmp_path, "rules: [{metric: accuracy, of: emoji2, max_drop: 0}]", ["emoji_2", "emoji_2"])
    assert fault.value.remedy.count("emoji_2") == 1


def test_a_gap_may_be_negative_and_a_likelihood_large(tmp_path):
    text = (
        "rules: [{metric: confidence_gap, at_least: -0.05}, {metric: nll, at_most: 1.5}, "
        "{metric: ece, max_rise: 1.0, relative: true}]"
    )
    assert [rule.limit for rule in gates(tmp_path, text).rules] == [-0.05, 1.5, 1.0]


def test_a_missing_file_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="no file"):
        read_gates(tmp_path / "gates.yaml", CATALOGUE)


RATINGS = load_catalogue([Path(__file__).parents[1] / "every_kind"])


@pytest.mark.parametrize("of", ["valence", "rated", "overall"])
def test_a_metric_that_no_answers_have_is_refused_with_those_that_they_have(tmp_path, of):
    (tmp_path / "gates.yaml").write_text(f"rules: [{{metric: accuracy, of: {of}, max_drop: 0.1}}]")
    with pytest.raises(DataError) as fault:
        read_gates(tmp_path / "gates.yaml", RATINGS, ["valence", "valence"])
    assert f"{of} has no accuracy, its answers are of the kind rating" in fault.value.message
    assert fault.value.remedy.startswith("Choose one of mae, rmse, bias, pearson")


@pytest.mark.parametrize("tasks", [["fi_2", "valence"], ["valence", "comics"], []])
def test_what_some_answers_may_have_is_judged_once_they_are_there(tmp_path, tasks):
    (tmp_path / "gates.yaml").write_text("rules: [{metric: accuracy, max_drop: 0.1}]")
    assert len(read_gates(tmp_path / "gates.yaml", RATINGS, tasks).rules) == 1


def test_a_correlation_may_fall_by_more_than_one(tmp_path):
    [rule] = gates(tmp_path, "rules: [{metric: pearson, max_drop: 1.5}]").rules
    assert rule.limit == 1.5


def test_ratings_with_a_tolerance_have_an_accuracy_beside_others_that_have_none(tmp_path):
    text = (Path(__file__).parents[1] / "every_kind" / "valence.yaml").read_text()
    for name, tolerance in (("near", ", tolerance: 1"), ("valence", "")):
        task = text.replace("task: valence", f"task: {name}").replace("[1, 9]", f"[1, 9]{tolerance}")
        (tmp_path / f"{name}.yaml").write_text(task.replace("    group: rated\n", ""))
    catalogue = load_catalogue([tmp_path])
    (tmp_path / "gates.yaml").write_text("rules: [{metric: accuracy, max_drop: 0.1}]")
    assert read_gates(tmp_path / "gates.yaml", catalogue, ["near", "valence"]).rules
    with pytest.raises(DataError, match="overall has no accuracy"):
        read_gates(tmp_path / "gates.yaml", catalogue, ["valence"])
