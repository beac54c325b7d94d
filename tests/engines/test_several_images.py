"""Requests with several images, for every engine that needs no accelerator."""

import base64
import io
import shutil
from dataclasses import replace

import pytest
from endpoint import serving, status
from fakes import made_image
from PIL import Image
from tiny_qwen import save_tiny_qwen

from vecbench.engines import Request, Sampling, registry
from vecbench.engines.openai import OpenAIEngine
from vecbench.engines.registry import create_engine
from vecbench.engines.transformers import TransformersEngine
from vecbench.engines.window import decoded
from vecbench.errors import ImageError
from vecbench.samples.sample import SampleImage
from vecbench.shipped import demo_model


def asked(key, *colours, prompt="Which image is brighter?", **sampling):
    images = tuple(made_image(colour) for colour in colours)
    return Request(key, prompt, images, Sampling(**{"max_tokens": 12} | sampling))


BROKEN = SampleImage("second.png", b"nonsense")


@pytest.fixture(scope="module", params=["nano", "qwen"])
def engine(request, tmp_path_factory):
    """The bundled model, and the architecture of Qwen2.5-VL where its processor's packages are installed."""
    folder = demo_model()
    if request.param == "qwen":
        pytest.importorskip("torchvision")
        folder = tmp_path_factory.mktemp("qwen")
        save_tiny_qwen(folder)
    made = TransformersEngine(str(folder), {"batch_size": 4, "dtype": "float32"})
    yield made
    made.close()


def responses(engine, *requests):
    return {each.key: each for each in engine.generate(requests)}


def test_every_image_is_in_the_prompt(engine):
    colours = {"1": ["red"], "2": ["red", "blue"], "3": ["red", "blue", "white"]}
    found = responses(engine, *(asked(key, *each) for key, each in colours.items()))
    assert {each.error for each in found.values()} == {None}
    one, two, three = (found[key].n_prompt_tokens for key in "123")
    assert two - one == three - two > 1


def test_the_images_are_shown_in_their_order_before_the_text(engine, monkeypatch):
    shown = []
    template = engine._processor.apply_chat_template

    def watched(conversations, **options):
        shown.extend(conversations)
        return template(conversations, **options)

    monkeypatch.setattr(engine._processor, "apply_chat_template", watched)
    responses(engine, asked("a", "red", "blue"))
    [[turn]] = shown
    *images, text = turn["content"]
    assert [part["image"].getpixel((0, 0)) for part in images] == [(255, 0, 0), (0, 0, 255)]
    assert text == {"type": "text", "text": "Which image is brighter?"}


def test_a_batch_of_pairs_says_what_they_say_alone(engine):
    requests = [
        asked(f"{n}", *colours, prompt="Which?" + " word" * n)
        for n, colours in enumerate(
            [("red", "blue"), ("blue", "red"), ("red",), ("green", "white", "black"), ("white", "white")]
        )
    ]
    together = responses(engine, *requests)
    alone = {}
    for each in requests:
        alone |= responses(engine, each)
    assert together == alone


def test_a_batch_holds_requests_of_one_number_of_images(engine, monkeypatch):
    sizes, generated = [], engine._generate_batch

    def watched(batch):
        sizes.append({len(pictures) for _, pictures in batch})
        return generated(batch)

    monkeypatch.setattr(engine, "_generate_batch", watched)
    colours = {"a": ["red"], "b": ["red", "blue"], "c": ["red"], "d": ["red", "red"]}
    responses(engine, *(asked(key, *each) for key, each in colours.items()))
    assert sizes == [{1}, {2}]


def test_a_broken_second_image_fails_its_request_alone(engine):
    pair = asked("pair", "red", "blue")
    found = responses(engine, replace(pair, key="bad", images=(pair.images[0], BROKEN)), pair)
    assert found["bad"].error.startswith("second.png: not an image")
    assert found["pair"].error is None


@pytest.fixture
def one_image_model(tmp_path):
    """The bundled model with a chat template that knows one image, as those of many older models do."""
    model = tmp_path / "model"
    shutil.copytree(demo_model(), model)
    (model / "chat_template.jinja").write_text("<image>{{ messages[0]['content'][-1]['text'] }}")
    made = TransformersEngine(str(model), {"batch_size": 4})
    yield made
    made.close()


def test_a_model_that_takes_one_image_fails_a_pair_with_one_line(one_image_model):
    colours = {"a": ["red"], "pair": ["red", "blue"], "b": ["blue"], "twice": ["red", "red"]}
    found = responses(one_image_model, *(asked(key, *each) for key, each in colours.items()))
    for key in ("pair", "twice"):
        assert found[key].error.startswith("asked with 2 images: ")
        assert "\n" not in found[key].error
    assert (found["a"].error, found["b"].error) == (None, None)


def test_the_endpoint_gets_the_images_in_their_order_before_the_text(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
    with serving() as endpoint:
        made = OpenAIEngine("nano", {"base_url": endpoint.url})
        [response] = made.generate([asked("a", "red", "blue", "white")])
        made.close()
    assert response.error is None
    *images, text = endpoint.bodies[0]["messages"][0]["content"]
    sent = [_pixel(part["image_url"]["url"]) for part in images]
    assert sent == [(255, 0, 0), (0, 0, 255), (255, 255, 255)]
    assert text == {"type": "text", "text": "Which image is brighter?"}


def _pixel(url):
    header, data = url.split(",")
    assert header == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data))).getpixel((0, 0))


def test_an_endpoint_that_takes_one_image_fails_a_pair_with_one_line(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
    refusal = status(400, "At most 1 image(s) may be provided in one prompt.")
    with serving(refusal) as endpoint:
        made = OpenAIEngine("nano", {"base_url": endpoint.url, "concurrency": 1})
        found = responses(made, asked("pair", "red", "blue"), asked("a", "red"))
        made.close()
    assert found["pair"].error == (
        "asked with 2 images: status 400: At most 1 image(s) may be provided in one prompt."
    )
    assert found["a"].error is None


def test_pictures_are_decoded_in_order_and_the_first_broken_one_is_told():
    pair = asked("pair", "red", "blue")
    bad = replace(pair, images=(BROKEN, SampleImage("third.png", "away")))
    [(_, pictures), (_, problem)] = decoded([pair, bad], ahead=2, threads=2)
    assert [each.getpixel((0, 0)) for each in pictures] == [(255, 0, 0), (0, 0, 255)]
    assert isinstance(problem, ImageError)
    assert problem.message.startswith("second.png: ")


@pytest.mark.parametrize("name", ["vllm", "auto"])
def test_an_engine_is_made_for_the_most_images_of_a_request(monkeypatch, name):
    made = []
    monkeypatch.setattr(registry, "check_engine", lambda *_: None)
    monkeypatch.setattr(registry, "loaded", lambda *arguments: made.append(arguments) or made)
    monkeypatch.setattr(registry, "choose_engine", lambda *_: registry.EngineChoice("vllm", "it is there"))
    create_engine(name, "model", {}, most_images=3)
    create_engine(name, "model", {})
    assert made == [("vllm", "model", {}, 3), ("vllm", "model", {}, 1)]


def test_a_request_of_one_image_is_sent_as_ever(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
    with serving() as endpoint:
        made = OpenAIEngine("nano", {"base_url": endpoint.url})
        list(made.generate([asked("a", "red")]))
        made.close()
    content = endpoint.bodies[0]["messages"][0]["content"]
    assert [part["type"] for part in content] == ["image_url", "text"]
