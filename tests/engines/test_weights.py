"""A checkpoint without some of its weights would answer with random ones, and differently every time."""

import shutil

import pytest
import torch
from engine_contract import request
from safetensors.torch import load_file, save_file

from vecbench.engines.transformers import NO_NUMBERS, TransformersEngine
from vecbench.errors import RunError
from vecbench.shipped import demo_model

NORM = "language_model.model.layers.0.input_layernorm.weight"


def without_all(weights):
    weights.clear()


def with_a_prefix(weights):
    for name in list(weights):
        weights[f"module.{name}"] = weights.pop(name)


def without_one(weights):
    del weights[NORM]


def of_another_shape(weights):
    weights[NORM] = weights[NORM][:-1].clone()


def with_nan(weights):
    weights[NORM] = weights[NORM] * torch.nan


def with_another(weights):
    weights["foo.bar"] = torch.zeros(3)


@pytest.fixture
def checkpoint(tmp_path):
    def made(change):
        folder = tmp_path / change.__name__
        shutil.copytree(demo_model(), folder)
        weights = load_file(folder / "model.safetensors")
        change(weights)
        (folder / "model.safetensors").unlink()
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return str(folder)

    return made


@pytest.mark.parametrize(
    ("change", "said", "remedy"),
    [
        (without_all, "has no weights for lm_head.weight", "incomplete"),
        (with_a_prefix, "and 102 more", "It has module.language_model"),
        (without_one, "layers.0.input_layernorm.weight", "incomplete"),
        (of_another_shape, "layers.0.input_layernorm.weight", ""),
        (with_nan, "nan or infinite: model.language_model.layers.0.input_layernorm.weight", "diverged"),
    ],
)
def test_weights_that_are_missing_or_none_are_refused_by_name(checkpoint, change, said, remedy):
    with pytest.raises(RunError) as error:
        TransformersEngine(checkpoint(change), {})
    assert said in str(error.value)
    assert remedy in error.value.remedy


def test_weights_that_nothing_takes_are_warned_of(checkpoint):
    with pytest.warns(UserWarning, match=r"nothing takes its weights foo\.bar"):
        TransformersEngine(checkpoint(with_another), {}).close()


class Overflow(torch.nn.Module):
    """A head that gives nan for one row of a batch, from one of its tokens on."""

    def __init__(self, head, row, step):
        super().__init__()
        self.head, self.row, self.step, self.calls = head, row, step, 0

    def forward(self, states):
        logits = self.head(states)
        if self.calls >= self.step:
            logits[self.row] = torch.nan
        self.calls += 1
        return logits


@pytest.mark.parametrize("temperature", [0, 1.0])
@pytest.mark.parametrize(("behind_its_end", "fails"), [(-4, True), (0, True), (1, False)])
def test_a_row_whose_logits_are_nan_is_no_answer_and_the_others_are(
    monkeypatch, temperature, behind_its_end, fails
):
    colours = ["red", "blue", "green", "yellow"]
    asked = [request(colour, colour, temperature=temperature) for colour in colours]
    engine = TransformersEngine(str(demo_model()), {})
    before = {each.key: each for each in engine.generate(asked)}
    shortest = min(before.values(), key=lambda each: each.n_output_tokens)
    assert shortest.n_output_tokens < max(each.n_output_tokens for each in before.values())
    row, step = colours.index(shortest.key), shortest.n_output_tokens + behind_its_end
    monkeypatch.setattr(engine._model, "lm_head", Overflow(engine._model.lm_head, row, step))
    found = {each.key: each for each in engine.generate(asked)}
    engine.close()
    if fails:
        assert (found.pop(shortest.key).error, before.pop(shortest.key).error) == (NO_NUMBERS, None)
    assert found == before
