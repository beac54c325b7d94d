"""An archive that leads its reader astray is refused; nothing of it is extracted."""

import io
import os
import stat
import struct
import tarfile
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vecbench.errors import DataError
from vecbench.leaderboard.archive import packed, read_members
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
    with pytest.raises(DataError, match=r"pipe\.zip: not a plain file"):
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


@pytest.mark.parametrize(
    "name",
    [
        "RUN.JSON",
        "Run.json",
        "run.json ",
        "run.json.",
        "./run.json",
        "run.json\\",
        '"run.json"',
        "run.json\0.exe",
        "r\u0075\u0308n.json",
        "\uff52un.json",
        "run.json:stream",
        "submission.zip",
        "CON",
        "-rf",
        "\u202enosj.nur",
    ],
)
def test_a_name_that_only_some_systems_take_for_another_is_refused(files, tmp_path, name):
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w") as made:
        for each, content in files.items():
            made.writestr(each, content)
        member = zipfile.ZipInfo("placeholder")
        member.filename = name  # a constructor would end it at a NUL
        made.writestr(member, b"x")
    with pytest.raises(DataError, match="unexpected file"):
        read_members(path)


def test_a_name_that_ends_at_a_nul_for_some_readers_does_not_pass(files, tmp_path):
    path = archive(tmp_path, [(name + "????" * (name == "run.json"), each) for name, each in files.items()])
    path.write_bytes(path.read_bytes().replace(b"run.json????", b"run.json\0.py"))
    with pytest.raises(DataError, match=r"unexpected file 'run\.json\\x00\.py'"):
        read_members(path)


def test_sizes_of_64_bits_are_refused(files, tmp_path):
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            with made.open(zipfile.ZipInfo(name), "w", force_zip64=True) as stream:
                stream.write(content)
    # Where only a member says so it is read as any other; where the directory does it is refused.
    assert read_members(path) == files
    content = bytearray(path.read_bytes())
    content[-22 + 10 : -22 + 12] = b"\xff\xff"
    path.write_bytes(content)
    with pytest.raises(DataError, match="directory is too large"):
        read_members(path)


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR]
)
def test_a_member_that_is_no_plain_file_is_refused(files, tmp_path, kind):
    path = tmp_path / "device.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            if name == "run.json":
                member.create_system, member.external_attr = 3, (kind | 0o666) << 16
            made.writestr(member, content)
    with pytest.raises(DataError, match=r"run\.json is no plain file"):
        read_members(path)


def test_members_that_share_their_bytes_are_refused(files, tmp_path):
    """Many entries of a directory may point to one bomb; each is counted by itself."""
    files["responses.jsonl"] = files["scores.json"] = b"\0" * 60_000_000
    content = archive(tmp_path, files.items()).read_bytes()
    offsets = [info.header_offset for info in zipfile.ZipFile(tmp_path / "odd.zip").infolist()]
    first, second = sorted(offsets)[-2:]
    (tmp_path / "shared.zip").write_bytes(
        content.replace(struct.pack("<L", second), struct.pack("<L", first))
    )
    with pytest.raises(DataError):
        read_members(tmp_path / "shared.zip")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_tar_archive_is_no_submission(files, tmp_path, mode):
    path = tmp_path / "submission.tar"
    with tarfile.open(path, mode) as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("../../escape")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    with pytest.raises(DataError, match="not a zip archive") as refused:
        read_members(path)
    assert "vecbench leaderboard add RUN" in refused.value.remedy


def test_an_archive_in_an_archive_is_not_opened(files, tmp_path):
    files["run.json"] = HONEST.read_bytes()
    with pytest.raises(DataError, match=r"submission\.json|run\.json"):
        verify(archive(tmp_path, files.items()), CATALOGUE)


def test_a_sparse_file_is_refused_by_its_size_and_unread(tmp_path):
    path = tmp_path / "sparse.zip"
    with path.open("wb") as stream:
        stream.truncate(10**12)
    with pytest.raises(DataError, match=f"larger than {2**27} bytes"):
        read_members(path)


def test_a_folder_with_a_hole_or_a_link_in_it_is_refused(files, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    os.truncate(folder / "responses.jsonl", 10**12)
    with pytest.raises(DataError, match=r"responses\.jsonl: larger than"):
        read_members(folder)
    (folder / "responses.jsonl").unlink()
    os.mkfifo(folder / "responses.jsonl")
    with pytest.raises(DataError, match="not a plain file"):
        read_members(folder)


def test_what_is_kept_of_an_archive_is_its_files_and_nothing_else(files, tmp_path):
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, date_time=(2031, 1, 1, 0, 0, 0))
            member.comment = b"<script>"
            made.writestr(member, content)
    assert packed(read_members(path)) == HONEST.read_bytes()
