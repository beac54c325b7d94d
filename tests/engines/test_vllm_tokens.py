"""What vLLM is asked for, and what is made of its numbers; vLLM itself is asked in tests/real_vllm."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from fakes import make_request

from vecbench.engines.vllm_tokens import n_logprobs, remember_texts, vllm_tokens


def engine(most=20, mode="raw_logprobs"):
    config = SimpleNamespace(max_logprobs=most, logprobs_mode=mode, get_vocab_size=lambda: 3)
    return SimpleNamespace(model_config=config)


@pytest.mark.parametrize(
    ("wanted", "settings", "asked"),
    [
        (0, {}, None),
        (5, {}, 5),
        (5, {"most": 2}, 2),
        (5, {"most": 0}, None),
        (5, {"most": -1}, 3),
        (5, {"mode": "processed_logprobs"}, None),
        (5, {"mode": "raw_logits"}, None),
    ],
)
def test_so_many_tokens_are_asked_for_as_there_may_be_and_only_the_models_own_numbers(
    wanted, settings, asked
):
    assert n_logprobs(replace(make_request("a", "?"), n_alternatives=wanted), engine(**settings)) == asked


def test_each_token_gets_its_own_log_probability_and_those_of_the_likeliest():
    names = ("joy", "fear", "</s>")
    step = {1: SimpleNamespace(logprob=-2.0), 0: SimpleNamespace(logprob=-0.5)}
    completion = SimpleNamespace(token_ids=[1, 0, 2], logprobs=[step, step, step])
    tokens = vllm_tokens(completion, "fearjoy", 2, lambda ids: "".join(names[each] for each in ids))
    found = tokens.within(0, 7)
    assert [each.log_probability for each in found] == [-2.0, -0.5]
    assert found[0].alternatives == {"fear": -2.0, "joy": -0.5}
    completion.logprobs = None
    assert vllm_tokens(completion, "fearjoy", 2, str) is None


class Tokenizer:
    """Counts what it decodes."""

    def __init__(self):
        self.decoded = []

    def decode(self, ids, skip_special_tokens=False):
        self.decoded.append(list(ids))
        return f"{ids}{skip_special_tokens}"


def test_a_token_is_decoded_once_and_everything_else_as_before():
    own = Tokenizer()
    llm = SimpleNamespace(output_processor=SimpleNamespace(tokenizer=own))
    remember_texts(llm)
    other = llm.output_processor.tokenizer
    assert isinstance(other, Tokenizer)
    assert [other.decode([7]) for _ in range(3)] == ["[7]False"] * 3
    assert own.decoded == [[7]]
    assert other.decode([7], skip_special_tokens=True) == "[7]True"
    assert [other.decode([7, 8]) for _ in range(2)] == ["[7, 8]False"] * 2
    assert own.decoded == [[7], [7], [7, 8], [7, 8]]
    assert type(own) is Tokenizer


@pytest.mark.parametrize(
    "llm", [SimpleNamespace(), SimpleNamespace(output_processor=SimpleNamespace(tokenizer=None))]
)
def test_an_engine_that_has_no_such_tokenizer_is_left_as_it_is(llm):
    before = dict(vars(llm))
    remember_texts(llm)
    assert vars(llm) == before


class Pooled(Tokenizer):
    """As vLLM 0.25's: it is copied by making a pool of what stands behind it, in place."""

    behind = Tokenizer()

    def __reduce__(self):
        return _made_a_pool, (self.behind,)


def _made_a_pool(tokenizer):
    tokenizer.__class__ = Pooled
    return tokenizer


def test_what_stands_behind_the_engines_tokenizer_is_left_alone():
    own = Pooled()
    llm = SimpleNamespace(output_processor=SimpleNamespace(tokenizer=own))
    remember_texts(llm)
    assert type(Pooled.behind) is Tokenizer
    assert isinstance(llm.output_processor.tokenizer, Pooled)
    assert llm.output_processor.tokenizer.decode([7]) == "[7]False"
