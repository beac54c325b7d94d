"""Remakes the numbers of README and docs: what a command printed stands between markers that name it.

    <!-- made by: vecbench score results/demo -->
    the output, in a fence or, if it is Markdown, without one
    <!-- /made -->

Such blocks, and the examples that begin with `>>>`, are the same every time, and tests hold them to the
letter. `made slowly by` marks what a benchmark measured: remade with `--slow` alone, never the same twice.
`the program above` stands for the Python block before it. Commands see 80 columns, in a folder with
`leaderboards`, `benchmarks` and `tests`, the demo's model (`my-model`), its run (`results/demo`,
`my-model/demo` and `before`), the same at another temperature (`results/now`), controls of it, one with
repeats (`results/repeats`), and `FILES`.

Usage: python -m tools.docs_numbers [--slow] [PAGE ...]
"""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vecbench.shipped import demo_model

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "benchmarks" / "README.md")
BLOCK = re.compile(
    r"(?P<open><!-- made (?P<slowly>slowly )?by: (?P<command>.+?) -->\n)"
    r"(?P<fence>```\n)?(?P<shown>.*?)(?P<close>(?:```\n)?<!-- /made -->)",
    re.DOTALL,
)
PROGRAM = re.compile(r"```python\n((?!>>> ).*?)```\n", re.DOTALL)
EXAMPLES = re.compile(r"(?<=```python\n)(>>> .*?)(?=```)", re.DOTALL)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
FIGURE = "figures/reliability_demo_id_ver.png"
"""Of the demo's run, and of the docs; another matplotlib sets its letters a little otherwise."""

RUNS = (
    "vecbench demo",
    f"vecbench run --model {shlex.quote(str(demo_model()))} --tasks demo --gen-kwargs temperature=1.2"
    " --seed 1 --output results/now",
    *(
        f"vecbench run --model {shlex.quote(str(demo_model()))} --tasks demo --{how} --output results/{name}"
        for name, how in (
            ("blank", "control blank"),
            ("contrast-3", "corrupt contrast:3"),
            ("contrast-5", "corrupt contrast:5"),
        )
    ),
    "vecbench run --model my-model --tasks emoji_7 --repeats 5 --gen-kwargs temperature=0.7"
    " --output results/repeats",
)
FILES = {
    "ci/gates.yaml": (
        "docs/tutorials/guard.md",
        re.compile(r"```yaml\n(# ci/gates\.yaml\n.*?)\n```", re.DOTALL),
    ),
    "gates.yaml": ("docs/compare.md", re.compile(r"```yaml\n(# gates\.yaml\n.*?)\n```", re.DOTALL)),
    "answers.jsonl": ("docs/responses.md", re.compile(r"`answers\.jsonl`\n\n```\n(.*?)\n```", re.DOTALL)),
}
"""Name → the page that shows it, and where."""


def prepare(folder: Path) -> None:
    """Make what commands of the pages read, in an empty folder."""
    for name, (page, place) in FILES.items():
        [content] = place.findall((ROOT / page).read_text())
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    (folder / "my-model").symlink_to(demo_model())
    for name in ("leaderboards", "benchmarks", "tests"):
        (folder / name).symlink_to(ROOT / name)
    for command in RUNS:
        printed(command, folder)
    for name in ("my-model/demo", "before"):
        shutil.copytree(folder / "results" / "demo", folder / "results" / name)


def printed(command: str, folder: Path, program: str = "") -> str:
    """What a command prints, without blanks at the ends of lines.

    Args:
        command: For the shell.
        folder: Where it runs, as `prepare` left it.
        program: What it reads.
    """
    python = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{python}:{os.environ['PATH']}",
        "COLUMNS": "80",
        "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}",
    }
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, input=program, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if not done.stdout.strip():
        raise RuntimeError(f"{command} printed nothing:\n{done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines()) + "\n"


def blocks_remade(text: str, folder: Path, *, slow: bool = False) -> str:
    """A page with every block as its command prints it now.

    Args:
        text: The page.
        folder: As `prepare` left it.
        slow: Whether what benchmarks measured is remade, and nothing else.
    """

    def remade(block: re.Match[str]) -> str:
        if bool(block["slowly"]) != slow:
            return block[0]
        if block["command"] == "the program above":
            program = PROGRAM.findall(text, 0, block.start())[-1]
            shown = printed("python -", folder, program)
        else:
            shown = printed(block["command"], folder)
        return f"{block['open']}{block['fence'] or ''}{shown}{block['close']}"

    return BLOCK.sub(remade, text)


class _Recorder(doctest.DocTestRunner):
    """Takes down what examples print where it is not what they show."""

    def __init__(self) -> None:
        super().__init__(optionflags=FLAGS)
        self.got: dict[int, str] = {}

    def report_failure(self, _out: Any, _test: doctest.DocTest, example: doctest.Example, got: str) -> None:
        self.got[example.lineno] = re.sub(" +$", "", got, flags=re.MULTILINE)

    def report_unexpected_exception(
        self, _out: Any, _test: doctest.DocTest, example: doctest.Example, exc_info: Any
    ) -> None:
        raise RuntimeError(f"the example fails: {example.source}") from exc_info[1]


def examples_remade(text: str) -> str:
    """A page with every example as it prints now, run in the current folder, one after the other."""
    scope: Mapping[str, Any] = {}

    def remade(block: re.Match[str]) -> str:
        nonlocal scope
        test = doctest.DocTestParser().get_doctest(block[0], dict(scope), f"at {block.start()}", None, 0)
        recorder = _Recorder()
        recorder.run(test, out=lambda _: None, clear_globs=False)
        scope = test.globs
        lines = block[0].splitlines(keepends=True)
        for example in reversed(test.examples):
            if example.lineno in recorder.got:
                begin = example.lineno + example.source.count("\n")
                lines[begin : begin + example.want.count("\n")] = [recorder.got[example.lineno]]
        return "".join(lines)

    return EXAMPLES.sub(remade, text)


def main(arguments: list[str]) -> None:
    """Remake the pages that are named, or all."""
    slow = "--slow" in arguments
    pages = [Path(each).resolve() for each in arguments if each != "--slow"] or PAGES
    with tempfile.TemporaryDirectory() as made:
        prepare(Path(made))
        shutil.copyfile(Path(made) / "results" / "demo" / FIGURE, ROOT / "docs" / FIGURE)
        for page in pages:
            old = page.read_text()
            new = blocks_remade(old, Path(made), slow=slow)
            if not slow:
                with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
                    new = examples_remade(new)
            page.write_text(new)
            print(f"{page.relative_to(ROOT)}: {'remade' if new != old else 'as it was'}")


if __name__ == "__main__":
    main(sys.argv[1:])
