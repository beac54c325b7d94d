"""A confidence in two parts is the harmonic mean of both, and none without both."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from vecbench.answers import Label
from vecbench.parsing import strict
from vecbench.parsing.form import ANY_FORM, Form
from vecbench.parsing.nested import harmonic_mean

PAGE = (Path(__file__).parents[2] / "docs" / "parsing.md").read_text()
ROW = re.compile(r"\| `(.*)` \| ([\d.]+|none) ?(?:\(`(\w+)`\) )?\| ([\d.]+), ([\d.]+|none) \|")

LABELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "joy")
KIND = Label(LABELS, {})
UNIT = {"vision": 0.8, "reasoning": 0.4}
MEAN = pytest.approx(1.6 / 3)


def reading(text, scale=None, form=ANY_FORM, finish_reason="stop"):
    return strict.read(text, LABELS, KIND, finish_reason, replace(form, scale=scale))


def vision(stated):
    return f"<vision_confidence>{stated}</vision_confidence>"


def reasoning(stated):
    return f"<reasoning_confidence>{stated}</reasoning_confidence>"


BOTH = vision(0.8) + reasoning(0.4)


@pytest.mark.parametrize(
    "stated",
    [
        f"<confidence>{BOTH}</confidence>",
        f"<confidence>\nI see: {vision(' 0.8 ')}\nit follows: {reasoning('**0,4**')}\n</confidence>",
        f"<confidence>{BOTH}",
        BOTH,
        reasoning(0.4) + vision(0.8),
        f"{vision(0.8)}<confidence>{reasoning(0.4)}</confidence>",
        f"<confidence></confidence>{BOTH}",
        BOTH.upper(),
        "Vision confidence: 0.8\nReasoning confidence: 0.4",
        "**Vision confidence:** 0.8\n- reasoning confidence = 0.4",
    ],
)
def test_both_parts_make_the_confidence_wherever_they_stand(stated):
    found = reading(f"<answer>fear</answer>{stated}" if "<" in stated else f"Answer: fear\n{stated}")
    assert (found.answer, found.confidence, found.confidence_status) == ("fear", MEAN, "ok")
    assert dict(found.parts) == UNIT


@pytest.mark.parametrize(
    "text",
    [
        '{"answer": "fear", "vision_confidence": 0.8, "reasoning_confidence": 0.4}',
        '{"answer": "fear", "confidence": {"vision_confidence": 0.8, "reasoning_confidence": "0.4"}}',
        '<answer>fear</answer>{"reasoning confidence": 0.4, "Vision_Confidence": 0.8}',
        # the runner-up's are not the answer's
        '{"answer": "joy", "vision_confidence": 1, "reasoning_confidence": 1} no: '
        '{"answer": "fear", "vision_confidence": 0.8, "reasoning_confidence": 0.4}',
    ],
)
def test_keys_of_the_same_names_are_parts(text):
    found = reading(text)
    assert (found.answer, found.confidence, dict(found.parts)) == ("fear", MEAN, UNIT)


def test_an_answer_in_no_field_is_read_beside_its_parts():
    for text in (f"fear {BOTH}", "fear\nVision confidence: 0.8\nReasoning confidence: 0.4"):
        assert (reading(text).answer, reading(text).confidence) == ("fear", MEAN), text
    assert reading(f"<answer>fear {BOTH}</answer>").answer == "fear"


@pytest.mark.parametrize(
    ("first", "second", "mean"),
    [("0", "0.9", 0.0), ("0.9", "0", 0.0), ("0", "0", 0.0), ("1", "1", 1.0), ("0.1", "0.1", 0.1)],
)
def test_of_a_part_without_any_nothing_is_left(first, second, mean):
    assert reading(vision(first) + reasoning(second)).confidence == mean


@pytest.mark.parametrize("first", [0.0, 1e-320, 0.1, 0.3, 0.9999999999999999, 1.0])
@pytest.mark.parametrize("second", [0.0, 1e-320, 0.2, 0.3, 1.0])
def test_the_mean_lies_between_its_parts(first, second):
    assert 0 <= harmonic_mean(first, second) <= max(first, second)
    assert harmonic_mean(first, second) == harmonic_mean(second, first)


@pytest.mark.parametrize(
    ("stated", "status", "parts"),
    [
        (vision(0.8), "missing", {"vision": 0.8}),
        (reasoning(0.4), "missing", {"reasoning": 0.4}),
        (f"<confidence>{vision(0.8)}</confidence>", "missing", {"vision": 0.8}),
        (vision(0.8) + reasoning(""), "missing", {"vision": 0.8}),
        (vision(0.8) + reasoning("high"), "not_a_number", {"vision": 0.8}),
        (vision(8) + reasoning(0.4), "out_of_range", {"reasoning": 0.4}),
        (vision(0.8) + reasoning("-0.4"), "out_of_range", {"vision": 0.8}),
        (f"{vision(0.8)}<reasoning_confidence>0.4", "missing", {"vision": 0.8}),
        (
            f"<confidence><vision_confidence>0.8{reasoning(0.4)}</confidence>",
            "not_a_number",
            {"reasoning": 0.4},
        ),
        (f"<vision_confidence>0.8{reasoning(0.4)}</vision_confidence>", "not_a_number", {"reasoning": 0.4}),
        ("Vision confidence: 0.8", "missing", {"vision": 0.8}),
    ],
)
def test_without_both_there_is_no_confidence(stated, status, parts):
    found = reading(f"<answer>fear</answer>\n{stated}")
    assert (found.confidence, found.confidence_status, dict(found.parts)) == (None, status, parts)


def test_one_number_that_is_stated_counts_and_the_parts_are_parts():
    for text in (
        f"<answer>fear</answer><confidence>0.7</confidence>{BOTH}",
        f"<answer>fear</answer>{BOTH}<confidence>0.7</confidence>",
        '{"answer": "fear", "confidence": 0.7, "vision_confidence": 0.8, "reasoning_confidence": 0.4}',
        "Answer: fear\nConfidence: 0.7\nVision confidence: 0.8\nReasoning confidence: 0.4",
    ):
        assert (reading(text).confidence, dict(reading(text).parts)) == (0.7, UNIT), text


def test_a_number_among_the_parts_is_one_too_many():
    for stated in (f"0.7 {BOTH}", f"{vision(0.8)} or ٧ {reasoning(0.4)}"):
        found = reading(f"<answer>fear</answer><confidence>{stated}</confidence>")
        assert (found.confidence, found.confidence_status) == (None, "not_a_number")


def test_a_part_that_comes_again_begins_another_statement():
    first = vision(0.1) + reasoning(0.2)
    for text in (f"{first} No: {BOTH}", f"<confidence>{first}</confidence><confidence>{BOTH}</confidence>"):
        assert reading(text).confidence == MEAN
    found = reading(f"{BOTH} No: {vision(0.1)}")
    assert (found.confidence, dict(found.parts)) == (None, {"vision": 0.1})
    assert reading(vision(0.1) + BOTH).confidence == MEAN


def test_no_part_stands_for_the_whole():
    for text in (
        "The answer is fear. My vision confidence is 0.8.",
        "Answer: fear, vision confidence: 0.8",
        "fear (vision confidence: 0.8)",
    ):
        assert reading(text).confidence is None, text


@pytest.mark.parametrize(
    ("scale", "stated", "confidence"),
    [
        ("ten", ("8", "9"), 2 * 0.8 * 0.9 / (0.8 + 0.9)),
        ("percent", ("80", "80"), 0.8),
        ("unit", ("0.5", "0.5"), 0.5),
        ("unit", ("8", "9"), None),
        ("ten", ("8", "12"), None),
        ("ten", ("80%", "8/10"), 0.8),
    ],
)
def test_each_part_is_on_the_scale_that_is_declared(scale, stated, confidence):
    found = reading(f"<answer>fear</answer>{vision(stated[0])}{reasoning(stated[1])}", scale)
    assert found.confidence == (None if confidence is None else pytest.approx(confidence))


def test_parts_in_the_reasoning_are_none():
    assert reading(f"<think>{BOTH}</think><answer>fear</answer>").parts == ()
    opened = f"<think>a dark corridor <answer>fear</answer><confidence>{BOTH}</confidence>"
    assert (reading(opened).answer, reading(opened).confidence) == ("fear", MEAN)


def test_a_part_that_was_cut_off_is_none():
    text = "Answer: fear\nVision confidence: 0.8\nReasoning confidence: 0.4"
    assert dict(reading(text, finish_reason="length").parts) == {"vision": 0.8}
    assert reading(text, finish_reason="length").confidence is None


def test_the_form_of_the_published_models_is_read():
    text = (
        "<think><vision>a dark corridor</vision><reasoning>it threatens</reasoning></think>"
        r"\boxed{fear}<analysis>sure of what I see</analysis><confidence><vision_confidence>9"
        "</vision_confidence><reasoning_confidence>6</reasoning_confidence></confidence>"
    )
    found = reading(text, "ten")
    assert (found.answer, found.confidence) == ("fear", pytest.approx(0.72))


def test_both_parts_are_marked():
    for text in (
        f"<answer>fear</answer><confidence>{BOTH}</confidence>",
        '{"answer": "fear", "confidence": {"vision_confidence": 0.8, "reasoning_confidence": 0.4}}',
    ):
        places = reading(text, form=Form(places=True)).places
        assert [(text[begin:end], what) for begin, end, what in places] == [
            ("fear", "answer"),
            ("0.8", "confidence"),
            ("0.4", "confidence"),
        ]


@pytest.mark.parametrize(
    "piece",
    [
        "<vision_confidence>",
        "</vision_confidence>",
        vision(0.8),
        BOTH,
        "<confidence><vision_confidence>",
        '{"vision_confidence": ',
        '{"confidence": {"vision_confidence": 0.8}}',
        "vision confidence: ",
        "vision confidence\n",
        "<think><answer>fear</answer>" + BOTH,
    ],
)
@pytest.mark.parametrize("form", ["{}", "<answer>fear</answer><confidence>{}</confidence>"])
def test_parts_without_end_are_read_all_the_same(form, piece):
    # Anything that is not linear takes minutes for one of these.
    found = reading(form.format(piece * (300_000 // len(piece))))
    assert found.confidence is None or found.confidence == MEAN


def test_the_table_of_the_docs_is_what_is_read():
    rows = ROW.findall(PAGE.partition("### A confidence in two parts")[2].partition("\n## ")[0])
    assert len(rows) == 6
    for response, confidence, status, *parts in rows:
        found = reading(f"<answer>fear</answer>{response}")
        assert found.confidence_status == (status or "ok"), response
        assert found.confidence == (None if confidence == "none" else pytest.approx(float(confidence)))
        stated = {name: float(part) for name, part in zip(UNIT, parts, strict=True) if part != "none"}
        assert dict(found.parts) == stated, response
