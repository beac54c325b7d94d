"""A figure that shows itself in a notebook, and looks the same wherever it is saved."""

from __future__ import annotations

import io
import os
from typing import IO, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from vecbench.plots.frame import silent_about_missing_letters

SETTINGS: Any = {
    "svg.fonttype": "none",  # texts that can be searched, copied and edited
    "pdf.fonttype": 42,  # likewise; publishers refuse the usual Type 3
    "svg.hashsalt": "vecbench",
    "text.hinting": "none",  # letters stand where they do in print, and are drawn faster
    "hatch.linewidth": 0.5,
}
"""What is written of a figure, as matplotlib's settings."""


class Picture(Figure):
    """A figure that a notebook shows where it is the value of a cell.

    Notebooks show the figures of pyplot, which this is none of, and others once pyplot has been imported.
    """

    def savefig(
        self, fname: str | os.PathLike[str] | IO[Any], *, transparent: bool | None = None, **options: Any
    ) -> None:
        """As of any figure, with `SETTINGS`."""
        with mpl.rc_context(SETTINGS), silent_about_missing_letters():
            super().savefig(fname, transparent=transparent, **options)

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=144)
        return stream.getvalue()
