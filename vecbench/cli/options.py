"""What options of several commands have in common: paths, files to write, `key=value,…` and JSON."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecbench.cli import completion
from vecbench.errors import UsageError, nearest
from vecbench.plain_file import plain_bytes
from vecbench.strict_json import RepeatedKeyError, unique

if TYPE_CHECKING:
    from vecbench.scoring import Protocol

IncludePath = Annotated[
    list[Path] | None, typer.Option("--include-path", help="Another folder with task files.")
]
ReadBy = Annotated[
    str | None,
    typer.Option(
        "--protocol",
        autocompletion=completion.one_of(completion.PROTOCOLS),
        help="How responses are read (default: strict).",
    ),
]
TaskOfRows = Annotated[
    str | None, typer.Option("--task", metavar="TASK", help="The task of answers whose files name none.")
]
ModelArgs = Annotated[
    str | None, typer.Option("-a", "--model-args", metavar="K=V,…", help="Arguments of the engine, or JSON.")
]
Log = Annotated[
    list[str] | None,
    typer.Option(
        "--log",
        metavar="TOOL[:PROJECT],…",
        help="Log the scores to wandb, mlflow or trackio too, as these are configured.",
    ),
]
DATA_FORMS = "A folder with images (a table, class folders, parquet, tars), a table, or a dataset on the Hub."
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="OURS=THEIRS,…",
        help="Columns that are called otherwise: image=file,label=emotion, or response=output.",
    ),
]


def given_path(text: str | Path) -> Path:
    """The path that was given; for the `parser` of an option, which is handed the default too.

    An empty one would mean the current folder: it is refused.
    """
    if isinstance(text, str) and not text.strip():
        raise UsageError("a path is empty", "Is a variable of the shell not set? '.' is the current folder.")
    return Path(text)


def file_in_the_way(folder: Path) -> Path | None:
    """What keeps a folder from being there or being made: itself or a parent that is a file."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), None)
    return None if there is None or there.is_dir() else there


def known_keys(option: str, text: str | None, protocol: Protocol) -> tuple[str, ...]:
    """The keys of metrics between commas, each once; of a published protocol, of those that it prints."""
    from vecbench.answers import known_metrics

    keys = dict.fromkeys(key.strip() for key in (text or "").split(",") if key.strip())
    known = protocol.headings if protocol.is_published else known_metrics()
    for key in keys:
        if key not in known:
            raise UsageError(f"{option}: unknown metric {key!r}", nearest(key, known))
    return tuple(keys)


def parse_sources(text: str | None, protocol: Protocol) -> tuple[str, ...]:
    """The names of sources of confidence between commas."""
    names = tuple(each.strip() for each in (text or "").split(",") if each.strip())
    if names and protocol.is_published:
        raise UsageError(
            f"--confidence: the protocol {protocol.name} knows one source", "Leave it out, or use strict."
        )
    return names


LISTS = frozenset({"omit"})
"""Settings of several names: in `k=v,k=v`, what stands behind a comma and has no sign is one more of them."""


def require_file_place(option: str, path: Path | None) -> None:
    """Refuses a place where no file can be written, before anything is computed."""
    if path is None:
        return
    try:
        if path.is_dir():
            raise UsageError(f"{option} {path} is a folder", f"{option} takes the name of a file.")
        above = file_in_the_way(path.parent)
        if above is not None:
            raise UsageError(f"{option} {path}: {above} is a file", "Name a file in a folder.")
    except OSError as fault:
        raise UsageError(f"{option} {path}: {(fault.strerror or str(fault)).lower()}") from None


def require_directory(output: Path) -> None:
    """Refuses a place that cannot be a directory, or is somebody else's, before anything is computed."""
    from vecbench.store import RunDirectory

    remedy = "--output takes a directory."
    try:
        above = file_in_the_way(output)
        if above is not None:
            raise UsageError(f"{above} is a file", remedy)
        written = RunDirectory(output)
        if written.summary.exists() and not (written.scores.exists() or written.manifest.exists()):
            raise UsageError(
                f"{written.summary} is not vecbench's, and would be overwritten", "Choose another --output."
            )
    except OSError as fault:
        raise UsageError(f"{output}: {(fault.strerror or str(fault)).lower()}", remedy) from None


def parse_columns(text: str | None) -> dict[str, str]:
    """The names in `image=file,label=emotion` or a JSON object: our name of a column → the data's."""
    if not text or not text.strip():
        return {}
    if text.lstrip().startswith("{"):
        found = parse_settings("--columns", text)
    else:
        pairs = [part.partition("=") for part in text.split(",")]
        if wrong := next((part for part, sign, name in pairs if not (part.strip() and sign and name)), None):
            raise UsageError(f"--columns: {wrong!r} names no column", "Write OURS=THEIRS,…: image=file.")
        try:
            found = unique([(ours.strip(), theirs.strip()) for ours, _, theirs in pairs])
        except RepeatedKeyError as fault:
            raise UsageError(f"--columns: {fault}") from None
    if not all(isinstance(each, str) and each for each in found.values()):
        raise UsageError("--columns: a name is no text", "Write OURS=THEIRS,…: image=file.")
    return found


def given_text(option: str, text: str | None) -> str | None:
    """The text that was given, or that of the file behind an @."""
    if text is None or not text.startswith("@"):
        return text
    try:
        return plain_bytes(given_path(text[1:])).decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{option} {text}: it is not UTF-8") from None
    except OSError as fault:
        said = (fault.strerror or str(fault)).lower()
        raise UsageError(f"{option} {text}: it cannot be read: {said}") from None


def parse_settings(option: str, text: str | None, texts: Collection[str] = frozenset()) -> dict[str, Any]:
    """The settings in `k=v,k=v` or a JSON object.

    Values that read as JSON (numbers, true, false, null, lists) are that; others are text, and those of the
    settings `texts` even where they look like numbers.
    """
    if not text or not text.strip():
        return {}
    try:
        if text.lstrip().startswith("{"):
            return dict(json.loads(text, object_pairs_hook=unique))
        return unique(_pairs(option, text, texts))
    except RepeatedKeyError as fault:
        raise UsageError(f"{option}: {fault}") from None
    except (ValueError, RecursionError) as fault:
        raise UsageError(f"{option}: not valid JSON: {fault}") from None


def _pairs(option: str, text: str, texts: Collection[str]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if pairs and not sign and pairs[-1][0] in LISTS:
            pairs[-1] = pairs[-1][0], f"{pairs[-1][1]},{part.strip()}"
            continue
        if not sign or not name.strip():
            raise UsageError(
                f"{option}: {part!r} is not key=value", 'Write k=v,k=v or a JSON object: \'{"k": "v"}\'.'
            )
        name, value = name.strip().replace("-", "_"), value.strip()
        read = _value(value)
        is_text = name in texts and not (read is None or isinstance(read, str))
        pairs.append((name, value if is_text else read))
    return pairs


def _value(text: str) -> Any:
    spelt = {"True": "true", "False": "false", "None": "null"}.get(text, text)
    try:
        return json.loads(spelt)
    except ValueError:
        return text
