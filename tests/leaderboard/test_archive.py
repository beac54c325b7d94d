"""An archive that leads its reader astray is refused; nothing of it is extracted."""

import os
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vecbench.errors import DataError
from vecbench.leaderboard.archive import read_members
from vecbench.leaderboard.verification import verify
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
[HONEST] = (leaderboards_folder() / "demo" / "submissions").glob("*.zip")


@pytest.fixture
def files():
    return read_members(HONEST)


def archive(tmp_path, members):
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../run.json", "/etc/passwd", "a/../../b", "C:\\run.json", "run.json/", "model.pkl"]
)
def test_an_archive_with_any_other_name_is_refused(files, tmp_path, name):
    path = archive(tmp_path, [*files.items(), (name, b"x")])
    with pytest.raises(DataError, match="unexpected file"):
        verify(path, CATALOGUE)
    assert [each.name for each in tmp_path.iterdir()] == ["odd.zip"]


def test_a_decompression_bomb_is_refused_before_it_unfolds(files, tmp_path):
    files["responses.jsonl"] = b"\0" * 200_000_000
    path = archive(tmp_path, files.items())
    assert path.stat().st_size < 1_000_000
    with pytest.raises(DataError, match=r"responses\.jsonl: unfolds into more than"):
        verify(path, CATALOGUE)


def test_a_bomb_that_lies_about_its_size_is_refused(files, tmp_path):
    files["scores.json"] = b"\0" * 50_000_000
    content = archive(tmp_path, files.items()).read_bytes()
    lying = tmp_path / "lying.zip"
    lying.write_bytes(content.replace(struct.pack("<L", 50_000_000), struct.pack("<L", 1000)))
    # zipfile stops at the claimed size, and the checksum is not that of so little.
    with pytest.raises(DataError, match="Bad CRC-32"):
        verify(lying, CATALOGUE)


def test_a_link_in_the_archive_is_refused(files, tmp_path):
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            if name == "run.json":
                member.create_system, member.external_attr = 3, 0o120777 << 16
                content = b"/etc/passwd"  # noqa: PLW2901
            made.writestr(member, content)
    with pytest.raises(DataError, match=r"run\.json is no plain file"):
        verify(path, CATALOGUE)


def test_a_name_that_is_there_twice_is_refused(files, tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = archive(tmp_path, [*files.items(), ("run.json", b"{}")])
    with pytest.raises(DataError, match=r"run\.json is in the archive twice"):
        verify(path, CATALOGUE)


def test_an_archive_with_very_many_names_is_refused_unread(tmp_path):
    path = archive(tmp_path, [(f"{place}.json", b"") for place in range(5000)])
    with pytest.raises(DataError, match="directory is too large"):
        verify(path, CATALOGUE)


@pytest.mark.parametrize("content", [b"", b"PK", b"not an archive" * 100])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "odd.zip"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a zip archive"):
        verify(path, CATALOGUE)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(DataError, match=r"pipe\.zip: no plain file"):
        verify(tmp_path / "pipe.zip", CATALOGUE)


@pytest.mark.parametrize("before", [b"#!/bin/sh\n", b"PK\x03\x04<script>"])
def test_an_archive_with_bytes_before_its_beginning_is_refused(tmp_path, before):
    path = tmp_path / "odd.zip"
    path.write_bytes(before + HONEST.read_bytes())
    with pytest.raises(DataError, match="bytes before its beginning"):
        verify(path, CATALOGUE)


def test_an_archive_appended_to_something_else_is_refused(files, tmp_path):
    path = tmp_path / "odd.zip"
    path.write_bytes(b"PK\x03\x04<script>")
    with zipfile.ZipFile(path, "a") as made:
        for name, content in files.items():
            made.writestr(name, content)
    with pytest.raises(DataError, match="bytes before its beginning"):
        verify(path, CATALOGUE)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_archive_is_read_or_refused(tmp_path_factory, data):
    content = bytearray(HONEST.read_bytes())
    # The last 400 bytes are the directory, which leads the reader.
    places = st.integers(0, len(content) - 1) | st.integers(len(content) - 400, len(content) - 1)
    for place, value in data.draw(
        st.dictionaries(places, st.integers(0, 255), min_size=1, max_size=5)
    ).items():
        content[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(content)
    with suppress(DataError):
        read_members(path)
