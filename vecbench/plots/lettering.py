"""The texts of a figure, drawn as outlines, and the frame around a plot.

A figure here is mostly short texts: the ticks' and the cells' numbers. Laying out each of them as a text
of its own takes matplotlib most of a figure's time. Here a figure's texts are one artist, which looks up the
outline of each letter once.

This module imports matplotlib, so it is imported where a figure is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D, Transform
from numpy.typing import ArrayLike, NDArray

Align: TypeAlias = Literal["low", "middle", "high"]
"""What of a text lies at its place: its left or lower end, its middle, or its right or upper end."""

Tick: TypeAlias = tuple[float, str]
"""Where a tick stands on its axis, and its label."""

INCH = 72.0
TICK, TICK_LABEL, TITLE = 2.0, 6.0, 7.0
"""Points: length of a tick, size of its label, size of an axis' title."""

GAP = 3.5
"""Points between a tick and its label, and between the labels and the title."""

FIGURE_HEIGHT = 0.73
"""Height of the figures 0–9, as a share of the text's size."""

_SHARE = {"low": 0.0, "middle": 0.5, "high": 1.0}


@dataclass(frozen=True)
class _Glyphs:
    """A text's letters in points, the first one's place being (0, 0)."""

    letters: tuple[tuple[str, float], ...]
    width: float
    low: float
    high: float


class Lettering(Artist):
    """All texts of a figure; it is drawn after everything else."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self.set_zorder(10)
        figure.add_artist(self)
        self._page = figure
        self._places: dict[tuple[str, float, float, str], list[tuple[float, float]]] = {}

    def write(
        self,
        coordinates: Transform,
        places: ArrayLike,
        texts: Sequence[str],
        size: float,
        *,
        across: Align = "middle",
        up: Align = "middle",
        shift: tuple[float, float] = (0.0, 0.0),
        rotation: float = 0.0,
        colours: Sequence[str] | str = "black",
    ) -> None:
        """Writes texts at places.

        Args:
            coordinates: Of the places; they must not change any more.
            places: Shape (n, 2).
            texts: n of them.
            size: Of the font, in points.
            across: What of a text lies at its place, from left to right.
            up: Likewise, from its base line (of turned texts: its lower end) to its upper end.
            shift: Right and up from there, in points.
            rotation: Anticlockwise, in degrees.
            colours: One, or one for each text.
        """
        if not texts:
            return
        points = coordinates.transform(np.asarray(places, dtype=np.float64)) * (INCH / self._page.dpi)
        inks = [colours] * len(texts) if isinstance(colours, str) else colours
        along = np.array([np.cos(np.deg2rad(rotation)), np.sin(np.deg2rad(rotation))])
        for place, text, ink in zip(points, texts, inks, strict=True):
            glyphs = _glyphs(text, size)
            left, low, right, high = _box(glyphs, size, rotation)
            start = place + shift - (left + _SHARE[across] * (right - left), low + _SHARE[up] * (high - low))
            for letter, way in glyphs.letters:
                x, y = start + way * along
                self._places.setdefault((letter, size, rotation, ink), []).append((float(x), float(y)))

    def draw(self, renderer: RendererBase) -> None:
        """Draws the texts; called by matplotlib."""
        scale = Affine2D().scale(self._page.dpi / INCH)
        untyped: Any = renderer
        gc = untyped.new_gc()
        gc.set_linewidth(0)
        if isinstance(renderer, RendererAgg):  # which would put markers on whole pixels
            for ink in dict.fromkeys(key[-1] for key in self._places):
                untyped.draw_path(gc, self._together(ink), scale, to_rgba(ink))
        else:  # a marker is written to an SVG once, and then referred to
            for (letter, size, rotation, ink), places in self._places.items():
                path = _outline(letter, size, rotation)
                untyped.draw_markers(gc, path, scale, Path(np.array(places)), scale, to_rgba(ink))
        gc.restore()

    def _together(self, ink: str) -> Path:
        """All letters of a colour as one path."""
        vertices: list[NDArray[np.float64]] = []
        codes: list[NDArray[np.uint8]] = []
        for (letter, size, rotation, colour), places in self._places.items():
            if colour == ink:
                path = _outline(letter, size, rotation)
                placed = np.asarray(path.vertices)[None] + np.array(places)[:, None]
                vertices.append(placed.reshape(-1, 2))
                codes.append(np.tile(np.asarray(path.codes), len(places)))
        return Path(np.concatenate(vertices), np.concatenate(codes))


def frame(
    letters: Lettering,
    axes: Axes,
    x: Sequence[Tick],
    y: Sequence[Tick],
    titles: tuple[str, str],
    turn: float = 0.0,
) -> None:
    """Draws the left and the lower edge of a plot, their ticks and titles.

    Args:
        letters: Of the figure.
        axes: Place and limits must be set.
        x: Ticks of the x axis.
        y: Ticks of the y axis.
        titles: Of the x and of the y axis; without the first one, the x axis has no labels either.
        turn: Of the x axis' labels, anticlockwise, in degrees.
    """
    for name in ("top", "right"):
        axes.spines[name].set_visible(False)
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)
    below, beside = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    at_x, at_y = [(place, 0.0) for place, _ in x], [(0.0, place) for place, _ in y]
    look: dict[str, Any] = {"color": "black", "markersize": TICK, "markeredgewidth": 0.6, "clip_on": False}
    axes.plot(*np.transpose(at_x), linestyle="none", marker=TICKDOWN, transform=below, **look)
    axes.plot(*np.transpose(at_y), linestyle="none", marker=TICKLEFT, transform=beside, **look)
    away = TICK + GAP
    if titles[0]:
        labels = [label for _, label in x]
        across: Align = "high" if turn else "middle"
        letters.write(
            below, at_x, labels, TICK_LABEL, across=across, up="high", shift=(0, -away), rotation=turn
        )
        under = -away - extent(labels, TICK_LABEL, turn)[1] - GAP
        letters.write(axes.transAxes, [(0.5, 0)], [titles[0]], TITLE, up="high", shift=(0, under))
    labels = [label for _, label in y]
    letters.write(beside, at_y, labels, TICK_LABEL, across="high", shift=(-away, 0))
    left = -away - extent(labels, TICK_LABEL)[0] - GAP
    letters.write(axes.transAxes, [(0, 0.5)], [titles[1]], TITLE, across="high", shift=(left, 0), rotation=90)


def margins(x: Sequence[str], y: Sequence[str], turn: float = 0.0) -> tuple[float, float]:
    """What `frame` needs to the left of a plot and below it, in inches.

    Args:
        x: Labels of the x axis' ticks.
        y: Labels of the y axis' ticks.
        turn: As for `frame`.
    """
    around = TICK + 2 * GAP + 1.3 * TITLE
    return (extent(y, TICK_LABEL)[0] + around) / INCH, (extent(x, TICK_LABEL, turn)[1] + around) / INCH


def extent(texts: Sequence[str], size: float, rotation: float = 0.0) -> tuple[float, float]:
    """The width of the widest and the height of the highest text, in points; 0 without any."""
    boxes = [_box(_glyphs(text, size), size, rotation) for text in texts]
    return (
        max((right - left for left, _, right, _ in boxes), default=0.0),
        max((high - low for _, low, _, high in boxes), default=0.0),
    )


def escaped(text: str) -> str:
    """The text without its dollars meaning mathematics."""
    return text.replace("$", r"\$")


@lru_cache(maxsize=4096)
def _outline(text: str, size: float, rotation: float) -> Path:
    """The outline of a text, in points, turned about the start of its base line, which lies at (0, 0)."""
    return TextPath((0, 0), escaped(text), size=size).transformed(Affine2D().rotate_deg(rotation))


@lru_cache(maxsize=4096)
def _ends(text: str, size: float) -> tuple[float, float, float]:
    """The right, the lower and the upper end of a text's outline."""
    path = _outline(text, size, 0.0)
    drawn = np.asarray(path.vertices, dtype=np.float64)[np.asarray(path.codes) != Path.CLOSEPOLY]
    if drawn.size == 0:
        return 0.0, 0.0, 0.0
    # A font's curves have control points at their extremes; the exact box would take far longer.
    return float(drawn[:, 0].max()), float(drawn[:, 1].min()), float(drawn[:, 1].max())


@lru_cache(maxsize=4096)
def _glyphs(text: str, size: float) -> _Glyphs:
    # Of other scripts, letters may join or change places: those texts are one outline.
    parts = text if text.isascii() else [text]
    bar = _ends("|", size)[0]
    letters, width = [], 0.0
    for part in parts:
        if part.strip():
            letters.append((part, width))
        width += _ends(part + "|", size)[0] - bar
    ends = [_ends(letter, size) for letter, _ in letters]
    low, high = min((each[1] for each in ends), default=0.0), max((each[2] for each in ends), default=0.0)
    return _Glyphs(tuple(letters), width, low, high)


def _box(glyphs: _Glyphs, size: float, rotation: float) -> tuple[float, float, float, float]:
    """Left, lower, right and upper end of a turned text, seen from the start of its base line."""
    if not rotation:
        # Upright texts stand on one line, whether they have descenders or not.
        return 0.0, 0.0, glyphs.width, FIGURE_HEIGHT * size
    corners = [(x, y) for x in (0.0, glyphs.width) for y in (glyphs.low, glyphs.high)]
    turned = Affine2D().rotate_deg(rotation).transform(corners)
    (left, low), (right, high) = turned.min(axis=0), turned.max(axis=0)
    return float(left), float(low), float(right), float(high)
