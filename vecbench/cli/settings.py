"""Defaults of options: of `VECBENCH_*` variables, and of the file that `--config` names.

What options there are is read off the commands' functions, so that a new one needs nothing here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from vecbench.errors import UsageError, nearest

PREFIX = "VECBENCH"
NO_SETTINGS = frozenset({"version", "config"})
"""Options of `vecbench` itself that ask for something, and are no setting."""
MOST_BYTES = 2**20
"""A larger file is not read."""
_FLAGS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)
_EXPECTED = {bool: "Write true or false.", int: "Write a whole number."}


@dataclass(frozen=True, slots=True)
class _Option:
    parameter: str  # of the command's function
    kind: type  # bool or int; str for whatever else is written as a text
    is_list: bool  # may be given several times
    metavar: str  # which says what a text is made of: K=V,… or A,B,…

    def of_text(self, text: str, place: str) -> Any:
        """The value of a variable."""
        if self.is_list:
            return [part.strip() for part in text.split(",") if part.strip()]
        if self.kind is bool:
            if text.strip().lower() not in _FLAGS:
                raise _wrong(place, text, _EXPECTED[bool])
            return _FLAGS[text.strip().lower()]
        try:
            return self.kind(text)
        except ValueError:
            raise _wrong(place, text, _EXPECTED[int]) from None

    def of_value(self, value: Any, place: str) -> Any:
        """The value of a key of the file, as the command line would have it."""
        if self.is_list:
            listed = value if isinstance(value, list) else [value]
            return [self._text(each, place) for each in listed]
        if self.kind is not str:
            if type(value) is not self.kind:
                raise _wrong(place, value, _EXPECTED[self.kind])
            return value
        if isinstance(value, list) and "," in self.metavar:
            return ",".join(self._text(each, place) for each in value)
        if isinstance(value, dict) and self.metavar.startswith("K=V"):
            try:
                return json.dumps(value)
            except (TypeError, ValueError):
                raise UsageError(f"{place}: a value in it is no plain data", "Put it into quotes.") from None
        return self._text(value, place)

    @staticmethod
    def _text(value: Any, place: str) -> str:
        if isinstance(value, date):  # which YAML takes 2026-11-27 for
            return value.isoformat()
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _wrong(place, value, "Write a text; put what YAML takes for something else into quotes.")
        return str(value)


def _wrong(place: str, value: object, remedy: str) -> UsageError:
    return UsageError(f"{place}: {value!r:.60} is not possible", remedy)


@dataclass(frozen=True, slots=True)
class _Command:
    """A command with its options, or a group with its commands."""

    options: Mapping[str, _Option]
    commands: Mapping[str, _Command] = field(default_factory=dict)

    def names(self) -> Iterator[str]:
        """Of the options that it or one of its commands has."""
        yield from self.options
        for command in self.commands.values():
            yield from command.names()


@dataclass(slots=True)
class Settings:
    """The defaults that somebody has set.

    Attributes:
        defaults: Parameter → value, of a group's commands by the command's name: what typer takes for its
            `default_map`.
        sources: Name of an option → the variable or file that says it, for messages.
    """

    defaults: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def origin(self, message: str, arguments: list[str]) -> str:
        """Where options come from that a message names and nobody has written on the command line."""
        given = {each.partition("=")[0] for each in arguments}
        named = [name for name in self.sources if f"--{name}" in message and f"--{name}" not in given]
        return " ".join(f"--{name} is from {self.sources[name]}." for name in named)


def settings_of(
    app: typer.Typer, config: Path | None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """What a file and the environment say; of an option that both name, the environment.

    Args:
        app: The commands.
        config: YAML, JSON or, with that ending, TOML: long names of options, by themselves for every command
            that has them, or in the section of one.
        environment: `VECBENCH_COMMAND_OPTION`, or `VECBENCH_OPTION` for every command.

    Raises:
        UsageError: The file cannot be read, names what is no option, or a value is of the wrong type.
    """
    if config is None and not any(name.startswith(f"{PREFIX}_") for name in environment):
        return Settings()
    settings = Settings()
    said = {} if config is None else _read(config)
    settings.defaults = _defaults(_command(app), said, {}, (), str(config), environment, settings.sources)
    return settings


def _defaults(
    command: _Command,
    said: Mapping[str, Any],
    inherited: Mapping[str, Any],
    path: tuple[str, ...],
    file: str,
    environment: Mapping[str, str],
    sources: dict[str, str],
) -> dict[str, Any]:
    place = ": ".join((file, *path))
    said = {str(name).replace("_", "-"): value for name, value in said.items()}
    sections = {name: said[name] for name in command.commands if isinstance(said.get(name), dict)}
    own = {name: value for name, value in said.items() if name not in sections}
    known = dict.fromkeys([*command.names(), *command.commands])
    for name in own:
        if name not in command.names():
            whose = f"vecbench {' '.join(path)}".strip()
            raise UsageError(f"{place}: {name}: no option of {whose}", nearest(name, known))
    values = {**inherited, **own}
    defaults: dict[str, Any] = {}
    for name, option in command.options.items():
        variables = ["_".join((PREFIX, *parts, name)).upper().replace("-", "_") for parts in (path, ())]
        variable = next((each for each in variables if environment.get(each)), None)
        if variable is not None:
            defaults[option.parameter] = option.of_text(environment[variable], variable)
        elif values.get(name) is not None:
            defaults[option.parameter] = option.of_value(values[name], f"{place}: {name}")
        else:
            continue
        sources[name] = variable or file
    for name, below in command.commands.items():
        section = sections.get(name, {})
        defaults[name] = _defaults(below, section, values, (*path, name), file, environment, sources)
    return defaults


def _read(path: Path) -> Mapping[str, Any]:
    import tomllib

    import yaml

    from vecbench.plain_file import plain_bytes
    from vecbench.tasks.yaml_file import parsed

    try:
        text = plain_bytes(path, MOST_BYTES).decode("utf-8")
        said = tomllib.loads(text) if path.suffix == ".toml" else parsed(text) or {}
    except OSError as fault:
        raise UsageError(f"--config {path}: {(fault.strerror or str(fault)).lower()}") from None
    except (ValueError, yaml.YAMLError, RecursionError) as fault:
        said = " ".join(str(fault).split())
        raise UsageError(
            f"--config {path}: {said:.200}", "Mend it there: it is YAML, JSON or .toml."
        ) from None
    if not isinstance(said, dict):
        raise UsageError(f"--config {path}: no options", "It is like `model: my-org/my-model`, one a line.")
    return said


def _command(app: typer.Typer) -> _Command:
    commands = {}
    for info in app.registered_commands:
        assert info.callback is not None
        commands[info.name or info.callback.__name__] = _Command(_options(info.callback))
    for group in app.registered_groups:
        if group.name and group.typer_instance:
            commands[group.name] = _command(group.typer_instance)
    own = app.registered_callback and app.registered_callback.callback
    return _Command(_options(own) if own else {}, commands)


def _options(function: Callable[..., Any]) -> dict[str, _Option]:
    found = {}
    for parameter, hint in get_type_hints(function, include_extras=True).items():
        if get_origin(hint) is not Annotated or not isinstance(hint.__metadata__[0], OptionInfo):
            continue
        info = hint.__metadata__[0]
        kind = hint.__origin__
        if get_origin(kind) in (Union, UnionType):
            kind = next(each for each in get_args(kind) if each is not type(None))
        # In an annotation typer takes the first name for a default.
        names = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]
        declared = [each.partition("/")[0] for each in names if each.startswith("--")]
        name = declared[0][2:] if declared else parameter.replace("_", "-")
        if name not in NO_SETTINGS:
            plain = kind if kind in (bool, int) else str
            found[name] = _Option(parameter, plain, get_origin(kind) is list, info.metavar or "")
    return found
