"""What is found wrong with a checkpoint before its weights are loaded."""

import json
import shutil

import pytest
import torch
import transformers

from vecbench.engines import checkpoint
from vecbench.engines.chat_template import template_name
from vecbench.engines.missing_package import missing_package
from vecbench.engines.transformers import AutoModelForImageTextToText, TransformersEngine
from vecbench.errors import RunError, UsageError
from vecbench.shipped import demo_model


@pytest.fixture
def model(tmp_path):
    """The bundled model without its weights: who gets as far as to read them fails otherwise."""
    folder = tmp_path / "model"
    shutil.copytree(demo_model(), folder)
    (folder / "model.safetensors").unlink()
    return folder


def change(file, **settings):
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def refusal(model, kind=RunError, **arguments):
    with pytest.raises(kind) as caught:
        TransformersEngine(str(model), {"device": "cpu"} | arguments)
    return caught.value


TORCHVISION = (
    "\nQwen2VLVideoProcessor requires the Torchvision library but it was not found in your environment. "
    "Check out the instructions on the\ninstallation page: https://example.org and follow those that match.\n"
)


@pytest.mark.parametrize(
    ("fault", "package"),
    [
        (ImportError(TORCHVISION), "torchvision"),
        (
            ImportError("Package `num2words` is required. Install it with `pip install num2words`."),
            "num2words",
        ),
    ],
)
def test_a_package_that_a_processor_wants_is_named_with_the_extra(model, monkeypatch, fault, package):
    def wants(*_, **__):
        raise fault

    monkeypatch.setattr(checkpoint.AutoProcessor, "from_pretrained", wants)
    monkeypatch.setattr("vecbench.engines.missing_package.find_spec", lambda _: None)
    found = refusal(model, UsageError)
    assert found.message == f"{model} wants the package {package}, which is not installed"
    assert found.remedy.startswith(f"Install it: pip install {package}, ")
    assert 'pip install "vecbench[hf]"' in found.remedy


@pytest.mark.parametrize(
    ("said", "package"),
    [
        ("This modeling file requires the following packages that were not found in your environment: "
         "flash_attn, xy. Run `pip install flash_attn xy`", "flash_attn"),
        ("No module named 'surely_missing'", "surely_missing"),
    ],
)  # fmt: skip
def test_a_package_that_the_code_of_a_checkpoint_imports_is_named(said, package):
    name = package if package in said and "named" in said else None
    inner = ModuleNotFoundError(said, name=f"{name}.part" if name else None)
    outer = RuntimeError("cannot be loaded")
    outer.__cause__ = inner
    found = missing_package("the model", outer)
    assert found.message == f"the model wants the package {package}, which is not installed"
    assert found.remedy == f"Install it: pip install {package}"


def test_an_import_that_fails_otherwise_is_no_missing_package():
    assert missing_package("m", ImportError("cannot import name 'x' from 'torch'", name="torch")) is None
    assert missing_package("m", ValueError("pip install x")) is None


def test_code_of_a_checkpoint_is_run_where_somebody_says_so(model):
    change(model / "config.json", model_type="strange", auto_map={"AutoConfig": "code.Config"})
    (model / "code.py").write_text("import surely_missing\n\n\nclass Config:\n    pass\n")
    assert "trust_remote_code=true" in refusal(model, UsageError).remedy
    found = refusal(model, UsageError, trust_remote_code=True)
    assert "wants the package surely_missing" in found.message


def test_a_kind_that_transformers_does_not_know_is_named_with_its_version(model):
    change(model / "config.json", model_type="qwen9_vl")
    found = refusal(model)
    assert f"is a qwen9_vl, which transformers {transformers.__version__} does not know" in found.message
    assert "--upgrade transformers" in found.remedy


def test_a_model_of_text_alone_is_said_to_be_one(model):
    change(model / "config.json", model_type="llama")
    assert "is a llama, for which transformers" in refusal(model).message


def test_a_checkpoint_without_the_files_of_its_processor_is_told_so(model):
    for name in ("processor_config.json", "preprocessor_config.json"):
        (model / name).unlink(missing_ok=True)
    found = refusal(model)
    assert found.message.startswith(f"{model} has no processor")
    assert "preprocessor_config.json" in found.remedy


def test_a_template_is_named_by_the_file_that_holds_it(model, tmp_path):
    assert template_name(str(model), None) == f"the chat template of {model} (chat_template.jinja)"
    (model / "chat_template.jinja").unlink()
    change(model / "tokenizer_config.json", chat_template="x")
    assert template_name(str(model), None) == f"the chat template of {model} (tokenizer_config.json)"
    assert template_name(str(model), "a.jinja") == "the chat template chat_template=a.jinja"
    assert template_name("org/name", None) == "the chat template of org/name"


@pytest.mark.parametrize(
    "template",
    [
        "{% for part in messages[0]['content'] %}{{ part['text'] }}{% endfor %}",
        "{{ messages[0]['content'][-1]['text'] }}",
    ],
)
def test_a_template_that_leaves_the_image_out_is_refused_and_named(model, tmp_path, template):
    given = tmp_path / "text.jinja"
    given.write_text(template)
    found = refusal(model, chat_template=str(given))
    assert found.message.startswith(f"the chat template chat_template={given} cannot be used: it leaves")
    (model / "chat_template.jinja").write_text(template)
    assert "(chat_template.jinja) cannot be used: it leaves the image out" in refusal(model).message


def test_a_template_that_fails_with_an_image_is_refused_and_named(model):
    (model / "chat_template.jinja").write_text("{{ messages[0]['content'] + '!' }}")
    assert "(chat_template.jinja) cannot be used: " in refusal(model).message


def test_a_processor_that_prepares_no_image_is_told_before_the_weights_are_read(model):
    (model / "chat_template.jinja").write_text(
        "{% for part in messages[0]['content'] %}<image><image>{% endfor %}"
    )
    assert "prepares no question: " in refusal(model).message


def test_a_device_without_room_says_what_torch_says_of_sizes(model, monkeypatch):
    said = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has 79.11 GiB of which 5.06 MiB is free."

    def full(*_, **__):
        raise torch.OutOfMemoryError(said)

    monkeypatch.setattr(AutoModelForImageTextToText, "from_pretrained", full)
    assert refusal(model).message == f"{model} does not fit into the memory of cpu: {said}"
