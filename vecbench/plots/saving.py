"""Writing a figure and its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vecbench.plots.frame import Picture
from vecbench.store.files import replacing, write_text

HOW: dict[str, dict[str, Any]] = {
    "svg": {"metadata": {"Date": None}},
    # A twentieth larger than with the usual compression of 6, in two thirds of the time.
    "png": {"dpi": 200, "pil_kwargs": {"compress_level": 3}},
    "pdf": {"metadata": {"CreationDate": None}},
}
"""So that the same figure is the same bytes."""


def save_figure(figure: Picture, numbers: str, path: Path, formats: Iterable[str] = tuple(HOW)) -> str:
    """Writes a figure as files of a name without suffix, and the plotted numbers as CSV.

    Returns:
        The letters for which boxes stand, as no installed font has them.
    """
    lacking = ""
    for suffix in formats:
        with replacing(path.with_name(f"{path.name}.{suffix}")) as draft:
            lacking += figure.write(draft, format=suffix, **HOW[suffix])
    write_text(path.with_name(f"{path.name}.csv"), numbers)
    return "".join(dict.fromkeys(lacking))
