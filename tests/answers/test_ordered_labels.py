"""Labels that are a scale: read as labels or as numbers, and scored by how far apart they are."""

import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

import vecbench
from vecbench.answers import AnswerSpecification, kind_of
from vecbench.metrics import labels as of_labels
from vecbench.metrics.regression import CCC, MAE
from vecbench.metrics.totals import Totals
from vecbench.parsing import Prediction, Reading, strict
from vecbench.samples.targets import target_of

TENTHS = tuple(f"{number / 10:.1f}" for number in range(11))
WORDS = ("very dark", "dark", "bright", "very bright")


def kind(labels=TENTHS, **options):
    return kind_of(AnswerSpecification("label", labels, options={"ordered": True} | options))


def read(text, labels=TENTHS):
    return strict.read(text, labels, kind(labels), "stop")


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("0.3", "0.3"),
        (".3", "0.3"),
        ("0.30", "0.3"),
        ("0,3", "0.3"),
        ("30%", "0.3"),
        ("1", "1.0"),
        ("0", "0.0"),
        ("0.3 on a scale from 0.0 to 1.0", "0.3"),
        ("brightness: 0.3", "0.3"),
    ],
)
def test_a_number_is_the_label_of_that_value(said, label):
    reading = read(f"<answer>{said}</answer><confidence>0.8</confidence>")
    assert (reading.answer, reading.answer_status, reading.confidence) == (label, "ok", 0.8)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("0.35", "not_a_candidate"),
        ("3", "out_of_range"),
        ("0.3 or 0.4", "ambiguous"),
        ("dark", "not_a_candidate"),
        ("", "no_answer"),
    ],
)
def test_nothing_is_rounded_and_no_other_number_is_a_label(said, status):
    reading = read(f"<answer>{said}</answer>")
    assert (reading.answer, reading.answer_status) == (None, status)


def test_a_percentage_is_a_label_only_on_a_scale_from_0_to_1():
    assert read("<answer>30%</answer>", ("0", "30", "60")).answer is None


def test_words_in_order_are_read_as_words():
    assert read("<answer>very dark</answer>", WORDS).answer == "very dark"
    assert read("<answer>dark or bright</answer>", WORDS).answer_status == "ambiguous"


def test_a_number_that_is_cut_off_could_have_gone_on():
    assert strict.read("Answer: 0.1", TENTHS, kind(), "length").answer_status == "truncated"


@pytest.mark.parametrize(("written", "target"), [(0.3, "0.3"), (1, "1.0"), (0, "0.0"), ("0.30", "0.3")])
def test_a_target_may_be_a_number(written, target):
    assert target_of("target", written, kind(), TENTHS) == (target, None)


def test_a_target_between_two_labels_is_none():
    _, fault = target_of("target", 0.35, kind(), TENTHS)
    assert fault == "the target '0.35' is not among the candidates"


def columns(labels, *pairs):
    rows = [
        Prediction(
            str(n),
            "t",
            str(n),
            0,
            target,
            labels,
            Reading(answer, "ok" if answer else "no_answer", None, "missing"),
        )
        for n, (target, answer) in enumerate(pairs)
    ]
    return kind(labels).columns(rows)


def test_distances_are_of_numbers_or_else_of_steps():
    found = columns(TENTHS, ("0.3", "0.5"), ("1.0", "1.0"), ("0.0", None))
    assert float(MAE.value(Totals.of_columns(found))) == pytest.approx(0.1)
    assert float(MAE.value(Totals.of_columns(columns(WORDS, ("dark", "very bright"))))) == 2


def test_the_concordance_is_the_quadratically_weighted_kappa():
    stream = np.random.default_rng(0)
    pairs = [tuple(WORDS[each] for each in stream.integers(0, 4, 2)) for _ in range(50)]
    expected = cohen_kappa_score(*zip(*pairs, strict=True), labels=list(WORDS), weights="quadratic")
    assert float(CCC.value(Totals.of_columns(columns(WORDS, *pairs)))) == pytest.approx(expected, abs=1e-9)


def test_only_labels_in_order_have_distances():
    assert MAE not in kind_of(AnswerSpecification("label", WORDS)).metrics
    assert kind(WORDS).metrics[:2] == (of_labels.ACCURACY, MAE)
    assert kind_of(AnswerSpecification("label", WORDS)).columns([]) == {}


def test_ordered_is_a_yes_or_no():
    with pytest.raises(ValueError, match="'ordered' is true or false, not 'yes'"):
        kind(WORDS, ordered="yes")


def test_the_error_stands_beside_the_accuracy_with_its_interval(tmp_path):
    (tmp_path / "dark.yaml").write_text(
        "task: dark\nmetadata:\n  version: 1\n  vecbench:\n"
        f"    labels: {json.dumps(TENTHS)}\n    answer: {{kind: label, ordered: true}}\n"
    )
    said = "<answer>{}</answer><confidence>0.7</confidence>"
    lines = [
        {
            "task": "dark",
            "id": str(n),
            "target": TENTHS[n % 11],
            "response": said.format(TENTHS[n % 7]),
        }
        for n in range(60)
    ]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    scores = vecbench.score(tmp_path / "r.jsonl", include_path=tmp_path / "dark.yaml").to_frame()
    mae = scores[scores["scope"] == "task"].set_index("metric").loc["mae"]
    expected = np.mean([abs(n % 11 - n % 7) / 10 for n in range(60)])
    assert mae["value"] == pytest.approx(expected)
    assert mae["low"] < mae["value"] < mae["high"]
