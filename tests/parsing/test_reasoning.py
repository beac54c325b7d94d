"""No text between delimiters of reasoning ever becomes an answer or a confidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecbench.answers import Label
from vecbench.parsing.reasoning import DELIMITERS
from vecbench.parsing.strict import read
from vecbench.parsing.visible import without_reasoning

CANDIDATES = ["awe", "fear", "joy"]
FAMILIES = [pytest.param(pair, id=pair[0]) for pair in DELIMITERS]
FORMS = [
    "Answer: awe\nConfidence: 0.9",
    r"Could it be \boxed{awe}? Let me check",
    "<answer>awe</answer><confidence>0.9</confidence> but then",
    '{"answer": "awe", "confidence": 0.9} is one way',
    "awe",
    "awe (confidence: 0.9)",
    "I would say: awe. My confidence is 0.9.",
    "This image most likely evokes awe.",
]


def reading(text, finish_reason="stop"):
    return read(text, CANDIDATES, Label(CANDIDATES), finish_reason)


@pytest.mark.parametrize("pair", FAMILIES)
@pytest.mark.parametrize("thought", FORMS)
def test_what_stands_behind_the_reasoning_counts(pair, thought):
    opening, closing = pair
    for text in (
        f"{opening}{thought}{closing}fear",
        f"{opening}\n{thought}\n{closing}\n\nfear",
        f"{thought}{closing}\nfear",  # the prompt opened it
        f"{opening}{thought}{closing}<answer>fear</answer>",
    ):
        found = reading(text)
        assert (found.answer, found.answer_status) == ("fear", "ok"), text
        assert found.confidence is None


@pytest.mark.parametrize("pair", FAMILIES)
@pytest.mark.parametrize("thought", [form for form in FORMS if not form.endswith("</confidence>")])
def test_reasoning_that_is_cut_off_holds_no_answer(pair, thought):
    found = reading(f"{pair[0]}{thought} and", "length")
    assert (found.answer, found.answer_status, found.confidence) == (None, "truncated", None)
    assert reading(f"{pair[0]}{thought} and").answer is None


@pytest.mark.parametrize(
    "text",
    [
        "<Thinking mode='on'>awe</THINKING>fear",
        "< reasoning >awe</ reasoning >fear",
        "&lt;reasoning&gt;awe&lt;/reasoning&gt;fear",
        "<|begin_of_thought|>awe\n<|end_of_thought|>\n<|begin_of_solution|>\nfear\n<|end_of_solution|>",
        "<|channel|>analysis<|message|>awe?<|end|><|start|>assistant<|channel|>final<|message|>fear<|return|>",
        "analysisThe image shows awe. Answer: aweassistantfinalfear",
        "<|channel|>final<|message|>fear",
        "<|START_THINKING|>awe<|END_THINKING|><|START_RESPONSE|>fear<|END_RESPONSE|>",
        "<reasoning>awe <think>awe</think> Answer: awe</reasoning>fear",
    ],
)
def test_spellings_of_servers_and_models(text):
    assert reading(text).answer == "fear"


def test_what_only_looks_like_a_delimiter_is_text():
    assert reading("Answer: fear\nReasoning: <think about it> awe").answer == "fear"
    assert reading("analysis of the image: fear").answer_status == "sentence"
    assert without_reasoning("a < b and c > d").text == "a < b and c > d"


def test_a_task_names_delimiters_of_its_own():
    text = "[[[awe]]]fear"
    assert without_reasoning(text).text == text
    assert without_reasoning(text, [("[[[", "]]]")]).text == "fear"


WORDS = st.lists(
    st.sampled_from(
        [
            "awe",
            "0.9",
            "Answer:",
            "Confidence:",
            "\\boxed{awe}",
            "\n",
            '{"answer": "awe"}',
            "I think",
            "evokes",
            ".",
        ]
    ),
    max_size=12,
).map(" ".join)


@given(
    st.sampled_from(DELIMITERS),
    WORDS,
    st.sampled_from(
        ["fear", "<answer>fear</answer>", "Answer: fear", "It evokes fear.", "A dark scene.", ""]
    ),
)
def test_nothing_between_delimiters_is_ever_read(pair, thought, behind):
    found = reading(f"{pair[0]}{thought}{pair[1]}{behind}")
    assert found.answer == ("fear" if "fear" in behind else None)
    assert found.confidence is None


@given(st.sampled_from(DELIMITERS), WORDS, st.sampled_from(["stop", "length", None]))
def test_nothing_behind_an_open_delimiter_is_ever_read(pair, thought, finish_reason):
    found = reading(f"{pair[0]}{thought}", finish_reason)
    assert found.answer is None
    assert found.confidence is None
