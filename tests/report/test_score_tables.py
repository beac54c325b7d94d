"""What stands in a table beside and below its values: intervals, reasons, bounds, the consistency test."""

import json
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

import vecbench
from vecbench.answers.label_set import LabelTuple
from vecbench.metrics import Cells
from vecbench.metrics.stated_values import contradicting
from vecbench.parsing import Prediction, Reading
from vecbench.plots.points import reliability_points
from vecbench.report.columns import columns
from vecbench.report.tables import csv_table, latex_table, markdown_table, score_table, terminal_table
from vecbench.scoring import score
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
LABELS = ("positive", "negative")


def arrays(*stated):
    """Scores of (confidence, right, wrong) each, of one task."""
    rows = []
    for confidence, right, wrong in stated:
        for answer in ["positive"] * right + ["negative"] * wrong:
            status = "missing" if confidence is None else "ok"
            reading, sample = Reading(answer, "ok", confidence, status), str(len(rows))
            rows.append(Prediction(sample, "fi_2", sample, 0, "positive", LABELS, reading))
    return score(rows, "strict", CATALOGUE)


def printed(scores, **options):
    console = Console(width=200)
    with console.capture() as capture:
        console.print(terminal_table(scores, **options))
    return capture.get()


CERTAIN_WRONG = ((0.8, 720, 180), (1.0, 97, 3))
CANCELLING = ((0.9, 500, 0), (0.95, 425, 75))


def test_three_wrong_answers_at_1_are_a_contradiction_in_every_table():
    scores = arrays(*CERTAIN_WRONG)
    assert scores.overall.pooled.metrics["ece"].low == 0
    assert "(p < 0.001): 3 of 100 answers at 1.0 are wrong." in printed(scores)
    assert "3 of 100 answers at 1.0 are wrong" in markdown_table(scores, intervals=True)
    assert "3 of 100 answers at 1.0 are wrong" in latex_table(scores)


def test_values_that_cancel_in_a_bin_are_named():
    said = printed(arrays(*CANCELLING), intervals=True)
    assert "500 of 500 answers at 0.9 are right, 425 of 500 answers at 0.95 are right" in said
    assert "Consistency test of each stated confidence: " in said


def test_where_the_interval_shows_the_error_nothing_is_added():
    # All overconfident by 20 points: the ECE's own interval excludes 0.
    scores = arrays((0.9, 350, 150), (0.6, 200, 300))
    assert scores.overall.pooled.metrics["ece"].low > 0
    assert "not calibrated" not in printed(scores, intervals=True)


def test_a_calibrated_model_is_not_contradicted():
    scores = arrays((0.8, 400, 100), (0.9, 450, 50))
    assert "not calibrated" not in printed(scores)
    assert "p = 1.000" in printed(scores, intervals=True)


def test_with_many_confidences_the_test_is_of_bins_and_says_so():
    stream = np.random.default_rng(1)
    confidence = np.round(stream.uniform(0.5, 1, 400), 4)
    right = stream.random(400) < confidence
    scores = arrays(*zip(confidence.tolist(), right.astype(int), (~right).astype(int), strict=True))
    assert "Consistency test of ten bins: " in printed(scores, intervals=True)
    assert vecbench.reliability_diagram(scores).texts[-1].get_text().endswith("by bin")


def test_figure_and_table_tell_the_same_p():
    scores = arrays(*CANCELLING)
    assert vecbench.reliability_diagram(scores).texts[-1].get_text().endswith("p < 0.001 by value")
    calm = arrays((0.8, 150, 50), (0.6, 110, 90))
    said = vecbench.reliability_diagram(calm).texts[-1].get_text()
    p = f"p = {calm.overall.pooled.metrics['calibration_p'].value:.3f}"
    assert p in said
    assert p in printed(calm, intervals=True)


def test_the_band_has_no_width_where_there_is_no_chance():
    points = reliability_points(
        Cells.of_rows([0.0] * 50 + [0.5] * 50 + [1.0] * 50, [False] * 75 + [True] * 75)
    )
    assert points.band_low[[0, 2]].tolist() == points.band_high[[0, 2]].tolist() == [0, 1]
    assert points.band_low[1] < points.band_high[1]


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (([0.0] * 4, [True, False, False, False]), (0.0, 4, 1)),
        (([1.0] * 4, [True, True, True, False]), (1.0, 4, 3)),
        (([0.5] * 20 + [0.6] * 20, [True] * 20 + [True] * 12 + [False] * 8), (0.5, 20, 20)),
    ],
)
def test_the_least_likely_value_comes_first(cells, wanted):
    assert contradicting(Cells.of_rows(*cells)) == [wanted]


def few_wrong():
    """No interval of AUROC: 3 wrong of 40."""
    stated = [(0.9, 30, 2), (0.7, 7, 1)]
    return arrays(*stated)


def test_a_value_without_an_interval_has_a_note_with_the_reason():
    scores = few_wrong()
    why = scores.overall.pooled.metrics["auroc"].no_interval
    assert why.startswith("3 wrong of 40; it takes ")
    text = markdown_table(scores, intervals=True)
    [note] = [line for line in text.splitlines() if why in line]
    assert "AUROC" in note
    assert why not in markdown_table(scores)
    assert f"ECE: no interval: {scores.overall.pooled.metrics['ece'].no_interval}." in latex_table(
        scores, intervals=True
    )


@pytest.mark.parametrize(("n", "is_there"), [(14, False), (15, True)])
def test_the_joint_score_of_a_handful_of_rows_has_no_interval(n, is_there):
    # It is of all rows: those without a confidence count too.
    joint = arrays((0.8, 6, 4), (None, n - 10, 0)).tasks["fi_2"].metrics["joint_score"]
    assert (joint.low is not None) == is_there
    assert joint.no_interval == (None if is_there else "it is of 14 rows; it takes 15")


def test_the_csv_and_the_frame_say_why():
    scores = few_wrong()
    why = scores.overall.pooled.metrics["auroc"].no_interval
    [line] = [line for line in csv_table(scores).splitlines() if line.startswith("task,fi_2,rows,auroc,")]
    assert line.endswith(f",{why}")
    frame = scores.to_frame()
    frame = frame[frame.scope == "task"].set_index("metric")
    assert frame.loc["auroc", "why"] == why
    assert frame.loc["accuracy", "why"] == ""


def test_bounds_under_missing_confidences_stand_beside_the_value():
    scores = arrays((0.9, 50, 10), (0.6, 20, 20), (None, 5, 5))
    low, high = scores.overall.pooled.metrics["brier"].bounds
    beside = f"({100 * low:.1f}…{100 * high:.1f})"
    assert beside in printed(scores, intervals=True)
    assert beside in markdown_table(scores, intervals=True)
    assert beside not in markdown_table(scores)
    assert "(…) between what it would be if all rows had a confidence." in printed(scores, intervals=True)
    assert "…" not in printed(arrays(*CERTAIN_WRONG), intervals=True)


def test_further_metrics_stand_in_a_table_of_their_own_as_many_as_fit():
    keys = ["mcb", "dsc", "rmsce", "smece", "nll", "calibration_slope", "share_at_one", "ece_15", "e_aurc"]
    scores = arrays(*CERTAIN_WRONG)
    for intervals in (False, True):
        lines = printed(scores, intervals=intervals, further=keys).splitlines()
        headings = " ".join(line for line in lines if line.startswith("% (n: rows)")).split()
        assert {"MCB", "DSC", "RMSCE", "NLL", "Slope"} <= set(headings)
        tables = lines[
            : next(
                at
                for at, line in enumerate(lines)
                if "Consistency" in line or "*" in line or "not calibrated" in line
            )
        ]
        assert max(len(line.rstrip()) for line in tables) <= 80


def test_a_further_metric_that_no_kind_has_is_said():
    scores = arrays(*CERTAIN_WRONG)
    assert "mae: no answer kind here has it." in printed(scores, further=["mae"])
    assert "mae: no answer kind here has it." in markdown_table(scores, further=["mae"])
    assert "Brier rel" in markdown_table(scores, further=["brier_reliability"]).splitlines()[0]


def scored(folder, *arguments):
    command = [sys.executable, "-m", "vecbench", "score", "answers.jsonl", "--no-figures", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("answers")
    rows = []
    for task in ("fi_2", "emoji_2"):
        for number in range(60):
            answer = "positive" if number % 3 else "negative"
            response = f"<answer>{answer}</answer><confidence>0.{6 + number % 4}</confidence>"
            target = "positive" if number % 5 else "negative"
            rows.append({"task": task, "id": number, "target": target, "response": response})
            rows[-1]["split"] = "ab"[number % 2]
    (place / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return place


def test_the_command_prints_what_was_asked_for(folder):
    done = scored(
        folder, "--metrics", "mcb,rmsce", "--by", "split", "--recalibrate", "platt", "--fit-on", "fi_2"
    )
    assert done.returncode == 0, done.stderr
    assert "MCB" in done.stdout
    assert "fitted on 60 rows of fi_2" in done.stdout
    said = json.loads((folder / "answers-scores" / "scores.json").read_text())
    assert set(said["tasks"]["fi_2"]["subsets"]["split"]) == {"a", "b"}
    assert said["recalibration"]["fit_on"]["name"] == "fi_2"
    assert "MCB" in (folder / "answers-scores" / "summary.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metrics", "rmse,mbc"], "unknown metric 'mbc'"),
        (["--by", "splot"], "--by splot: no task here can be broken down by it"),
        (["--fit-on", "fi_2"], "--recalibrate platt"),
        (["--recalibrate", "platt", "--fit-on", "fi_3"], "no task or group 'fi_3'"),
        (["--protocol", "emocaliber", "--by", "answer"], "has no scores by answer"),
        (["--protocol", "emocaliber", "--metrics", "mcb"], "has its own"),
    ],
)
def test_what_cannot_be_shown_is_status_2(folder, arguments, message):
    done = scored(folder, *arguments)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr


def with_unread(status, unread):
    """Scores of 40 rows, of which some have no answer, and a low confidence."""
    rows = []
    for number in range(40):
        is_read, sample = number >= unread, str(number)
        answer, of = ("positive", "ok") if is_read else (None, status)
        reading = Reading(answer, of, 0.9 if is_read else 0.0, "ok")
        rows.append(Prediction(sample, "fi_2", sample, 0, "positive", LABELS, reading))
    return score(rows, "strict", CATALOGUE)


@pytest.mark.parametrize(
    ("status", "unread", "said"), [("no_answer", 8, False), ("no_answer", 9, True), ("abstained", 30, False)]
)
def test_many_rows_without_an_answer_are_told_with_how_they_count(status, unread, said):
    """A model that refuses wherever it is unsure has a lower Brier score; who abstains was understood."""
    scores = with_unread(status, unread)
    for text in (printed(scores), markdown_table(scores)):
        assert (f"in {unread} of 40 rows (no answer {unread}). They count as wrong" in text) == said
        assert ("‡" in text) == said


def test_a_note_on_a_mark_that_no_cell_has_is_left_out():
    scores = with_unread("no_answer", 9)
    accuracy = [column for column in columns(scores) if column.key == "accuracy"]
    assert any("‡" in note for note in score_table(scores).notes)
    assert not any("‡" in note for note in score_table(scores, shown=accuracy).notes)


@pytest.mark.parametrize(("stating", "is_marked"), [(10, True), (40, False), (0, False)])
def test_average_precision_says_how_many_rows_state_confidences_per_label(stating, is_marked):
    rows = []
    for number in range(40):
        confidences = {"positive": 0.9, "negative": 0.2} if number < stating else None
        reading = Reading(LabelTuple(["positive"], confidences), "ok", 0.5, "ok")
        rows.append(
            Prediction(str(number), "my_set", str(number), 0, LABELS, LABELS, reading, kind="label_set")
        )
    scores = score(rows, "strict", CATALOGUE)
    for text in (printed(scores), markdown_table(scores)):
        assert ("§ 10 of 40 rows state confidences per label" in text) == is_marked
        assert text.count("§") == 2 * is_marked


def test_coverage_is_no_number_of_a_task_whose_confidences_are_not_scored():
    rows = [
        Prediction(name, task, name, 0, target, candidates, Reading(answer, "ok", said, status), kind=kind)
        for number in range(20)
        for name in [str(number)]
        for task, kind, target, candidates, answer, said, status in (
            ("fi_2", "label", "positive", LABELS, "positive", 0.9, "ok"),
            ("my_rating", "rating", float(number % 9), (), number % 7 + 1.0, None, "missing"),
        )
    ]
    alone = score([row for row in rows if row.kind == "rating"], "strict", CATALOGUE)
    assert "| Cov |" not in markdown_table(alone)
    both = score(rows, "strict", CATALOGUE)
    assert "coverage" not in both.overall.macro
    place = [column.key for column in columns(both)].index("coverage")
    cells = {line.name: line.cells[place] for _, block in score_table(both).blocks for line in block}
    assert cells == {"FI-2": "100.0", "my_rating": "", "pooled": "–"}


@pytest.mark.parametrize(
    ("rows", "headings"),
    [
        ([("eemo_top3", "joy, fear, anger", ["joy", "fear", "anger"])], ["Ranking (\\%)", "Acc (\\%)"]),
        ([("eemo_valence", f"{place}", place) for place in range(1, 9)], ["MAE", "Pearson", "Spearman"]),
        ([("emotic_categories", "Peace", ["Peace"])], ["F1 mic (\\%)", "mAP (\\%)"]),
        ([("emotion6_shares", "joy", {"joy": 9, "fear": 6})], ["ExpHit (\\%)", "JS"]),
    ],
)
def test_latex_has_the_columns_that_kinds_declare(tmp_path, rows, headings):
    """Ranking score, correlations, F1 and shares are what such benchmarks are about."""
    said = [
        {"task": task, "id": str(place), "target": target, "response": f"<answer>{answer}</answer>"}
        for place, (task, answer, target) in enumerate(rows)
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(map(json.dumps, said)))
    [line] = [line for line in latex_table(vecbench.score(path)).splitlines() if line.startswith("Model &")]
    assert not [heading for heading in headings if f"& {heading} " not in line]
    assert "Joint" not in line


def test_latex_marks_what_is_of_confident_rows_only():
    text = latex_table(arrays((0.8, 30, 10), (None, 10, 10)))
    assert "*" in next(line for line in text.splitlines() if line.startswith("model &"))


def test_names_and_headings_are_wrapped_in_80_columns_and_no_word_is_cut():
    rows = []
    for number in range(40):
        reading = Reading("positive", "ok", 0.5 + number % 5 / 10, "ok")
        part = {"perceptual_dimension": ("Arousal perception of scenes", "x" * 40)[number % 2]}
        sample = str(number)
        rows.append(
            Prediction(sample, "fi_2", sample, 0, LABELS[number % 2], LABELS, reading, attributes=part)
        )
    text = printed(score(rows, "strict", CATALOGUE, by=["perceptual_dimension"]))
    lines = [line.strip() for line in text.splitlines()]
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert {"perceptual_", "dimension", "scenes"} <= {*lines}
    assert [line.split("  ")[0] for line in lines if line.startswith("Arousal")] == ["Arousal"]
