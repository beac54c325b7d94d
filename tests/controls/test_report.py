"""A model that ignores the image is caught by its controls, and one that looks at it is not."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from coloured import COLOURS, blind, seeing
from fakes import ScriptedEngine, Watcher, make_plan
from PIL import Image
from scipy.stats import rankdata

import vecbench
from vecbench.cli import main
from vecbench.controls.effects import MARGIN, QUANTITIES, effects
from vecbench.controls.report import control_reports
from vecbench.controls.series import series_of
from vecbench.errors import DataError, UsageError
from vecbench.leaderboard.submission import submission_files
from vecbench.parsing import Prediction, Reading
from vecbench.run import run
from vecbench.run.control import control_of
from vecbench.store import RunDirectory
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
N = 120


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Pictures of the colours of their labels, each a little different, with a question of their own."""
    root = tmp_path_factory.mktemp("coloured")
    rows = []
    for place in range(N):
        label = list(COLOURS)[place % 4]
        image = Image.new("RGB", (16, 16), COLOURS[label])
        image.putpixel((0, 0), (place, 0, 0))
        image.save(root / f"{place}.png")
        prompt = f"Is it {label}? Say joy, fear, anger or love, number {place}."
        row = {"task": "emoji_7", "id": f"s{place}", "image": f"{place}.png", "label": label}
        rows.append(row | {"prompt": prompt})
    (root / "samples.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return root


def made(folder, data, answer, control=None, **options):
    """A run's directory."""
    corrupt = control if control and ":" in control else None
    options["control"] = control_of(None if corrupt else control, corrupt, 0)
    directory = RunDirectory(folder / (control or "run").replace(":", "-"))
    run(make_plan(data, **options), lambda: ScriptedEngine(answer), directory, Watcher())
    return directory.path


def reports(folder, data, model, *controls, profile="dataset"):
    real = made(folder, data, model(), profile=profile)
    others = [made(folder, data, model(), each, profile=profile) for each in controls]
    return control_reports(real, others, "strict", CATALOGUE)


@pytest.mark.parametrize("control", ["blank", "grey", "shuffled"])
def test_a_model_that_ignores_the_image_is_told_so(data, tmp_path, control):
    [report] = reports(tmp_path, data, blind, control)
    scores = report.overall.scores
    assert report.overall.verdict == "does not fall"
    assert "its confidence does not fall with" in report.sentence
    assert scores["confidence_fall"].value == 0
    assert scores["confidence_fall"].low < 0 < scores["confidence_fall"].high < MARGIN
    assert scores["control_auroc"].low < 0.5 < scores["control_auroc"].high
    assert scores["same_answers"].value == 1


@pytest.mark.parametrize("control", ["blank", "grey", "shuffled"])
def test_a_model_that_looks_at_the_image_is_not(data, tmp_path, control):
    [report] = reports(tmp_path, data, seeing, control)
    scores = report.overall.scores
    assert report.overall.verdict == "falls"
    assert "does not fall" not in report.sentence
    assert scores["confidence_fall"].low > MARGIN
    assert scores["control_auroc"].low > 0.5
    assert scores["accuracy"].value == 1
    assert scores["accuracy_fall"].low > 0.2
    assert scores["same_answers"].value < 0.6


def test_where_all_are_asked_the_same_no_model_can_know_that_an_image_is_anothers(data, tmp_path):
    shuffled, blank = reports(tmp_path, data, seeing, "shuffled", "blank", profile="standard")
    assert shuffled.is_blind
    assert "need not fall" in shuffled.sentence
    assert "does not fall" not in shuffled.sentence
    assert not blank.is_blind
    assert blank.overall.verdict == "falls"


def test_confidence_that_follows_accuracy_over_strengths_is_told_from_one_that_does_not(data, tmp_path):
    controls = ["contrast:1", "contrast:3", "contrast:5"]
    [of_seeing] = series_of(reports(tmp_path / "seeing", data, seeing, *controls))
    [of_blind] = series_of(reports(tmp_path / "blind", data, blind, *controls))
    scope = of_seeing.reports[0].overall
    points = list(of_seeing.at_strengths(scope))
    assert [strength for strength, _ in points] == [0, 1, 3, 5]
    assert [scores["mean_confidence"].value for _, scores in points] == sorted(
        (scores["mean_confidence"].value for _, scores in points), reverse=True
    )
    assert {"ece", "brier"} <= points[0][1].keys()
    assert all(scores["ece"].low <= scores["ece"].value <= scores["ece"].high for _, scores in points)
    assert of_blind.correlation(scope) is None
    assert "accuracy is not shown to fall" in of_blind.sentence


def rows(confidences, answers, source=None, images=None):
    """A side of pairs, whose target is joy."""
    return [
        Prediction(
            f"k{place}",
            "emoji_7",
            f"s{place}",
            0,
            "joy",
            ("joy", "fear"),
            Reading(answer, "ok" if answer else "no_answer", None if source else stated, "ok"),
            images[place] if images else f"{place:064}",
            confidences={} if source is None or stated is None else {source: stated},
        )
        for place, (stated, answer) in enumerate(zip(confidences, answers, strict=True))
    ]


def paired_rows(first, second, **options):
    sides = [rows(confidences, ["joy"] * len(confidences), **options) for confidences in (first, second)]
    return list(zip(*sides, strict=True))


def overall(pairs, source="stated"):
    return effects(pairs, CATALOGUE, source)[-1]


def test_the_numbers_are_those_of_the_pairs():
    stream = np.random.default_rng(0)
    first, second = stream.integers(3, 10, 60) / 10, stream.integers(1, 8, 60) / 10
    answers = [["joy" if each < share else "fear" for each in stream.random(60)] for share in (0.8, 0.4)]
    real, control = (rows(*side) for side in ((first, answers[0]), (second, answers[1])))
    scores = overall(list(zip(real, control, strict=True))).scores
    assert tuple(scores) == (*QUANTITIES[:-1], QUANTITIES[-1])
    right = [fmean(each == "joy" for each in side) for side in answers]
    assert scores["accuracy"].value == pytest.approx(right[0])
    assert scores["accuracy_fall"].value == pytest.approx(right[0] - right[1])
    assert scores["confidence_fall"].value == pytest.approx(first.mean() - second.mean())
    ranks = rankdata(np.concatenate([first, second]))[:60].sum()
    assert scores["control_auroc"].value == pytest.approx((ranks - 60 * 61 / 2) / 60**2)
    assert scores["same_answers"].value == fmean(a == b for a, b in zip(*answers, strict=True))
    for each in scores.values():
        assert each.low < each.value < each.high


def test_a_pair_without_both_confidences_counts_for_accuracy_alone():
    scores = overall(paired_rows([0.9, 0.9, None, 0.1], [0.5, None, 0.5, 0.1])).scores
    assert scores["mean_confidence"].value == pytest.approx(0.5)
    assert scores["confidence_fall"].n == 2
    assert scores["accuracy"].n == 4


def test_without_confidences_there_is_no_verdict():
    effect = overall(paired_rows([None, 0.5], [0.5, None]))
    assert effect.verdict is None
    assert effect.scores["confidence_fall"].why == "no pair has a confidence on both sides"
    assert effect.scores["accuracy"].value == 1


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([0.8] * 200, [0.8] * 200, "does not fall"),
        ([0.8] * 20, [0.8] * 20, "undecided"),
        ([0.9] * 200, [0.6] * 200, "falls"),
        ([0.6] * 200, [0.9] * 200, "rises"),
        ([0.81] * 5000, [0.8] * 5000, "does not fall"),  # certain, and as good as none
    ],
)
def test_the_verdict_takes_the_whole_interval(first, second, verdict):
    assert overall(paired_rows(first, second)).verdict == verdict


def test_another_source_than_the_stated_one_is_judged_by_itself():
    pairs = paired_rows([0.9] * 200, [0.5] * 200, source="token")
    assert overall(pairs, "token").verdict == "falls"
    assert overall(pairs).verdict is None


def test_rows_of_one_image_are_drawn_together():
    stream = np.random.default_rng(0)
    first, second = (np.repeat(stream.random(40).round(2), 5) for _ in range(2))
    together = [f"{place // 5:064}" for place in range(200)]
    wide, narrow = (
        overall(paired_rows(first, second, images=images)).scores["confidence_fall"]
        for images in (together, None)
    )
    assert wide.value == pytest.approx(narrow.value)
    assert wide.high - wide.low > 1.8 * (narrow.high - narrow.low)


def test_the_interval_of_the_fall_covers_the_truth():
    """Of pairs that mostly agree, as those of a model that hardly looks do."""
    stream, same = np.random.default_rng(1), 0.9
    covered = []
    for _ in range(40):
        first = stream.choice([0.7, 0.8, 0.9, 1.0], 60)
        second = np.where(stream.random(60) < same, first, stream.choice([0.5, 0.7, 0.9], 60))
        fall = overall(paired_rows(first, second)).scores["confidence_fall"]
        covered.append(fall.low <= (1 - same) * (0.85 - 0.7) <= fall.high)
    assert fmean(covered) >= 0.9


def test_many_distinct_confidences_keep_their_value():
    stream = np.random.default_rng(0)
    first, second = stream.random((2, 1500))
    scores = overall(paired_rows(first, second)).scores
    assert scores["confidence_fall"].value == pytest.approx(first.mean() - second.mean(), abs=1e-12)


def test_answers_that_are_neither_right_nor_wrong_have_no_accuracy():
    pairs = [
        tuple(
            replace(row, task="graded", kind="rating", target=5.0, reading=replace(row.reading, answer=4.0))
            for row in pair
        )
        for pair in paired_rows([0.9] * 9, [0.5] * 9)
    ]
    scores = overall(pairs).scores
    assert "neither right nor wrong" in scores["accuracy_fall"].why
    assert scores["confidence_fall"].value == pytest.approx(0.4)


def test_what_is_no_control_of_the_run_is_refused(data, tmp_path):
    real = made(tmp_path, data, blind())
    blank = made(tmp_path, data, blind(), "blank")
    other = made(tmp_path / "other", data, blind(), "blank", model="other")
    asked = made(tmp_path / "asked", data, blind(), "blank", profile="dataset")
    again = made(tmp_path / "again", data, blind())
    for run_, control, fault in [
        (real, again, "is no control"),
        (blank, blank, "is a control itself"),
        (real, other, r"is of another model than .*: other \(1\) there, fake \(1\) here"),
        (real, tmp_path / "nothing", "there is no"),
        (real, data / "samples.jsonl", "is no run|No row|no "),
    ]:
        with pytest.raises((UsageError, DataError), match=fault):
            control_reports(run_, [control], "strict", CATALOGUE)
    with pytest.raises(DataError, match="more than what was shown: prompts"):
        control_reports(real, [asked], "strict", CATALOGUE)
    with pytest.raises(UsageError, match="knows no controls"):
        control_reports(real, [blank], "emocaliber", CATALOGUE)


def test_a_control_of_fewer_samples_counts_those_in_both_and_says_so(data, tmp_path):
    real = made(tmp_path, data, blind())
    [report] = control_reports(real, [made(tmp_path, data, blind(), "blank", limit=30)], "strict", CATALOGUE)
    assert report.overall.n == 30
    assert "Samples differ: 30 rows in both" in report.notes[0]
    one = made(tmp_path / "one", data, blind(), "blank", limit=1)
    with pytest.raises(DataError, match="have one sample in common"):
        control_reports(real, [one], "strict", CATALOGUE)


def test_other_settings_are_said(data, tmp_path):
    real = made(tmp_path, data, blind())
    control = made(tmp_path, data, blind(), "blank", pixel_limits={"max_pixels": 99})
    [report] = control_reports(real, [control], "strict", CATALOGUE)
    assert any("Pixel limits are none there" in note for note in report.notes)


@pytest.fixture
def scored(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [made(tmp_path, data, blind(), each) for each in (None, "blank", "jpeg:1", "jpeg:5")]
    return [str(path) for path in paths]


def command(arguments, status=0):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == status


def listed_controls(paths):
    return [part for path in paths[1:] for part in ("--control", path)]


def test_everything_is_written_and_printed(scored, tmp_path, capsys):
    command(["score", scored[0], *listed_controls(scored)])
    printed = " ".join(capsys.readouterr().out.split())
    assert "blank: its confidence does not fall without the image" in printed
    assert "jpeg_compression: at strength 5 accuracy has fallen by" in printed
    block = json.loads((tmp_path / "run" / "scores.json").read_text())["controls"]
    assert [each["control"]["name"] for each in block["controls"]] == ["blank"] + 2 * ["jpeg_compression"]
    assert block["controls"][0]["scopes"][-1]["verdict"] == "does not fall"
    assert block["corruptions"][0]["strengths"] == [0, 1, 5]
    summary = (tmp_path / "run" / "summary.md").read_text()
    assert "## Controls" in summary
    assert "figures/control_confidence" in summary
    figures = {path.name for path in (tmp_path / "run" / "figures").iterdir()}
    assert {"control_confidence.svg", "corruption_jpeg_compression.csv"} <= figures

    command(["score", scored[0]])  # without controls nothing is left of them
    figures = {path.name for path in (tmp_path / "run" / "figures").iterdir()}
    assert not any(name.startswith(("control", "corruption")) for name in figures)
    assert "controls" not in json.loads((tmp_path / "run" / "scores.json").read_text())


@pytest.mark.parametrize("format_", ["markdown", "csv", "latex", "json"])
def test_every_format_has_them(scored, capsys, format_):
    command(["score", scored[0], *listed_controls(scored), "--format", format_, "--no-figures"])
    text = capsys.readouterr().out
    if format_ == "csv":
        lines = [line for line in csv.DictReader(io.StringIO(text)) if line["aggregate"] == "control=blank"]
        assert {line["metric"] for line in lines} >= {*QUANTITIES, "control_ece"}
    else:
        assert "its confidence does not fall without the image" in text
    if format_ == "latex":
        assert r"\begin{tabular}" in text.partition("Task, control")[0]


def test_a_table_fits_eighty_columns(scored, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    command(["score", scored[0], *listed_controls(scored), "--no-figures"])
    lines = capsys.readouterr().out.partition("\nScores, figures")[0].splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines if "[" in line)


def test_a_frame_has_them_by_subset(scored):
    frame = vecbench.score(scored[0], control=scored[1:2]).to_frame()
    rows = frame[(frame.subset == "control=blank") & (frame.scope == "overall")].set_index("metric")
    assert list(rows.index[: len(QUANTITIES)]) == list(QUANTITIES)
    assert rows.loc["confidence_fall", "value"] == 0
    assert (rows.source == "stated").all()


def test_controls_of_several_runs_or_of_a_frame_are_refused(scored, capsys):
    command(["score", *scored[:2], "--control", scored[1]], status=2)
    assert "--control is of one PATH" in capsys.readouterr().err
    import pandas as pd

    with pytest.raises(UsageError, match="control is of a run"):
        vecbench.score(pd.DataFrame({"confidence": [0.5], "correct": [True]}), control=scored[1])


def test_compare_says_that_a_side_is_a_control(scored):
    comparison = vecbench.compare(*scored[:2])
    said = "The control is none there, blank: every image is replaced"
    assert any(said in note for note in comparison.notes)
    assert comparison.candidate.name == "fake (blank)"


def test_a_report_has_a_table_of_each_control(scored, tmp_path):
    from viewer.written import Blocks

    page = vecbench.write_report(scored[0], control=scored[1:], output=tmp_path / "page", images=False)
    entries = Blocks(page).report["runs"][0]["overview"]["sources"]
    assert [each["name"] for each in entries] == [
        "Control blank",
        "Control jpeg_compression:1",
        "Control jpeg_compression:5",
    ]
    assert "its confidence does not fall without the image" in entries[0]["notes"][0]
    assert "at strength 5 accuracy has fallen" in entries[-1]["notes"][-1]
    [[name, cells]] = entries[0]["rows"]
    assert name == "Emoji-7"
    assert cells[0]["text"] == "25.0"
    assert len(cells) == len(entries[0]["columns"])


def test_what_is_exported_of_a_control_is_said_to_be_one(scored, capsys):
    command(["score", scored[1], "--export", "lm-eval", "--no-figures"])
    assert "a control, which these files do not say: blank" in " ".join(capsys.readouterr().err.split())


def test_a_control_is_no_entry_of_a_leaderboard(scored):
    with pytest.raises(UsageError, match=r"is a control \(blank\)"):
        submission_files(RunDirectory(Path(scored[1])), CATALOGUE)
