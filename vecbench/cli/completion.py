"""What the shell proposes for options; names are found without loading what they name.

The catalogue takes a good part of a second to load, and each press of the Tab key asks anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import typer

ENGINES = ("auto", "vllm", "transformers", "openai")
PROTOCOLS = ("strict", "emocaliber", "emobserver", "mvei", "eemo-logic")
PROFILES = ("standard", "verbalized", "direct", "dataset", "auto")
"""Of the shipped tasks; one's own may have others."""
CONTROLS = ("blank", "grey", "shuffled")
FORMATS = ("table", "json", "markdown", "csv", "latex")
MOST_CHARACTERS = 2**16
"""Of a file, in which the name of its task is looked for."""
_NAME = re.compile(r"^(?:task|group):\s*[\"']?(?:vecbench_)?([A-Za-z0-9_]+)", re.MULTILINE)


def one_of(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Completes a name."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


def tasks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Completes the last of several tasks, groups and benchmarks, with commas between them."""
    from vecbench.shipped import tasks_folder

    before, comma, last = incomplete.rpartition(",")
    folders = [tasks_folder(), *(Path(each) for each in ctx.params.get("include_path") or ())]
    named = {name for folder in folders for name in _names(folder)} - {*before.split(",")}
    return [before + comma + name for name in sorted(named) if name.startswith(last)]


def _names(folder: Path) -> Iterable[str]:
    for path in [folder] if folder.is_file() else folder.rglob("*.y*ml"):
        with suppress(OSError, ValueError), path.open(encoding="utf-8") as stream:
            yield from _NAME.findall(stream.read(MOST_CHARACTERS))
