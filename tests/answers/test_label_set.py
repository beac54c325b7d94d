import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import vecbench
from vecbench.answers import AnswerSpecification, LabelSet, kind_of
from vecbench.answers.label_set import LabelTuple
from vecbench.answers.written import answer_text
from vecbench.interop.reading import open_responses
from vecbench.metrics.multilabel import MAP
from vecbench.metrics.totals import Totals
from vecbench.parsing import Prediction, Reading, strict
from vecbench.samples import open_data
from vecbench.samples.targets import target_of
from vecbench.scoring import prediction_lines
from vecbench.scoring.observations import observations
from vecbench.store import StoredResponse
from vecbench.tasks import load_catalogue, task_in
from vecbench.tasks.draft import Draft

EVERY_KIND = Path(__file__).parents[1] / "every_kind"
LABELS = ("joy", "fear", "doubt/confusion", "sadness", "sunset sky")
KIND = LabelSet(LABELS, {"doubt": "doubt/confusion"})
SETS = {
    "<answer>fear, joy</answer>": ("joy", "fear"),
    '<answer>["joy", "fear"]</answer>': ("joy", "fear"),
    "<answer>- Fear\n- Joy</answer>": ("joy", "fear"),
    "<answer>1. fear 2. joy</answer>": ("joy", "fear"),
    "<answer>fear and joy</answer>": ("joy", "fear"),
    "<answer>fear\nfear</answer>": ("fear",),
    '{"answer": ["sunset_sky"], "confidence": 0.4}': ("sunset sky",),
    '{"emotions": ["fear", "joy"]}': ("joy", "fear"),
    "\\boxed{fear, joy}": ("joy", "fear"),
    "joy": ("joy",),
    "<answer>fear, joy. There is no sign of sadness.</answer>": ("joy", "fear"),
    "<answer>fear: yes, joy: no</answer>": ("fear",),
    '{"fear": true, "joy": false}': ("fear",),
    "<answer>none</answer>": (),
    "<answer>None of these</answer>": (),
    "<answer>None of the above apply.</answer>": (),
    "<answer>None of the labels</answer>": (),
    "<answer>[]</answer>": (),
    "<answer>There are no emotions.</answer>": (),
    '{"answer": []}': (),
}
STATED = {
    '<answer>{"fear": 0.8, "joy": 0.1}</answer>': {"fear": 0.8, "joy": 0.1},
    "<answer>{'fear': '0.5'}</answer>": {"fear": 0.5},
    '{"answer": {"joy": 0.9, "fear": 0.2}, "confidence": 0.4}': {"joy": 0.9, "fear": 0.2},
    '{"emotions": {"fear": 0.9, "joy": 0.2}}': {"fear": 0.9, "joy": 0.2},
    "<answer>fear: 0.8\njoy: 0.1</answer>": {"fear": 0.8, "joy": 0.1},
    "<answer>fear (80%), joy (10 %)</answer>": {"fear": 0.8, "joy": 0.1},
    "<answer>| fear | 0.9 |\n| joy | 0.1 |</answer>": {"fear": 0.9, "joy": 0.1},
    '[{"label": "fear", "confidence": 0.8}, {"label": "joy", "confidence": 0.1}]': {"fear": 0.8, "joy": 0.1},
    '{"labels": [{"label": "fear", "score": 0.8}, {"label": "joy", "score": 0.1}]}': {
        "fear": 0.8,
        "joy": 0.1,
    },
    "fear (0.9)": {"fear": 0.9},
}
NONE = {
    "<answer></answer>": "no_answer",
    "The person feels fear and joy.": "no_answer",
    "<answer>no fear</answer>": "ambiguous",
    "<answer>joy, no fear</answer>": "ambiguous",
    "<answer>neither fear nor joy</answer>": "ambiguous",
    "<answer>everything but fear</answer>": "ambiguous",
    "<answer>fear, joy (not present)</answer>": "ambiguous",
    "<answer>Present: fear\nAbsent: joy</answer>": "ambiguous",
    "<answer>Not present: fear: 0.9</answer>": "ambiguous",
    "<answer>fear: high, joy: low</answer>": "ambiguous",
    "<answer>~~fear~~, joy</answer>": "ambiguous",
    "<answer>fear: 0.8, joy</answer>": "ambiguous",
    "<answer>fear: 0.8, joy: yes</answer>": "ambiguous",
    '<answer>{"fear": 0.8, "fear": 0.2}</answer>': "ambiguous",
    "<answer>joy and serenity</answer>": "not_a_candidate",
    '<answer>{"fear": 0.8, "serenity": 0.4}</answer>': "not_a_candidate",
    "<answer>serenity</answer>": "not_a_candidate",
    '<answer>{"fear": 0.8, "joy": 1.2}</answer>': "out_of_range",
    '{"fear": 80, "joy": 10}': "out_of_range",
    "<answer>fear: -0.2</answer>": "out_of_range",
}


def read(text, kind=KIND, finish_reason="stop"):
    return strict.read(text, LABELS, kind, finish_reason)


@pytest.mark.parametrize("text", SETS)
def test_a_set_is_read_in_the_order_of_the_list(text):
    reading = read(text)
    assert (reading.answer, reading.answer_status) == (SETS[text], "ok")
    assert reading.answer.confidences is None


@pytest.mark.parametrize("text", STATED)
def test_labels_are_there_from_a_confidence_of_a_half_on(text):
    reading = read(text)
    assert reading.answer.confidences == STATED[text]
    assert set(reading.answer) == {label for label, value in STATED[text].items() if value >= 0.5}


@pytest.mark.parametrize("text", NONE)
def test_what_is_denied_or_unclear_or_something_else_is_no_answer(text):
    reading = read(text)
    assert (reading.answer, reading.answer_status) == (None, NONE[text])


def test_an_alias_is_told():
    assert read("<answer>doubt, joy</answer>").answer_status == "alias"


def test_the_confidence_of_the_whole_answer_stands_beside():
    assert read("<answer>fear, joy</answer><confidence>0.7</confidence>").confidence == 0.7
    assert read("fear, joy (0.9)").confidence == 0.9
    assert read('<answer>{"fear": 0.9}</answer>').confidence is None


def test_a_list_that_is_cut_off_could_have_gone_on():
    assert read("Answer: fear, joy", finish_reason="length").answer_status == "truncated"


@pytest.mark.parametrize(
    "written",
    [["fear", "joy"], '["joy", "fear"]', "fear; Joy", "joy|fear", "joy, fear", "['joy', 'fear']"],
)
def test_a_target_is_a_list_or_the_text_of_one(written):
    assert KIND.target(written, LABELS) == ("joy", "fear")


@pytest.mark.parametrize("written", [[], "[]", "none"])
def test_a_target_may_be_without_labels(written):
    assert KIND.target(written, LABELS) == ()


def test_a_label_may_hold_what_separates_labels():
    assert KIND.target("doubt/confusion", LABELS) == ("doubt/confusion",)
    with_comma = ("joy, calm", "fear")
    assert LabelSet(with_comma).target("joy, calm", with_comma) == ("joy, calm",)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (["fear", "awe"], "'awe' is not among the candidates"),
        ("fear; fear", "has 'fear' twice"),
        (["doubt", "doubt/confusion"], "has 'doubt/confusion' twice"),
        ("", "is no list of labels; one without labels is []"),
        (0.5, "'0.5' is not among the candidates"),
        ({"fear": 1}, "is no list of labels"),
        ([["fear"]], "is not among the candidates"),
    ],
)
def test_a_target_that_is_none_is_told_in_a_line(written, why):
    _, fault = target_of("target", written, KIND, LABELS)
    assert why in fault
    assert "\n" not in fault


def test_a_column_called_label_may_hold_the_list(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "task: mine\nmetadata: {version: 1, vecbench: {labels: [joy, fear], answer: {kind: label_set}}}\n"
    )
    (tmp_path / "samples.jsonl").write_text('{"image": "a.png", "label": ["fear"]}\n')
    [sample] = open_data(tmp_path).samples(task_in(tmp_path / "mine.yaml"))
    assert (sample.target, sample.fault) == (["fear"], None)
    (tmp_path / "samples.jsonl").unlink()
    (tmp_path / "samples.csv").write_text('image,label_set\na.png,"[""fear"", ""joy""]"\nb.png,\nc.png,[]\n')
    first, second, third = open_data(tmp_path).samples(task_in(tmp_path / "mine.yaml"))
    assert (first.target, third.target) == (["joy", "fear"], [])
    assert "is no list of labels" in second.fault


def test_confidences_per_label_go_through_files_unharmed():
    answer = read('<answer>{"fear": 0.8, "joy": 0.1}</answer>').answer
    again = KIND.load(json.loads(json.dumps(KIND.dump(answer))))
    assert (again, again.confidences) == (answer, answer.confidences)
    assert KIND.load(KIND.dump(LabelTuple(("joy",)))).confidences is None
    for stored in (["joy", "joy"], {"joy": 1.5}, {"joy": "0.5"}, "joy", [1]):
        with pytest.raises(ValueError, match="is no list of different labels"):
            KIND.load(stored)


def predictions(*answers):
    for number, (target, text) in enumerate(answers):
        reading = Reading(read(text).answer, "ok", None, "missing")
        made = Prediction(str(number), "t", str(number), 0, LabelTuple(target), LABELS, reading)
        yield made


def test_predictions_hold_the_confidences():
    rows = list(predictions((["fear"], "<answer>{'fear': 0.8}</answer>"), ([], "<answer>none</answer>")))
    rows = [replace(row, kind="label_set") for row in rows]
    first, second = map(json.loads, prediction_lines(rows))
    assert (first["answer"], first["target"]) == ({"fear": 0.8}, ["fear"])
    assert second["answer"] == []


def columns(*answers):
    return observations({"t": list(predictions(*answers))}, {"t": KIND})["t"].columns


def test_what_a_published_protocol_reads_of_a_set_is_left_as_it_is():
    [row] = predictions((["fear"], "<answer>fear</answer>"))
    row = replace(row, kind="label_set", reading=Reading("fear", "ok", None, "missing"))
    assert json.loads(next(prediction_lines([row])))["answer"] == "fear"


def test_tasks_init_writes_a_task_of_sets(tmp_path):
    Draft("mine", tmp_path / "mine.yaml", AnswerSpecification("label_set", ("joy", "fear"))).write()
    assert task_in(tmp_path / "mine.yaml").answers == LabelSet(("joy", "fear"))


def test_average_precision_takes_confidences_and_sets_beside_them():
    alone = columns((["fear"], "<answer>fear</answer>"), ([], "<answer>none</answer>"))
    assert "score: fear" not in alone
    beside = columns(
        (["fear"], "<answer>{'fear': 0.8, 'joy': 0.3}</answer>"),
        (["fear"], "<answer>fear</answer>"),
        (["joy"], "<answer>serenity</answer>"),
    )
    assert sorted(beside["score: fear"]) == [0, 0.8, 1]
    assert sorted(beside["score: joy"]) == [0, 0, 0.3]
    totals = Totals.of_columns(beside)
    assert MAP.details(totals)["rows_with_confidences"] == 1


def test_a_model_that_states_sets_alone_has_no_map_and_a_reason(tmp_path):
    row = {"task": "mine", "kind": "label_set", "candidates": list(LABELS), "target": ["joy"]}
    lines = [row | {"id": str(n), "response": f"<answer>{LABELS[n % 2]}</answer>"} for n in range(20)]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    frame = vecbench.score(tmp_path / "r.jsonl").to_frame().set_index(["scope", "metric"])
    assert frame.loc[("task", "map"), "why"] == "no answer states a confidence per label"
    assert frame.loc[("task", "exact_match"), "value"] == frame.loc[("task", "accuracy"), "value"] == 0.5
    assert frame.loc[("task", "f1_micro"), "value"] == pytest.approx(0.5)


def test_a_group_of_one_task_has_its_intervals(tmp_path):
    lines = [
        {
            "task": "tags",
            "id": str(n),
            "target": ["joy", "fear"][: n % 3],
            "response": "<answer>{'joy': 0.7}</answer>",
        }
        for n in range(30)
    ]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    frame = vecbench.score(tmp_path / "r.jsonl", include_path=EVERY_KIND).to_frame()
    for key in ("f1_micro", "f1_macro", "jaccard"):
        of_key = frame[
            (frame["metric"] == key) & (frame["subset"] == "") & ~frame["scope"].str.contains("macro")
        ]
        assert list(of_key["scope"]) == ["task", "group", "overall"]
        assert len(set(zip(of_key["value"], of_key["low"], of_key["high"], strict=True))) == 1
        assert (of_key["low"] < of_key["high"]).all()


def test_each_label_has_its_f1_and_average_precision_in_frames_and_summary(tmp_path):
    row = {"task": "mine", "kind": "label_set", "candidates": ["joy", "a|b"], "target": ["joy"]}
    said = '<answer>{"joy": 0.9, "a|b": 0.6}</answer>'
    lines = [row | {"id": str(n), "response": said} for n in range(20)]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    frame = vecbench.score(tmp_path / "r.jsonl").to_frame()
    frame = frame[frame["scope"] == "task"].set_index(["subset", "metric"])
    assert (
        frame.loc[("label=joy", "f1"), "value"] == frame.loc[("label=joy", "average_precision"), "value"] == 1
    )
    assert frame.loc[("label=a|b", "f1"), "value"] == 0
    assert frame.loc[("label=a|b", "average_precision"), "why"] == "no row has it as a target"
    options = ["score", tmp_path / "r.jsonl", "--no-figures", "-o", tmp_path / "scored"]
    subprocess.run([sys.executable, "-m", "vecbench", *options], check=True, capture_output=True)
    score = json.loads((tmp_path / "scored" / "scores.json").read_text())["tasks"]["mine"]["metrics"]["map"]
    assert score["by_label"] == {"average_precision": {"joy": 1.0, "a|b": None}}
    assert "| joy | 100.0 | 100.0 |" in (tmp_path / "scored" / "summary.md").read_text()


def test_an_impossible_target_in_a_file_of_responses_is_named(tmp_path):
    row = {
        "task": "mine",
        "kind": "label_set",
        "candidates": list(LABELS),
        "response": "<answer>joy</answer>",
    }
    lines = [row | {"id": "1", "target": ["awe"]}, row | {"id": "2", "target": "joy; fear"}]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    source = open_responses(tmp_path / "r.jsonl", load_catalogue())
    [response] = source.responses
    assert isinstance(response, StoredResponse)
    assert response.target == ["joy", "fear"]
    [fault] = source.faults
    assert "'awe' is not among the candidates" in fault.problem


def test_an_empty_set_is_shown():
    assert answer_text(()) == "none"


def test_a_task_needs_labels():
    with pytest.raises(ValueError, match="at least two labels"):
        kind_of(AnswerSpecification("label_set", ("joy",)))
    with pytest.raises(ValueError, match="knows no 'top'"):
        kind_of(AnswerSpecification("label_set", LABELS, options={"top": 2}))
