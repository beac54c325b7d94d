"""`key=value,…` as the command line takes it."""

import pytest

from vecbench.cli.options import parse_settings
from vecbench.engines import check_engine, text_arguments
from vecbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("revision=20240101", {"revision": "20240101"}),
        ("revision=1e6,batch_size=8", {"revision": "1e6", "batch_size": 8}),
        ("revision=007,max-pixels=1e6", {"revision": "007", "max_pixels": 1e6}),
        ('revision="20240101"', {"revision": "20240101"}),
        ("revision=null", {"revision": None}),
        ('{"revision": 20240101}', {"revision": 20240101}),
    ],
)
def test_a_text_that_looks_like_a_number_stays_a_text(text, settings):
    assert parse_settings("--model-args", text, text_arguments("transformers")) == settings


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("omit=temperature", {"omit": "temperature"}),
        ("omit=temperature, seed,timeout=5", {"omit": "temperature,seed", "timeout": 5}),
        ('{"omit": ["temperature", "seed"]}', {"omit": ["temperature", "seed"]}),
    ],
)
def test_a_list_goes_on_behind_its_commas(text, settings):
    assert parse_settings("--model-args", text, text_arguments("openai")) == settings
    check_engine("openai", "model", settings)


def test_nothing_else_does():
    with pytest.raises(UsageError, match="'seed' is not key=value"):
        parse_settings("--model-args", "api_key_env=A,seed", text_arguments("openai"))


def test_json_with_a_number_for_a_text_is_told_how_to_quote_it():
    with pytest.raises(UsageError, match="revision=20240101: input should be a valid string") as caught:
        check_engine("transformers", "model", {"revision": 20240101})
    assert '{"revision": "20240101"}' in caught.value.remedy
