"""Task YAML, read the way lm-eval reads it but without running anything it names."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from vecbench.errors import DataError, whole_message
from vecbench.escaping import encodable

MOST_VALUES = 200_000
"""Of a file, what its aliases repeat counted each time: a few lines of them can stand for billions."""
TOO_MANY = f"more than {MOST_VALUES:,} values, with those that its aliases repeat"


FUNCTION = "!function "
"""What the name of a function begins with, as a text."""


class _Loader(yaml.SafeLoader):
    """Safe, strict about keys given twice, and `!function` stays a name."""

    def construct_scalar(self, node: Any) -> Any:
        value = super().construct_scalar(node)
        if isinstance(value, str) and ("\0" in value or encodable(value) != value):
            problem = "a text with half of a character or a zero byte"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return value

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > MOST_VALUES:
            raise yaml.constructor.ConstructorError(None, None, TOO_MANY, node.start_mark)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # Before merge keys (`<<`) are resolved: what they bring in may well be there already.
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    problem = f"the key {key.value!r} is given twice"
                    raise yaml.composer.ComposerError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return node


def _function_name(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    return f"{FUNCTION}{loader.construct_scalar(node)}"  # type: ignore[arg-type]


_Loader.add_constructor(FUNCTION.strip(), _function_name)


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A YAML file with its includes merged in."""

    path: Path
    content: Mapping[str, Any]  # a `!function` reference is the string "!function NAME"
    origin: Mapping[str, Path]  # top-level key → the file that the value comes from


def read_yaml(path: Path, including: tuple[Path, ...] = ()) -> YamlFile:
    """A YAML file, its `include`s merged as lm-eval merges them: shallowly, the including file wins.

    Raises:
        DataError: The file or one that it includes is missing, is not YAML, is not a mapping, or
            includes itself.
    """
    if path in including:
        chain = " → ".join(each.name for each in (*including, path))
        raise DataError(
            f"{including[-1]}: include: the file includes itself ({chain})", "Remove one include."
        )
    own = _mapping(path)
    content: dict[str, Any] = {}
    origin: dict[str, Path] = {}
    included = own.pop("include", [])
    names = [included] if isinstance(included, str) else included
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{path}: include: {included!r} is no file name", "Name a file, or list several.")
    for name in names:
        base_path = (path.parent / name).resolve()
        if not os.path.isfile(base_path):  # which no name that is too long stops
            raise DataError(
                f"{path}: include: there is no file {base_path}", "Names are relative to the file."
            )
        base = read_yaml(base_path, (*including, path))
        content |= base.content
        origin |= base.origin
    content |= own
    origin |= dict.fromkeys(own, path)
    return YamlFile(path, content, origin)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = parsed(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise DataError(f"{path}: {(fault.strerror or str(fault)).lower()}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text") from None
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        where = f"{path}: line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
        raise DataError(f"{where}: {fault.problem}", "Mend the YAML there.") from None
    except (ValueError, RecursionError) as fault:
        raise DataError(f"{path}: a value that YAML cannot hold ({fault})", "Put it into quotes.") from None
    except yaml.YAMLError as fault:
        raise DataError(f"{path}: {whole_message(fault)}", "Mend the YAML.") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise DataError(f"{path}: not a mapping of keys to values", "A task file starts like `task: NAME`.")
    return dict(content)


@lru_cache(maxsize=256)  # every task file is read by the check and by the catalogue, its bases once a task
def parsed(text: str) -> Any:
    """What a YAML text says; a `ValueError` is a value that it cannot hold, such as the 31st of February."""
    value = yaml.load(text, Loader=_Loader)
    ahead, count = [value], 0
    while ahead:
        inner = ahead.pop()
        count += len(inner) if isinstance(inner, dict | list) else 0
        if count > MOST_VALUES:
            raise ValueError(TOO_MANY)
        ahead += inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ()
    return value


def inline(value: object) -> str:
    """A text, a number, a list or a mapping as YAML on one line; texts are quoted where YAML needs it."""
    return yaml.safe_dump(
        [value], default_flow_style=True, allow_unicode=True, sort_keys=False, width=math.inf
    ).strip()[1:-1]
