"""What changes a prompt or the choice of tokens does the same in vLLM as in transformers."""

from dataclasses import replace

import pytest
from engine_contract import PROMPT, request

from vecbench.engines import create_engine
from vecbench.errors import RunError
from vecbench.shipped import demo_model

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]

SETTINGS = {"dtype": "float32", "enforce_eager": True, "max_model_len": 512, "max_num_seqs": 8}
COLOURS = ("red", "green", "blue", "white", "black", "yellow")


@pytest.fixture(scope="module")
def engines():
    made = {
        "vllm": create_engine("vllm", str(demo_model()), SETTINGS, budgeted=True),
        "transformers": create_engine("transformers", str(demo_model()), {"dtype": "float32"}),
    }
    yield made
    for engine in made.values():
        engine.close()


def test_batches_are_as_large_as_those_of_one_call(engines):
    """An engine that vLLM makes for a server, or for nobody knows whom, has smaller ones."""
    used = engines["vllm"].description.arguments
    assert (used["max_num_seqs"], used["max_num_batched_tokens"]) == (8, 8 * 512)


def said(engine, asked):
    found = {each.key: each for each in engine.generate(asked)}
    assert {each.error for each in found.values()} == {None}
    return {key: (each.text, each.n_prompt_tokens, each.n_output_tokens) for key, each in found.items()}


@pytest.mark.parametrize(
    "settings",
    [
        {"repetition_penalty": 1.5},
        {"repetition_penalty": 4.0},
        {"repetition_penalty": 0.5},
        {"thinking_budget": 0},
        {"thinking_budget": 2},
        {"thinking_budget": 2, "repetition_penalty": 1.5},
        {"temperature": 1.0, "top_k": 1},
        {"temperature": 1.0, "min_p": 1.0},
    ],
)
def test_without_chance_both_say_the_same(engines, settings):
    prompts = (PROMPT, PROMPT + " Be brief." * 5)
    asked = [
        request(f"{n} {colour}", colour, prompt, **settings)
        for colour in COLOURS
        for n, prompt in enumerate(prompts)
    ]
    assert said(engines["vllm"], asked) == said(engines["transformers"], asked)


def test_reasoning_that_vllm_did_not_close_is_an_error_row(engines, monkeypatch):
    from vecbench.engines import thinking

    monkeypatch.setattr(thinking, "SLACK", -1)  # more reasoning than the bundled model has
    [response] = engines["vllm"].generate([request("a", thinking_budget=0)])
    assert response.text is None
    assert response.error.startswith("its reasoning has 0 tokens and was not closed after 0")


def test_a_system_prompt_is_a_turn_of_its_own_in_both(engines):
    systems = (None, "Be kind.", "Be unkind, and brief.", None)
    asked = [replace(request(f"{n}"), system=system) for n, system in enumerate(systems)]
    found = said(engines["vllm"], asked)
    assert found == said(engines["transformers"], asked)
    assert found["0"] == found["3"]
    assert len({tokens for _, tokens, _ in found.values()}) == 3


def test_a_template_gets_its_variables_and_ends_the_run_where_it_takes_no_system_prompt(tmp_path):
    template = tmp_path / "template.jinja"
    plain = (demo_model() / "chat_template.jinja").read_text()
    template.write_text(
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system, please') }}{% endif %}"
        + plain
        + "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"
    )
    variables = {"enable_thinking": False, "unknown": 1}
    settings = {"chat_template": str(template), "chat_template_kwargs": variables}
    found = {}
    for name, own in (("vllm", SETTINGS), ("transformers", {"dtype": "float32"})):
        with pytest.warns(UserWarning, match="does not use unknown"):
            engine = create_engine(name, str(demo_model()), own | settings)
        try:
            found[name] = said(engine, [request("a"), request("b", "blue")])
            with pytest.raises(RunError, match=r"takes no system prompt: .*no system, please"):
                list(engine.generate([replace(request("c"), system="Be kind.")]))
        finally:
            engine.close()
    assert found["vllm"] == found["transformers"]
    assert found["vllm"]["a"][0].startswith("<answer>")
