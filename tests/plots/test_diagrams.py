import csv
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from vecbench.errors import RunError
from vecbench.metrics import Cells, redraw
from vecbench.metrics.confusion import Confusion
from vecbench.plots import frame
from vecbench.plots.diagrams import (
    accuracy_coverage_curve,
    confusion_matrix,
    reliability_diagram,
    save_figure,
)
from vecbench.plots.points import (
    MOST_POINTS,
    MOST_THRESHOLDS,
    confusion_csv,
    reliability_points,
    selective_points,
    share_points,
)
from vecbench.plots.shares import share_diagram


def simulated(n=400, digits=1):
    stream = np.random.default_rng(0)
    confidence = np.round(stream.random(n), digits)
    return Cells.of_rows(confidence, stream.random(n) < confidence)


def counted(counts):
    """A matrix with a last row and column for none."""
    target, answer = np.nonzero(counts)
    return Confusion.of(target, answer, len(counts) - 1, counts[target, answer])


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


@pytest.mark.parametrize("digits", [1, 4], ids=["values", "bins"])
def test_the_band_holds_what_calibrated_models_show(digits):
    cells = simulated(n=2000, digits=digits)
    points = reliability_points(cells)
    shown = redraw(cells, 4000).right
    if points.binned:
        starts = np.searchsorted(cells.confidence, np.arange(10) / 10)
        shown = np.add.reduceat(shown, starts, axis=1)
    one_row = 1 / points.n
    assert points.band_low == pytest.approx(np.quantile(shown, 0.025, axis=0) / points.n, abs=one_row.max())
    assert points.band_high == pytest.approx(np.quantile(shown, 0.975, axis=0) / points.n, abs=one_row.max())


def test_calibrated_points_lie_in_the_band_as_often_as_it_says():
    inside = []
    for seed in range(40):
        stream = np.random.default_rng(seed)
        confidence = stream.choice([0.3, 0.5, 0.7, 0.9], 400)
        points = reliability_points(Cells.of_rows(confidence, stream.random(400) < confidence))
        accuracy = points.right / points.n
        inside += list((points.band_low <= accuracy) & (accuracy <= points.band_high))
    assert 0.9 <= np.mean(inside) <= 1


def edge_is_white(path):
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    return all((line == 255).all() for line in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]))


@pytest.mark.parametrize(
    "figure",
    [
        reliability_diagram(Cells.of_rows(*np.array([[0.3, 1.0], [0, 1]])), "x", 2),
        reliability_diagram(Cells(np.array([0.5]), np.array([3e8]), np.array([4e8])), "x", 7 * 10**8),
        accuracy_coverage_curve(simulated(digits=4), "ID VER", 400),
        confusion_matrix(counted(np.eye(3, dtype=int)), ["a", "no word of one sentence that ends here"], "x"),
        confusion_matrix(counted(np.full((31, 31), 10**4)), [f"label $_{each}$" for each in range(30)], "x"),
        confusion_matrix(counted(np.eye(4, dtype=int)), ["", "Ärger", "Überraschung"], "x"),
        confusion_matrix(counted(np.eye(3, dtype=int)), ["a\nb\tc\x07", "endless" * 1000], "x"),
    ],
    ids=["few rows", "very many rows", "curve", "long label", "many labels", "no ASCII", "strange"],
)
def test_everything_fits_on_the_page(figure, tmp_path):
    inked, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert 0 < inked.x0 < inked.x1 < width
    assert 0 < inked.y0 < inked.y1 < height
    assert edge_is_white(save_figure(figure, "", tmp_path / "figure"))


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


def svg_texts(figure, path):
    save_figure(figure, "", path)
    return [each.text for each in ElementTree.parse(path.with_suffix(".svg")).iterfind(".//{*}text")]


def test_the_texts_of_an_svg_are_texts(tmp_path):
    said = svg_texts(
        confusion_matrix(counted(np.eye(3, dtype=int) * 17), ["joy", "fear"], "Mine-2"), tmp_path / "x"
    )
    assert said.count("17") == 3
    assert said.count("joy") == said.count("fear") == 2
    assert {"label", "target", "(no label)", "(no target)"} < set(said)
    said = svg_texts(reliability_diagram(simulated(), "ID VER", 400), tmp_path / "x")
    assert {"0.8", "share of right answers", "stated confidence"} < set(said)


UNICODE = {
    "喜び": "喜び",
    "प्रसन्नता": "प्रसन्नता",
    "سعادة": "سعادة",
    "😀": "😀",
    "🫠": "🫠",
    "$x^2$": "$x^2$",
    "\\frac{1}": "\\frac{1}",
    "<a & b>": "<a & b>",
    "a\nb\tc": "a b c",
    "\x07": "\\x07",
    "\ud800": "\\ud800",
    "\ufffe": "\\ufffe",
    "\u202eoverride": "\\u202eoverride",
    "endless" * 1000: ("endless" * 10)[:39] + "…",
}


@pytest.mark.parametrize(("label", "shown"), UNICODE.items(), ids=map(ascii, range(len(UNICODE))))
def test_every_label_can_be_drawn_and_says_what_it_says(label, shown, tmp_path):
    said = svg_texts(confusion_matrix(counted(np.eye(3, dtype=int)), [label, "b"], label), tmp_path / "x")
    assert said.count(shown) == 2
    assert f"{shown}   n = 3, accuracy 66.7" in said
    for draw in (accuracy_coverage_curve, reliability_diagram):
        said = svg_texts(draw(simulated(), label, 400), tmp_path / "x")
        assert any(each.startswith(f"{shown}   n = 400, ") for each in said)


def test_a_pdf_holds_its_fonts_as_publishers_want_them():
    stream = io.BytesIO()
    confusion_matrix(counted(np.eye(3, dtype=int)), ["joy", "喜び"], "x").savefig(stream, format="pdf")
    assert b"/CIDFontType2" in stream.getvalue()
    assert b"/Type3" not in stream.getvalue()


@pytest.mark.parametrize("fonts", [(), ("STIXGeneral",), ("No Such Font", "STIXGeneral")])
def test_a_letter_that_the_usual_font_lacks_is_that_of_an_installed_one(fonts, monkeypatch, caplog):
    monkeypatch.setattr(frame, "FURTHER_FONTS", fonts)
    figure = confusion_matrix(counted(np.eye(2, dtype=int)), ["\N{CIRCLED LATIN CAPITAL LETTER A}"], "x")
    if fonts:
        Figure.savefig(figure, io.BytesIO(), format="png")
    else:
        with pytest.raises(UserWarning, match="missing from"):
            Figure.savefig(figure, io.BytesIO(), format="png")
    assert not caplog.records  # matplotlib logs fonts that it does not find


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


def test_a_curve_of_very_many_confidences_shows_some_evenly():
    stream = np.random.default_rng(0)
    cells = Cells.of_rows(stream.random(5000), stream.random(5000) < 0.5)
    points = selective_points(cells, rows=5000)
    assert 0.9 * MOST_THRESHOLDS <= points.threshold.size <= MOST_THRESHOLDS
    assert points.threshold[[0, -1]].tolist() == cells.confidence[[-1, 0]].tolist()
    assert np.diff(points.coverage).max() < 2 / MOST_THRESHOLDS
    above = cells.confidence >= points.threshold[100]
    assert points.accuracy[100] == cells.right[above].sum() / cells.total[above].sum()


def test_a_confusion_matrix_shows_rows_without_label_and_target(tmp_path):
    counts = np.array([[3, 1, 0], [0, 2, 1], [0, 1, 0]])
    figure = confusion_matrix(counted(counts), ["a, b", "c"], "Mine-2")
    assert "n = 8, accuracy 62.5" in texts(figure)
    text = confusion_csv(counted(counts), ["a, b", "c"])
    lines = list(csv.reader(text.splitlines()))
    assert lines[:3] == [["target", "label", "n"], ["a, b", "a, b", "3"], ["a, b", "c", "1"]]
    assert lines[-2:] == [["c", "", "1"], ["", "c", "1"]]
    save_figure(figure, text, tmp_path / "confusion")


def test_a_confusion_matrix_of_very_many_labels_is_not_drawn():
    labels = [f"label {number}" for number in range(10**6)]
    one = Confusion.of(np.array([3]), np.array([10**6]), 10**6)
    assert "1,000,000 labels are too many" in texts(confusion_matrix(one, labels, "x"))
    assert confusion_csv(one, labels).splitlines() == ["target,label,n", "label 3,,1"]


def test_a_figure_that_cannot_be_written_is_a_run_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot write"):
        save_figure(
            confusion_matrix(counted(np.eye(3, dtype=int)), ["a", "b"], "x"), "", tmp_path / "file" / "x"
        )


def test_the_diagram_of_shares_draws_their_mean_at_each_confidence_and_the_ceiling():
    confidence, hit = np.array([0.8, 0.8, 0.5]), np.array([0.6, 0.2, 0.5])
    points = share_points(confidence, hit)
    assert points.confidence.tolist() == [0.5, 0.8]
    assert points.n.tolist() == [1, 2]
    assert points.share == pytest.approx([0.5, 0.4])
    assert points.error == pytest.approx([np.nan, 0.2], nan_ok=True)
    figure = share_diagram(confidence, hit, np.array([0.6, 0.7, 0.8]), "moods", 4)
    [axes] = figure.axes
    said = {text.get_text() for text in axes.get_legend().get_texts()}
    assert {"ceiling 70.0", "mean share 43.3", "mean confidence 70.0"} <= said
    assert axes.get_title() == "moods   n = 4, coverage 75 %"
    dots = axes.collections[-1].get_offsets()
    assert dots.tolist() == [[0.5, 0.5], [0.8, pytest.approx(0.4)]]


def test_of_many_confidences_the_diagram_of_shares_draws_bins():
    confidence = np.linspace(0, 1, 200)
    points = share_points(confidence, confidence)
    assert points.binned
    assert points.n.tolist() == [20] * 10
    assert points.share == pytest.approx(points.confidence)


def test_without_a_confidence_the_diagram_of_shares_says_so():
    none = np.zeros(0)
    [axes] = share_diagram(none, none, none, "moods", 4).axes
    assert axes.texts[0].get_text() == "no answer states a confidence"
