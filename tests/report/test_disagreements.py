import csv
import io
from dataclasses import replace

from published import emocaliber_responses, stored
from rich.console import Console

from vecbench.report.disagreements import disagreement_markdown, disagreement_table
from vecbench.scoring import disagreements, protocol_named, score_responses
from vecbench.scoring.disagreements import (
    CLIPPED,
    EARLIER_RESPONSE,
    FAILED,
    FROM_REASONING,
    LIST_ORDER,
    NO_NUMBER,
    TARGET_CASE,
    TARGET_SPELLING,
    UNKNOWN_TARGET,
)
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
SENTIMENTS = ("positive", "negative")
RIGHT = "<answer>positive</answer>"


def response(sample, text, **changes):
    return stored("fi_2", sample, changes.pop("target", "positive"), SENTIMENTS, text, **changes)


def kinds(*responses):
    found = disagreements(responses, CATALOGUE)
    return [(row.emocaliber.sample_id, [reason.kind for reason in row.reasons]) for row in found.rows]


def test_only_rows_that_differ_are_listed():
    assert kinds(
        response("a", RIGHT),
        response("b", "<answer>not positive, negative</answer><confidence>90%</confidence>"),
        response("c", "<answer>neutral</answer>"),
    ) == [("b", [LIST_ORDER, NO_NUMBER])]


def test_what_no_reading_shows_has_a_reason_too():
    assert kinds(
        response("a", None),  # which neither counts
        response("a", "<answer>negative</answer>"),
        response("a", RIGHT),
        response("b", RIGHT, target="Positive"),
        response("c", "<answer>neutral</answer>", target="unknown"),
        response("d", RIGHT, error="the server was restarted"),
        replace(response("e", RIGHT), stated_target="pos."),
        replace(response("f", f"{RIGHT}<confidence>1.2</confidence>"), stated_target="pos."),
    ) == [
        ("a", [EARLIER_RESPONSE]),
        ("b", [TARGET_CASE]),
        ("c", [UNKNOWN_TARGET]),
        ("d", [FAILED]),
        ("e", [TARGET_SPELLING]),
        ("f", [CLIPPED, TARGET_SPELLING]),
    ]


def test_every_golden_row_that_the_protocols_judge_differently_is_listed():
    responses = list(emocaliber_responses(CATALOGUE))
    found = disagreements(responses, CATALOGUE)
    strict, published = (
        score_responses(responses, protocol_named(name), CATALOGUE) for name in ("strict", "emocaliber")
    )
    differing = {
        ours.sample_id
        for ours, theirs in zip(strict.rows, published.rows, strict=True)
        if (ours.reading.answer, ours.reading.confidence, ours.correct)
        != (theirs.reading.answer, theirs.reading.confidence, theirs.correct)
    }
    assert {row.emocaliber.sample_id for row in found.rows} == differing
    assert len(found.rows) == found.overall.differing > 0
    for name, verdicts in found.tasks.items():
        if name == "overall":
            continue
        for complete, (rows, right) in ((strict, verdicts.strict), (published, verdicts.emocaliber)):
            scored = complete.scores.tasks[name]
            assert rows == scored.n
            assert right == round(scored.metrics["accuracy"].value * rows)


def test_the_effects_add_up_to_the_difference_in_right_answers():
    found = disagreements(list(emocaliber_responses(CATALOGUE)), CATALOGUE)
    assert all(len(row.reasons) == 1 for row in found.rows)  # else a row would count twice
    effects = found.effects().values()
    gained = sum(each.right_only_emocaliber - each.right_only_strict for each in effects)
    overall = found.overall
    assert gained == overall.emocaliber[1] - overall.strict[1]
    assert sum(each.rows for each in effects) == len(found.rows)


def test_the_csv_has_a_line_a_row_whatever_the_texts_hold():
    odd = "a\ud800,\n\"'"
    found = disagreements([response(odd, f"<answer>positive or negative {odd}</answer>")], CATALOGUE)
    found.as_csv().encode()
    [line] = csv.DictReader(io.StringIO(found.as_csv()))
    assert line["reasons"].startswith(LIST_ORDER)
    assert (line["strict_answer"], line["emocaliber_answer"]) == ("", "positive")
    assert (line["strict_correct"], line["emocaliber_correct"]) == ("no", "yes")
    disagreement_markdown(found).encode()


def test_the_tables_fit_eighty_columns_and_name_the_reasons():
    found = disagreements(list(emocaliber_responses(CATALOGUE)), CATALOGUE)
    console = Console(width=80, file=io.StringIO())
    console.print(disagreement_table(found))
    printed = console.file.getvalue()
    assert max(map(len, printed.splitlines())) <= 80
    assert FROM_REASONING in printed
    assert FROM_REASONING in disagreement_markdown(found)
    assert "Artphoto-8" in printed


def test_protocols_that_agree_have_an_empty_table():
    found = disagreements([response("a", RIGHT)], CATALOGUE)
    assert found.rows == ()
    assert "every response alike" in disagreement_markdown(found)
    assert found.as_csv().count("\n") == 1
