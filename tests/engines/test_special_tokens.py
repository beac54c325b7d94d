from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from vecbench.engines.special_tokens import SpecialTokens
from vecbench.parsing.visible import without_reasoning


@dataclass
class AddedToken:
    content: str
    special: bool

    def __str__(self):
        return self.content


def tokenizer(*special, plain=()):
    added = [AddedToken(text, True) for text in special] + [AddedToken(text, False) for text in plain]
    return SimpleNamespace(added_tokens_decoder=dict(enumerate(added)), all_special_tokens=list(special))


def test_without_marks_of_reasoning_the_tokenizer_skips_its_own():
    found = SpecialTokens.of(tokenizer("<s>", "</s>", "<pad>", plain=["<think>", "</think>"]))
    assert found.skipped
    assert found.without("</s> as it is") == "</s> as it is"


@pytest.mark.parametrize(
    ("special", "decoded", "visible"),
    [
        (["<s>", "</s>", "[THINK]", "[/THINK]"], "<s>[THINK]awe[/THINK]fear</s>", "fear"),
        (["<|channel|>", "<|message|>", "<|end|>", "<pad>"], "<|channel|>analysis<|message|>awe<|end|>", ""),
        (["<|begin_of_thought|>", "<|end_of_thought|>", "<|im_end|>"], "fear<|im_end|>", "fear"),
    ],
)
def test_marks_of_reasoning_stay_and_others_go(special, decoded, visible):
    found = SpecialTokens.of(tokenizer(*special))
    assert not found.skipped
    text = found.without(decoded)
    assert not any(token in text for token in ("<s>", "</s>", "<pad>", "<|end|>", "<|im_end|>"))
    assert without_reasoning(text).text == visible


def test_a_tokenizer_of_another_make_has_none():
    assert SpecialTokens.of(object()) == SpecialTokens.of(tokenizer())
