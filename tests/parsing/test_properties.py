"""Every protocol reads every text: no exception, a status always, a label of the list, a probability."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readers import read_label

from vecbench.parsing.prediction import ANSWER_STATUSES, CONFIDENCE_STATUSES
from vecbench.scoring import PROTOCOLS
from vecbench.scoring.disagreements import OTHER_CONFIDENCE, OTHER_LABEL, reasons

MIKELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
ALIASES = {"sad": "sadness", "afraid": "fear", "": "awe"}

TAGS = ["think", "answer", "confidence", "Answer", "CONFIDENCE", "thinking", "answer "]
TAG_PIECES = st.sampled_from(
    [form.format(tag) for tag in TAGS for form in ("<{}>", "</{}>", "<{}", "{}>", "</ {}>", "< {}>")]
)
NUMBERS = st.one_of(
    st.floats().map(str),
    st.integers(-200, 2000).map(str),
    st.floats(0, 1).map(lambda value: f"{value:.2f}"),
    st.floats(0, 100).map(lambda value: f"{value:.0f}%"),
    st.sampled_from(
        [
            "0,9",
            "9/10",
            "{0.8}",
            "1e-1",
            "1_0",
            "٠.٥",
            "０.９",
            ".9",
            "0.9.",
            "-0",
            "+.5",
            "1e400",
            "high",
            "",
        ]
    ),
)
FORMS = [
    "Answer: ",
    "Confidence: ",
    "\\boxed{",
    "}",
    '{"answer": "',
    '", "confidence": ',
    "\n",
    "\u2028",
    "**",
]
ODD = ["İ", "ﬀ", "ｆｅａｒ", "fe\u200bar", "\ud800", "\x00"]
WORDS = st.sampled_from([*MIKELS, "awesome", "fearless", "sad", "not ", "or ", ", ", *FORMS, *ODD])
PIECES = st.one_of(TAG_PIECES, NUMBERS, WORDS, st.text(max_size=6))


def element(name, content):
    return st.tuples(st.just(f"<{name}>"), content, st.just(f"</{name}>")).map("".join)


CONTENTS = st.lists(PIECES, max_size=4).map("".join)
WELL_FORMED = st.lists(
    st.one_of(
        element("think", CONTENTS),
        element("answer", CONTENTS),
        element("confidence", NUMBERS),
        element("confidence", CONTENTS),
        CONTENTS,
    ),
    max_size=5,
).map("".join)
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)
RESPONSES = st.one_of(st.none(), ANYTHING, st.lists(PIECES, max_size=20).map("".join), WELL_FORMED)
LABELS = st.one_of(
    st.sampled_from(MIKELS), st.sampled_from(["Fear", "", " ", "unknown", "<answer>", "."]), ANYTHING
)
CANDIDATES = st.one_of(st.just(MIKELS), st.lists(LABELS, min_size=1, max_size=6).map(tuple))
REASONS = st.sampled_from([None, "stop", "length"])


def check(reading, candidates):
    assert reading.answer_status in ANSWER_STATUSES
    assert reading.confidence_status in CONFIDENCE_STATUSES
    assert (reading.answer is not None) == (reading.answer_status in {"ok", "alias", "sentence"})
    assert reading.answer is None or reading.answer in candidates
    assert (reading.confidence is not None) == (reading.confidence_status in {"ok", "percent", "fraction"})
    assert reading.confidence is None or 0 <= reading.confidence <= 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(RESPONSES, CANDIDATES, REASONS)
def test_any_response_has_a_reading(protocol, response, candidates, finish_reason):
    check(read_label(response, candidates, ALIASES, finish_reason, protocol), candidates)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(RESPONSES)
def test_without_candidates_there_is_no_label(protocol, response):
    check(read_label(response, (), {}, None, protocol), ())


OF_NO_LABELS = ("mvei", "eemo-logic")


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if name not in OF_NO_LABELS])
@given(st.sampled_from(MIKELS), st.integers(0, 100), st.sampled_from(["", "<think>why</think>", "So: "]))
def test_a_response_in_the_format_asked_for_is_read_alike_by_all(protocol, label, percent, before):
    response = f"{before}<answer>{label}</answer><confidence>{percent / 100}</confidence>"
    reading = read_label(response, MIKELS, {}, "stop", protocol)
    assert reading.answer == label
    if protocol != "emobserver":
        assert reading.confidence == percent / 100


@given(RESPONSES, CANDIDATES, REASONS)
def test_readings_that_differ_have_a_reason_and_others_have_none(response, candidates, finish_reason):
    strict = read_label(response, candidates, ALIASES, finish_reason, "strict")
    published = read_label(response, candidates, ALIASES, finish_reason, "emocaliber")
    found = reasons(response, candidates, ALIASES, strict, published)
    same = (strict.answer, strict.confidence) == (published.answer, published.confidence)
    if not same:
        assert found
    elif published.confidence_status in {"ok", "missing"} and response is not None:
        assert not found


PHRASES = st.lists(
    st.sampled_from([*MIKELS, "Awesome", "fearless", "sad", "not", "or", "The emotion is", "**", "\n", "."]),
    max_size=4,
).map(" ".join)
ORDINARY = st.lists(
    st.one_of(
        element("think", PHRASES),
        element("answer", PHRASES),
        element("confidence", NUMBERS),
        PHRASES.map("Answer: {}\n".format),
        PHRASES,
        st.just("<answer>"),
    ),
    max_size=5,
).map("".join)


@settings(max_examples=300)
@given(ORDINARY, REASONS)
def test_for_what_models_write_the_reason_is_known(response, finish_reason):
    strict = read_label(response, MIKELS, {}, finish_reason, "strict")
    published = read_label(response, MIKELS, {}, finish_reason, "emocaliber")
    kinds = {reason.kind for reason in reasons(response, MIKELS, {}, strict, published)}
    assert not kinds & {OTHER_LABEL, OTHER_CONFIDENCE}
