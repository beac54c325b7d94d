"""A tiny model of every family that users are likely to bring, on the transformers engine."""

import json
import shutil

import pytest
from family_requests import PAIR, SINGLE
from option_oracle import by_hand, with_options
from tiny_families import FAMILIES, TEMPLATE, save_tiny

from vecbench.cli import main
from vecbench.engines.transformers import TransformersEngine
from vecbench.errors import RunError

pytestmark = [
    pytest.mark.hf,
    # Of GLM's processor in transformers 5.19, beside numpy 2; it is no fault of ours, and none of the answer.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword"),
]

ARGUMENTS = {"device": "cpu", "dtype": "float32", "batch_size": 4}
ANEW = {"gemma3", "minicpm_v"}
"""Families that do not go on behind a prompt without its images: options are scored anew."""
KNOW_PIXELS = {"qwen2_vl", "qwen2_5_vl", "qwen3_vl"}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def model(family, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / family
    save_tiny(family, folder)
    return folder


@pytest.fixture(scope="module")
def engine(model):
    made = TransformersEngine(str(model), ARGUMENTS)
    yield made
    made.close()


def said(engine, *requests):
    return {each.key: each for each in engine.generate(requests)}


def test_a_whole_run_asks_every_sample(model, tmp_path, capsys):
    command = ["run", "-m", str(model), "-t", "demo", "--limit", "3", "--engine", "transformers"]
    command += ["-a", "device=cpu,dtype=float32,batch_size=2", "--gen-kwargs", "max_gen_toks=4"]
    with pytest.raises(SystemExit) as ended:
        main([*command, "-o", str(tmp_path / "run")])
    assert ended.value.code == 4, capsys.readouterr().err  # random weights answer nothing that can be read
    rows = [json.loads(line) for line in (tmp_path / "run" / "responses.jsonl").read_text().splitlines()]
    assert len(rows) >= 3
    assert {row["error"] for row in rows} == {None}


def test_images_of_several_sizes_in_one_batch_are_answered_as_alone(engine):
    together = said(engine, *SINGLE)
    assert {each.error for each in together.values()} == {None}
    alone = {}
    for each in SINGLE:
        alone |= said(engine, each)
    assert together == alone


def test_the_answer_depends_on_the_image(engine):
    found = said(engine, *SINGLE)
    assert found["red"].text != found["blue"].text


def test_two_images_are_shown_together(engine):
    found = said(engine, SINGLE[0], PAIR, SINGLE[2])
    assert found["pair"].error is None
    assert found["pair"].n_prompt_tokens > min(found["red"].n_prompt_tokens, found["wide"].n_prompt_tokens)


def test_options_have_what_a_forward_pass_for_each_gives_them(family, engine):
    asked = [with_options(each) for each in (*SINGLE, PAIR)]
    wanted = {each.key: pytest.approx(by_hand(engine, each), abs=1e-3) for each in asked}
    for _ in ("both ways", "behind the prompt's own keys and values, where the model goes on behind them"):
        found = said(engine, *asked)
        assert {each.options_fault for each in found.values()} == {None}
        for key, each in found.items():
            assert each.option_log_probabilities == wanted[key], key
    assert {*engine._options._resumes.values()} == {family not in ANEW}


@pytest.mark.filterwarnings("ignore:Passing `min_pixels`:FutureWarning")
def test_pixel_limits_are_kept_or_said_to_be_unknown(family, model):
    limits = ARGUMENTS | {"min_pixels": 784, "max_pixels": 3136}
    if family not in KNOW_PIXELS:
        with pytest.warns(UserWarning, match="knows no min_pixels or max_pixels"):
            TransformersEngine(str(model), limits).close()
        return
    small = TransformersEngine(str(model), limits)
    few = said(small, SINGLE[2])["wide"].n_prompt_tokens
    small.close()
    large = TransformersEngine(str(model), ARGUMENTS | {"max_pixels": 112 * 112})
    assert few < said(large, SINGLE[2])["wide"].n_prompt_tokens
    large.close()


@pytest.fixture
def changed(model, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    return folder


def test_a_template_for_one_image_fails_a_pair_alone(engine, changed):
    shown = engine._processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "image"}]}], tokenize=False
    )
    one = shown.partition("\n")[2].partition("<|im_end|>")[0]
    (changed / "chat_template.jinja").write_text(f"{one}{{{{ messages[0]['content'][-1]['text'] }}}}")
    made = TransformersEngine(str(changed), ARGUMENTS)
    found = said(made, SINGLE[0], PAIR)
    made.close()
    assert found["red"].error is None
    assert found["pair"].error.startswith("asked with 2 images: ")
    assert "\n" not in found["pair"].error


def test_a_template_that_leaves_the_image_out_is_refused_before_the_weights_are_read(changed):
    (changed / "chat_template.jinja").write_text(TEMPLATE.replace("IMAGE", ""))
    (changed / "model.safetensors").unlink()
    with pytest.raises(RunError, match=r"\(chat_template.jinja\) cannot be used: it leaves the image out"):
        TransformersEngine(str(changed), ARGUMENTS)


def test_the_end_of_an_answer_is_known_without_a_generation_config(engine, changed):
    (changed / "generation_config.json").unlink()
    made = TransformersEngine(str(changed), ARGUMENTS)
    assert engine._processor.tokenizer.eos_token_id in made._end_tokens
    made.close()
