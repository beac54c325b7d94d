"""The form in which a run keeps its tasks: one file each, which says everything by itself.

It is a task file like others, with one hash with that which it was made of. What that takes from beside it
(prompts of another file or of the answer kind) is written out; the place of its data, which is of one
machine, is left out. `metadata.vecbench.kept` has what stood there instead, null for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from vecbench.errors import DataError
from vecbench.tasks.yaml_file import FUNCTION, YamlFile, parsed

_HEAD = "# Kept by a {of} of vecbench: the task as it was then, in full.\n"


def self_contained(content: Mapping[str, Any], prompts: Mapping[str, Any]) -> dict[str, Any]:
    """What a task's file says in full, with its prompts by profile, and without the place of its data."""
    if "kept" in _own(content):
        return dict(content)
    said = dict(_own(content))
    kept: dict[str, Any] = {}
    if not isinstance(said.get("prompts"), dict):
        kept["prompts"] = said.get("prompts")
        said["prompts"] = dict(prompts)
    if said.get("data") is not None:
        kept["data"] = said.pop("data")
    return _with_own(content, said | {"kept": kept})


def as_written(content: Mapping[str, Any]) -> dict[str, Any]:
    """What the file said that a kept one was made of; of any other file, what it says."""
    said = dict(_own(content))
    kept = said.pop("kept", None)
    if kept is None:
        return dict(content)
    said |= kept
    return _with_own(content, {name: value for name, value in said.items() if value is not None})


def kept_text(content: Mapping[str, Any], of: str = "run") -> str:
    """The YAML to keep, whose first line says of what it is kept."""
    return _HEAD.format(of=of) + yaml.dump(
        dict(content), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100
    )


def kept_file(path: Path, text: str) -> YamlFile:
    """What a kept file says; DataError for one that would have other files read, as none that was kept."""
    try:
        content = parsed(text)
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        raise DataError(f"{path}: no YAML that vecbench reads: {' '.join(str(fault).split()):.200}") from None
    if not isinstance(content, dict) or not content.keys() & {"task", "group"}:
        raise DataError(f"{path}: it defines no task and no group")
    own = _own(content)
    if "include" in content or own.get("data") is not None or isinstance(own.get("prompts"), str):
        raise DataError(f"{path}: it names other files, which none does that a run kept")
    return YamlFile(path, content, {})


def _own(content: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = content.get("metadata")
    own = metadata.get("vecbench") if isinstance(metadata, dict) else None
    return own if isinstance(own, dict) else {}


def _with_own(content: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {**content, "metadata": {**content["metadata"], "vecbench": dict(own)}}


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as such, and the names of functions as what lm-eval takes for them."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    if value.startswith(FUNCTION):
        return dumper.represent_scalar(FUNCTION.strip(), value.removeprefix(FUNCTION))
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
