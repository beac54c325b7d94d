"""A task file that is not written yet."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from vecbench.answers import AnswerSpecification, kind_named
from vecbench.errors import DataError, UsageError
from vecbench.tasks.check import content_faults, file_faults
from vecbench.tasks.schema import is_short, missing_keys
from vecbench.tasks.task import PREFIX, without_prefix
from vecbench.tasks.yaml_file import YamlFile, inline, parsed, read_yaml

MADE_OF = {
    "metadata.vecbench.labels": "--labels",
    "metadata.vecbench.answer": "--kind",
    "metadata.vecbench.noun": "--noun",
    "metadata.vecbench.data": "--data",
    "metadata.vecbench.prompts": "--kind",
}
"""Keys of a draft → the option of `vecbench tasks init` that they are of."""

REMEDIES = {
    "--labels": "Such as: --labels joy,fear",
    "--kind": "What a kind needs besides is an option of its own, such as: --range 1,9",
    "--data": "Leave it out, and give it to vecbench run.",
}
"""What to do on the command line, where a file says it otherwise."""

_HEAD = "# For lm-evaluation-harness; vecbench takes a file without these keys to say the same.\n"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of a task before it has a file."""

    name: str
    path: Path  # where the file is to lie
    answers: AnswerSpecification
    noun: str | None = None
    data: Path | None = None  # None if the user brings it
    short: bool = False  # for vecbench alone

    def text(self) -> str:
        """The file, of at most ten lines if it is a short one; a fault names the option that it is of."""
        if not re.fullmatch(r"[A-Za-z0-9_]+", self.name):
            plain = re.sub(r"[^A-Za-z0-9]+", "_", self.name).strip("_").lower()
            raise UsageError(
                f"{self.name!r} is no name of a task",
                f"Letters, digits and underscores make one{f', such as {plain}' if plain else ''}.",
            )
        try:
            kind_named(self.answers.kind)
        except UsageError as error:
            raise UsageError(f"--kind: {error}", error.remedy) from None
        text = self._short_text()
        if not self.short:
            text += _HEAD + missing_keys(parsed(text))
        for fault in content_faults(YamlFile(self.path, parsed(text), {})):
            option = next((MADE_OF[key] for key in MADE_OF if fault.key.startswith(key)), fault.key)
            raise UsageError(f"{option}: {fault.problem}", REMEDIES.get(option, fault.remedy))
        return text

    def write(self) -> None:
        """Writes the file, and the folders above it; one that is there is left as it is."""
        text = self.text()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError:
            raise UsageError(f"{self.path} is there already", "Choose another file with -o.") from None

    def _short_text(self) -> str:
        kind, options = self.answers.kind, self.answers.options
        said: dict[str, object] = {}
        if self.noun is not None:
            said["noun"] = self.noun
        if options or kind != AnswerSpecification().kind:
            said["answer"] = {"kind": kind, **options}
        if self.answers.labels:
            said["labels"] = list(self.answers.labels)
        if self.data is not None:
            said["data"] = self._data(self.data)
        lines = [f"    {name}: {inline(value)}\n" for name, value in said.items()]
        head = f"task: {PREFIX}{without_prefix(self.name)}\nmetadata:\n  version: 1.0\n  vecbench:\n"
        return head + ("".join(lines) or "    labels: []\n")

    def _data(self, data: Path) -> str:
        """Relative to the file, unless they have nothing in common."""
        place, folder = data.absolute(), self.path.parent.resolve()
        apart = len(Path(os.path.commonpath([place, folder])).parts) == 1
        return str(place) if apart else Path(os.path.relpath(place, folder)).as_posix()


def complete(path: Path) -> bool:
    """Appends to a short task file what lm-eval needs; the task and its hash stay the same.

    Of a full one it says False, and does nothing.
    """
    for fault in file_faults(path):
        raise fault.error()
    file = read_yaml(path)
    if "group" in file.content:
        raise DataError(f"{path} defines a group, which lm-eval reads as it is")
    if not is_short(file.content):
        return False
    text = path.read_text(encoding="utf-8")
    more = ("" if text.endswith("\n") else "\n") + _HEAD + missing_keys(file.content)
    if not _goes_on(text, more):
        raise DataError(f"{path}: nothing can be appended to it", "Write one key a line, without braces.")
    with path.open("a", encoding="utf-8") as stream:
        stream.write(more)
    return True


def _goes_on(text: str, more: str) -> bool:
    """Whether a text of YAML says the same and more when something is appended."""
    try:
        return bool(parsed(text + more) == {**parsed(text), **parsed(more)})
    except (yaml.YAMLError, ValueError):
        return False
