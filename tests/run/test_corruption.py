"""Logs that were damaged: whoever scores a run and whoever goes on with it count the same responses."""

import errno
import json
import os

import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan

from vecbench import json_lines
from vecbench.errors import RunError
from vecbench.interop.reading import open_responses
from vecbench.leaderboard.submission import submitted_responses
from vecbench.run import run, session
from vecbench.store import RunDirectory, read_responses
from vecbench.tasks import load_catalogue

SAMPLES = 8
CATALOGUE = load_catalogue()
LINE = 4000
"""Most bytes of a line in these tests."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("data"), ["joy", "fear"] * (SAMPLES // 2))


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    directory = RunDirectory(tmp_path_factory.mktemp("whole") / "run")
    run(make_plan(data), ScriptedEngine, directory, Watcher())
    return directory


@pytest.fixture
def directory(whole, tmp_path):
    copied = RunDirectory(tmp_path)
    copied.manifest.write_bytes(whole.manifest.read_bytes())
    return copied


def changed(line, **values):
    return json.dumps(json.loads(line) | values).encode() + b"\n"


def without(line, name):
    values = json.loads(line)
    del values[name]
    return json.dumps(values).encode() + b"\n"


def fifth(change):
    """The whole log, but for its fifth line."""
    return lambda lines: b"".join([*lines[:4], change(lines[4]), *lines[5:]])


def with_fifth(**values):
    return fifth(lambda line: changed(line, **values))


DAMAGES = {
    # How the log is damaged → (how many samples are still answered, how many lines cannot be read, the log)
    "nothing": (8, 0, b"".join),
    "no line": (0, 0, lambda _: b""),
    "torn off": (4, 0, lambda lines: b"".join(lines[:4]) + lines[4][:100]),
    "torn off and nothing else": (0, 0, lambda lines: lines[0][:50]),
    "torn off at its newline": (5, 0, lambda lines: b"".join(lines[:5])[:-1]),
    "garbage first": (8, 1, lambda lines: b"garbage\n" + b"".join(lines)),
    "garbage between": (8, 1, lambda lines: b"".join([*lines[:3], b"\xff\xfe\x00garbage\n", *lines[3:]])),
    "garbage last": (6, 1, lambda lines: b"".join(lines[:6]) + b"garbage\n"),
    "garbage without an end": (6, 1, lambda lines: b"".join(lines[:6]) + b"garbage"),
    "half a line, the next one glued to it": (6, 1, lambda x: b"".join([*x[:4], x[4][:100], *x[5:]])),
    "two lines mixed": (
        6,
        2,
        lambda x: b"".join([*x[:4], x[4][:99], x[5][:150], x[4][99:], x[5][150:], *x[6:]]),
    ),
    "a line twice": (8, 0, lambda lines: b"".join([*lines, lines[3], lines[3]])),
    "everything twice": (8, 0, lambda lines: b"".join([*lines, *lines])),
    "another answer later": (8, 0, lambda lines: b"".join([*lines, changed(lines[3], response="fear")])),
    "an error later": (7, 0, lambda lines: b"".join([*lines, changed(lines[3], response=None, error="x")])),
    "backwards": (8, 0, lambda lines: b"".join(reversed(lines))),
    "CRLF": (8, 0, lambda lines: b"".join(lines).replace(b"\n", b"\r\n")),
    "blank lines": (8, 0, b"\n\n".join),
    "NULs at the end": (5, 1, lambda lines: b"".join(lines[:5]) + bytes(500)),
    "a line of NULs at the end": (5, 1, lambda lines: b"".join(lines[:5]) + bytes(500) + b"\n"),
    "a line of NULs between": (8, 1, lambda lines: b"".join([*lines[:4], bytes(500), b"\n", *lines[4:]])),
    "NULs before a line": (7, 1, lambda lines: b"".join([*lines[:4], bytes(500), *lines[4:]])),
    "a NUL in a text": (7, 1, fifth(lambda line: line.replace(b"answer", b"ans\x00wer"))),
    "a huge line": (8, 1, lambda lines: b"".join([*lines[:4], b"x" * 9 * LINE, b"\n", *lines[4:]])),
    "a huge line without an end": (4, 1, lambda lines: b"".join(lines[:4]) + b"{" * 9 * LINE),
    "a huge response": (7, 1, with_fifth(response="y" * LINE)),
    "a byte order mark": (8, 0, lambda lines: b"\xef\xbb\xbf" + b"".join(lines)),
    "UTF-16": (0, 9, lambda lines: b"".join(lines).decode().encode("utf-16")),
    "Latin-1": (7, 1, fifth(lambda line: line.replace(b"joy", b"jo\xff"))),
    "one array": (0, 1, lambda lines: b"[" + b",".join(lines).replace(b"\n", b"") + b"]"),
    "an array a line": (0, 8, lambda lines: b"".join(b"[" + line[:-1] + b"]\n" for line in lines)),
    "two objects in a line": (6, 1, lambda lines: b"".join([*lines[:4], lines[4][:-1], *lines[5:]])),
    "a key twice": (7, 1, fifth(lambda line: line.replace(b"{", b'{"task": "emoji_7", ', 1))),
    "one more key": (8, 0, with_fifth(zzz=1)),
    "nested deeply": (7, 1, fifth(lambda _: b"[" * 1900 + b"]" * 1900 + b"\n")),
    "no hash": (7, 1, fifth(lambda line: without(line, "image_sha256"))),
    "no response and no error": (7, 1, with_fifth(response=None)),
    "a response and an error": (7, 1, with_fifth(error="x")),
    "an empty error": (8, 0, with_fifth(error="")),
    "half a surrogate pair": (7, 0, with_fifth(sample_id="\udfff")),
    "another sample": (8, 0, lambda lines: b"".join([*lines, changed(lines[3], sample_id="nonsense")])),
    **{
        f"{name} is {value!r:.20}": (7, 1, with_fifth(**{name: value}))
        for name, value in [
            ("key", 5),
            ("task", None),
            ("sample_id", [1]),
            ("repeat", "0"),
            ("repeat", True),
            ("repeat", -1),
            ("repeat", 10**30),
            ("target", None),
            ("target", True),
            ("candidates", "joy"),
            ("candidates", []),
            ("candidates", [1]),
            ("response", 5),
            ("finish_reason", 1),
            ("image", {"a": 1}),
            ("image_sha256", 5),
            ("prompt_sha256", 5),
            ("n_output_tokens", "x"),
            ("n_output_tokens", 10**400),
            ("n_prompt_tokens", [1]),
            ("n_prompt_tokens", -5),
            ("images", "a.png"),
            ("images", [1]),
            ("images_sha256", ["00"]),
            ("attributes", []),
            ("kind", 1),
        ]
    },
}


def counted(directory):
    """The samples that `vecbench score` has an answer to, and what it says of the rest."""
    source = open_responses(directory.path, CATALOGUE)
    latest = {(each.sample_id, each.repeat): each.response for each in source.responses}
    return {sample for (sample, _), response in latest.items() if response is not None}, source


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_asks_exactly_for_what_a_score_has_no_answer_to(directory, data, whole, monkeypatch, damage):
    monkeypatch.setattr(json_lines, "MOST_BYTES", LINE)
    left, unread, log = DAMAGES[damage]
    asked = {f"s{number}" for number in range(SAMPLES)}
    directory.responses.write_bytes(log(whole.responses.read_bytes().splitlines(keepends=True)))
    before = directory.responses.read_bytes()

    answered, source = counted(directory)
    assert len(answered & asked) == left
    short = len(answered) < SAMPLES  # a score knows how many samples there are to be, and not which
    assert source.is_incomplete == short
    if short:
        lost = sum(fault.effect == "not scored" for fault in source.faults)
        assert lost >= unread
        assert source.missing() or source.resolution.failed

    engine, watcher = ScriptedEngine(), Watcher()
    run(make_plan(data), lambda: engine, directory, watcher)
    generated = {f"s{request.images[0].name.split('/')[-1].split('.')[0]}" for request in engine.requests}
    assert generated == asked - answered
    told = [each for each in watcher.warnings if f": moved {unread} line" in each]
    assert len(told) == (unread > 0)
    if unread:
        kept = directory.unread.read_bytes()
        assert all(line in before for line in kept.rstrip(b"\n").split(b"\n"))
        assert len(kept) + directory.responses.stat().st_size >= len(before)

    answered, source = counted(directory)
    assert answered >= asked
    assert not source.is_incomplete
    submitted = submitted_responses(directory, {each.task for each in read_responses(directory.responses)})
    assert {each.sample_id for each in submitted if each.is_answer} == answered


@pytest.mark.parametrize("changes", [{"key": "0" * 64}, {"target": "anger"}, {"kind": "rating"}])
def test_what_answers_another_question_is_asked_again(directory, data, whole, changes):
    lines = whole.responses.read_bytes().splitlines(keepends=True)
    directory.responses.write_bytes(with_fifth(**changes)(lines))
    for expected in (1, 0):
        engine = ScriptedEngine()
        run(make_plan(data), lambda engine=engine: engine, directory, Watcher())
        assert len(engine.requests) == expected


def test_a_response_that_would_not_be_read_is_an_error(data, tmp_path, monkeypatch):
    monkeypatch.setattr(session, "LONGEST_RESPONSE", len(ANSWER) - 1)
    outcome = run(make_plan(data), lambda: ScriptedEngine(answer), RunDirectory(tmp_path), Watcher())
    assert {error for *_, error in outcome.failed} == {
        f"the response has {len(ANSWER)} characters: more than any that is read"
    }
    assert len(outcome.failed) == SAMPLES - 1


def answer(request):
    return "joy" if "0.png" in request.images[0].name else ANSWER


@pytest.mark.parametrize("code", [errno.ESTALE, errno.EIO])
def test_a_storage_that_fails_ends_a_run_and_a_score(directory, data, whole, monkeypatch, code):
    directory.responses.write_bytes(whole.responses.read_bytes())

    class Failing:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def readline(self, _most):
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(json_lines, "open_plain", lambda _: Failing())
    for read in (
        lambda: run(make_plan(data), ScriptedEngine, directory, Watcher()),
        lambda: counted(directory),
    ):
        with pytest.raises(RunError, match=f"cannot read .*responses.jsonl: {os.strerror(code).lower()}"):
            read()
