"""Building the data from packages, on packages made up here."""

import csv
import dataclasses
import hashlib
import io
import json
import tarfile

import pytest
from PIL import Image

from tools.demo import dataset, packages
from tools.demo.dataset import build, reduce_image
from tools.demo.packages import Package, fetch, read_members
from vecbench.errors import DataError, RunError


def picture(shade, size=64, file_format="PNG"):
    buffer = io.BytesIO()
    Image.new("RGBA", (size, size), (shade, 100, 200, 255)).save(buffer, file_format)
    return buffer.getvalue()


def write_archive(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """A folder of archives with ten happy faces, a waver in two skin tones, and a fork."""
    folder = tmp_path / "packages"
    folder.mkdir()
    names = [f"1f6{place:02x}" for place in range(10)]
    images = {f"{name}.png": picture(place) for place, name in enumerate(names)}
    images |= {"1f44b.png": picture(50), "1f44b-1f3fb.png": picture(51), "1f374-fe0f.png": picture(60)}
    entries = [{"hexcode": name.upper(), "tags": ["happy", "smile"], "group": 0} for name in names]
    entries.append({"hexcode": "1F374", "tags": ["fork"], "group": 4})
    contents = {
        "NOTO": {f"package/img/google/64/{name}": data for name, data in images.items()},
        # A second picture with the same content is not asked about twice.
        "TWEMOJI": {f"package/img/twitter/64/{name}": picture(1) for name in images},
        "FLUENT": {f"package/assets/{name}.webp": picture(9, 256, "WEBP") for name in names},
        "EMOJIBASE": {"package/en/data.json": json.dumps(entries).encode()},
        "EMOTION": {"package/index.js": "emoji: '😀',\n    polarity: 3".encode()},
    }
    for name, files in contents.items():
        package = getattr(packages, name)
        checksum = write_archive(folder / package.archive, files)
        monkeypatch.setattr(dataset, name, dataclasses.replace(package, sha256=checksum))
    return folder


def test_the_data_is_built_twice_alike(made_up, tmp_path):
    contents = []
    for run in ("first", "second"):
        build(made_up, tmp_path / run / "test", tmp_path / run / "training")
        files = sorted(path for path in (tmp_path / run).rglob("*") if path.is_file())
        contents.append({path.relative_to(tmp_path / run): path.read_bytes() for path in files})
    assert contents[0] == contents[1]


def test_no_test_emoji_is_in_training(made_up, tmp_path):
    build(made_up, tmp_path / "test", tmp_path / "training")
    tables = []
    for path in (tmp_path / "test" / "samples.csv", tmp_path / "training" / "training.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert all((path.parent / row["image"]).is_file() for row in rows)
        tables.append({row["emoji"] for row in rows})
    assert len(tables[0]) == 4
    assert not tables[0] & tables[1]
    assert "1f374" in tables[1]


def test_pictures_are_reduced_and_stay_transparent():
    buffer = io.BytesIO()
    Image.new("RGBA", (256, 256), (255, 0, 0, 0)).save(buffer, "WEBP", lossless=True)
    with Image.open(io.BytesIO(reduce_image(buffer.getvalue()))) as reduced:
        assert reduced.size == (64, 64)
        assert reduced.convert("RGBA").getpixel((32, 32))[3] == 0


def test_members_are_read_by_folder_and_by_file(tmp_path):
    archive = tmp_path / "a.tgz"
    write_archive(archive, {"package/x/1.png": b"1", "package/x/2.png": b"2", "package/../../evil": b"3"})
    assert read_members(archive, "package/x") == {"1.png": b"1", "2.png": b"2"}
    assert read_members(archive, "package/x/2.png") == {"2.png": b"2"}
    with pytest.raises(DataError, match="nothing under"):
        read_members(archive, "package/y")


def test_another_archive_than_the_pinned_one_is_refused(tmp_path):
    package = Package("@scope/name", "1.0.0", "0" * 64)
    assert package.archive == "scope-name-1.0.0.tgz"
    write_archive(tmp_path / package.archive, {"package/index.js": b""})
    with pytest.raises(DataError, match="SHA-256"):
        fetch(package, tmp_path)


def test_a_machine_without_npm_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RunError, match="name@1") as caught:
        fetch(Package("name", "1.0.0", ""), tmp_path / "packages")
    assert "name-1.0.0.tgz" in caught.value.remedy
