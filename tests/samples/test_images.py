import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from vecbench.errors import ImageError
from vecbench.samples.images import MAX_PIXELS, decode_image, read_image


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_header(width, height):
    """A PNG that claims a size and holds no pixels: small to send, huge to decode."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def test_transparency_is_composited_on_white():
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 128))
    picture = decode_image(encoded(image))
    assert picture.mode == "RGB"
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert picture.getpixel((1, 0)) == (255, 127, 127)


@pytest.mark.parametrize("mode", ["LA", "PA"])
def test_grey_and_palette_with_alpha_are_composited_too(mode):
    kind = "TIFF" if mode == "PA" else "PNG"
    try:
        data = encoded(Image.new("RGBA", (3, 3), (0, 0, 0, 0)).convert(mode), kind)
    except (OSError, ValueError):
        pytest.skip(f"Pillow writes no {mode} here")
    assert decode_image(data).getpixel((0, 0)) == (255, 255, 255)


def test_a_transparent_palette_colour_is_white():
    image = Image.new("P", (2, 2), 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    assert decode_image(encoded(image)).getpixel((0, 0)) == (40, 50, 60)
    assert decode_image(encoded(image, transparency=1)).getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_not_clipped():
    grey = np.array([[0, 0x8000, 0xFFFF]], dtype=np.uint16)
    for kind in ("PNG", "TIFF"):
        picture = decode_image(encoded(Image.fromarray(grey), kind))
        assert [picture.getpixel((x, 0))[0] for x in range(3)] == [0, 128, 255]


def test_cmyk_becomes_rgb():
    picture = decode_image(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = picture.getpixel((4, 4))
    assert red > 200
    assert max(green, blue) < 60


def test_an_exif_rotation_is_applied():
    image = Image.new("RGB", (20, 10), "white")
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_image(encoded(image, "JPEG", exif=exif)).size == (10, 20)


def test_one_pixel_is_an_image():
    assert decode_image(encoded(Image.new("RGB", (1, 1), "red"))).getpixel((0, 0)) == (255, 0, 0)


def test_the_first_frame_of_an_animation_counts():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(data).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (9_000, 9_000), (10_000, 9_000)])
def test_a_decompression_bomb_is_refused_before_it_unfolds(width, height):
    assert width * height > MAX_PIXELS
    with pytest.raises(ImageError, match="too large"):
        decode_image(png_header(width, height))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"not an image", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        (encoded(Image.effect_noise((64, 64), 50))[:900], "broken"),
        (encoded(Image.effect_noise((64, 64), 50), "JPEG")[:600], "broken"),
        (encoded(Image.new("F", (2, 2)), "TIFF"), "no defined range"),
    ],
)
def test_what_is_no_usable_image_is_an_image_error(data, message):
    with pytest.raises(ImageError, match=message):
        decode_image(data)


def test_damaged_bytes_never_raise_anything_else():
    stream = np.random.default_rng(0)
    noise = Image.effect_noise((32, 32), 80).convert("RGB")
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"):
        whole = bytearray(encoded(noise, kind))
        for _ in range(60):
            damaged = whole.copy()
            for place in stream.integers(0, len(damaged), 6):
                damaged[place] = int(stream.integers(0, 256))
            with suppress(ImageError):
                assert decode_image(bytes(damaged)).mode == "RGB"


def test_an_image_is_read_from_inside_the_data_folder_only(tmp_path):
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    (root / "images" / "a.png").write_bytes(b"inside")
    (tmp_path / "secret.png").write_bytes(b"outside")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    assert read_image(root, "images/a.png") == b"inside"
    assert read_image(root, "images/../images/a.png") == b"inside"
    for path in ("../secret.png", str(tmp_path / "secret.png"), "link.png"):
        with pytest.raises(ImageError, match="out of the data folder"):
            read_image(root, path)


def test_a_png_with_a_text_that_unfolds_beyond_the_limit_is_read():
    stream, text = io.BytesIO(), PngImagePlugin.PngInfo()
    text.add_text("note", "x" * 2**21, zip=True)
    Image.new("RGB", (12, 8), "red").save(stream, "PNG", pnginfo=text)
    assert decode_image(stream.getvalue()).getpixel((3, 3)) == (255, 0, 0)
    with pytest.raises(ImageError):
        decode_image(stream.getvalue()[:-40])


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"images/none\.png: no such file"):
        read_image(tmp_path, "images/none.png")
