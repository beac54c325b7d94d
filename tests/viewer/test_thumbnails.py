"""Thumbnails: small, upright, without whatever else a file says; made once, and told apart by content."""

import io
import os

import pytest
from PIL import Image, ImageOps

from vecbench.samples.boxes import Box
from vecbench.viewer.thumbnails import Thumbnails

ORIENTATION, ARTIST = 0x0112, 0x013B


def saved(folder, name, picture, **options):
    folder.mkdir(exist_ok=True)
    picture.save(folder / name, **options)
    return folder, name, None


def opened(folder, thumbnail):
    with Image.open(folder / thumbnail.address) as picture:
        picture.load()
        return picture


def halves(size, left="red", right="blue"):
    """A picture whose left half has another colour than its right one."""
    picture = Image.new("RGB", size, right)
    picture.paste(Image.new("RGB", (size[0] // 2, size[1]), left), (0, 0))
    return picture


def is_red(pixel):
    return pixel[0] > 180 and pixel[2] < 80


def made(folder, *images, **options):
    thumbnails = Thumbnails(folder, **options)
    found = thumbnails.made(images)
    thumbnails.finish()
    return [found[each] for each in images]


@pytest.mark.parametrize(
    ("size", "small"), [((640, 480), (128, 96)), ((683, 1024), (85, 128)), ((60, 40), (60, 40))]
)
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_the_longest_side_has_128_pixels_and_none_is_made_larger(tmp_path, size, small, name):
    [thumbnail] = made(tmp_path, saved(tmp_path / "data", name, halves(size)))
    picture = opened(tmp_path, thumbnail)
    assert picture.format == "WEBP"
    assert picture.size == small
    assert (thumbnail.width, thumbnail.height) == size
    assert is_red(picture.getpixel((2, 2)))
    assert not is_red(picture.getpixel((small[0] - 3, 2)))


def test_a_turned_photograph_is_upright_and_says_nothing_of_who_took_it(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION], exif[ARTIST] = 6, "Somebody"
    where = saved(tmp_path / "data", "a.jpg", halves((400, 300)), exif=exif)
    [thumbnail] = made(tmp_path, where)
    picture = opened(tmp_path, thumbnail)
    assert (thumbnail.width, thumbnail.height) == (300, 400)
    assert picture.size == (96, 128)
    assert is_red(picture.convert("RGB").getpixel((48, 10)))  # its left half is above
    assert not picture.getexif()
    assert b"Somebody" not in (tmp_path / thumbnail.address).read_bytes()


def test_a_box_is_cut_out_or_drawn_as_the_model_was_shown_it(tmp_path):
    folder, name, _ = saved(tmp_path / "data", "a.png", halves((100, 100), "green", "blue"))
    cropped, drawn = Box("cropped", (50, 0, 100, 100)), Box("drawn", (50, 0, 100, 100))
    whole, part, framed = made(tmp_path, (folder, name, None), (folder, name, cropped), (folder, name, drawn))
    assert len({whole.address, part.address, framed.address}) == 3
    assert opened(tmp_path, part).size == (50, 100)
    assert is_red(opened(tmp_path, framed).convert("RGB").getpixel((51, 1)))
    assert not is_red(opened(tmp_path, whole).convert("RGB").getpixel((51, 1)))


def test_a_second_report_decodes_nothing(tmp_path, monkeypatch):
    images = [saved(tmp_path / "data", f"{number}.jpg", halves((200, 100 + number))) for number in range(3)]
    first = made(tmp_path, *images)
    monkeypatch.setattr("vecbench.samples.small.decode_image", None)
    assert made(tmp_path, *images) == first


@pytest.mark.parametrize("spoilt", ["thumbnail", "index"])
def test_what_is_lost_of_an_earlier_report_is_made_anew(tmp_path, spoilt):
    where = saved(tmp_path / "data", "a.jpg", halves((200, 100)))
    [first] = made(tmp_path, where)
    if spoilt == "thumbnail":
        (tmp_path / first.address).unlink()
    else:
        (tmp_path / "thumbnails" / "index.json").write_text('{"a": 3}')
    assert made(tmp_path, where) == [first]
    assert opened(tmp_path, first).size == (128, 64)


def test_an_image_that_was_replaced_has_another_thumbnail(tmp_path):
    where = saved(tmp_path / "data", "a.png", halves((200, 100)))
    [first] = made(tmp_path, where)
    saved(tmp_path / "data", "a.png", ImageOps.mirror(halves((200, 100))))
    os.utime(tmp_path / "data" / "a.png", ns=(1, 1))
    [second] = made(tmp_path, where)
    assert second.address != first.address
    assert not is_red(opened(tmp_path, second).convert("RGB").getpixel((2, 2)))


def test_equal_files_have_one_thumbnail(tmp_path):
    images = [saved(tmp_path / "data", f"{number}.png", halves((200, 100))) for number in range(20)]
    assert len({each.address for each in made(tmp_path, *images)}) == 1
    assert len(list((tmp_path / "thumbnails").glob("*.webp"))) == 1


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.png", None, "no such file"),
        ("a.png", b"", "the image file is empty"),
        ("a.png", b"GIF89a", "not an image"),
        ("../a.png", None, "leads out of the data folder"),
        ("a\x00.png", None, "null"),
        ("n" * 3000, None, "name too long"),
    ],
)
def test_an_image_that_cannot_be_read_says_why(tmp_path, name, content, why):
    data = tmp_path / "data"
    data.mkdir()
    if content is not None:
        (data / name).write_bytes(content)
    [thumbnail] = made(tmp_path, (data, name, None))
    assert thumbnail.address is None
    assert why in thumbnail.missing


def test_of_an_image_whose_folder_is_unknown_the_remedy_is_said(tmp_path):
    [thumbnail] = made(tmp_path, (None, "a.png", None))
    assert "--data DIR" in thumbnail.missing


def test_inline_thumbnails_are_addresses_and_no_files(tmp_path):
    [thumbnail] = made(tmp_path / "report", saved(tmp_path / "data", "a.png", halves((20, 10))), inline=True)
    prefix, _, content = thumbnail.address.partition(",")
    assert prefix == "data:image/webp;base64"
    import base64

    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (20, 10)
    assert not (tmp_path / "report").exists()
