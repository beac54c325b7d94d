"""Sides that a published protocol reads: its values, and tests of what it defines row by row."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from published import emobserver_responses, emocaliber_responses
from simulated_runs import CATALOGUE, response, write_run

from vecbench.comparing import Gates, Rule, compare, json_document, open_side, verdicts_on
from vecbench.comparing.tables import markdown
from vecbench.errors import DataError
from vecbench.report.files import write_predictions
from vecbench.scoring import PROTOCOLS, protocol_named, score_responses

GOLDEN = {"emocaliber": emocaliber_responses, "emobserver": emobserver_responses}


def worse(rows, share=0.2, seed=0):
    """The same rows, some with another answer, some with another confidence, some without a response."""
    stream = random.Random(seed)
    for row in rows:
        drawn = stream.random()
        if drawn < share / 2:
            yield replace(row, response=f"<answer>{row.candidates[-1]}</answer><confidence>0.75</confidence>")
        elif drawn < share:
            yield replace(row, response=f"<answer>{row.target}</answer><confidence>most</confidence>")
        elif drawn < 1.2 * share:
            yield replace(row, response=None, error="out of memory")
        else:
            yield row


@pytest.fixture
def opened(tmp_path):
    def sides(protocol, *runs):
        paths = [write_run(tmp_path / str(number), list(rows)) for number, rows in enumerate(runs)]
        return [open_side(path, protocol, CATALOGUE) for path in paths]

    return sides


def values(content):
    return {
        (level, name, kind, key): score["value"]
        for level in ("tasks", "groups")
        for name, block in (*content[level].items(), ("overall", content["overall"]))
        for kind in ("metrics", "macro")
        for key, score in block.get(kind, {}).items()
    }


def values_of(differences, side):
    blocks = {"tasks": differences.tasks, "groups": differences.groups}
    return {
        (level, name, kind, key): getattr(found, side)
        for level, listed in blocks.items()
        for name, block in (*listed.items(), ("overall", differences.overall))
        for kind in ("metrics", "macro")
        for key, found in getattr(block, kind).items()
    }


@pytest.mark.parametrize("protocol", GOLDEN)
def test_samples_that_another_format_names_differently_are_told_by_their_images(opened, protocol):
    rows = [replace(row, image_sha256=f"{row.task}/{row.sample_id}") for row in GOLDEN[protocol](CATALOGUE)]
    now = list(worse(rows))
    renamed = [replace(row, sample_id=f"other {row.sample_id}") for row in now]
    found, wanted = (
        json.loads(json_document(compare(*opened(protocol, rows, each), CATALOGUE, replicates=200)))
        for each in (renamed, now)
    )
    assert found["overall"]["n"] > 0
    for part in ("tasks", "groups", "overall", "flips"):
        assert found[part] == wanted[part]


@pytest.mark.parametrize("protocol", GOLDEN)
def test_the_values_are_those_that_score_gives(opened, protocol):
    rows = list(GOLDEN[protocol](CATALOGUE))
    runs = rows, list(worse(rows))
    comparison = compare(*opened(protocol, *runs), CATALOGUE, replicates=200)
    for side, run in zip(("baseline", "candidate"), runs, strict=True):
        wanted = values(score_responses(run, protocol_named(protocol), CATALOGUE).scores.content())
        assert values_of(comparison.differences, side) == wanted


@pytest.mark.parametrize("protocol", GOLDEN)
def test_scores_against_the_responses_that_they_are_of_show_no_change(opened, tmp_path, protocol):
    rows = list(GOLDEN[protocol](CATALOGUE))
    scores = tmp_path / "scores.json"
    scores.write_text(score_responses(rows, protocol_named(protocol), CATALOGUE).scores.as_json())
    [candidate] = opened(protocol, rows)
    found = compare(open_side(scores, protocol, CATALOGUE), candidate, CATALOGUE).differences
    assert values_of(found, "baseline") == values_of(found, "candidate")


@pytest.mark.parametrize("protocol", GOLDEN)
def test_what_is_tested_is_what_the_rows_give(opened, protocol):
    """The mean of the replicates is the change, as it is for means over rows and for nothing else."""
    rows = list(GOLDEN[protocol](CATALOGUE))
    found = compare(*opened(protocol, rows, worse(rows, 0.5)), CATALOGUE, replicates=4000).differences
    tested = 0
    for block in (*found.tasks.values(), *found.groups.values(), found.overall):
        for each in (*block.metrics.values(), *block.macro.values()):
            if each.low is not None:
                tested += 1
                assert each.low <= each.change <= each.high
                assert (each.low + each.high) / 2 == pytest.approx(each.change, abs=each.error)
            else:
                assert each.why is not None
    assert tested >= 4


def test_an_accuracy_of_rows_has_the_exact_test_and_a_calibration_error_says_why_it_has_none(opened):
    labels = CATALOGUE.tasks["emoji_2"].labels
    before = [response("emoji_2", f"s{number}", labels[0], 0.8) for number in range(100)]
    now = [replace(row, response=f"<answer>{labels[1]}</answer>") for row in before[:7]] + before[7:]
    for protocol in ("emocaliber", "emobserver"):
        found = compare(*opened(protocol, before, now), CATALOGUE, replicates=200).differences
        accuracy = found.tasks["emoji_2"].metrics["accuracy"]
        assert accuracy.change == pytest.approx(-0.07)
        assert accuracy.p.fall == pytest.approx(0.5**7)
    found = compare(*opened("emocaliber", before, now), CATALOGUE, replicates=200).differences
    group = found.groups["demo_id_vsa"].metrics
    assert group["accuracy_all_rows"].p.fall == pytest.approx(0.5**7)
    assert (group["coverage"].change, group["accuracy"].change) == (pytest.approx(-0.07), 0)
    assert "--protocol strict" in group["ece"].why


def test_a_second_task_on_the_same_images_makes_nothing_surer(opened):
    def answers(task, lost):
        labels = CATALOGUE.tasks[task].labels
        return [
            response(task, f"s{number}", labels[number < lost], 0.8, image_sha256=f"{number:064x}")
            for number in range(200)
        ]

    before, now = ([*answers("webemo_2", lost), *answers("fi_2", lost)] for lost in (0, 60))
    comparison = compare(*opened("emocaliber", before, now), CATALOGUE, replicates=2000)
    task, group = comparison.differences.tasks["fi_2"], comparison.differences.groups["id_vsa"]
    assert (group.n, group.samples) == (400, 200)
    assert group.metrics["accuracy"].p.fall == pytest.approx(0.5**60)
    assert group.metrics["accuracy"].error == pytest.approx(task.metrics["accuracy"].error, rel=0.05)
    assert group.macro["accuracy"].error == pytest.approx(task.metrics["accuracy"].error, rel=0.05)
    assert any("200 images are in several tasks" in note for note in comparison.notes)


def test_gates_judge_under_a_published_protocol(opened):
    labels = CATALOGUE.tasks["emoji_2"].labels
    before = [response("emoji_2", f"s{number}", labels[0], 0.8) for number in range(300)]
    now = [replace(row, response=f"<answer>{labels[1]}</answer>") for row in before[:90]] + before[90:]
    comparison = compare(*opened("emocaliber", before, now), CATALOGUE, replicates=500)
    rules = [
        Rule(metric=metric, of=of, when=when, **bound)
        for metric, of, when, bound in (
            ("accuracy", "emoji_2", "significant", {"max_drop": 0.05}),
            ("coverage", "demo_id_vsa", "significant", {"at_least": 0.9}),
            ("ece", "demo_id_vsa", "point", {"max_rise": 0.01}),
            ("ece", "demo_id_vsa", "significant", {"max_rise": 0.01}),
        )
    ]
    verdicts = verdicts_on(comparison, Gates(Path("gates.yaml"), tuple(rules)))
    assert [each.outcome for each in verdicts.each] == ["failed", "failed", "passed", "undecided"]
    assert "ECE" in markdown(comparison)


def test_a_gate_does_not_pass_a_candidate_whose_wrong_rows_the_protocol_leaves_out(opened):
    labels = CATALOGUE.tasks["emoji_2"].labels
    before = [response("emoji_2", f"s{number}", labels[number % 2], 0.8) for number in range(300)]
    unread = f"<answer>{labels[1]}</answer><confidence>high</confidence>"
    now = [replace(row, response=unread) if number % 2 else row for number, row in enumerate(before)]
    rules = [
        Rule(metric="accuracy", of=of, **bound)
        for of in ("emoji_2", None)
        for bound in ({"max_drop": 0.01}, {"at_least": 0.4})
    ]
    gates = Gates(Path("gates.yaml"), tuple(rules))
    comparison = compare(*opened("emocaliber", before, now), CATALOGUE, replicates=200)
    assert comparison.differences.tasks["emoji_2"].metrics["accuracy"].candidate == 1
    verdicts = verdicts_on(comparison, gates)
    assert [each.outcome for each in verdicts.each] == ["undecided"] * 4
    assert "leaves 150 rows out of the candidate's scores" in verdicts.each[0].message
    same = verdicts_on(compare(*opened("emocaliber", now, now), CATALOGUE, replicates=200), gates)
    assert [each.outcome for each in same.each] == ["passed"] * 4


def test_only_what_both_have_is_scored(opened):
    rows = list(emocaliber_responses(CATALOGUE))
    sides = opened("emocaliber", rows, rows[10:])
    found = compare(*sides, CATALOGUE, allow=["samples"], replicates=100).differences
    wanted = values(score_responses(rows[10:], PROTOCOLS["emocaliber"], CATALOGUE).scores.content())
    assert values_of(found, "baseline") == values_of(found, "candidate") == wanted


def test_predictions_do_not_hold_what_a_published_protocol_scores(opened, tmp_path):
    rows = list(emocaliber_responses(CATALOGUE))
    scored = score_responses(rows, PROTOCOLS["emocaliber"], CATALOGUE)
    write_predictions(scored.rows, tmp_path / "p" / "predictions.jsonl")
    (tmp_path / "p" / "scores.json").write_text(scored.scores.as_json())
    [candidate] = opened("emocaliber", rows)
    baseline = open_side(tmp_path / "p" / "predictions.jsonl", "emocaliber", CATALOGUE)
    with pytest.raises(DataError, match="predictions do not hold") as fault:
        compare(baseline, candidate, CATALOGUE)
    assert "scores.json" in fault.value.remedy
