"""A control asks the same with other pictures, under keys of its own, in a directory of its own."""

import json
from pathlib import Path

import numpy as np
import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, made_image, make_data, make_plan
from PIL import Image

import vecbench
from vecbench.cli import main
from vecbench.engines import EngineChoice
from vecbench.engines.sent_images import data_urls
from vecbench.errors import DataError, UsageError
from vecbench.run import evaluation, run
from vecbench.run.control import ControlImage, control_of
from vecbench.run.corruptions import CORRUPTIONS, corrupted
from vecbench.run.default_directory import default_directory
from vecbench.samples.sample import SampleImage
from vecbench.shipped import demo_model
from vecbench.store import Control, RunDirectory, read_responses

LABELS = ["joy", "fear", "joy", "anger", "love"]


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path / "data", LABELS)


def control(text, seed=0):
    return control_of(*((None, text) if ":" in text else (text, None)), seed)


def asked(data, directory, name, *, limit=None, seed=0, watcher=None):
    """The requests of a control, by sample."""
    engine = ScriptedEngine()
    plan = make_plan(data, control=name and control(name, seed), seed=seed, limit=limit)
    run(plan, lambda: engine, RunDirectory(directory), watcher or Watcher())
    of_key = {each.key: each.sample_id for each in read_responses(directory / "responses.jsonl")}
    return {of_key[each.key]: each for each in engine.requests}


@pytest.mark.parametrize(("name", "colour"), [("blank", (255, 255, 255)), ("grey", (128, 128, 128))])
def test_a_uniform_picture_of_the_same_size_is_shown(name, colour):
    shown = ControlImage(made_image("red", (31, 7)), control(name)).decode()
    assert shown.size == (31, 7)
    assert shown.getcolors() == [(31 * 7, colour)]


def test_an_endpoint_gets_what_is_shown_and_not_the_file(data, tmp_path):
    requests = asked(data, tmp_path / "run", "blank")
    assert len({url for each in requests.values() for url in data_urls(each, {})}) == 1
    assert (
        len({url for each in asked(data, tmp_path / "real", None).values() for url in data_urls(each, {})})
        == 5
    )


def test_a_picture_and_what_is_made_of_it_are_told_apart():
    image = made_image()
    shown = [
        image,
        *(ControlImage(image, control(name)) for name in ("blank", "grey", "gaussian:1", "gaussian:2")),
    ]
    assert len({each.identity for each in shown}) == len(shown)


def test_no_sample_is_shown_its_own_image_and_every_image_stands_in_once(data, tmp_path):
    pictures = {
        each: (data / "images" / f"{each[1:]}.png").read_bytes() for each in ["s0", "s1", "s2", "s3", "s4"]
    }
    for seed in range(5):
        requests = asked(data, tmp_path / f"run{seed}", "shuffled", seed=seed)
        shown = {sample: request.images[0].data for sample, request in requests.items()}
        assert all(shown[sample] != pictures[sample] for sample in pictures)
        assert sorted(shown.values()) == sorted(pictures.values())


def test_a_copy_of_its_own_image_is_not_another(tmp_path):
    data = make_data(tmp_path / "data", ["joy"] * 6)
    for place in (1, 2, 3, 4):
        (data / "images" / f"{place}.png").write_bytes((data / "images" / "0.png").read_bytes())
    requests = asked(data, tmp_path / "run", "shuffled")
    other = (data / "images" / "5.png").read_bytes()
    assert [requests[f"s{place}"].images[0].data for place in range(5)] == [other] * 5


def test_the_same_seed_shuffles_alike_whatever_the_order_of_the_table(data, tmp_path):
    first = asked(data, tmp_path / "first", "shuffled")
    lines = (data / "samples.csv").read_text().splitlines()
    (data / "samples.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    again = asked(data, tmp_path / "again", "shuffled")
    assert {sample: each.images[0].name for sample, each in first.items()} == {
        sample: each.images[0].name for sample, each in again.items()
    }


def test_with_a_higher_limit_only_those_are_asked_again_whose_stand_in_is_another(tmp_path):
    data = make_data(tmp_path / "data", ["joy"] * 20)
    first = asked(data, tmp_path / "run", "shuffled", limit=18)
    second = asked(data, tmp_path / "run", "shuffled")
    again = {sample for sample in second if sample in first}
    assert {"s18", "s19"} <= second.keys()
    assert all(first[each].images[0].name != second[each].images[0].name for each in again)
    assert len(again) <= 2
    assert asked(data, tmp_path / "run", "shuffled") == {}


def test_all_images_of_a_sample_are_replaced(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    rows = []
    for place in range(4):
        names = [f"{place}{which}.png" for which in "ab"]
        for number, name in enumerate(names):
            Image.new("RGB", (8, 8), (10 * place, 100 * number, 0)).save(data / name)
        rows.append({"id": f"s{place}", "images": names, "label": "joy", "task": "emoji_7"})
    (data / "samples.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for sample, request in asked(data, tmp_path / "run", "shuffled").items():
        names = [each.name for each in request.images]
        assert len(names) == 2
        assert not any(name.startswith(sample[1:]) for name in names)


def test_one_image_cannot_be_shuffled(tmp_path):
    data = make_data(tmp_path / "data", ["joy"])
    with pytest.raises(DataError, match="emoji_7 has one image here"):
        asked(data, tmp_path / "run", "shuffled")
    assert not (tmp_path / "run").exists()


def test_a_task_of_copies_fails_with_the_reason(tmp_path):
    data = make_data(tmp_path / "data", ["joy"] * 2)
    (data / "images" / "1.png").write_bytes((data / "images" / "0.png").read_bytes())
    asked(data, tmp_path / "run", "shuffled")
    errors = [each.error for each in read_responses(tmp_path / "run" / "responses.jsonl")]
    assert len(errors) == 2
    assert all("no other picture of the task" in each for each in errors)


@pytest.mark.parametrize("name", ["blank", "shuffled", "jpeg:2"])
def test_a_sample_without_its_image_fails_as_in_the_run_itself(data, tmp_path, name):
    (data / "images" / "2.png").unlink()
    (data / "images" / "3.png").write_bytes(b"no image")
    asked(data, tmp_path / "run", name)
    failed = {each.sample_id: each.error for each in read_responses(tmp_path / "run" / "responses.jsonl")}
    assert "no such file" in failed["s2"]
    assert failed["s0"] is None
    if name != "shuffled":  # which shows another one's
        assert "not an image" in failed["s3"]


def test_a_control_has_other_keys_and_each_its_own(data, tmp_path):
    names = [None, "blank", "grey", "shuffled", "gaussian:1", "gaussian:2", "blur:1"]
    keys = [{each.key for each in asked(data, tmp_path / str(name), name).values()} for name in names]
    assert len(set().union(*keys)) == 5 * len(names)
    assert keys[3].isdisjoint(
        each.key for each in asked(data, tmp_path / "seed", "shuffled", seed=1).values()
    )


@pytest.mark.parametrize(("first", "second"), [(None, "shuffled"), ("shuffled", None), ("blank", "grey")])
def test_a_control_never_goes_on_in_the_directory_of_another_run(data, tmp_path, first, second):
    asked(data, tmp_path / "run", first)
    with pytest.raises(UsageError, match=r"control is .* there, .* now"):
        asked(data, tmp_path / "run", second)
    assert len(list(read_responses(tmp_path / "run" / "responses.jsonl"))) == 5


def test_a_control_has_a_directory_of_its_own():
    assert default_directory("m", "fi_8", ["fi_8"], control("blank")) == Path("results/m/fi_8@blank")
    assert default_directory("m", "fi_8", ["fi_8"], control("jpeg:5")).name == "fi_8@jpeg_compression-5"


def test_a_control_is_told_before_it_runs_and_in_what_is_written(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluation, "create_engine", lambda *_, **__: ScriptedEngine(lambda _: ANSWER))
    monkeypatch.setattr(evaluation, "check_engine", lambda *_: None)
    made = vecbench.evaluate(demo_model(), "emoji_7", data=data, corrupt="gaussian:3", seed=7)
    assert made.path.name == "emoji_7@gaussian_noise-3"
    assert made.manifest.control == Control(name="gaussian_noise", strength=3, seed=7)
    written = (made.path / "summary.md").read_text()
    assert "(gaussian_noise:3)" in written
    assert (
        "A control: gaussian_noise:3: every image is shown with gaussian_noise of strength 3 (seed 7)."
        in written
    )
    assert json.loads((made.path / "scores.json").read_text())["run"]["control"] == "gaussian_noise:3"


@pytest.mark.parametrize(
    ("given", "said", "remedy"),
    [
        (("blanc", None), "unknown control 'blanc'", "blank"),
        ((None, "gausian:3"), "unknown corruption 'gausian'", "gaussian_blur"),
        ((None, "gaussian"), "no strength", "gaussian_noise:3"),
        ((None, "gaussian:6"), "'6' is no strength", "1, 2, 3, 4 or 5"),
        ((None, "contrast:0"), "'0' is no strength", "1, 2, 3, 4 or 5"),
        (("blank", "gaussian:3"), "two controls", "one after the other"),
    ],
)
def test_what_is_no_control_is_refused(given, said, remedy):
    with pytest.raises(UsageError) as refused:
        control_of(*given, 0)
    assert said in refused.value.message
    assert remedy in refused.value.remedy


def photograph(size):
    """Waves of many lengths."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    waves = [np.sin(40 * x + 7 * y), np.sin(90 * x * y), np.sin(3 * x + 60 * y)]
    return Image.fromarray((128 + 90 * np.stack(waves, axis=-1)).astype(np.uint8))


def distance(first, second):
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean())


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("size", [(300, 260), (90, 130), (1, 1)])
def test_a_corruption_keeps_the_size_and_says_the_same_twice(name, size):
    picture = photograph(size)
    before = picture.tobytes()
    made = [corrupted(picture, name, 3, "0 a") for _ in range(2)]
    assert made[0].size == size
    assert made[0].mode == "RGB"
    assert made[0].tobytes() == made[1].tobytes()
    assert picture.tobytes() == before


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_higher_strength_changes_more(name):
    picture = photograph((300, 260))
    moved = [distance(picture, corrupted(picture, name, strength, "0 a")) for strength in range(1, 6)]
    assert moved == sorted(moved)
    assert moved[0] > 1


def test_noise_is_each_images_own_and_a_seeds_own():
    picture = photograph((300, 260))
    drawn = {corrupted(picture, "gaussian_noise", 1, text).tobytes() for text in ("0 a", "0 b", "1 a")}
    assert len(drawn) == 3


@pytest.mark.parametrize("name", ["gaussian_noise", "gaussian_blur", "pixelate"])
def test_a_strength_means_the_same_for_a_picture_of_twice_the_size(name):
    small, large = photograph((448, 448)), photograph((896, 896))
    first = corrupted(small, name, 3, "0 a")
    second = corrupted(large, name, 3, "0 a").resize((448, 448), Image.Resampling.BOX)
    assert distance(first, small) > 5
    assert distance(first, second) < distance(first, small) / 2


def test_the_noise_has_the_papers_deviation():
    grey = Image.new("RGB", (224, 224), (128, 128, 128))
    values = np.asarray(corrupted(grey, "gaussian_noise", 1, "0 a"), dtype=float) - 128
    assert values.std() == pytest.approx(0.08 * 255, rel=0.02)
    assert values.mean() == pytest.approx(0, abs=0.3)


def test_a_corrupted_image_is_of_the_pixels_that_a_box_leaves():
    from vecbench.samples.boxes import Box

    whole = made_image("red", (64, 64))
    cut = SampleImage(whole.name, whole.data, Box("cropped", (0, 0, 10, 20)))
    assert ControlImage(cut, control("blank")).decode().size == (10, 20)


@pytest.mark.parametrize("options", [["--control", "shuffled"], ["--corrupt", "blur:2"]])
def test_a_dry_run_says_what_would_be_shown_and_reckons_with_it(data, tmp_path, monkeypatch, capsys, options):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluation, "choose_engine", lambda *_: EngineChoice("transformers"))
    with pytest.raises(SystemExit, match="0"):
        main(["run", "-m", str(demo_model()), "-t", "emoji_7", "--data", str(data), "--dry-run", *options])
    said = capsys.readouterr().out
    assert f"control    {control(options[1]).title}: every image is" in said
    assert "images     5 shown" in said
    assert "@" in said.partition("\n")[0]
