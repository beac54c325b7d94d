"""A checkpoint without some of its weights would answer with random ones, and differently every time."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from vecbench.engines.transformers import TransformersEngine
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
