"""Variables of chat templates, and system turns in them."""

import warnings

import pytest

from vecbench.engines.chat import SystemTurns, conversation, used_variables
from vecbench.errors import RunError

TEMPLATE = (
    "{% for message in messages %}{% generation %}{{ message.content }}{% endgeneration %}"
    "{% if loop.index > 9 %}{% break %}{% endif %}{% endfor %}"
    "{% if enable_thinking is defined and enable_thinking is false %}<think></think>{% endif %}"
)


def test_variables_that_a_template_uses_are_given_to_it():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert used_variables("m", TEMPLATE, {"enable_thinking": False}) == {"enable_thinking": False}
        assert used_variables("m", {"default": TEMPLATE}, {"enable_thinking": 1}) == {"enable_thinking": 1}
        assert used_variables("m", TEMPLATE, {}) == {}


def test_a_variable_that_a_template_does_not_use_is_warned_of_once_and_left_out():
    with pytest.warns(UserWarning, match="the chat template of m does not use thinking, depth$") as caught:
        assert used_variables("m", TEMPLATE, {"thinking": 1, "enable_thinking": 0, "depth": 2}) == {
            "enable_thinking": 0
        }
    assert len(caught) == 1
    with pytest.warns(UserWarning, match="does not use message"):  # its own, and nobody else's
        used_variables("m", TEMPLATE, {"message": 1})


@pytest.mark.parametrize("template", [None, 5, {"tool_use": TEMPLATE}, "{% unknown_tag %}"])
def test_where_nobody_knows_what_a_template_uses_it_gets_everything(template):
    assert used_variables("m", template, {"a": 1}) == {"a": 1}


def parts_alone(content):
    return "".join(part["text"] for part in content)


def text_alone(content):
    if not isinstance(content, str):
        raise ValueError("a text, please")
    return f"<s>{content.strip()}</s>"


@pytest.mark.parametrize(
    ("render", "expected"),
    [
        (parts_alone, [{"type": "text", "text": " Be kind.\n"}]),
        (text_alone, " Be kind.\n"),
        (str, " Be kind.\n"),  # a template that prints parts as Python spells them
    ],
)
def test_a_system_turn_has_the_content_that_its_template_takes(render, expected):
    turns = SystemTurns("m", render)
    assert turns.content(" Be kind.\n") == expected
    assert turns.content(None) is None


def test_a_template_without_system_turns_is_refused_with_its_words():
    def refusing(_content):
        raise ValueError("System role not supported")

    with pytest.raises(RunError, match="of m takes no system prompt: System role not supported") as caught:
        SystemTurns("m", refusing).content("Be kind.")
    assert "chat_template=PATH" in caught.value.remedy
    with pytest.raises(RunError, match="takes no system prompt: it leaves the text out"):
        SystemTurns("m", lambda _: "<s></s>").content("Be kind.")


def test_the_system_turn_comes_first():
    assert [turn["role"] for turn in conversation("Which?", [], "Be kind.")] == ["system", "user"]
    assert [turn["role"] for turn in conversation("Which?", [])] == ["user"]
