"""Verdicts on statements: in words, by letter, by agreement; and what a careful reader leaves open."""

import pytest

from vecbench.answers import AnswerSpecification, StatementVerdict
from vecbench.answers.verdict import VERDICTS
from vecbench.parsing import strict

KIND = StatementVerdict.of(AnswerSpecification("verdict"))


def verdict(text):
    reading = strict.read(text, VERDICTS, KIND, "stop")
    return reading.answer, reading.answer_status


@pytest.mark.parametrize(
    "text",
    [
        "Correct", "<answer>correct</answer>", "<answer>A</answer>", "(A)", "A: Correct", "Option A", "Yes",
        "<answer>The statement is correct.</answer>", "True", "It fits.", "Yes, it aligns with the image.",
        '{"answer": "correct", "confidence": 0.9}', "<think>incorrect?</think><answer>Right</answer>", "正确",
        "Correct!\n\nBright colours, which would be incorrect for fear.",
    ],
)  # fmt: skip
def test_what_says_that_a_statement_is_correct(text):
    assert verdict(text) == ("correct", "ok")


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect", "<answer>b)</answer>", "Answer: B", "Correct answer: B", "The correct choice is B", "No",
        "<answer>The statement does not align with the image.</answer>", "False", "in-correct", "uncorrect",
        "Actually no", "B: Incorrect", "An odd claim; it does not align.", "I disagree.", "不正确",
        "<answer>Mood and statement disagree, so the correct verdict is incorrect</answer>",
        "Almost none of this is visible: B",
    ],
)  # fmt: skip
def test_what_says_that_it_is_not(text):
    assert verdict(text) == ("incorrect", "ok")


@pytest.mark.parametrize(
    "text",
    [
        "not correct", "not incorrect", "The statement isn't correct.", "Correct? No.", "A or B",
        "Partially correct", "half correct, half incorrect", "A: Incorrect", "Correct or Incorrect",
        "~~Correct~~", "I would not call it incorrect.", "Both are correct and incorrect",
    ],
)  # fmt: skip
def test_what_names_both_or_denies_one_is_ambiguous(text):
    assert verdict(text) == (None, "ambiguous")


@pytest.mark.parametrize(
    "text",
    [
        "N/A", "<answer>n/a</answer>", "Not enough information", "I can't tell.", "Maybe", "unsure",
        "As an AI model I cannot judge feelings.", "Sorry, no.", "null",
    ],
)  # fmt: skip
def test_who_says_that_it_cannot_tell_has_abstained(text):
    assert verdict(text) == (None, "abstained")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<answer>C</answer>", "not_a_candidate"),
        ("<answer>0.7</answer>", "not_a_candidate"),
        ("", "no_answer"),
    ],
)
def test_what_is_no_verdict(text, status):
    assert verdict(text) == (None, status)


@pytest.mark.parametrize("written", ["correct", "Correct", " INCORRECT "])
def test_a_target_is_a_verdict_in_any_case(written):
    assert KIND.target(written, VERDICTS) == written.strip().lower()


@pytest.mark.parametrize("written", ["", None, "yes", 1])
def test_another_target_is_refused(written):
    with pytest.raises(ValueError, match="neither correct nor incorrect"):
        KIND.target(written, VERDICTS)


def test_a_task_of_statements_has_no_labels():
    with pytest.raises(ValueError, match="neither labels nor aliases"):
        StatementVerdict.of(AnswerSpecification("verdict", ("a", "b")))


def test_a_long_text_takes_linear_time():
    text = "it is not correct, no, " * 10_000
    assert verdict(f"<answer>{text}</answer>")[0] is None
