"""Paths on the command line."""

from __future__ import annotations

from pathlib import Path

from vecbench.errors import UsageError


def given_path(text: str | Path) -> Path:
    """The path that was given; for the `parser` of an option, which is handed the default too.

    Raises:
        UsageError: It is empty, which would mean the current folder: a variable of the shell is not set, say.
    """
    if isinstance(text, str) and not text.strip():
        raise UsageError("a path is empty", "Is a variable of the shell not set? '.' is the current folder.")
    return Path(text)


def file_in_the_way(folder: Path) -> Path | None:
    """What keeps a folder from being there or being made: itself or a parent that is a file; None if nothing.

    Raises:
        OSError: No folder can have this name.
    """
    there = next((each for each in (folder, *folder.parents) if each.exists()), None)
    return None if there is None or there.is_dir() else there


def require_file_place(option: str, path: Path | None) -> None:
    """Refuses a place where no file can be written, before anything is computed.

    Args:
        option: The option that names it.
        path: None if it was not given.

    Raises:
        UsageError: There is a folder, a file where its folder should be, or a name that no file can have.
    """
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
