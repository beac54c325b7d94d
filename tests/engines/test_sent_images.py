"""What an endpoint is sent of an image: the pixels that every engine shows, in as few bytes as there are."""

import base64
import io
import math

import numpy as np
import pytest
from endpoint import serving
from PIL import Image

from vecbench.engines import Request, Sampling
from vecbench.engines.openai import OpenAIEngine
from vecbench.engines.sent_images import data_urls, scaled, size_within
from vecbench.errors import ImageError
from vecbench.samples.boxes import Box
from vecbench.samples.images import decode_image
from vecbench.samples.sample import SampleImage

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def file(kind, mode="RGB", **saved):
    picture = Image.fromarray(NOISE).convert(mode)
    if "transparent" in saved:
        picture.putalpha(saved.pop("transparent"))
    stream = io.BytesIO()
    picture.save(stream, kind, **saved)
    return stream.getvalue()


def turned(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    return file(kind, exif=exif)


def upright(kind):
    exif = Image.Exif()
    exif[0x0112] = 1
    exif[0x010F] = "a camera"
    return file(kind, exif=exif)


def sixteen_bits():
    stream = io.BytesIO()
    Image.fromarray(NOISE[..., 0].astype(np.uint16) * 256).save(stream, "PNG")
    return stream.getvalue()


def sent(data, limits=None, box=None):
    """Media type and bytes of what is sent."""
    request = Request("a", "?", (SampleImage("made", data, box),), Sampling())
    [url] = data_urls(request, limits or {})
    header, content = url.split(",")
    return header.removeprefix("data:").removesuffix(";base64"), base64.b64decode(content)


def pixels(data):
    """As a server decodes them that knows nothing but the format."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


AS_THEY_ARE = {
    "JPEG": ("image/jpeg", file("JPEG")),
    "progressive JPEG": ("image/jpeg", file("JPEG", progressive=True)),
    "grey JPEG": ("image/jpeg", file("JPEG", "L")),
    "upright JPEG": ("image/jpeg", upright("JPEG")),
    "PNG": ("image/png", file("PNG")),
    "grey PNG": ("image/png", file("PNG", "L")),
}
MADE_ANEW = {
    "turned JPEG": turned("JPEG"),
    "CMYK JPEG": file("JPEG", "CMYK"),
    "turned PNG": turned("PNG"),
    "transparent PNG": file("PNG", transparent=100),
    "PNG with one transparent colour": file("PNG", transparency=(0, 0, 0)),
    "palette": file("PNG", "P"),
    "16 bits": sixteen_bits(),
    "moving PNG": file("PNG", save_all=True, append_images=[Image.new("RGB", (60, 40))]),
    "GIF": file("GIF"),
    "WebP": file("WEBP", lossless=True),
    "BMP": file("BMP"),
}


@pytest.mark.parametrize(("kind", "data"), AS_THEY_ARE.values(), ids=AS_THEY_ARE)
def test_a_file_that_every_decoder_shows_alike_is_sent_as_it_is(kind, data):
    assert sent(data) == (kind, data)
    assert (pixels(data) == np.asarray(decode_image(data))).all()


@pytest.mark.parametrize("data", MADE_ANEW.values(), ids=MADE_ANEW)
def test_of_any_other_a_png_of_the_pixels_is_sent_that_other_engines_show(data):
    kind, content = sent(data)
    assert kind == "image/png"
    assert content != data
    assert (pixels(content) == np.asarray(decode_image(data))).all()


@pytest.mark.parametrize("shown", ["drawn", "cropped"])
def test_a_box_is_in_what_is_sent(shown):
    box = Box(shown, (5, 5, 30, 30))
    kind, content = sent(file("JPEG"), box=box)
    assert kind == "image/png"
    assert (pixels(content) == np.asarray(box.applied(decode_image(file("JPEG"))))).all()


def test_a_broken_file_is_not_sent():
    with pytest.raises(ImageError):
        sent(file("JPEG")[:-200])
    with pytest.raises(ImageError):
        sent(file("PNG")[:-200])


@pytest.mark.parametrize(
    ("size", "limits", "wanted"),
    [
        ((600, 400), {}, (600, 400)),
        ((600, 400), {"max_pixels": 240_000, "min_pixels": 240_000}, (600, 400)),
        ((600, 400), {"max_pixels": 60_000}, (300, 200)),
        ((400, 600), {"max_pixels": 60_000}, (200, 300)),
        ((60, 40), {"min_pixels": 9_600}, (120, 80)),
        ((10_000, 1), {"max_pixels": 99}, (99, 1)),
        ((1, 10_000), {"max_pixels": 99}, (1, 99)),
        ((1, 1), {"min_pixels": 3}, (2, 2)),
    ],
)
def test_limits_scale_both_sides_alike_and_no_more_than_they_ask_for(size, limits, wanted):
    assert size_within(size, limits) == wanted


def test_every_size_ends_within_its_limits():
    random = np.random.default_rng(1)
    for width, height in random.integers(1, 3000, (500, 2)).tolist():
        most = int(random.integers(1, 10**6))
        assert math.prod(size_within((width, height), {"max_pixels": most})) <= most
        assert math.prod(size_within((width, height), {"min_pixels": most})) >= min(most, width * height)


def test_a_picture_that_is_scaled_is_a_png_and_one_within_the_limits_its_file():
    kind, content = sent(file("JPEG"), {"max_pixels": 600})
    assert kind == "image/png"
    assert pixels(content).shape == (20, 30, 3)
    assert sent(file("JPEG"), {"max_pixels": 2400})[0] == "image/jpeg"
    picture = decode_image(file("JPEG"))
    assert scaled(picture, {"max_pixels": 2400}) is picture


@pytest.mark.parametrize(
    ("owner", "scale", "sides", "field"),
    [
        ("vllm", None, (60, 40), True),  # it scales by the field, as the vllm engine does
        ("", None, (30, 20), True),
        ("someone", None, (30, 20), True),
        ("vllm", "client", (30, 20), False),
        ("", "server", (60, 40), True),
    ],
)
def test_images_are_scaled_here_unless_the_endpoint_does(monkeypatch, owner, scale, sides, field):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
    with serving() as endpoint:
        endpoint.owner = owner
        arguments = {"base_url": endpoint.url, "max_pixels": 600} | ({"scale": scale} if scale else {})
        engine = OpenAIEngine("nano", arguments)
        [response] = engine.generate([Request("a", "?", (SampleImage("a", file("JPEG")),), Sampling())])
        engine.close()
    assert response.error is None
    [body] = endpoint.bodies
    url = body["messages"][0]["content"][0]["image_url"]["url"]
    assert pixels(base64.b64decode(url.split(",")[1])).shape[1::-1] == sides
    assert (body.get("mm_processor_kwargs") == {"max_pixels": 600}) == field
