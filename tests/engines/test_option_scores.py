"""Scored options in the transformers engine: known probabilities, and a forward pass for each option."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from engine_contract import PROMPT, request
from fakes import made_image
from option_oracle import OPTIONS, by_hand, with_options

from vecbench.engines.transformers import TransformersEngine
from vecbench.shipped import demo_model


def scored(engine, asked):
    found = {each.key: each for each in engine.generate(asked)}
    assert {each.error for each in found.values()} == {None}
    return found


@pytest.fixture(scope="module")
def nano():
    made = TransformersEngine(str(demo_model()), {"dtype": "float32", "batch_size": 4})
    yield made
    made.close()


def test_options_have_what_a_forward_pass_for_each_gives_them_in_any_batch(nano):
    engine = nano
    pair = request("pair", "red", max_tokens=4)
    asked = [
        with_options(request("short", "red", "Which?", max_tokens=4)),
        with_options(request("long", "blue", PROMPT, max_tokens=4), prefix=""),
        with_options(request("other", "green", "Which one?", max_tokens=4), ("A", "B")),
        with_options(replace(pair, images=(*pair.images, made_image("blue", (90, 40))))),
        request("none", "green", "Which one is it?", max_tokens=4),
    ]
    together = scored(engine, asked)
    for each in asked:
        found = together[each.key].option_log_probabilities
        assert found == pytest.approx(by_hand(engine, each), abs=1e-4), each.key
        [alone] = scored(engine, [each]).values()
        assert alone.option_log_probabilities == pytest.approx(found, abs=1e-4)
    plain = scored(engine, [replace(each, options=()) for each in asked])
    assert {key: each.text for key, each in plain.items()} == {
        key: each.text for key, each in together.items()
    }


def test_an_option_that_begins_as_another_has_at_least_its_probability(nano):
    joy, joyful, *_ = scored(nano, [with_options(request("a"))])["a"].option_log_probabilities
    assert joyful < joy < 0


@pytest.fixture
def known():
    """A model whose next token depends on the last one alone; and token → logarithms of what may follow."""
    engine = TransformersEngine(str(demo_model()), {"dtype": "float32", "batch_size": 2})
    model, table = engine._model, {}
    tokens = dict.fromkeys(token for option in OPTIONS for token in engine._options._encode(option))
    [opening] = engine._options._encode("<answer>")
    with torch.no_grad():
        for layer in model.model.language_model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.language_model.norm.weight.fill_(1.0)
        embedding, head = model.get_input_embeddings().weight, model.lm_head.weight
        embedding.zero_()
        head.zero_()
        stream = torch.Generator().manual_seed(3)
        for place, token in enumerate((opening, *tokens)):
            logits = torch.randn(head.shape[0], generator=stream) * 3
            table[token] = logits.double().log_softmax(dim=-1)
            # Behind the norm a vector of n numbers that has one alone is the root of n there.
            embedding[token, place] = 100.0
            head[:, place] = logits / math.sqrt(head.shape[1])
    yield engine, opening, table
    engine.close()


def test_known_probabilities_come_back(known):
    engine, opening, table = known
    asked = [with_options(request(f"{n}", max_tokens=3), prefix="<answer>") for n in range(3)]
    wanted = []
    for option in OPTIONS:
        tokens = [opening, *engine._options._encode(option)]
        wanted.append(sum(float(table[last][token]) for last, token in pairwise(tokens)))
    for found in scored(engine, asked).values():
        assert found.option_log_probabilities == pytest.approx(wanted, abs=2e-5)


def test_options_that_cannot_be_scored_leave_the_answer_and_say_why(nano):
    asked = [
        with_options(request("same", max_tokens=4), ("joy", "joy")),
        with_options(request("empty", max_tokens=4), ("joy", "")),
        with_options(request("long", max_tokens=4), ("joy", "fear " * 600)),
        with_options(request("whole", max_tokens=4)),
    ]
    found = scored(nano, asked)
    assert {key: len(each.option_log_probabilities) for key, each in found.items()} == {
        "same": 0, "empty": 0, "long": 0, "whole": len(OPTIONS),
    }  # fmt: skip
    assert "the same tokens" in found["same"].options_fault
    assert "no tokens" in found["empty"].options_fault
    assert "the model's context" in found["long"].options_fault
    assert found["whole"].options_fault is None
    assert all(each.text for each in found.values())


def test_a_model_that_cannot_score_them_keeps_its_answers(nano, monkeypatch):
    def broken(*_args, **_kwargs):
        raise ValueError("no second pass")

    monkeypatch.setattr(nano._options, "_scored", broken)
    found = scored(nano, [with_options(request(key, max_tokens=4)) for key in "abc"])
    assert {each.options_fault for each in found.values()} == {"no second pass"}
    assert all(each.text for each in found.values())


def test_probabilities_are_of_the_logits_before_anything_that_tokens_are_drawn_by(nano):
    asked = with_options(request("a", max_tokens=4))
    [plain] = scored(nano, [asked]).values()
    drawn = replace(asked, sampling=replace(asked.sampling, temperature=2.0, top_k=1, repetition_penalty=3.0))
    [penalized] = scored(nano, [drawn]).values()
    assert penalized.option_log_probabilities == pytest.approx(plain.option_log_probabilities, abs=1e-5)


def asked_in_turn(n):
    """Requests of several lengths, whose options take several walks behind the prompt."""
    return [with_options(request(f"{n} {each}", "red", "Which? " * each, max_tokens=4)) for each in (1, 4)]


@pytest.fixture
def generated(nano, monkeypatch):
    """What the model is asked to generate, and a scorer that has not tried anything."""
    calls = []
    own = nano._model.generate

    def generate(**settings):
        calls.append(settings)
        return own(**settings)

    monkeypatch.setattr(nano._model, "generate", generate)
    monkeypatch.setattr(nano._options, "_resumes", {})
    return calls


def test_the_prompt_is_computed_once_for_all_walks(nano, generated):
    first = scored(nano, asked_in_turn("a"))
    assert list(nano._options._resumes.values()) == [True]
    del generated[:]
    again = scored(nano, asked_in_turn("b"))
    resumed = [each.get("past_key_values") is not None for each in generated]
    assert resumed.count(False) == 2  # the answers, and the first walk
    assert resumed.count(True) >= 1
    assert ["pixel_values" in each for each in generated] == [not each for each in resumed]
    for one, two in zip(first.values(), again.values(), strict=True):
        assert two.option_log_probabilities == pytest.approx(one.option_log_probabilities, abs=1e-5)


def test_a_model_that_places_tokens_otherwise_behind_images_is_asked_anew(nano, generated, monkeypatch):
    right = scored(nano, asked_in_turn("a"))
    own = nano._model.generate

    def misplaced(**settings):
        if settings.get("past_key_values") is not None:
            settings["input_ids"] = settings["input_ids"].roll(1, dims=1)
        return own(**settings)

    monkeypatch.setattr(nano._model, "generate", misplaced)
    monkeypatch.setattr(nano._options, "_resumes", {})
    for n in "bc":
        del generated[:]
        found = scored(nano, asked_in_turn(n))
        for one, two in zip(right.values(), found.values(), strict=True):
            assert two.option_log_probabilities == pytest.approx(one.option_log_probabilities, abs=1e-5)
    assert list(nano._options._resumes.values()) == [False]
    assert all(each.get("past_key_values") is None for each in generated)


def test_a_model_that_cannot_go_on_behind_its_prompt_is_asked_anew(nano, generated, monkeypatch):
    right = scored(nano, asked_in_turn("a"))
    own = nano._model.generate

    def refusing(**settings):
        if settings.get("past_key_values") is not None:
            raise ValueError("images are missing")
        return own(**settings)

    monkeypatch.setattr(nano._model, "generate", refusing)
    monkeypatch.setattr(nano._options, "_resumes", {})
    for n in "bc":
        found = scored(nano, asked_in_turn(n))
        assert {each.options_fault for each in found.values()} == {None}
        for one, two in zip(right.values(), found.values(), strict=True):
            assert two.option_log_probabilities == pytest.approx(one.option_log_probabilities, abs=1e-5)
    assert list(nano._options._resumes.values()) == [False]
