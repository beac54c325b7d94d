"""The figures of controls fit on a column of a page, in letters that can be read."""

import numpy as np
import pytest
from matplotlib.text import Text

from vecbench.plots.controls import Marks, confidence_marks, strength_curves
from vecbench.plots.saving import save_figure
from vecbench.plots.sheet import Subject

SUBJECT = Subject("with and without the image", "a-model" * 9, ("stated confidence, n = 9 pairs",))


def marks(name, rows):
    mean = np.linspace(0, 1, rows)
    return Marks(name, mean, np.clip(mean - 0.1, 0, 1), np.clip(mean + 0.1, 0, 1))


def rows_of(count, runs, name="row"):
    names = ["with the image", "blank", "grey", "shuffled", "a", "b"][:runs]
    rows = [f"{name} {place}" for place in range(count)]
    return confidence_marks(rows, [marks(each, count) for each in names], SUBJECT)


def curves(*strengths):
    accuracy, confidence = (marks(name, len(strengths)) for name in ("accuracy", "mean confidence"))
    return strength_curves(strengths, accuracy, confidence, SUBJECT)


FIGURES = {
    "one task": lambda: rows_of(1, 2),
    "many tasks": lambda: rows_of(40, 6),
    "long names": lambda: rows_of(3, 4, "a name that is much longer than there is room for $x_1$ 喜"),
    "no confidence": lambda: confidence_marks(["a"], [Marks("x", *np.full((3, 1), np.nan))], SUBJECT),
    "strengths": lambda: curves(0, 1, 3, 5),
    "one strength": lambda: curves(0, 2),
}


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_everything_fits_in_letters_that_can_be_read(draw, tmp_path):
    figure = draw()
    figure.draw_without_rendering()
    inked, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert width == 3.3
    assert 0 < inked.x0 < inked.x1 < width
    assert 0 < inked.y0 < inked.y1 < height
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip()) >= 6
    save_figure(figure, "", tmp_path / "figure", ["svg", "png", "pdf"])


def test_runs_are_told_apart_without_colour():
    axes = rows_of(3, 6).axes[0]
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 3]
    assert len({line.get_marker() for line in lines}) == 6
    assert [list(line.get_xdata()) for line in lines] == [[0, 0.5, 1]] * 6
