"""`vecbench run --dry-run`: what a run would generate, and about what that takes."""

import json
from dataclasses import replace

import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, made_image, make_data, make_plan, make_request
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from vecbench.cli import main
from vecbench.engines.arguments import OpenAIArguments
from vecbench.errors import UsageError
from vecbench.models import LOCAL, Model, resolve_model, served_model
from vecbench.run import run
from vecbench.run.estimate import _merged_patches, dollars, estimated
from vecbench.run.session import outstanding
from vecbench.shipped import demo_model
from vecbench.store import RunDirectory

SERVED = served_model("gpt")


def estimate(requests, model=SERVED, limits=None, *, downloads=False):
    return estimated(requests, model, limits or {}, downloads=downloads)


def checkpoint(folder, config, processor, place="preprocessor_config.json"):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / place).write_text(json.dumps(processor))
    return Model("m", str(folder), f"{LOCAL}1")


def pictures(model, size, **given):
    asked = replace(make_request("k", "Which?"), images=(made_image(size=size),))
    return estimate([asked], model, **given).image_tokens


def dry(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["run", "--dry-run", *map(str, arguments)])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def demo(data, output, *arguments):
    return "-m", demo_model(), "-t", "emoji_7", "--data", data, "-o", output, *arguments


def test_prompts_are_counted_by_the_checkpoints_tokenizer_and_else_by_their_characters():
    asked = [make_request("a", "Which emotion?"), make_request("b", "Which emotion?")]
    ours = estimate(asked, resolve_model(str(demo_model())))
    assert (ours.prompt_tokens, ours.counted_by) == (6, "by the checkpoint's tokenizer")
    theirs = estimate(asked)
    assert (theirs.prompt_tokens, theirs.counted_by) == (8, "4 characters taken as one")
    assert (theirs.requests, theirs.images, theirs.output_tokens) == (2, 2, 80)


def test_an_unreadable_tokenizer_is_no_end(tmp_path):
    model = checkpoint(tmp_path / "m", {}, {})
    (tmp_path / "m" / "tokenizer.json").write_text("{")
    assert estimate([make_request("a", "Which emotion?")], model).prompt_tokens == 4


@pytest.mark.parametrize("size", [(640, 480), (1024, 683), (56, 57), (8, 4), (3000, 200), (28, 28), (41, 43)])
def test_merged_patches_are_those_of_the_processor_that_the_rule_is_taken_from(size):
    least, most = 56 * 56, 448 * 448
    high, wide = smart_resize(size[1], size[0], factor=28, min_pixels=least, max_pixels=most)
    assert _merged_patches(*size, 28, least, most) == high * wide // 28**2


@pytest.mark.parametrize("place", ["preprocessor_config.json", "processor_config.json"])
def test_pixel_limits_are_those_that_were_given_or_the_processors_own(tmp_path, place):
    processor = {"patch_size": 14, "merge_size": 2, "size": {"shortest_edge": 784, "longest_edge": 7840}}
    model = checkpoint(
        tmp_path / "m", {}, {"image_processor": processor} if place[:4] != "prep" else processor, place
    )
    assert pictures(model, (280, 280)) == 9  # of the 10 × 10 squares that fit, those that the limit leaves
    assert pictures(model, (280, 280), limits={"max_pixels": 10**6}) == 100


def test_models_with_as_many_tokens_for_every_picture_say_so(tmp_path):
    assert pictures(checkpoint(tmp_path / "a", {"mm_tokens_per_image": 256}, {}), (9, 9)) == 256
    llava = {"model_type": "llava", "image_seq_length": 576}
    assert pictures(checkpoint(tmp_path / "b", llava, {}), (9, 9)) == 576
    tiled = {"model_type": "llava_next", "image_seq_length": 576}
    assert pictures(checkpoint(tmp_path / "c", tiled, {"patch_size": 14}), (9, 9)) is None


def test_a_cropped_box_is_as_large_as_what_is_shown(tmp_path):
    from vecbench.samples.boxes import Box

    model = checkpoint(tmp_path / "m", {}, {"patch_size": 14, "merge_size": 2})
    image = replace(made_image(size=(280, 280)), box=Box("cropped", (0, 0, 28, 56)))
    assert estimate([replace(make_request("k", "Which?"), images=(image,))], model).image_tokens == 2


def test_images_to_download_are_taken_to_be_as_the_others(tmp_path):
    model = checkpoint(tmp_path / "m", {}, {"patch_size": 14, "merge_size": 2})
    here = replace(make_request("a", "Which?"), images=(made_image(size=(56, 56)),))
    coming = replace(here, images=(replace(made_image(), data="no such file"),))
    both = estimate([here, coming, coming], model, downloads=True)
    assert (both.image_tokens, both.images, both.absent, both.unusable) == (12, 3, 2, 0)
    assert estimate([coming], model, downloads=True).image_tokens is None
    lost = estimate([here, coming], model)
    assert (lost.requests, lost.images, lost.unusable, lost.why_unusable) == (2, 1, 1, "no such file")


def test_what_is_stored_is_not_estimated_again(tmp_path):
    data = make_data(tmp_path / "data", ["joy", "fear", "joy"])
    directory = RunDirectory(tmp_path / "run")
    answers = iter([ANSWER, None, ANSWER])
    run(make_plan(data), lambda: ScriptedEngine(lambda _: next(answers)), directory, Watcher())
    before = {path: path.read_bytes() for path in directory.path.rglob("*") if path.is_file()}
    asked, requests = outstanding(make_plan(data), directory, Watcher())
    assert (asked, len(list(requests))) == (3, 1)
    assert {path: path.read_bytes() for path in directory.path.rglob("*") if path.is_file()} == before
    with pytest.raises(UsageError, match="another configuration"):
        outstanding(make_plan(data, model="another"), directory, Watcher())


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tmp_path, capsys):
    data = make_data(tmp_path / "data", ["joy", "fear", "joy"])
    (data / "images" / "1.png").write_bytes(b"none")
    output = tmp_path / "run"
    status, out, err = dry(capsys, *demo(data, output, "--engine", "transformers"))
    assert status == 0
    assert "responses  3 to generate, 0 of 3 stored already" in out
    assert "1 of them would fail, such as: images/1.png: not an image" in out
    assert "images     2 shown, 0 to download" in out
    assert "images: about 128 (64 each, as config.json says)" in out
    assert "engine     transformers\n" in out
    assert "sampling  greedy (temperature 0), at most 64 tokens" in err
    assert not output.exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--engine", "transformers", "-a", "batchsize=3"], "batch_size"),
        (["--prompt", "unheard_of"], "no prompt profile"),
        (["-a", "device=cpu", "-o", "FILE"], "is a file"),
        (["-a", "device=cpu", "-o", "FILE/below"], "is a file"),
        (["-a", "device=cpu", "--data", "FILE"], "error"),
    ],
)
def test_a_dry_run_refuses_what_a_run_refuses(tmp_path, capsys, changed, said):
    (tmp_path / "file").write_text("x")
    data = make_data(tmp_path / "data", ["joy"])
    changed = [each.replace("FILE", str(tmp_path / "file")) for each in changed]
    status, out, err = dry(capsys, *demo(data, tmp_path / "run"), *changed)
    assert (status, out) == (2, "")
    assert said in err


def test_the_cost_is_a_range(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    data = make_data(tmp_path / "data", ["joy"] * 4)
    asked = ["-m", "gpt", "--engine", "openai", "-t", "emoji_7", "--data", data, "-o", tmp_path / "run"]
    _, out, _ = dry(capsys, *asked, "-a", "price=1000/10000")
    prompts = int(out.partition("prompts: about ")[2].split()[0])
    assert f"cost       ${prompts / 1000:.2g} to ${prompts / 1000 + 4 * 0.64:.2f}, without" in out
    assert "images: unknown" in out


def test_a_price_is_dollars_in_and_out_and_is_not_recorded():
    arguments = OpenAIArguments.parsed({"price": "0.15/0.6"})
    assert arguments.price == (0.15, 0.6)
    assert "price" not in arguments.model_dump()
    assert dollars(2_000_000, 1_000_000, arguments.price) == pytest.approx(0.9)
    for price in ("0.15", "a/b", "1/2/3", "-1/2", "nan/1", 3, [1, 2]):
        with pytest.raises(UsageError, match="price"):
            OpenAIArguments.parsed({"price": price})
