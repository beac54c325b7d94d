"""Every row of the table of traps, and what else a response may look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers import read_label as read

from vecbench.parsing.prediction import ANSWER_STATUSES, CONFIDENCE_STATUSES

MIKELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")


def label(response, candidates=MIKELS, aliases=None, finish_reason=None):
    reading = read(response, candidates, aliases or {}, finish_reason)
    return reading.answer, reading.answer_status


def answer(text, **options):
    return label(f"<think>…</think><answer>{text}</answer>", **options)


@pytest.mark.parametrize(
    ("response", "candidates", "expected"),
    [
        ("<think>not anger</think><answer>\nfear\n</answer>", MIKELS, ("fear", "ok")),
        ("<answer>Fear (of danger)</answer>", ("anger", "fear"), ("fear", "ok")),
        ("<answer>awesome party: excitement</answer>", MIKELS, ("excitement", "ok")),
        ("<answer>this illustration evokes sadness</answer>", ("lust", "sadness"), ("sadness", "ok")),
        ("<answer>unhappy</answer>", ("happy", "unhappy"), ("unhappy", "ok")),
        ("<answer>Fearless joy</answer>", ("fear", "joy"), ("joy", "ok")),
        ("<answer>Fearless</answer>", ("fear", "joy"), (None, "not_a_candidate")),
        ("<answer>not anger, but sadness</answer>", MIKELS, (None, "ambiguous")),
        (f"<answer>{', '.join(MIKELS)}</answer>", MIKELS, (None, "ambiguous")),
        ("<think>fear? no</think><answer></answer>", MIKELS, (None, "no_answer")),
        (
            "As asked: <think>{reasoning}</think><answer>{your final answer}</answer>\n"
            "<think>dark</think><answer>fear</answer>",
            MIKELS,
            ("fear", "ok"),
        ),
        ("<think>anger or fear</think><answer>I believe that fear", MIKELS, (None, "truncated")),
        (None, MIKELS, (None, "error")),
    ],
)
def test_the_label_is_what_the_answer_says(response, candidates, expected):
    assert label(response, candidates) == expected


@pytest.mark.parametrize(
    ("stated", "value", "status"),
    [
        ("90%", 0.9, "percent"),
        ("high", None, "not_a_number"),
        ("0,9", 0.9, "ok"),
        ("9/10", 0.9, "fraction"),
        ("**0.9**", 0.9, "ok"),
        ("0.9.", 0.9, "ok"),
        ("\n0.9\n", 0.9, "ok"),
        ("{0.9}", 0.9, "ok"),
        ('"0.9"', 0.9, "ok"),
        ("1", 1.0, "ok"),
        ("0", 0.0, "ok"),
        ("-0.0", 0.0, "ok"),
        (".5", 0.5, "ok"),
        ("9e-1", 0.9, "ok"),
        ("100 %", 1.0, "percent"),
        ("\uff19\uff10\uff05", 0.9, "percent"),
        ("101%", None, "out_of_range"),
        ("90", None, "out_of_range"),
        ("1.01", None, "out_of_range"),
        ("-0.2", None, "out_of_range"),
        ("nan", None, "out_of_range"),
        ("inf", None, "out_of_range"),
        ("1e999", None, "out_of_range"),
        ("10/9", None, "out_of_range"),
        ("1/0", None, "out_of_range"),
        ("1,000", None, "out_of_range"),
        ("0.9,", 0.9, "ok"),
        ("0.9\u3002", 0.9, "ok"),
        ("\u200e0.9\u200b", 0.9, "ok"),
        ("<0.9>", 0.9, "ok"),
        ("90\\%", 0.9, "percent"),
        ("90 per cent", 0.9, "percent"),
        ("9 out of 10", 0.9, "fraction"),
        ("about 0.9", None, "not_a_number"),
        ("~0.9", None, "not_a_number"),
        ("<0.9", None, "not_a_number"),
        ("> 0.9", None, "not_a_number"),
        ("[0,1]", None, "not_a_number"),
        ("(0,9)", None, "not_a_number"),
        ("high (0.9)", None, "not_a_number"),
        ("", None, "missing"),
    ],
)
def test_the_confidence_is_read_and_never_guessed(stated, value, status):
    reading = read(f"<answer>fear</answer><confidence>{stated}</confidence>", MIKELS, {})
    assert (reading.confidence, reading.confidence_status) == (value, status)
    assert reading.answer == "fear"


def test_tags_may_have_any_case_and_span_lines():
    reading = read("<ANSWER>\nFear\n</Answer>\n<Confidence>0.9\n</confidence>", MIKELS, {})
    assert (reading.answer, reading.confidence) == ("fear", 0.9)


def test_no_confidence_is_missing():
    assert read("<answer>fear</answer>", MIKELS, {}).confidence_status == "missing"


@pytest.mark.parametrize(
    "text",
    [
        "**Fear**",
        "`fear`",
        '"FEAR".',
        "{fear}",
        "_fear_",
        "\u201cfear\u201d",
        "ｆｅａｒ",
        " fear!\n",
        "fe\u200bar",
    ],
)
def test_typography_and_markup_make_no_difference(text):
    assert answer(text) == ("fear", "ok")


@pytest.mark.parametrize(
    "text",
    [
        "not fear",
        "isn't fear",
        "isnt fear",
        "fear? no",
        "no fear",
        "anything rather than fear",
        "anything but fear",
        "all but fear",
        "anything except fear",
        "other than fear",
        "nothing like fear",
        "unlikely to be fear",
        "fear is the least likely",
        "I doubt it is fear",
        "devoid of fear",
        "free of fear",
        "free from fear",
        "lacking fear",
        "rule out fear",
        "it rules out fear",
        "fear is ruled out",
        "rules fear out",
        "excluding fear",
    ],
)
def test_a_negated_candidate_is_ambiguous(text):
    assert answer(text) == (None, "ambiguous")


@pytest.mark.parametrize(
    "text",
    [
        "without doubt fear",
        "beyond any doubt fear",
        "without a shadow of a doubt fear",
        "undoubtedly fear",
        "nothing but fear",
        "none other than fear",
        "nothing other than fear",
        "nothing short of fear",
    ],
)
def test_an_emphasis_is_no_negation(text):
    assert answer(text) == ("fear", "ok")
    assert answer(f"{text}, but not of snakes") == (None, "ambiguous")


def test_a_hyphen_joins_words():
    assert answer("fear-free") == (None, "not_a_candidate")


def test_the_longest_candidate_is_meant():
    assert answer("it looks very happy", candidates=("happy", "very happy")) == ("very happy", "ok")


def test_the_candidate_is_returned_as_the_list_spells_it():
    assert answer("cheerfullness", candidates=("Cheerfullness", "zest")) == ("Cheerfullness", "ok")


def test_an_alias_counts_only_if_the_task_lists_it():
    assert answer("sad") == (None, "not_a_candidate")
    assert answer("sad", aliases={"sad": "sadness"}) == ("sadness", "alias")
    assert answer("a sad scene", aliases={"sad": "sadness"}) == ("sadness", "alias")
    assert answer("sad fear", aliases={"sad": "sadness"}) == (None, "ambiguous")
    assert answer("sad, i.e. sadness", aliases={"sad": "sadness"}) == ("sadness", "ok")


def test_content_is_an_alias_only_as_the_whole_answer():
    aliases = {"content": "contentment", "sad": "sadness"}
    assert answer("Content.", aliases=aliases) == ("contentment", "alias")
    assert answer("The image content shows fear", aliases=aliases) == ("fear", "ok")
    assert answer("The content is sad", aliases=aliases) == ("sadness", "alias")
    assert answer("The content is unclear", aliases=aliases) == (None, "not_a_candidate")
    assert answer("it looks content", candidates=("content", "fear")) == ("content", "ok")


def test_an_alias_of_a_label_that_is_no_candidate_here_is_none():
    assert answer("sad", candidates=("anger", "fear"), aliases={"sad": "sadness"}) == (
        None,
        "not_a_candidate",
    )


@pytest.mark.parametrize(
    "response",
    [
        '{"answer": "fear", "confidence": 0.9}',
        'Sure!\n```json\n{"Answer": "fear", "Confidence": "90%"}\n```',
        "It is \\boxed{\\text{fear}}\nConfidence: 0.9",
        "**Answer:** fear\n**Confidence:** 90%",
        "Final answer: fear\nConfidence: 9/10.",
        "Fear.\n<confidence>0.9</confidence>".replace("Fear.\n", "Answer: Fear\n"),
    ],
)
def test_other_explicit_forms_are_read_where_there_are_no_tags(response):
    reading = read(response, MIKELS, {})
    assert (reading.answer, reading.confidence) == ("fear", 0.9)


RUNNER_UP = '{"answer": "fear", "confidence": 0.1}'


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (f'{{"answer": "anger", "confidence": 0.9, "runner_up": {RUNNER_UP}}}', ("anger", 0.9)),
        (f'{{"runner_up": {RUNNER_UP}, "answer": "anger", "confidence": 0.9}}', ("anger", 0.9)),
        (f'{{"answer": "anger", "runner_up": {RUNNER_UP}}}', ("anger", None)),
        (f'{{"runner_up": {RUNNER_UP}}}', (None, None)),
        ('{"answer": "anger", "runner_up": {\n"answer": "fear",\n"confidence": 0.1\n}\n}', ("anger", None)),
        (
            '{\n"answer": "anger",\n"confidence": 0.9,\n"other": {\n"answer": "fear",\n"x": "cu',
            ("anger", 0.9),
        ),
        (f'{{"note": {RUNNER_UP}, "answer": cut', (None, None)),
        ('{"answer": "anger", "confidence": 0.9}\nCompare: {"confidence": 0.2}', ("anger", 0.9)),
        (f'{RUNNER_UP} {{"answer": "anger"}}', ("anger", None)),
        (f"<answer>anger</answer> {RUNNER_UP}", ("anger", None)),
        (f"<answer>Fear</answer> {RUNNER_UP}", ("fear", 0.1)),
        (f"<answer>{RUNNER_UP}</answer>", ("fear", 0.1)),
        ('{"answer": "anger"}\n{"confidence": 0.9}', ("anger", 0.9)),
        ('{"answer": "anger"}\nConfidence: 0.9', ("anger", 0.9)),
        ('{"answer": "anger", "confidence": null}\nConfidence: 0.9', ("anger", None)),
        (f"Of {{labels}}: {{{RUNNER_UP}}}", ("fear", 0.1)),
        ('{"why": "two\nlines", "answer": "anger", "confidence": 0.9,}', ("anger", 0.9)),
        ('{"answer": "anger", "confidence": ' + "9" * 5000 + "}", ("anger", None)),
    ],
)
def test_json_is_read_at_its_outermost_level_and_its_confidence_belongs_to_its_answer(response, expected):
    reading = read(response, MIKELS, {}, "stop")
    assert (reading.answer, reading.confidence) == expected


def test_an_answer_may_stand_below_its_heading():
    reading = read("**Answer:**\n\n**Fear**\n\n**Confidence:**\n0.9\n", MIKELS, {})
    assert (reading.answer, reading.confidence) == ("fear", 0.9)
    assert label("Answer:\nConfidence: 0.9") == (None, "no_answer")
    assert label("Answer:\n\n") == (None, "no_answer")


def test_tags_go_before_other_forms():
    assert label('{"answer": "awe"} <answer>fear</answer> Answer: anger') == ("fear", "ok")


def test_a_response_that_is_nothing_but_a_label_is_one():
    assert label("Fear.") == ("fear", "ok")
    assert label("I would say fear.") == ("fear", "sentence")


def test_the_reasoning_is_never_searched():
    assert label("<think>Answer: fear</think>") == (None, "no_answer")
    assert label("<think>clearly <answer>fear</answer></think>", finish_reason="stop") == (None, "no_answer")
    assert label("looks like <answer>anger</answer>, no</think><answer>fear</answer>") == ("fear", "ok")
    assert label("<think>fear") == (None, "truncated")
    assert label("<think>fear", finish_reason="stop") == (None, "no_answer")
    assert label("<think>perhaps <answer>fear</answer> or, no, rather") == (None, "truncated")


def test_reasoning_that_was_never_closed_may_be_followed_by_an_answer():
    reading = read("<think>dark <answer>fear</answer><confidence>0.9</confidence>", MIKELS, {})
    assert (reading.answer, reading.confidence) == ("fear", 0.9)


def test_a_stray_closing_tag_behind_the_answer_does_no_harm():
    assert label("<think>a</think><answer>fear</answer></think>") == ("fear", "ok")


def test_what_the_token_limit_cut_off_is_truncated():
    assert label("Answer: fea", finish_reason="length") == (None, "truncated")
    assert label("A long story about", finish_reason="length") == (None, "truncated")


def test_a_complete_answer_counts_wherever_the_limit_cut():
    assert label("<answer>fear</answer><confid", finish_reason="length") == ("fear", "ok")
    assert label("<answer>fear</answer> or <answer>an", finish_reason="length") == ("fear", "ok")
    assert label("<answer>spooky</answer>…", finish_reason="length") == (None, "not_a_candidate")


def test_an_answer_begun_twice_is_read_from_its_second_beginning():
    assert label("<answer>a<answer>fear</answer>") == ("fear", "ok")


def test_a_confidence_inside_the_answer_is_not_a_part_of_it():
    reading = read("<answer>fear <confidence>0.9</confidence></answer>", MIKELS, {})
    assert (reading.answer, reading.answer_status, reading.confidence) == ("fear", "ok", 0.9)


TAGS = ["<think>", "</think>", "<answer>", "</answer>", "<confidence>", "</confidence>"]
FORMS = ['{"answer":', "}", "not ", "\\boxed{", "Answer: ", "Confidence: ", "0.9", "90%", "-", "\n", '"']
FRAGMENTS = st.sampled_from([*TAGS, *FORMS, *MIKELS])
TEXTS = st.one_of(st.text(), st.lists(st.one_of(FRAGMENTS, st.text(max_size=5)), max_size=20).map("".join))


@given(
    TEXTS, st.sampled_from([None, "stop", "length"]), st.lists(st.text(min_size=1), min_size=1, max_size=4)
)
def test_any_text_has_a_reading(response, finish_reason, further):
    for candidates in (MIKELS, tuple(further)):
        reading = read(response, candidates, {"sad": "sadness"}, finish_reason)
        assert reading.answer_status in ANSWER_STATUSES
        assert reading.confidence_status in CONFIDENCE_STATUSES
        assert (reading.answer is None) == (reading.answer_status not in {"ok", "alias", "sentence"})
        assert reading.answer is None or reading.answer in candidates
        usable = reading.confidence_status in {"ok", "percent", "fraction"}
        assert (reading.confidence is None) != usable
        assert reading.confidence is None or 0 <= reading.confidence <= 1


@pytest.mark.parametrize(
    "piece",
    [
        "<think>",
        "<answer>",
        "{",
        '{"answer":',
        '{"answer":"confidence",',
        '{"answer":[',
        '{"answer":{}},',
        '{"confidence":\\"',
        '"answer"{\\"',
        "\\boxed{",
        "<",
        "answer",
        "answer:\n",
        "_",
        ", ",
        "not ",
        "no doubt ",
        "pas n' ",
        "~~",
        "{'",
        "{'answer':'",
        "[{",
        "{}",
        "</s> ",
        "&lt;answer&gt;",
        "<answer a=",
        "< ",
        "confidence ",
        "(confidence",
        "( ",
        "answer\n",
        " \n",
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "<answer>{}</answer>",
        "Answer: {}",
        "fear, confidence: {}",
        "<answer>fear</answer><confidence>0.9 {} 0.9</confidence>",
    ],
)
def test_hostile_lengths_are_read_all_the_same(form, piece):
    # Anything that is not linear takes minutes for one of these.
    assert read(form.format(piece * 50_000), MIKELS, {}).answer in {None, "fear"}


def test_a_candidate_of_nothing_but_punctuation_is_in_no_answer():
    assert answer("hello", candidates=(".", "fear")) == (None, "not_a_candidate")
    assert answer("hello", candidates=(".",)) == (None, "not_a_candidate")
    assert label("...", candidates=(".",)) == (None, "no_answer")
