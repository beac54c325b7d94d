import pytest
from readers import read_label

from vecbench.scoring.disagreements import (
    ALIAS,
    CLIPPED,
    CONFIDENCE_FORM,
    CONFIDENCE_FROM_REASONING,
    CUT_OFF,
    FIRST_ANSWER,
    FIRST_CONFIDENCE,
    FROM_REASONING,
    FROM_RUNNING_TEXT,
    INSIDE_WORD,
    LIST_ORDER,
    NAN,
    NEGATED,
    NO_NUMBER,
    NO_RESPONSE,
    PYTHON_NUMBER,
    TYPOGRAPHY,
    reasons,
)

MIKELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")


def why(response, candidates=MIKELS, aliases=None, finish_reason=None):
    strict, published = (
        read_label(response, candidates, aliases or {}, finish_reason, name)
        for name in ("strict", "emocaliber")
    )
    return [
        (reason.kind, reason.detail)
        for reason in reasons(response, candidates, aliases or {}, strict, published)
    ]


@pytest.mark.parametrize(
    ("response", "kind", "detail"),
    [
        ("<answer>awesome party: excitement</answer>", INSIDE_WORD, "'awe' in 'awesome'"),
        ("<answer>Fearless joy</answer>", INSIDE_WORD, "'fear' in 'fearless'"),
        ("<answer>a fear-free place</answer>", INSIDE_WORD, "'fear' in 'fear-free'"),
        ("<think>not anger</think><answer>\nfear\n</answer>", FROM_REASONING, "'anger'"),
        ("<think>fear? no</think><answer></answer>", FROM_REASONING, "'fear'"),
        ("<think>say <answer>fear</answer></think>I do not know", FROM_REASONING, "'fear'"),
        ("Does it evoke fear in me? I think.", FROM_RUNNING_TEXT, "'fear'"),
        ("<answer>fear, disgust and anger", CUT_OFF, "'anger'"),
        ("<answer>fear or anger</answer>", LIST_ORDER, "'fear or anger'"),
        ("<answer>not anger, but sadness</answer>", LIST_ORDER, "'not anger, but sadness'"),
        ("<answer>no fear</answer>", NEGATED, "'no fear'"),
        ("<answer>anger</answer> No: <answer>fear</answer>", FIRST_ANSWER, "'anger'"),
        ("<answer>{label}</answer> as asked: <answer>fear</answer>", FIRST_ANSWER, "'{label}'"),
        ("<answer>ｆｅａｒ</answer>", TYPOGRAPHY, "'ｆｅａｒ'"),
    ],
)  # fmt: skip
def test_why_the_labels_differ(response, kind, detail):
    assert why(response) == [(kind, detail)]


def test_a_label_of_several_words_is_not_read_as_one_of_them():
    assert why("<answer>very happy</answer>", ("happy", "very happy")) == [
        (INSIDE_WORD, "'happy' in 'very happy'")
    ]


def test_an_alias_is_known_to_strict_only():
    assert why("<answer>sad</answer>", aliases={"sad": "sadness"}) == [(ALIAS, "'sad'")]


@pytest.mark.parametrize(
    ("stated", "kind", "detail"),
    [
        ("<confidence>90%</confidence>", NO_NUMBER, "'90%'"),
        ("<confidence></confidence>", NO_NUMBER, "''"),
        ("<confidence>95</confidence>", CLIPPED, "'95'"),
        ("<confidence>nan</confidence>", NAN, ""),
        ("<confidence>1_0</confidence>", PYTHON_NUMBER, "'1_0'"),
        ("<confidence>\n0.9\n</confidence>", CONFIDENCE_FORM, "'0.9'"),
        ("<Confidence>0.9</Confidence>", CONFIDENCE_FORM, "'0.9'"),
        ("<confidence>0.5</confidence><confidence>0.9</confidence>", FIRST_CONFIDENCE, "'0.5' before '0.9'"),
    ],
)
def test_why_the_confidences_differ(stated, kind, detail):
    assert why(f"<answer>fear</answer>{stated}") == [(kind, detail)]


def test_a_confidence_in_the_reasoning_is_none_to_strict():
    response = "<think><confidence>0.2</confidence></think><answer>fear</answer><confidence>0.9</confidence>"
    assert why(response) == [(CONFIDENCE_FROM_REASONING, "'0.2'")]


def test_label_and_confidence_have_a_reason_each():
    response = "<answer>fear or anger</answer><confidence>90%</confidence>"
    assert [kind for kind, _ in why(response)] == [LIST_ORDER, NO_NUMBER]


def test_no_response_is_reason_enough():
    assert why(None) == [(NO_RESPONSE, "")]
