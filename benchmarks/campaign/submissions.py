"""Hostile submissions to a leaderboard: each is refused with a line that says why, and soon.

    python -m benchmarks.campaign.submissions

The submission of the bundled model is taken; then it is changed in every way that is listed here.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.campaign.bounded import Case, campaign
from vecbench.shipped import leaderboards_folder

[SOUND] = (leaderboards_folder() / "demo" / "submissions").glob("*.zip")


def members() -> dict[str, bytes]:
    """The files of the sound submission."""
    with zipfile.ZipFile(SOUND) as archive:
        return {each.filename: archive.read(each) for each in archive.infolist()}


def packed(files: Mapping[str, bytes], further: Sequence[tuple[zipfile.ZipInfo, bytes]] = ()) -> bytes:
    """An archive of some files, and of members that may have any name and type, even one that is there."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for member, content in further:
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def sealed(files: Mapping[str, bytes]) -> bytes:
    """An archive whose submission.json has the hashes and sizes of its files, as a forger would make it."""
    said = json.loads(files["submission.json"])
    for name, file in said["files"].items():
        file |= {"sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}
    return packed({**files, "submission.json": json.dumps(said).encode()})


def checked(content: bytes, expected: Sequence[int], place: Path) -> tuple[list[str], Sequence[int]]:
    """An archive that is checked."""
    (place / "x.zip").write_bytes(content)
    return ["leaderboard", "check", "x.zip"], expected


def linked(place: Path) -> tuple[list[str], Sequence[int]]:
    """A link to a submission."""
    (place / "x.zip").symlink_to(SOUND)
    return ["leaderboard", "check", "x.zip"], (2,)


def spelled(lines: list[dict[str, Any]]) -> bytes:
    """Lines of JSON."""
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def edited(content: bytes, path: Sequence[str], value: Any) -> bytes:
    """A JSON file with another value in one place."""
    said = json.loads(content)
    inner = said
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return json.dumps(said).encode()


def cases() -> Iterator[Case]:  # noqa: PLR0912 - a list, of which each part has a loop
    """All submissions, the sound one first."""
    sound = members()
    responses = next(name for name in sound if name.endswith("responses.jsonl"))
    lines = [json.loads(line) for line in sound[responses].splitlines()]

    def case(kind: str, name: str, content: bytes, expected: Sequence[int] = (2,)) -> Case:
        return kind, name, partial(checked, content, expected)

    def info(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        return member

    yield case("sound", "as it is", packed(sound), (0,))
    for name in ("../x", "/etc/x", "a/../../x", "C:\\x", "..\\x", "a\x00b", "x/", "x" * 5000, "\u202ex"):
        yield case("paths", repr(name)[:40], packed(sound, [(info(name), b"x")]))
    for name in sound:
        yield case("members", f"{name} twice", packed(sound, [(info(name), sound[name])]))
        yield case(
            "members", f"{name} missing", packed({key: each for key, each in sound.items() if key != name})
        )
        yield case("members", f"{name} empty", packed(sound | {name: b""}))
        yield case("members", f"{name} of zeros", packed(sound | {name: bytes(10**6)}))
        yield case("members", f"{name} is deep", packed(sound | {name: b"[" * 10**6}))
        others = {key: each for key, each in sound.items() if key != name}
        yield case(
            "members",
            f"{name} is a link",
            packed(others, [(info(name, stat.S_IFLNK | 0o777), b"/etc/passwd")]),
        )
    yield case("members", "one more", packed(sound | {"more.txt": b"x"}))
    for size in (10**8, 10**9):
        yield case("bombs", f"{size:,} zeros", packed(sound | {responses: sound[responses] + bytes(size)}))
    yield case("bombs", "a line of 100 MB", packed(sound | {responses: b'{"a": "' + b"x" * 10**8 + b'"}\n'}))
    yield case("bombs", "100,000 members", packed(sound | {f"x{n}": b"" for n in range(100_000)}))
    yield case("bombs", "an archive in an archive", packed({"x.zip": packed(sound)}))
    whole = packed(sound)
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        yield case("no archive", f"cut off after {size:,} bytes", whole[:size])
    yield case("no archive", "bytes before it", b"x" * 1000 + whole)
    yield case("no archive", "text", b"hello" * 1000)
    for name in sound:
        if name.endswith("scores.json"):
            for key, value in [("value", each) for each in (0.99, 2.0, None, "x")] + [("n", 10**30)]:
                path = ["overall", "metrics", "accuracy", key]
                yield case(
                    "forged scores",
                    f"{key} {value}",
                    sealed(sound | {name: edited(sound[name], path, value)}),
                )
        if name.endswith("run.json"):
            said = json.loads(sound[name])
            for key in said:
                for value in (None, "x", 10**30, [], {}):
                    forged = sealed(sound | {name: edited(sound[name], [key], value)})
                    # A free text, a time and a seed are whatever the sender says that they were.
                    yield case("manifests", f"{key}: {value!r}", forged, (0, 2))

    def answered(name: str, changed: list[dict[str, Any]]) -> Case:
        return case("forged responses", name, sealed(sound | {responses: spelled(changed)}))

    right = [
        line | {"response": f"<answer>{line['target']}</answer><confidence>1</confidence>"} for line in lines
    ]
    yield answered("all right", right)
    yield answered("one left out", lines[1:])
    yield answered("one twice", [*lines, lines[0]])
    yield answered("one of no sample", [*lines, lines[0] | {"sample_id": "made up", "key": "0" * 64}])
    for key in ("key", "prompt_sha256", "image_sha256", "target", "candidates", "task", "repeat"):
        for value in ("0" * 64, None, 10**30, "\ud800", ["x"]):
            yield answered(f"{key}: {value!r:.20}", [lines[0] | {key: value}, *lines[1:]])
    slow = ("<answer>" * 30_000, "not " * 60_000, "confidence: " * 20_000, "{" * 200_000, "<think>" * 30_000)
    for text in slow:
        yield answered(f"a long answer of {text[:8]!r}", [lines[0] | {"response": text}, *lines[1:]])
    yield "links", "a link to a submission", linked


def main() -> None:
    """Runs the campaign."""
    sys.exit(bool(campaign(cases(), "wrongly taken")))


if __name__ == "__main__":
    main()
