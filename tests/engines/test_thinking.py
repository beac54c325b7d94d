"""A budget for reasoning, on a tokenizer of characters."""

import pytest
import torch
from engine_contract import request

from vecbench.engines.thinking import SLACK, ThinkingBudget, over_budget
from vecbench.engines.transformers import TransformersEngine
from vecbench.shipped import demo_model


class Characters:
    """A tokenizer of one token a character."""

    def encode(self, text, add_special_tokens):
        assert not add_special_tokens
        return [ord(each) for each in text]

    def decode(self, tokens, skip_special_tokens):
        assert not skip_special_tokens
        return "".join(map(chr, tokens))


def written(prompt, budget, says, rest="!" * 40):
    """What a model writes that means to say `says` and goes on with `rest` where it was interrupted."""
    tokens = [ord(each) for each in prompt]
    budgeted = ThinkingBudget(budget, torch.tensor([tokens]), Characters())
    text, meant = "", says
    for _ in range(len(says) + 20):
        scores = budgeted(torch.tensor([tokens + [ord(each) for each in text]]), torch.zeros(1, 0x2600))
        if torch.isinf(scores).any():
            token, meant = chr(int(scores.argmax())), rest
        elif meant:
            token, meant = meant[0], meant[1:]
        else:
            break
        text += token
    return text


@pytest.mark.parametrize(
    ("prompt", "budget", "says", "expected"),
    [
        ("user: a", 3, "<think>abcdef</think>joy", "<think>abc</think>!"),
        ("user: a", 0, "<think>abcdef</think>joy", "<think></think>!"),
        ("user: a", 99, "<think>abcdef</think>joy", "<think>abcdef</think>joy"),
        ("user: a", 3, "no reasoning at all", "no reasoning at all"),
        ("user: a", 3, "◁think▷abcdef◁/think▷joy", "◁think▷abc◁/think▷!"),
        ("user: a<think>\n", 3, "abcdef</think>joy", "abc</think>!"),
        ("user: a<think>\n\n</think>\n\n", 3, "abcdefjoy", "abcdefjoy"),
        ("in <think> tags", 3, "abcdefjoy", "abcdefjoy"),
        # What is cut up of a delimiter that the model writes itself is counted, but for its last token.
        ("user: a", 11, "<think>ab</think>c<think>def</think>joy", "<think>ab</think>c<think>de</think>!"),
    ],
)
def test_reasoning_is_closed_after_so_many_tokens(prompt, budget, says, expected):
    assert written(prompt, budget, says)[: len(expected)] == expected


@pytest.mark.parametrize(
    ("text", "is_over"),
    [
        ("<think>" + "a" * (9 + SLACK) + "</think>joy", False),
        ("<think>" + "a" * (10 + SLACK) + "</think>joy", True),
        ("◁think▷" + "a" * (10 + SLACK), True),
        ("joy" * 99, False),
    ],
)
def test_reasoning_that_was_not_closed_in_time_is_found(text, is_over):
    problem = over_budget(text, 9, len)
    assert (problem is not None) == is_over
    assert not is_over or f"has {10 + SLACK} tokens and was not closed after 9" in problem


@pytest.fixture(scope="module")
def engine():
    made = TransformersEngine(str(demo_model()), {"batch_size": 4})
    yield made
    made.close()


def test_a_model_answers_after_its_budget_whatever_is_in_its_batch(engine):
    colours, budgets = ("red", "blue"), (0, 2, 39)
    asked = [request(f"{each}{n}", each, thinking_budget=n) for each in colours for n in budgets]
    plain = {each.key: each for each in engine.generate([request("red", "red"), request("blue", "blue")])}
    said = {each.key: each for each in engine.generate(asked)}
    for colour in colours:
        assert said[f"{colour}39"].text == plain[colour].text
        assert said[f"{colour}0"].text.startswith("<think></think><answer>")
        assert said[f"{colour}2"].n_output_tokens == said[f"{colour}0"].n_output_tokens + 2
        assert said[f"{colour}2"].text.endswith("</confidence>")
