"""LoRA adapters in the transformers engine."""

import json
from importlib.util import find_spec

import pytest
import torch
from engine_contract import request, texts
from safetensors.torch import save_file

from vecbench.engines import arguments, check_engine, create_engine
from vecbench.engines.transformers import TransformersEngine
from vecbench.errors import RunError, UsageError
from vecbench.shipped import demo_model

MODULE = "model.language_model.layers.{}.self_attn.q_proj"


def save_adapter(folder, module=MODULE, layers=2, value=1.0):
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(config | {"task_type": "CAUSAL_LM"}))
    weights = {
        f"base_model.model.{module.format(layer)}.{part}.weight": torch.full(shape, value)
        for layer in range(layers)
        for part, shape in {"lora_A": (4, 64), "lora_B": (64, 4)}.items()
    }
    save_file(weights, folder / "adapter_model.safetensors")
    return str(folder)


def answers(**settings):
    engine = TransformersEngine(str(demo_model()), settings)
    try:
        return texts(engine.generate([request("a", "red"), request("b", "blue")]))
    finally:
        engine.close()


def test_an_adapter_changes_the_answers_and_one_of_zeros_does_not(tmp_path):
    plain = answers()
    assert answers(lora=save_adapter(tmp_path, value=0.0)) == plain
    assert answers(lora=save_adapter(tmp_path)) != plain


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("transformer.h.{}.self_attn.q_proj", "none of its modules: transformer.h.0.self_attn.q_proj"),
        (MODULE.replace("q_proj", "foo_proj"), "none of its modules: .*foo_proj"),
    ],
)
def test_an_adapter_that_the_model_has_no_place_for_is_refused(tmp_path, module, said):
    with pytest.raises(UsageError, match=said):
        create_engine("transformers", str(demo_model()), {"lora": save_adapter(tmp_path, module)})


def test_an_adapter_whose_targets_the_model_lacks_is_refused_with_pefts_words(tmp_path):
    save_adapter(tmp_path)
    path = tmp_path / "adapter_config.json"
    path.write_text(path.read_text().replace("q_proj", "qkv"))
    with pytest.raises(UsageError, match=r"does not suit the model: .*qkv"):
        create_engine("transformers", str(demo_model()), {"lora": str(tmp_path)})


def test_modules_that_the_model_does_not_have_are_warned_of(tmp_path):
    with pytest.warns(UserWarning, match=r"nothing takes its modules .*layers\.\d"):
        answers(lora=save_adapter(tmp_path, layers=9))


def test_an_adapter_with_weights_that_are_no_numbers_is_a_run_error(tmp_path):
    with pytest.raises(RunError, match="weights that are nan or infinite"):
        create_engine("transformers", str(demo_model()), {"lora": save_adapter(tmp_path, value=float("nan"))})


def test_without_peft_an_adapter_is_refused_with_the_extra(monkeypatch):
    monkeypatch.setattr(arguments, "find_spec", lambda name: None if name == "peft" else find_spec(name))
    with pytest.raises(UsageError, match="needs peft") as caught:
        check_engine("transformers", "model", {"lora": "adapter"})
    assert "vecbench[hf]" in caught.value.remedy
    check_engine("transformers", "model", {})
