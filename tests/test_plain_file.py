import os
import socket
from pathlib import Path

import pytest

from vecbench import plain_file
from vecbench.errors import DataError
from vecbench.plain_file import TextLines, open_plain, plain_bytes
from vecbench.samples import open_data


def test_a_file_is_read_also_through_a_link(tmp_path):
    (tmp_path / "a").write_bytes(b"\x00content")
    (tmp_path / "link").symlink_to("a")
    assert plain_bytes(tmp_path / "a") == plain_bytes(tmp_path / "link") == b"\x00content"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match="not a plain file"):
            open_plain(tmp_path / name)


def test_sockets_and_devices_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket")
        for path in ("socket", "/dev/zero", "/dev/null"):
            with pytest.raises(OSError, match="not a plain file"):
                open_plain(Path(path))


def test_folders_and_names_that_are_not_there_are_told_as_the_system_tells_them(tmp_path):
    with pytest.raises(IsADirectoryError):
        open_plain(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "none")


def test_nothing_stays_open_of_what_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    opened = len(os.listdir("/dev/fd"))
    for name in ("pipe", "."):
        with pytest.raises(OSError, match=r"plain|directory"):
            open_plain(tmp_path / name)
    assert len(os.listdir("/dev/fd")) == opened


def test_no_line_is_read_that_is_longer_than_any_row(tmp_path, monkeypatch):
    monkeypatch.setattr(plain_file, "MOST_CHARACTERS", 100)
    lines = ["x" * 98 + "\r\n", "ä" * 99 + "\n", "x" * 100]
    path = tmp_path / "lines"
    path.write_text("\ufeff" + "".join(lines), newline="")
    with TextLines(path) as stream:
        assert list(stream) == lines
    path.write_text(lines[0] + "x" * 101, newline="")
    with TextLines(path) as stream:
        assert next(stream) == lines[0]
        with pytest.raises(ValueError, match="more than 100 characters"):
            next(stream)


@pytest.mark.parametrize("before", ["", "image,label\na.png,joy\n"])
def test_a_table_that_is_one_line_without_an_end_is_refused(tmp_path, monkeypatch, before):
    monkeypatch.setattr(plain_file, "MOST_CHARACTERS", 10_000)
    (tmp_path / "samples.csv").write_text(before + "x" * 20_000)
    with pytest.raises(DataError, match="a line has more than 10,000 characters"):
        list(open_data(tmp_path)._read())
