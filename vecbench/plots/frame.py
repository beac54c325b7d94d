"""A figure, the frame around a plot, and how its texts are set.

Places are reckoned from the texts' own extents, once: a layout engine would measure everything anew at every
drawing.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import IO, Any, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path
from matplotlib.transforms import offset_copy

from vecbench.escaping import printable
from vecbench.plots.style import MEDIUM, SMALL

Tick: TypeAlias = tuple[float, str]
"""Where a tick stands on its axis, and its label."""

INCH = 72.0
TICK = 2.0
"""Points: length of a tick."""

GAP = 3.5
"""Points between a tick and its label, and between the labels and the title."""

TURN = 60.0
"""Degrees by which the names of a matrix' columns are turned, anticlockwise."""

FURTHER_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans GB",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Arial Unicode MS",
    "Noto Sans",
    "Noto Sans Devanagari",
    "Nirmala UI",
    "Noto Sans Thai",
    "Leelawadee UI",
    "Noto Emoji",
    "Segoe UI Emoji",
)
"""Asked in turn for what the usual font lacks, where they are installed: East and South Asian, emoji."""


SETTINGS: Any = {
    "svg.fonttype": "none",  # texts that can be searched, copied and edited
    "pdf.fonttype": 42,  # likewise; publishers refuse the usual Type 3
    "svg.hashsalt": "vecbench",
    "text.hinting": "none",  # letters stand where they do in print, and are drawn faster
    "hatch.linewidth": 0.5,
}
"""What is written of a figure, as matplotlib's settings."""


MOST_NAMED = 12
"""So many letters that no font has are named."""

_MISSING = re.compile(r"Glyph (\d+) .* missing from")


class Picture(Figure):
    """A figure that a notebook shows where it is the value of a cell.

    Notebooks show the figures of pyplot, which this is none of, and others once pyplot has been imported.
    """

    def savefig(
        self, fname: str | os.PathLike[str] | IO[Any], *, transparent: bool | None = None, **options: Any
    ) -> None:
        """As of any figure, with `SETTINGS`; a UserWarning names letters for which boxes stand."""
        lacking = self.write(fname, transparent=transparent, **options)
        if lacking:
            warnings.warn(f"{said_of_missing(lacking)}.", stacklevel=2)

    def write(
        self, target: str | os.PathLike[str] | IO[Any], *, transparent: bool | None = None, **options: Any
    ) -> str:
        """The same without a warning; returns the letters for which boxes stand, as no font has them.

        None stands in an SVG: whoever shows it takes the letters from fonts of his own.
        """
        with mpl.rc_context(SETTINGS), warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            super().savefig(target, transparent=transparent, **options)
        lacking = missing_letters(told)
        suffix = os.path.splitext(target)[1][1:] if isinstance(target, str | os.PathLike) else ""
        return "" if options.get("format", suffix).lower() in {"svg", "svgz"} else lacking

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=144)
        return stream.getvalue()


def frame(axes: Axes, x: Sequence[Tick], y: Sequence[Tick], titles: tuple[str, str]) -> None:
    """Draws the left and the lower edge of a plot, their ticks and titles."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=TICK, width=0.6, pad=GAP, labelsize=SMALL, labelbottom=bool(titles[0]))
    axes.set_xticks([place for place, _ in x], [label for _, label in x])
    axes.set_yticks([place for place, _ in y], [label for _, label in y])
    axes.set_xlabel(titles[0], fontsize=MEDIUM, labelpad=GAP)
    axes.set_ylabel(titles[1], fontsize=MEDIUM, labelpad=GAP)


def name_cells(axes: Axes, columns: Sequence[str], rows: Sequence[str], titles: tuple[str, str]) -> None:
    """Writes the names of a matrix' columns and rows below and beside it, and the axes' titles."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(xticks=[], yticks=[])  # a tick takes matplotlib several times as long as a text
    figure: Any = axes.figure
    under = offset_copy(axes.get_xaxis_transform(), figure, y=-GAP, units="points")
    look: dict[str, Any] = {"fontsize": SMALL, "ha": "right", "va": "center", "transform": under}
    for place, name in enumerate(columns):
        axes.text(place + 0.5, 0, name, rotation=TURN, rotation_mode="anchor", **look, **setting(name))
    beside = offset_copy(axes.get_yaxis_transform(), figure, x=-GAP, units="points")
    look |= {"va": "center_baseline", "transform": beside}
    for place, name in enumerate(rows):
        axes.text(0, place + 0.5, name, **look, **setting(name))
    left, below = _extents(columns, rows, TURN)
    axes.set_xlabel(titles[0], fontsize=MEDIUM, labelpad=below + 2 * GAP)
    axes.set_ylabel(titles[1], fontsize=MEDIUM, labelpad=left + 2 * GAP)


def margins(x: Sequence[str], y: Sequence[str], turn: float = 0.0) -> tuple[float, float]:
    """What labels, their gaps and the titles need to the left of a plot and below it, in inches."""
    around = TICK + 2 * GAP + 1.4 * MEDIUM
    left, below = _extents(x, y, turn)
    return (left + around) / INCH, (below + around) / INCH


def write_over(
    axes: Axes, x: Iterable[float], y: Iterable[float], texts: Iterable[str], size: float, gap: float
) -> None:
    """Writes texts over places of the data, so many points above them."""
    figure: Any = axes.figure
    above = offset_copy(axes.transData, figure, y=gap, units="points")
    for place, height, text in zip(x, y, texts, strict=True):
        axes.text(place, height, text, fontsize=size, ha="center", va="baseline", transform=above)


def setting(text: str) -> dict[str, Any]:
    """How matplotlib has to set a text that may come from a stranger's file.

    Dollars mean no mathematics, and letters that the usual font lacks are taken from those that have them.
    """
    return {"parse_math": False} | ({} if text.isascii() else {"family": _families()})


def fitted(text: str, size: float, width: float) -> str:
    """A name as it can be drawn on one line, cut where it is wider than so many points."""
    # Nothing of a name of megabytes that lies beyond its first 200 characters could be seen.
    shown = printable(" ".join(text[:1000].split()), 200)
    while len(shown) > 1 and text_width(shown, size) > width:
        # As much as would go if all its letters were equally wide, and at least one.
        kept = min(len(shown) - 2, int(len(shown) * width / text_width(shown, size)))
        shown = f"{shown[: max(kept, 0)].rstrip()}…"
    return shown


def text_width(text: str, size: float) -> float:
    """How wide a line is, in points."""
    return _size(text)[0] * size / SMALL


def said_of_missing(letters: str) -> str:
    """What to say of letters that no font has."""
    some = " ".join(letters[:MOST_NAMED])
    further = f" and {len(letters) - MOST_NAMED} more" if len(letters) > MOST_NAMED else ""
    return (
        f"boxes stand for letters that no installed font has: {some}{further}; "
        "install one, such as Noto Sans of their script"
    )


def missing_letters(told: Iterable[warnings.WarningMessage]) -> str:
    """The letters that matplotlib warned of, since no font has them; other warnings are passed on."""
    letters = []
    for each in told:
        letter = _MISSING.match(str(each.message))
        if letter:
            letters.append(chr(int(letter[1])))
        elif not str(each.message).startswith("Matplotlib currently does not support"):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return "".join(dict.fromkeys(letters))


def _families() -> list[str]:
    installed = set(fontManager.get_font_names())
    return [*mpl.rcParams["font.family"], *(name for name in FURTHER_FONTS if name in installed)]


def _extents(x: Sequence[str], y: Sequence[str], turn: float) -> tuple[float, float]:
    """The width of the labels beside a plot and the height of those below it, in points."""
    across, up = abs(np.cos(np.deg2rad(turn))), abs(np.sin(np.deg2rad(turn)))
    below = max(float(up * width + across * height) for width, height in map(_size, x))
    return max(width for width, _ in map(_size, y)), below


@lru_cache(maxsize=1024)
def _size(label: str) -> tuple[float, float]:
    font = FontProperties(family=setting(label).get("family"), size=SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is drawn tells of its letters
        width, height, _ = text_to_path.get_text_width_height_descent(label, font, ismath=False)
    return width, height
