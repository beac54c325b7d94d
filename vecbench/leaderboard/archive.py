"""A submission's files, read from an archive or a folder that nobody has to trust.

Nothing is ever extracted: the members have fixed names, and their bytes are read into memory under limits
that count what comes out, whatever the headers claim.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from vecbench.errors import DataError
from vecbench.leaderboard.record import content_of
from vecbench.plain_file import cannot_read

MIB = 2**20
MEMBERS: Mapping[str, int] = {
    "submission.json": MIB,
    "run.json": MIB,
    "scores.json": 16 * MIB,
    "responses.jsonl": 256 * MIB,
}
"""The files of a submission, all of them needed → most bytes."""
CONTROL_MEMBERS: Mapping[str, int] = {
    "control_run.json": MIB,
    "control_responses.jsonl": 256 * MIB,
}
"""Those of its control, which it may have: both of them or neither → most bytes."""
_LIMITS = {**MEMBERS, **CONTROL_MEMBERS}

MAX_ARCHIVE = 128 * MIB
MAX_RATIO = 100
"""Most bytes that a byte of the archive may unfold into. Text with hashes in it stays far below."""
_END = struct.Struct("<4s4H2LH")
"""The record that a zip archive ends with."""
_MAX_DIRECTORY = 64 * 1024
_MAKE = "Make it with: vecbench leaderboard add RUN"
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OverflowError, RuntimeError, ValueError)
"""What zipfile raises when it is led astray."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of a submission's files, see `MEMBERS`; the same files give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in _LIMITS:
            if name in CONTROL_MEMBERS and name not in files:
                continue
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, files[name], compresslevel=9)
    return stream.getvalue()


def read_members(path: Path) -> dict[str, bytes]:
    """The files of a submission: of a zip archive, or of a folder with the same files in it."""
    if not path.is_dir():
        return _of_archive(path)
    try:
        names = [each.name for each in path.iterdir()]
    except OSError as fault:
        raise cannot_read(path, fault) from None
    _require_names(path, names)
    return {name: content_of(path / name, limit) for name, limit in _LIMITS.items() if name in names}


def _of_archive(path: Path) -> dict[str, bytes]:
    content = _archive_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            # Not `filename`: zipfile ends that at a NUL and rewrites what other systems wrote.
            _require_names(path, [member.orig_filename for member in members])
            if min(member.header_offset for member in members) != 0:
                raise DataError(f"{path}: not a zip archive, or one with bytes before its beginning")
            return {member.filename: _member(archive, member, path) for member in members}
    except _BROKEN as fault:
        raise DataError(f"{path}: not a zip archive that can be read: {fault}") from None


def _archive_bytes(path: Path) -> bytes:
    """The archive, once its end says that its directory is small: opening it must not cost memory."""
    content = content_of(path, MAX_ARCHIVE)
    end = content[-_END.size :]
    if len(end) < _END.size or not end.startswith(b"PK\x05\x06"):
        raise DataError(f"{path}: not a zip archive, or one with bytes after its end", _MAKE)
    _, _, _, _, count, size, begin, _ = _END.unpack(end)
    if count > 10 * len(MEMBERS) or size > _MAX_DIRECTORY:
        raise DataError(f"{path}: the archive's directory is too large for {len(MEMBERS)} files")
    # Where the directory begins is said from the archive's beginning: with more before it, it is elsewhere.
    if begin + size != len(content) - _END.size:
        raise DataError(f"{path}: not a zip archive, or one with bytes before its beginning")
    return content


def _require_names(path: Path, names: list[str]) -> None:
    for name in names:
        if name not in _LIMITS:
            raise DataError(
                f"{path}: unexpected file {name!r:.100}",
                f"A submission is {', '.join(MEMBERS)} and, of a control, {' and '.join(CONTROL_MEMBERS)}.",
            )
        if names.count(name) > 1:
            raise DataError(f"{path}: {name} is in the archive twice")
    missing = [name for name in MEMBERS if name not in names]
    if any(name in names for name in CONTROL_MEMBERS):
        missing += [name for name in CONTROL_MEMBERS if name not in names]
    if missing:
        raise DataError(f"{path}: no {', '.join(missing)}", _MAKE)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> bytes:
    where = f"{path}: {member.filename}"
    if stat.S_IFMT(member.external_attr >> 16) not in {0, stat.S_IFREG}:
        raise DataError(f"{where} is no plain file", "A submission has no links in it.")
    if member.flag_bits & 0x1 or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise DataError(f"{where} is encrypted, or compressed in another way than deflate")
    limit = min(_LIMITS[member.filename], max(MIB, MAX_RATIO * member.compress_size))
    with archive.open(member) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise DataError(
            f"{where}: unfolds into more than {limit} bytes", "It is too large, or a decompression bomb."
        )
    return content
