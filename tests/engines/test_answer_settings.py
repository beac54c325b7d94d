"""What of `--model-args` the answers depend on."""

import pytest

from vecbench.engines import answer_settings
from vecbench.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "limits", "others"),
    [
        ({}, {}, {}),
        ({"dtype": "bfloat16", "batch_size": 4, "quantization": "fp8", "max_pixels": None}, {}, {}),
        ({"max_pixels": 1e6, "min_pixels": "4"}, {"max_pixels": 1_000_000, "min_pixels": 4}, {}),
        (
            {"mm_processor_kwargs": {"max_pixels": 9, "crop": True}, "min_pixels": 4},
            {"max_pixels": 9, "min_pixels": 4},
            {"mm_processor_kwargs": {"crop": True}},
        ),
        ({"mm_processor_kwargs": {"max_pixels": 9}, "max_pixels": 8}, {"max_pixels": 8}, {}),
        (
            {"extra_body": {"mm_processor_kwargs": {"max_pixels": 9}, "top_k": 3}},
            {"max_pixels": 9},
            {"extra_body": {"top_k": 3}},
        ),
        ({"omit": "seed", "scale": "client", "token_limit": "max_completion_tokens"}, {}, {}),
        ({"omit": "top_p, temperature,seed"}, {}, {"omit": ["temperature", "top_p"]}),
        ({"omit": ["temperature"]}, {}, {"omit": ["temperature"]}),
        ({"omit": "logprobs,top_logprobs"}, {}, {}),
        ({"max_pixels": 9, "scale": "client"}, {"max_pixels": 9}, {"scale": "client"}),
        (
            {"chat_template_kwargs": {"enable_thinking": False}},
            {},
            {"chat_template_kwargs": {"enable_thinking": False}},
        ),
        ({"chat_template_kwargs": {}}, {}, {}),
        (
            {"hf_overrides": {"text_config": {"rope_theta": 1e6}}, "tokenizer": "org/other"},
            {},
            {"hf_overrides": {"text_config": {"rope_theta": 1e6}}, "tokenizer": "org/other"},
        ),
    ],
)
def test_what_changes_answers_is_found_wherever_it_stands(arguments, limits, others):
    settings = answer_settings(arguments)
    assert (settings.pixel_limits, settings.others) == (limits, others)
    assert all(type(limit) is int for limit in settings.pixel_limits.values())


@pytest.mark.parametrize(
    "arguments",
    [
        {"min_pixels": 100, "max_pixels": 10},
        {"min_pixels": 100, "mm_processor_kwargs": {"max_pixels": 10}},
        {"max_pixels": 10, "extra_body": {"mm_processor_kwargs": {"min_pixels": 100}}},
    ],
)
def test_pixel_limits_that_no_image_meets_are_refused(arguments):
    with pytest.raises(UsageError, match="min_pixels=100 and max_pixels=10"):
        answer_settings(arguments)


def test_a_chat_template_is_known_by_its_text(tmp_path):
    first, second, copy = (tmp_path / name for name in ("first.jinja", "second.jinja", "copy.jinja"))
    first.write_text("{{ messages }}")
    second.write_text("{{ messages }}!")
    copy.write_text(first.read_text())
    said = [answer_settings({"chat_template": str(path)}).others for path in (first, second, copy)]
    assert said[0] == said[2] != said[1]


def test_nothing_tells_where_something_lies_on_this_machine(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    body = {"lora": {"address": "https://inside.example/lora", "paths": ["/home/ada/lora"]}}
    arguments = {"tokenizer": str(tmp_path), "extra_body": body}
    before = answer_settings(arguments).others
    assert not [place for place in (str(tmp_path), "inside", "ada") if place in str(before)]
    (tmp_path / "tokenizer.json").write_text("[]")
    after = answer_settings(arguments).others
    assert before["tokenizer"] != after["tokenizer"]
    assert before["extra_body"] == after["extra_body"]
