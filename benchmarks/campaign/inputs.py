"""Bad task files, responses, data and flags: each ends with a line that says what is wrong, and soon.

    python -m benchmarks.campaign.inputs [--seed 0]

It prints a table of the kinds; the exit status is 1 if any ended with another status than it should, a
traceback, the word "unexpected", or more than three lines.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.campaign.bounded import Case, campaign

SCORED, REFUSED, READ = (0, 4), (2,), (0, 2, 4)
TASK = {
    "task": "faces",
    "metadata": {"version": 1, "vecbench": {"labels": ["joy", "fear"], "group": "mine"}},
}
GROUP = {"group": "mine", "task": ["faces"], "metadata": {"version": 1, "vecbench": {}}}
ROW = {
    "task": "faces",
    "id": "s0",
    "target": "joy",
    "candidates": ["joy", "fear"],
    "response": "<answer>joy</answer><confidence>0.5</confidence>",
}
DEEP = "[" * 100_000 + "]" * 100_000
STRANGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    10**30,
    10**400,
    -(2**63),
    "",
    " ",
    "\x00",
    "\ud800",
    "\udfff.yaml",
    "../x",
    "/etc/passwd",
    "a\nb",
    "\u202ex",
    "x" * 100_000,
    [],
    {},
    [[]],
    {"": ""},
    ["\ud800"],
    [None],
    {"a": {"b": []}},
    [1] * 10_000,
)
TEMPLATES = (
    "{{ labels",
    "{{ nope }}",
    "",
    "{{ ''.__class__.__mro__ }}",
    "{% include '/etc/passwd' %}",
    "{{ 'x' * 10**10 }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{{ [0] * 10**9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ 'x'|center(10**9) }}",
    "{{ 1 / 0 }}",
    "{{ 2 ** (10**9) }}",
    "{{ lipsum(n=100000) }}",
    "{{ 'x'.rjust(10**9) }}",
    "{{ ('x' * 9**6)|replace('x', 'y' * 9**6) }}",
    "{% set a = 'x' %}" + 60 * "{% set a = a ~ a %}" + "{{ a }}",
    "{% set a = [1] %}" + 60 * "{% set a = [a, a] %}" + "{{ a }}",
    "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "{{ " + "(" * 5000 + ")" * 5000 + " }}",
)
YAML = {
    "tabs": "task:\tx\n\tfoo: y",
    "unclosed": "task: [a, b",
    "empty": "",
    "list": "- a",
    "scalar": "hello",
    "a control character": "task: a\x00b",
    "a Python object": "task: !!python/object/apply:os.system ['true']",
    "two documents": "task: a\n---\ntask: b",
    "a key twice": "task: a\ntask: b",
    "a circle": "a: &a [*a]\ntask: x",
    "a long number": "task: " + "9" * 5000,
    "no date": "task: 2020-13-45",
    "merged number": "<<: 5\ntask: x",
    "deep": "task: " + DEEP,
    "laughs": "a0: &a0 [x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    + "task: *a11",
    "half a character": 'task: "\\ud800"',
    "an include of half a character": 'include: "\\ud800.yaml"\ntask: x',
    "an include of itself": "include: faces.yaml\ntask: faces",
    "a missing include": "include: nope.yaml\ntask: faces",
    "a device": "include: /dev/zero\ntask: faces",
    "a folder": "include: .\ntask: faces",
    "a long include": f"include: {'a' * 5000}\ntask: faces",
}
LINES = {
    "no JSON": "{",
    "an array": "[1]",
    "a number": "5",
    "deep": DEEP,
    "NaN": '{"confidence": NaN}',
    "empty": "",
    "two keys": '{"task": "faces", "task": "other"}',
    "half a character": '"\\ud800"',
    "long number": "9" * 5000,
    "bytes": "\udcff\udcfe",
    "zeros": "\x00" * 1000,
    "one line": "x" * 5_000_000,
}


def written(place: Path, **files: str) -> Path:
    """Files of a folder by name, a double underscore for the point."""
    for name, text in files.items():
        (place / name.replace("__", ".")).write_bytes(text.encode("utf-8", "surrogateescape"))
    return place


def changed(content: Any, path: Sequence[Any], value: Any) -> Any:
    """The content with a value in one place."""
    if not path:
        return value
    first, *rest = path
    if isinstance(content, dict):
        return content | {first: changed(content.get(first, {}), rest, value)}
    return value


def task_file(text: str, expected: Sequence[int], place: Path) -> tuple[list[str], Sequence[int]]:
    """A task file that is checked, with a group that has it."""
    written(place, faces__yaml=text, mine__yaml=json.dumps(GROUP))
    return ["tasks", "check", str(place)], expected


def template(text: str, place: Path) -> tuple[list[str], Sequence[int]]:
    """A prompt that is rendered for the data."""
    said = changed(TASK, ["metadata", "vecbench", "prompts"], {"standard": text})
    written(place, faces__yaml=json.dumps(said), mine__yaml=json.dumps(GROUP))
    (place / "data").mkdir()
    written(place / "data", samples__jsonl=json.dumps({"task": "faces", "image": "a.png", "target": "joy"}))
    return ["data", "check", "data", "--tasks", "faces", "--include-path", str(place)], READ


def responses(
    text: str, flags: Sequence[str], expected: Sequence[int], place: Path
) -> tuple[list[str], Sequence[int]]:
    """A file of responses that is scored."""
    written(place, x__jsonl=text)
    return ["score", "x.jsonl", "--no-figures", "-o", "out", *flags], expected


def drawn(text: str, place: Path) -> tuple[list[str], Sequence[int]]:
    """A file of responses that is scored, with figures."""
    written(place, x__jsonl=text)
    return ["score", "x.jsonl", "-o", "out"], READ


def compared(text: str, place: Path) -> tuple[list[str], Sequence[int]]:
    """A file of responses against a sound one."""
    written(place, x__jsonl=text, y__jsonl=json.dumps(ROW) + "\n")
    return ["compare", "y.jsonl", "x.jsonl"], (0, 2, 3, 4)


def data(text: str, name: str, place: Path) -> tuple[list[str], Sequence[int]]:
    """A table of samples that is checked."""
    written(place, faces__yaml=json.dumps(TASK), mine__yaml=json.dumps(GROUP))
    (place / "data").mkdir()
    written(place / "data", **{name: text})
    return ["data", "check", "data", "--tasks", "faces", "--include-path", str(place)], READ


def command(arguments: Sequence[str], place: Path) -> tuple[list[str], Sequence[int]]:
    """A command as it stands, which is wrong."""
    written(place, x__jsonl=json.dumps(ROW) + "\n")
    return list(arguments), REFUSED


def cases(seed: int) -> Iterator[Case]:
    """All cases: every kind of fault, and combinations that are drawn."""
    stream = random.Random(seed)

    def case(kind: str, name: str, make: Callable[..., Any], *given: Any) -> Case:
        return kind, name, partial(make, *given)

    for name, text in YAML.items():
        yield case("task files, as text", name, task_file, text, READ if name in {"a circle"} else REFUSED)
    paths = [["task"], ["group"], ["metadata"], ["metadata", "version"], ["include"], ["generation_kwargs"]]
    paths += [
        ["metadata", "vecbench", key]
        for key in (
            "labels",
            "group",
            "prompts",
            "answer",
            "subsets",
            "data",
            "display",
            "exclude",
            "headline",
            "parents",
            "aliases",
            "names",
            "noun",
            "expected_n",
            "scale",
        )
    ]
    for path in paths:
        for value in stream.sample(STRANGE, 4):
            text = json.dumps(changed(TASK, path, value))
            yield case("task files, a value", f"{'.'.join(path)}: {value!r:.40}", task_file, text, READ)
    for text in TEMPLATES:
        yield case("prompt templates", text[:60], template, text)
    for name, text in LINES.items():
        yield case("responses, as text", name, responses, text, (), READ)
        yield case("responses, compared", name, compared, json.dumps(ROW) + "\n" + text)
        yield case("data, as text", name, data, text, "samples__jsonl")
        yield case("data, as text", f"{name} in CSV", data, "image,label\n" + text, "samples__csv")
    flags = (
        (),
        ("--recalibrate", "isotonic"),
        ("--export", "lm-eval"),
        ("--by", "answer"),
        ("--protocol", "emocaliber"),
    )
    for key in (
        *ROW,
        "confidence",
        "repeat",
        "error",
        "image",
        "image_sha256",
        "attributes",
        "kind",
        "key",
        "prompt",
    ):
        for value in stream.sample(STRANGE, 5):
            rows = [
                ROW | {"id": f"s{n}", "response": ROW["response"].replace("0.5", f"0.{n + 1}")}
                for n in range(6)
            ]
            rows.insert(3, ROW | {"id": "odd"} | {key: value})
            text = "".join(json.dumps(row) + "\n" for row in rows)
            shown = f"{key}: {value!r:.40}"
            yield case("responses, a value", shown, responses, text, stream.choice(flags), READ)
            yield case("responses, compared", shown, compared, text)
    for key in ("image", "target", "task", "images", "candidates", "id", "split"):
        for value in stream.sample(STRANGE, 4):
            text = json.dumps({"image": "a.png", "target": "joy"} | {key: value})
            yield case("data, a value", f"{key}: {value!r:.40}", data, text, "samples__jsonl")
    many = json.dumps(ROW | {"candidates": [f"l{n}" for n in range(1000)], "target": "l0"})
    yield case(
        "responses, as text",
        "a thousand labels",
        lambda p: (["score", str(written(p, x__jsonl=many) / "x.jsonl"), "-o", "out"], READ),
    )
    for arguments in (
        ["score"],
        ["score", "nope"],
        ["score", "x.jsonl", "--protocol", "zz"],
        ["score", "x.jsonl", "--by", "zz"],
        ["score", "x.jsonl", "--export", "zz"],
        ["score", "x.jsonl", "--recalibrate", "zz"],
        ["zz"],
        ["score", "--zz"],
        ["compare", "x.jsonl"],
        ["compare", "x.jsonl", "nope"],
        ["compare", "x.jsonl", "x.jsonl", "--gate", "nope"],
        ["leaderboard", "check", "x.jsonl"],
        ["leaderboard", "check", "nope.zip"],
        ["leaderboard", "build", "nope"],
        ["data", "check", "nope", "--tasks", "demo"],
        ["tasks", "show", "zz"],
        ["tasks", "check", "nope"],
        ["run", "-m", "nope", "-t", "zz", "-o", "out"],
        ["run", "-m", "nope"],
        ["run", "-t", "demo", "-L", "-1"],
        ["run", "-m", "nope", "-t", "demo", "--engine", "zz", "-o", "out"],
        ["run", "-m", "nope", "-t", "demo", "--model-args", "zz", "-o", "out"],
        ["run", "-m", "nope", "-t", "demo", "--gen-kwargs", "temperature=nan", "-o", "out"],
    ):
        yield case("flags", " ".join(arguments), command, arguments)


def main() -> None:
    """Runs the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    sys.exit(bool(campaign(cases(parser.parse_args().seed), "went wrong")))


if __name__ == "__main__":
    main()
