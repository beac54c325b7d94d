"""What task files say of how their answers are written, and what `tasks check` finds in their prompts."""

import re
import textwrap
from pathlib import Path

import pytest

from vecbench.parsing import strict
from vecbench.parsing.form import Form
from vecbench.tasks import load_catalogue
from vecbench.tasks.check import file_faults
from vecbench.tasks.prompt_check import prompt_findings

FILE = """\
task: mine_2
metadata:
  version: 1.0
  vecbench:
    labels: [joy, fear]
    {line}
"""


def faults(folder, line):
    path = folder / "mine_2.yaml"
    path.write_text(FILE.format(line=line))
    return [(each.key.removeprefix("metadata.vecbench."), each.problem) for each in file_faults(path)]


def task(folder, line):
    assert faults(folder, line) == []
    return load_catalogue([folder]).tasks["mine_2"]


def test_a_profile_says_what_its_fields_are_called(tmp_path):
    mine = task(
        tmp_path,
        "prompts: {standard: Which, own: {template: Which, fields: {answer: mood, confidence: [how sure]}}}",
    )
    assert mine.prompts == {"standard": "Which", "own": "Which"}
    assert mine.form_of("standard") == Form()
    assert mine.form_of("own") == Form(answer=("mood",), confidence=("how sure",))
    assert mine.form_of(None) == Form(answer=("mood",), confidence=("how sure",))


def test_profiles_in_a_file_of_their_own_may_say_it_too(tmp_path):
    (tmp_path / "prompts.yaml").write_text("standard: {template: Which, lettered: true, scale: ten}\n")
    assert task(tmp_path, "prompts: prompts.yaml").form_of("standard") == Form(lettered=True, scale="ten")
    (tmp_path / "prompts.yaml").write_text("standard: {template: Which, fields: {answer: 7}}\n")
    ((key, problem),) = faults(tmp_path, "prompts: prompts.yaml")
    assert (key, problem.rpartition("standard")[2]) == (
        "prompts",
        ".fields.answer: 7 is no name of a field, such as emotion",
    )


def test_what_a_profile_says_is_a_part_of_the_tasks_hash(tmp_path):
    plain = task(tmp_path, "prompts: {standard: Which}").sha256
    assert task(tmp_path, "prompts: {standard: {template: Which}}").sha256 != ""
    assert task(tmp_path, "prompts: {standard: {template: Which, lettered: true}}").sha256 != plain


def test_reasoning_is_marked_by_pairs(tmp_path):
    mine = task(tmp_path, 'reasoning: [["<ponder>", "</ponder>"], ["[[", "]]"]]')
    assert mine.form_of("standard").reasoning == (("<ponder>", "</ponder>"), ("[[", "]]"))


@pytest.mark.parametrize(
    ("line", "key", "problem"),
    [
        ('reasoning: ["<ponder>", "</ponder>"]', "reasoning", "is no pair of what opens reasoning"),
        ('reasoning: [["<ponder>"]]', "reasoning", "is no pair of what opens reasoning"),
        ('reasoning: [["---", "---"]]', "reasoning", "is no pair of what opens reasoning"),
        ('reasoning: [["", "</ponder>"]]', "reasoning", "marks no reasoning"),
        ('reasoning: [["so", "hence"]]', "reasoning", "marks no reasoning"),
        ('reasoning: [["<answer>", "</answer>"]]', "reasoning", "marks no reasoning"),
        ("reasoning: think", "reasoning", "is no pair of what opens reasoning"),
        ("prompts: {standard: {}}", "prompts.standard.template", "missing"),
        ("prompts: {standard: {template: Which, feilds: {}}}", "prompts.standard.feilds", "unknown key"),
        ("prompts: {standard: {template: Which, fields: {answer: ''}}}", None, "no name of a field"),
        (
            "prompts: {standard: {template: Which, fields: {answer: mood, confidence: Mood}}}",
            "prompts.standard.fields",
            "'mood' is the name of both",
        ),
        (
            "prompts: {standard: {template: Which, fields: {answer: confidence}}}",
            "prompts.standard.fields",
            "'confidence' is the name of both",
        ),
        ("prompts: {standard: {template: Which, scale: 100}}", None, "is no scale of a confidence"),
    ],
)
def test_what_cannot_be_meant_is_a_fault(tmp_path, line, key, problem):
    ((found, said),) = faults(tmp_path, line)
    assert problem in said
    assert key is None or found.endswith(key)


def findings(text, **form):
    kind = load_catalogue().tasks["emoji_7"].answers
    return [each.problem for each in prompt_findings(text, Form(**form), kind)]


@pytest.mark.parametrize(
    "text",
    [
        "Which? State your confidence from 0 to 1.",
        "Respond: <think>{why}</think><answer>{label}</answer><confidence>{number}</confidence>",
        "Respond: <caption>{text}</caption><answer>{label}</answer><confidence>{number}</confidence>",
        'Respond as {"emotion": LABEL, "confidence": NUMBER}',
        "Confidence in percent.\nAnswer: {label}\nConfidence: {number}%",
        "Image: {image}\nLabel and your confidence?",
    ],
)
def test_prompts_whose_answers_are_read_are_left_alone(text):
    assert findings(text) == []


def test_names_that_nothing_reads_are_found_unless_they_are_declared():
    text = "Respond: <mood>{label}</mood><sureness>{number}</sureness>; how confident are you?"
    assert findings(text) == [
        "asks for <mood>, <sureness>, and no answer is read of these",
        "asks for <mood>, <sureness>, and no confidence is read of these",
    ]
    assert findings(text, answer=("mood",), confidence=("sureness",)) == []
    assert findings('{"mood": LABEL, "confidence": NUMBER}') == [
        'asks for "mood", "confidence", and no answer is read of these'
    ]
    assert findings("Mood: {label}\nConfidence: {number}") == [
        "asks for Mood:, Confidence:, and no answer is read of these"
    ]


def test_a_prompt_without_a_confidence_is_no_fault():
    kind = load_catalogue().tasks["emoji_7"].answers
    (found,) = prompt_findings("Which emotion?", Form(), kind)
    assert (found.problem, found.remedy) == ("asks for no confidence", "")


def test_scales_and_letters_are_found_unless_they_are_declared():
    for most, scale in ((100, "percent"), (10, "ten")):
        text = f"State your confidence, from 0 to {most}."
        (found,) = prompt_findings(text, Form(), load_catalogue().tasks["emoji_7"].answers)
        assert (f"up to {most}" in found.problem, found.remedy) == (True, f"Write `scale: {scale}`.")
        assert findings(text, scale=scale) == []
    text = "A. anger\nB. excitement\nC. fear\nWhich one, with your confidence?"
    assert len(findings(text)) == 1
    assert findings(text, lettered=True) == []


DOCS = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text()


def test_the_profiles_of_the_docs_ask_for_confidences_up_to_ten_and_read_them(tmp_path):
    (said,) = re.findall(r"```yaml\n(prompts:\n  ten:.*?)```", DOCS, re.DOTALL)
    said = said.replace("prompts:\n", "prompts:\n  standard: Which\n", 1)
    mine = task(tmp_path, textwrap.indent(said, "    ").lstrip())
    for profile, answer, confidence in (
        (
            "ten",
            "<think>{}</think><answer>fear</answer><analysis>{}</analysis><confidence>9</confidence>",
            0.9,
        ),
        (
            "parts",
            r"<think><vision>{}</vision><reasoning>{}</reasoning></think>\boxed{fear}<analysis>{}</analysis>"
            "<confidence><vision_confidence>9</vision_confidence><reasoning_confidence>6</reasoning_confidence>"
            "</confidence>",
            0.72,
        ),
    ):
        form = mine.form_of(profile)
        prompt = mine.prompts[profile].replace("{{ labels }}", "['joy', 'fear']")
        assert list(prompt_findings(prompt, form, mine.answers)) == [], profile
        found = strict.read(answer, mine.labels, mine.answers, "stop", form)
        assert (found.answer, found.confidence) == ("fear", pytest.approx(confidence))
