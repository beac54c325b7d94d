"""What a task's file says of its answers: the kind refuses, the fault has the file and the key."""

import pytest
from fakes import Grade, plugged_in

from vecbench.answers import Label
from vecbench.tasks import load_catalogue

SHORT = """\
task: mine_2
metadata:
  version: 1.0
  vecbench:
    {answer}
"""


@pytest.fixture
def plug_in(monkeypatch):
    with plugged_in(monkeypatch, Grade):
        yield


def task(folder, *answer):
    (folder / "mine_2.yaml").write_text(SHORT.format(answer="\n    ".join(answer)))
    catalogue = load_catalogue([folder])
    assert catalogue.faults == ()
    return catalogue.tasks["mine_2"]


def fault(folder, *answer):
    (folder / "mine_2.yaml").write_text(SHORT.format(answer="\n    ".join(answer)))
    [found] = load_catalogue([folder]).faults
    assert found.file == folder / "mine_2.yaml"
    return found.key.removeprefix("metadata.vecbench."), found.problem, found.remedy


def test_labels_alone_are_a_label_task(tmp_path):
    mine = task(tmp_path, "labels: [joy, fear]", "aliases: {joy: [happy]}")
    assert mine.answers == Label(("joy", "fear"), {"happy": "joy"})
    assert mine == task(tmp_path, "labels: [joy, fear]", "aliases: {joy: [happy]}")


def test_the_kind_label_may_be_said_too(tmp_path):
    assert task(tmp_path, "answer: {kind: label}", "labels: [joy, fear]").answers == Label(("joy", "fear"))


def test_a_kind_of_another_package_gets_what_else_answer_says(tmp_path, plug_in):
    mine = task(tmp_path, "answer: {kind: grade, steps: 3}", "prompts: {standard: How much}")
    assert (mine.answers, mine.labels) == (Grade(("0", "1", "2")), ())
    assert mine.specification.options == {"steps": 3}


def test_a_kind_without_prompts_of_its_own_needs_some(tmp_path, plug_in):
    key, problem, remedy = fault(tmp_path, "answer: {kind: grade, steps: 3}")
    assert (key, problem) == ("prompts", "the answer kind grade has no prompts of its own")
    assert "prompts: {standard:" in remedy


def test_an_unknown_kind_gets_the_nearest_name_and_nothing_else_is_said(tmp_path):
    key, problem, remedy = fault(tmp_path, "answer: {kind: labl}", "labels: [joy, fear]")
    assert (key, problem) == ("answer.kind", "unknown answer kind 'labl'")
    assert remedy.startswith("Did you mean label or label_set?")


def test_labels_and_a_kind_that_has_none_are_refused_by_the_kind(tmp_path, plug_in):
    lines = ["answer: {kind: grade, steps: 3}", "labels: [joy, fear]", "prompts: {standard: How much}"]
    assert fault(tmp_path, *lines)[:2] == ("answer", "a grade has steps and no labels")


@pytest.mark.parametrize(
    ("lines", "key", "problem"),
    [
        (["display: Mine"], "labels", "a label task lists at least two labels"),
        (["labels: []"], "labels", "a label task lists at least two labels"),
        (["labels: [joy]"], "labels", "a label task lists at least two labels"),
        (["labels: [joy, joy]"], "labels", "2 labels are read as 'joy'"),
        (["labels: joy"], "labels", "not a list"),
        (["labels: [joy, '']"], "labels.1", "empty"),
        (["labels: [joy, ' ']"], "labels.1", "empty"),
        (["labels: [joy, [fear]]"], "labels.1", "not a text"),
        (["answer: label", "labels: [joy, fear]"], "answer", "not a mapping of keys to values"),
        (["answer: {range: [1, 9]}"], "answer.kind", "missing"),
        (["answer: {kind: label, labels: [joy, fear]}"], "answer.labels", "stands beside answer, not in it"),
        (
            ["answer: {kind: label, top: 3}", "labels: [a, b]"],
            "answer",
            "the answer kind label knows no 'top'",
        ),
        (["answer: {kind: [label]}", "labels: [joy, fear]"], "answer.kind", "not a text"),
    ],
)
def test_a_faulty_answer_is_one_line_with_its_key(tmp_path, lines, key, problem):
    assert fault(tmp_path, *lines)[:2] == (key, problem)


def test_yes_and_no_that_yaml_takes_for_flags_are_to_be_quoted(tmp_path):
    (tmp_path / "mine_2.yaml").write_text(SHORT.format(answer="labels: [yes, no]"))
    first, second = load_catalogue([tmp_path]).faults
    assert (first.key, second.key) == ("metadata.vecbench.labels.0", "metadata.vecbench.labels.1")
    assert first.problem == "true is no text: put it into quotes, such as 'yes' or 'no'"
    assert task(tmp_path, "labels: ['yes', 'no']").labels == ("yes", "no")


def test_flags_among_a_kinds_own_options_are_to_be_quoted_too(tmp_path, plug_in):
    lines = ["answer: {kind: grade, steps: {A: yes}}", "prompts: {standard: How much}"]
    assert fault(tmp_path, *lines)[2].startswith("YAML takes yes, no, on and off for true and false")


def test_parents_are_of_labels(tmp_path, plug_in):
    lines = ["answer: {kind: grade, steps: 3}", "parents: {good: [joy]}", "prompts: {standard: How much}"]
    assert fault(tmp_path, *lines)[:2] == ("parents", "there are no labels that could have parents")
