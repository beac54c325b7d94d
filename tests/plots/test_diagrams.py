import csv
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from vecbench.errors import RunError
from vecbench.metrics import Cells, redraw
from vecbench.metrics.confusion import Confusion
from vecbench.plots import frame, points
from vecbench.plots.confusion import confusion_matrix
from vecbench.plots.coverage import coverage_curve
from vecbench.plots.overlay import OverlayPart, coverage_overlay, reliability_overlay
from vecbench.plots.points import (
    MOST_POINTS,
    MOST_THRESHOLDS,
    confusion_csv,
    corp_points,
    reliability_points,
    selective_points,
    share_points,
    side_by_side,
)
from vecbench.plots.ratings import rating_diagram
from vecbench.plots.reliability import corp_diagram, reliability_diagram
from vecbench.plots.saving import HOW, save_figure
from vecbench.plots.shares import share_diagram
from vecbench.plots.sheet import Subject
from vecbench.report.figures import KNOWN_FORMATS

SUBJECT = Subject("ID VER", "a-model", ("all rows: n = 400, Acc 50.0",))


def simulated(n=400, digits=1):
    stream = np.random.default_rng(0)
    confidence = np.round(stream.random(n), digits)
    return Cells.of_rows(confidence, stream.random(n) < confidence)


def counted(counts):
    """A matrix with a last row and column for none."""
    target, answer = np.nonzero(counts)
    return Confusion.of(target, answer, len(counts) - 1, counts[target, answer])


def reliability(cells, subject=SUBJECT):
    return reliability_diagram(cells, reliability_points(cells) if cells.n else None, subject)


def corp(cells, subject=SUBJECT):
    return corp_diagram(cells, corp_points(cells) if cells.n else None, subject)


def coverage(cells, subject=SUBJECT):
    return coverage_curve(cells, selective_points(cells, cells.n + 1) if cells.n else None, subject)


def overlaid(cells, subject=SUBJECT):
    return reliability_overlay(parts(cells), subject)


def overlaid_curves(cells, subject=SUBJECT):
    return coverage_overlay(parts(cells), subject)


def parts(cells, name="a model"):
    return [OverlayPart(f"{name} {place}", cells, cells.n, f"n = {cells.n}, ECE 10.0") for place in range(6)]


def shares(cells, subject=SUBJECT):
    means = share_points(cells.confidence, cells.confidence) if cells.n else None
    return share_diagram(cells.confidence, cells.confidence, cells.confidence, means, subject)


def ratings(cells, subject=SUBJECT):
    return rating_diagram(9 * cells.confidence, -4 * cells.confidence, subject)


def matrix(counts, labels, name="x"):
    return confusion_matrix(counted(counts), labels, Subject(name, "a-model", ("n = 3",)))


OF_CELLS = [reliability, corp, coverage, overlaid, overlaid_curves, shares, ratings]


def drawn_texts(figure):
    """Every text that is seen."""
    figure.draw_without_rendering()
    return [
        text
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible() and text.get_window_extent().width > 0
    ]


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(Text))


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


FIGURES = {
    "few rows": lambda: reliability(Cells.of_rows(*np.array([[0.3, 1.0], [0, 1]]))),
    "very many rows": lambda: reliability(Cells(np.array([0.5]), np.array([3e8]), np.array([4e8]))),
    "all certain": lambda: reliability(Cells.of_rows([1.0] * 9, [True] * 9)),
    "values": lambda: reliability(simulated()),
    "bins": lambda: reliability(simulated(digits=4)),
    "CORP": lambda: corp(simulated()),
    "CORP of many values": lambda: corp(simulated(n=900, digits=9)),
    "curve": lambda: coverage(simulated(digits=4)),
    "curve of values": lambda: coverage(simulated()),
    "overlay": lambda: overlaid(simulated(digits=4)),
    "overlaid curves": lambda: overlaid_curves(simulated(digits=4)),
    "overlay of nothing": lambda: overlaid(Cells.of_rows([], [])),
    "long names": lambda: reliability_overlay(
        parts(simulated(), "endless" * 100), Subject("name " * 50, "model/" * 50, ("line " * 100,))
    ),
    "shares": lambda: shares(simulated()),
    "ratings": lambda: ratings(simulated()),
    "large ratings": lambda: rating_diagram(np.array([-1e9, 1e9]), np.array([0.0, 1e-9]), SUBJECT),
    "one rating": lambda: rating_diagram(np.array([3.0]), np.array([3.0]), SUBJECT),
    "long label": lambda: matrix(np.eye(3, dtype=int), ["a", "no word of one sentence that ends here"]),
    "many labels": lambda: matrix(np.full((31, 31), 10**4), [f"label $_{each}$" for each in range(30)]),
    "very many labels": lambda: matrix(np.eye(301, dtype=int), [f"label {each}" for each in range(300)]),
    "wide letters": lambda: matrix(np.eye(31, dtype=int), ["Щ" * 30] * 30),
    "no ASCII": lambda: matrix(np.eye(4, dtype=int), ["", "Ärger", "Überraschung"]),
    "strange": lambda: matrix(np.eye(3, dtype=int), ["a\nb\tc\x07", "endless" * 1000]),
    "one label": lambda: matrix(np.ones((2, 2), dtype=int), ["a"], "$x_1$"),
}


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_everything_fits_on_a_column_of_a_page_in_letters_that_can_be_read(draw, tmp_path):
    figure = draw()
    inked, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert width == 3.3
    assert 0 < inked.x0 < inked.x1 < width
    assert 0 < inked.y0 < inked.y1 < height
    assert min(text.get_fontsize() for text in drawn_texts(figure)) >= 6
    save_figure(figure, "", tmp_path / "figure", ["png"])
    assert edge_is_white(tmp_path / "figure.png")


@pytest.mark.parametrize("draw", [*FIGURES.values()], ids=FIGURES)
def test_the_axes_are_square_and_no_texts_of_the_heading_lie_on_each_other(draw):
    figure = draw()
    plot = figure.axes[0].get_window_extent()
    if "target" not in [axes.get_ylabel() for axes in figure.axes]:
        assert plot.width == pytest.approx(plot.height)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.texts if text.get_text()]
    boxes += [each.get_window_extent() for each in figure.legends]
    boxes.append(plot)
    for place, box in enumerate(boxes):
        for other in boxes[:place]:
            assert min(box.x1, other.x1) <= max(box.x0, other.x0) + 0.5 or (
                min(box.y1, other.y1) <= max(box.y0, other.y0) + 0.5
            )


@pytest.mark.parametrize("draw", OF_CELLS)
@pytest.mark.parametrize(
    "cells",
    [
        simulated(),
        simulated(digits=4),
        Cells.of_rows([0.7], [True]),
        Cells.of_rows([1.0] * 3, [True, False, True]),
        Cells.of_rows([0.4, 0.9], [True, True]),
        Cells.of_rows([], []),
    ],
    ids=["values", "bins", "one row", "all certain", "all right", "none"],
)
def test_every_kind_of_data_can_be_drawn(draw, cells, tmp_path):
    figure = draw(cells)
    save_figure(figure, "", tmp_path / "figure", ["png"])
    with Image.open(tmp_path / "figure.png") as image:
        assert image.size[0] == pytest.approx(660, abs=2)
    if not cells.n and draw is not ratings:
        assert "no answer states a confidence" in texts(figure)


@pytest.mark.parametrize("draw", [reliability, corp, coverage, shares, ratings])
def test_a_figure_says_whose_answers_it_is_of(draw):
    said = [text.get_text() for text in draw(simulated()).texts]
    assert said[:2] == ["a-model  ·  ID VER", "all rows: n = 400, Acc 50.0"]


def test_a_long_name_of_a_model_leaves_the_tasks_room():
    title = Subject("Emoji-7", "organisation/" * 20).title
    assert title.startswith("organisation/")
    assert title.endswith("…  ·  Emoji-7")
    assert Subject("task " * 40).title.endswith("…")


@pytest.mark.parametrize("draw", [reliability, corp, overlaid, shares])
def test_overconfidence_lies_below_the_diagonal_and_is_called_so(draw):
    figure = draw(simulated())
    figure.draw_without_rendering()
    plot = figure.axes[0]
    words = {text.get_text(): text.get_window_extent() for text in plot.texts}
    for word, is_below in (("overconfident", True), ("underconfident", False)):
        x, y = plot.transData.inverted().transform((words[word].x0, words[word].y1 if is_below else 0))
        corner = plot.transData.inverted().transform((words[word].x1, words[word].y0))
        assert (y < x) if is_below else (corner[1] > corner[0])


def test_bands_have_names():
    for draw, name in (
        (reliability, "95 % of calibrated models"),
        (corp, "95 % of calibrated models"),
        (coverage, "95 % interval (Wilson)"),
    ):
        assert name in [text.get_text() for text in draw(simulated()).legends[0].get_texts()]


def test_numbers_over_bars_that_have_no_room_are_left_out():
    cells = Cells(np.arange(1, 20) / 20, np.full(19, 10.0**6), np.arange(19.0))
    shown = [text for text in reliability(cells).axes[1].texts if text.get_text().startswith("1000")]
    assert 1 < len(shown) < 10
    assert shown[-1].get_text() == "1000018"  # the highest one has it


def svg_texts(figure, path):
    save_figure(figure, "", path, ["svg"])
    return [each.text for each in ElementTree.parse(path.with_suffix(".svg")).iterfind(".//{*}text")]


def test_the_texts_of_an_svg_are_texts(tmp_path):
    said = svg_texts(matrix(np.eye(3, dtype=int) * 17, ["joy", "fear"], "Mine-2"), tmp_path / "x")
    assert said.count("17") == 3
    assert said.count("joy") == said.count("fear") == 2
    assert {"answer", "target", "(no answer)", "(no target)"} < set(said)
    said = svg_texts(reliability(simulated()), tmp_path / "x")
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
    "]]></text><script>": "]]></text><script>",
}


@pytest.mark.parametrize(("label", "shown"), UNICODE.items(), ids=map(ascii, range(len(UNICODE))))
def test_every_label_can_be_drawn_and_says_what_it_says(label, shown, tmp_path):
    said = svg_texts(matrix(np.eye(3, dtype=int), [label, "b"], label), tmp_path / "x")
    assert said.count(shown) == 2
    assert f"a-model  ·  {shown}" in said
    for draw in (coverage, reliability, corp):
        assert f"{label and shown}  ·  task" in svg_texts(
            draw(simulated(), Subject("task", label)), tmp_path / "x"
        )
    named = reliability_overlay([OverlayPart(label, simulated(), 400, "")] * 2, SUBJECT)
    assert shown in svg_texts(named, tmp_path / "x")


def test_a_pdf_holds_its_fonts_as_publishers_want_them():
    stream = io.BytesIO()
    matrix(np.eye(3, dtype=int), ["joy", "Überraschung ≥ ∝"]).savefig(stream, format="pdf")
    assert b"/CIDFontType2" in stream.getvalue()
    assert b"/Type3" not in stream.getvalue()


@pytest.mark.parametrize("fonts", [(), ("STIXGeneral",), ("No Such Font", "STIXGeneral")])
def test_a_letter_that_the_usual_font_lacks_is_that_of_an_installed_one(fonts, monkeypatch, caplog):
    monkeypatch.setattr(frame, "FURTHER_FONTS", fonts)
    figure = matrix(np.eye(2, dtype=int), ["\N{CIRCLED LATIN CAPITAL LETTER A}"])
    if fonts:
        Figure.savefig(figure, io.BytesIO(), format="png")
    else:
        with pytest.raises(UserWarning, match="missing from"):
            Figure.savefig(figure, io.BytesIO(), format="png")
    assert not caplog.records  # matplotlib logs fonts that it does not find


def test_boxes_do_not_stand_for_letters_in_silence(monkeypatch, tmp_path):
    monkeypatch.setattr(frame, "FURTHER_FONTS", ())
    circled = "\N{CIRCLED LATIN CAPITAL LETTER A}"
    figure = matrix(np.eye(2, dtype=int), [circled * 2])
    for suffix in ("png", "pdf"):
        with pytest.warns(UserWarning, match=f"no installed font has: {circled};"):
            figure.savefig(tmp_path / f"x.{suffix}")
        assert save_figure(figure, "", tmp_path / "x", [suffix]) == circled
    figure.savefig(tmp_path / "x.svg")  # whoever shows it may have the letters
    assert save_figure(figure, "", tmp_path / "x", ["svg"]) == ""
    assert frame.said_of_missing("abcdefghijklmno").startswith(
        "boxes stand for letters that no installed font has: a b c d e f g h i j k l and 3 more;"
    )


def test_the_same_figure_is_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        save_figure(reliability(simulated()), "", tmp_path / name)
    assert set(KNOWN_FORMATS) == set(HOW)
    for suffix in KNOWN_FORMATS:
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


def test_a_confusion_matrix_shows_rows_without_label_and_target():
    counts = np.array([[3, 1, 0], [0, 2, 1], [0, 1, 0]])
    figure = matrix(counts, ["a, b", "c"])
    assert {"(no answer)", "(no target)", "3"} <= {text.get_text() for text in figure.axes[0].texts}
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("answer", "target")
    lines = list(csv.reader(confusion_csv(counted(counts), ["a, b", "c"]).splitlines()))
    assert lines[:3] == [["target", "label", "n"], ["a, b", "a, b", "3"], ["a, b", "c", "1"]]
    assert lines[-2:] == [["c", "", "1"], ["", "c", "1"]]


def test_of_very_many_labels_the_most_frequent_have_lines_of_their_own():
    labels = [f"label {number}" for number in range(10**6)]
    counts = Confusion.of(
        np.array([3, 10**6 - 1, 7]), np.array([10**6, 10**6 - 1, 8]), 10**6, np.array([2, 5, 1])
    )
    axes = confusion_matrix(counts, labels, SUBJECT).axes[0]
    shown = [text.get_text() for text in axes.texts if text.get_rotation() == 0]
    assert {"label 3", "label 7", "label 8", "label 999999", "(no answer)"} & set(shown) == {
        "label 3", "label 7", "label 8", "label 999999"
    }  # fmt: skip
    assert [each for each in shown if each.endswith(" others)")] == [f"({10**6 - len(shown) + 4:,} others)"]
    assert sorted(each for each in shown if each.isdigit()) == ["1", "2", "5"]
    assert confusion_csv(counts, labels).splitlines()[:2] == ["target,label,n", "label 3,,2"]


def test_counts_that_their_cells_have_no_room_for_are_left_to_the_csv():
    wide, narrow = matrix(np.full((3, 3), 10**5), ["a", "b"]), matrix(np.full((21, 21), 10**5), ["a"] * 20)
    assert "100000" in texts(wide)
    assert "100000" not in texts(narrow)
    assert "their counts are in the CSV" in texts(narrow)


def test_a_figure_that_cannot_be_written_is_a_run_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot write"):
        save_figure(matrix(np.eye(3, dtype=int), ["a", "b"]), "", tmp_path / "file" / "x")


def test_the_diagram_of_shares_draws_their_mean_at_each_confidence_and_the_ceiling():
    confidence, hit = np.array([0.8, 0.8, 0.5]), np.array([0.6, 0.2, 0.5])
    points = share_points(confidence, hit)
    assert points.confidence.tolist() == [0.5, 0.8]
    assert points.n.tolist() == [1, 2]
    assert points.share == pytest.approx([0.5, 0.4])
    assert points.error == pytest.approx([np.nan, 0.2], nan_ok=True)
    figure = share_diagram(confidence, hit, np.array([0.6, 0.7, 0.8]), points, SUBJECT)
    [axes] = figure.axes
    said = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"ceiling: 70.0", "mean share: 43.3", "mean confidence: 70.0"} <= said
    dots = axes.collections[-1].get_offsets()
    assert dots.tolist() == [[0.5, 0.5], [0.8, pytest.approx(0.4)]]


def test_of_many_confidences_the_diagram_of_shares_draws_bins():
    confidence = np.linspace(0, 1, 200)
    points = share_points(confidence, confidence)
    assert points.binned
    assert points.n.tolist() == [20] * 10
    assert points.share == pytest.approx(points.confidence)


def test_a_corp_diagram_draws_the_map_and_of_very_many_confidences_that_of_neighbours():
    cells = Cells.of_rows([0.2, 0.4, 0.6, 0.6], [False, True, False, True])
    drawn = corp_points(cells)
    assert drawn.fitted.tolist() == pytest.approx([0, 2 / 3, 2 / 3])
    assert drawn.as_csv().splitlines()[1].startswith("0.2,1,0,0.0,")
    line = next(line for line in corp(cells).axes[0].lines if line.get_label() == "best non-decreasing map")
    assert line.get_ydata().tolist() == drawn.fitted.tolist()
    many = corp_points(simulated(n=5000, digits=9))
    assert many.fitted.size <= 256
    assert many.n.sum() == 5000
    assert (np.diff(many.fitted) >= 0).all()


def test_the_numbers_of_an_overlay_are_those_of_each_model():
    text = side_by_side({'a, "b"': "confidence,n\n0.5,3\n", "c": "confidence,n\n0.6,4\n"})
    lines = list(csv.reader(text.splitlines()))
    assert lines == [["model", "confidence", "n"], ['a, "b"', "0.5", "3"], ["c", "0.6", "4"]]


def test_an_overlay_draws_the_bins_of_the_ece():
    cells = simulated()
    drawn = points.reliability_points(cells, by_bin=True)
    assert drawn.binned
    offsets = overlaid(cells).axes[0].collections[0].get_offsets()
    assert np.asarray(offsets) == pytest.approx(np.c_[drawn.confidence, drawn.right / drawn.n])


def test_without_an_answer_the_diagram_of_ratings_says_so():
    assert "no row has an answer" in texts(rating_diagram(np.zeros(0), np.zeros(0), SUBJECT))


def test_equal_ratings_are_one_dot_as_large_as_their_rows():
    figure = rating_diagram(np.array([1.0, 1, 1, 2]), np.array([3.0, 3, 3, 2]), SUBJECT)
    dots = figure.axes[0].collections[0]
    assert dots.get_offsets().tolist() == [[1, 3], [2, 2]]
    assert dots.get_sizes()[0] > 2 * dots.get_sizes()[1]
    many = np.arange(6000.0)
    dots = rating_diagram(many, many, SUBJECT).axes[0].collections[0]
    assert len(dots.get_offsets()) == 5000
