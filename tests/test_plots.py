import csv

import numpy as np
import pytest
from PIL import Image

from vecbench.errors import RunError
from vecbench.metrics import Cells
from vecbench.plot_points import MOST_POINTS, confusion_csv, reliability_points, selective_points
from vecbench.plots import accuracy_coverage_curve, confusion_matrix, reliability_diagram, save_figure


def simulated(n=400, digits=1):
    stream = np.random.default_rng(0)
    confidence = np.round(stream.random(n), digits)
    return Cells.of_rows(confidence, stream.random(n) < confidence)


def texts(figure):
    return " ".join(text.get_text() for axes in figure.axes for text in [axes.title, *axes.texts]) + str(
        figure.get_suptitle()
    )


def test_few_confidences_are_points_of_their_own():
    cells = simulated()
    points = reliability_points(cells)
    assert not points.binned
    assert np.array_equal(points.confidence, cells.confidence)
    assert points.n.sum() == 400
    assert (points.low <= points.right / points.n).all()
    assert (points.band_low <= points.band_high).all()


def test_many_confidences_are_the_bins_of_the_ece():
    points = reliability_points(simulated(digits=3))
    assert points.binned
    assert points.confidence.size == 10 < MOST_POINTS
    assert points.n.sum() == 400


def test_calibrated_points_lie_in_the_band_as_often_as_it_says():
    inside = []
    for seed in range(40):
        stream = np.random.default_rng(seed)
        confidence = stream.choice([0.3, 0.5, 0.7, 0.9], 400)
        points = reliability_points(Cells.of_rows(confidence, stream.random(400) < confidence))
        accuracy = points.right / points.n
        inside += list((points.band_low <= accuracy) & (accuracy <= points.band_high))
    assert 0.9 <= np.mean(inside) <= 1


@pytest.mark.parametrize("draw", [reliability_diagram, accuracy_coverage_curve])
@pytest.mark.parametrize(
    "cells",
    [simulated(), simulated(digits=4), Cells.of_rows([1.0], [True]), Cells.of_rows([], [])],
    ids=["values", "bins", "one row", "none"],
)
def test_every_kind_of_data_can_be_drawn(draw, cells, tmp_path):
    picture = save_figure(draw(cells, "ID VER", max(cells.n, 1)), "", tmp_path / "figure")
    with Image.open(picture) as image:
        assert image.size[0] == pytest.approx(680, abs=2)


def test_the_diagram_says_what_it_shows():
    said = texts(reliability_diagram(simulated(), "ID VER", 500))
    for part in ("ID VER", "n = 500", "coverage 80 %", "ECE", "calibrated:", "Brier"):
        assert part in said
    assert "no answer states a confidence" in texts(reliability_diagram(Cells.of_rows([], []), "x", 5))


def test_the_same_figure_is_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        save_figure(reliability_diagram(simulated(), "ID VER", 400), "", tmp_path / name)
    for suffix in ("svg", "png"):
        assert (tmp_path / f"first.{suffix}").read_bytes() == (tmp_path / f"second.{suffix}").read_bytes()


def test_the_most_confident_rows_come_first_on_the_curve():
    points = selective_points(Cells.of_rows([0.9, 0.9, 0.5], [1, 0, 1]), rows=4)
    assert points.threshold.tolist() == [0.9, 0.5]
    assert points.coverage.tolist() == [0.5, 0.75]
    assert points.accuracy.tolist() == pytest.approx([0.5, 2 / 3])


def test_a_confusion_matrix_shows_rows_without_label_and_target(tmp_path):
    counts = np.array([[3, 1, 0], [0, 2, 1], [0, 1, 0]])
    figure = confusion_matrix(counts, ["a, b", "c"], "Mine-2")
    assert "n = 8, accuracy 62.5" in texts(figure)
    text = confusion_csv(counts, ["a, b", "c"])
    lines = list(csv.reader(text.splitlines()))
    assert lines[0] == ["target", "a, b", "c", "(no label)"]
    assert lines[3] == ["(no target)", "0", "1", "0"]
    save_figure(figure, text, tmp_path / "confusion")


def test_a_figure_that_cannot_be_written_is_a_run_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot write"):
        save_figure(confusion_matrix(np.eye(3, dtype=int), ["a", "b"], "x"), "", tmp_path / "file" / "x")
