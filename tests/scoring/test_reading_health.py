"""What was not read is counted by reason, with an example that does not depend on the order of rows."""

import pytest
from simulated_runs import CATALOGUE, response

from vecbench.answers.shares import Shares
from vecbench.scoring import STRICT, ReadingHealth, predictions, score_responses

CUT = {"response": "<think>The image shows a long", "finish_reason": "length"}
TEXTS = {
    "empty": {"response": " \n"},
    "refused": {"response": "I'm sorry, but I can't help with that."},
    "no_answer": {"response": "What a lovely little drawing."},
    "not_a_candidate": {"response": "<answer>melancholy</answer>"},
    "ambiguous": {"response": "<answer>positive or negative</answer>"},
    "truncated": CUT,
}


def health_of(rows):
    read = predictions(rows, STRICT, CATALOGUE)
    return ReadingHealth.of(read, {row.task: CATALOGUE.answers_of(row.task, row.kind) for row in read})


@pytest.mark.parametrize(("reason", "changes"), TEXTS.items())
def test_an_answer_that_is_not_read_is_counted_by_its_reason(reason, changes):
    rows = [response("fi_2", "a", "positive", 0.9), response("fi_2", "b", None, None, **changes)]
    health = health_of(rows)
    [unread] = health.answers.unread
    assert (unread.reason, unread.n, unread.task, unread.sample_id) == (reason, 1, "fi_2", "b")
    assert unread.excerpt == changes["response"].strip()
    assert health.mostly_unread == ("fi_2",)
    assert health.answers.reasons[reason][1].endswith(".")


def test_reasoning_with_nothing_behind_it_is_empty():
    [unread] = health_of(
        [response("fi_2", "a", None, None, response="<think>positive?</think>")]
    ).answers.unread
    assert unread.reason == "empty"


@pytest.mark.parametrize(
    ("finish", "reason", "remedy"),
    [
        ("length", "only_reasoning", "In all of them the model spent its 64 tokens on reasoning"),
        ("stop", "ended_in_reasoning", "without its reasoning parser"),
        (None, "ended_in_reasoning", "without its reasoning parser"),
    ],
)
def test_reasoning_beside_an_empty_text_is_a_status_of_its_own_and_no_answer(finish, reason, remedy):
    thought = "<answer>positive</answer><confidence>0.9</confidence>"
    changes = {"response": "", "reasoning": thought, "finish_reason": finish, "n_output_tokens": 64}
    rows = [response("fi_2", "a", None, None, **changes)]
    [row] = predictions(rows, STRICT, CATALOGUE)
    assert (row.reading.answer, row.reading.answer_status) == (None, "only_reasoning")
    health = health_of(rows)
    [unread] = health.answers.unread
    assert (unread.reason, unread.excerpt) == (reason, thought)
    assert remedy in health.answers.reasons[reason][1]
    assert [each.reason for each in health.confidences.unread] == ["missing"]


def test_reasoning_beside_a_text_changes_nothing_of_how_it_is_read():
    changes = {"reasoning": "<answer>negative</answer>", "response": "<answer>positive</answer>"}
    [row] = predictions([response("fi_2", "a", None, None, **changes)], STRICT, CATALOGUE)
    assert (row.reading.answer, row.reading.answer_status) == ("positive", "ok")


@pytest.mark.parametrize(
    ("cut", "remedy"),
    [
        ([CUT, CUT], "In all of them the model spent its 64 tokens on reasoning: allow more"),
        ([CUT, {"response": "<answer>posi", "finish_reason": "length"}], "In 1 of 2 the model spent"),
        ([{"response": "<answer>posi", "finish_reason": "length"}], "Allow more tokens"),
    ],
)
def test_an_answer_cut_off_in_its_reasoning_says_how_many_tokens_that_took(cut, remedy):
    rows = [
        response("fi_2", f"s{place}", None, None, n_output_tokens=64, **each)
        for place, each in enumerate(cut)
    ]
    health = health_of(rows)
    [unread] = health.answers.unread
    assert unread.reason == "truncated"
    assert health.answers.reasons["truncated"][1].startswith(remedy)
    assert "--gen-kwargs max_gen_toks=N" in health.answers.reasons["truncated"][1]


def test_reasoning_that_apologises_refuses_nothing():
    text = "<think>Sorry, I can't say yet.</think>What a drawing."
    [unread] = health_of([response("fi_2", "a", None, None, response=text)]).answers.unread
    assert unread.reason == "no_answer"


def test_confidences_are_counted_by_their_reason_and_failed_samples_are_none_of_it():
    rows = [
        response("fi_2", f"s{place}", "positive", said) for place, said in enumerate([0.9, 90, "high", None])
    ]
    rows.append(response("fi_2", "failed", None, None, response=None, error="no such image"))
    health = health_of(rows)
    assert (health.answers.n, health.answers.unread) == (4, ())
    assert {each.reason: each.n for each in health.confidences.unread} == {
        "missing": 1,
        "not_a_number": 1,
        "out_of_range": 1,
    }
    [(said, remedy)] = health.problems()
    assert said.startswith("3 of 4 confidences are not read (none stated 1, ")
    assert remedy


def of_kind(kind, texts, **columns):
    """The health of responses to a task of a kind, and what is said of them."""
    rows = [
        response("t", str(place), None, None, kind=kind, response=text, **columns)
        for place, text in enumerate(texts)
    ]
    health = health_of(rows)
    return health, [*health.problems()]


def test_shares_say_themselves_how_sure_an_answer_is():
    texts = ['{"a": 0.5, "b": 0.5}', "a: 50%, b: 50%", '<answer>{"a": 1}</answer>']
    health, said = of_kind("distribution", texts, target=Shares(a=1.0))
    assert (health.answers.n_unread, health.confidences.n, said) == (0, 0, [])
    health, said = of_kind("distribution", [*texts, "<answer>a</answer>", "<answer>a</answer> 70 %"])
    assert (health.confidences.n, health.confidences.n_unread) == (2, 2)
    assert said


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("label", "<answer>melancholy</answer>", "labels"),
        ("distribution", "<answer>melancholy</answer>", "labels"),
        ("label_set", "<answer>melancholy</answer>", "labels"),
        ("ranking", "<answer>melancholy</answer>", "labels"),
        ("verdict", "<answer>melancholy</answer>", "statement"),
        ("rating", "<answer>melancholy</answer>", "scale"),
        ("choice", "<answer>melancholy</answer>", "options"),
    ],
)
def test_what_to_do_about_answers_that_are_none_fits_their_kind(kind, text, wanted):
    health, [(_, remedy)] = of_kind(kind, [text])
    assert [each.reason for each in health.answers.unread] == ["not_a_candidate"]
    assert [word for word in ("labels", "statement", "scale", "options") if word in remedy] == [wanted]


def test_that_nobody_states_a_confidence_is_no_problem():
    health = health_of([response("fi_2", f"s{place}", "positive", None) for place in range(3)])
    assert health.confidences.n_unread == 3
    assert list(health.problems()) == []


def test_a_task_is_mostly_unread_above_a_fifth_of_its_answers_whatever_the_others():
    rows = [response("fi_2", f"s{place}", "positive", 0.9) for place in range(1000)]
    for unread, named in ((2, ()), (3, ("webemo_2",))):
        other = [response("webemo_2", f"s{n}", None if n < unread else "positive", 0.9) for n in range(10)]
        health = health_of(rows + other)
        assert health.mostly_unread == named
        assert bool(health.too_much({})) == bool(named)
    assert health.too_much({"webemo_2": "WebEmo-2"}).startswith(
        "more than 20 % of the answers are not read: WebEmo-2 (3 of 10)"
    )


def test_scores_json_has_the_same_examples_in_whatever_order_rows_are_stored():
    rows = [response("fi_2", f"s{place}", None, 0.5) for place in range(20)]
    rows += [response("fi_2", f"cut{place}", None, None, **CUT) for place in range(5)]
    said, turned = (
        score_responses(each, STRICT, CATALOGUE).scores.content()["reading"] for each in (rows, rows[::-1])
    )
    assert said == turned
    assert said["answers"]["n"] == 25
    assert [(each["reason"], each["n"], each["sample_id"]) for each in said["answers"]["unread"]] == [
        ("no_answer", 20, "s0"),
        ("truncated", 5, "cut0"),
    ]


def test_an_excerpt_has_both_ends_of_a_long_response():
    text = "begin " + "x" * 10_000 + " end"
    [unread] = health_of([response("fi_2", "a", None, None, response=text)]).answers.unread
    assert unread.excerpt.startswith("begin")
    assert unread.excerpt.endswith("end")
    assert len(unread.excerpt) < 150


def test_confidences_without_an_answer_are_not_scored_as_if_they_were_of_answers():
    unread = [response("fi_2", f"s{place}", None, 0.9) for place in range(40)]
    scores = score_responses(unread, STRICT, CATALOGUE).scores.tasks["fi_2"].metrics
    for key in ("ece", "brier", "auroc", "confidence_gap"):
        assert scores[key].value is None
        assert scores[key].why == "no answer with a confidence was read"
    assert scores["accuracy"].value == 0
    assert scores["coverage"].value == 1
    wrong = [response("fi_2", f"w{place}", "negative", 0.9) for place in range(40)]
    mixed = score_responses(unread + wrong, STRICT, CATALOGUE).scores.tasks["fi_2"].metrics
    assert mixed["auroc"].why == "every answer with a confidence is wrong or not read"
    assert mixed["ece"].value == pytest.approx(0.9)
    only = score_responses(wrong, STRICT, CATALOGUE).scores.tasks["fi_2"].metrics
    assert only["auroc"].why == "every answer with a confidence is wrong"


@pytest.mark.parametrize("protocol", ["emocaliber", "emobserver"])
def test_published_protocols_tell_what_they_read_too(protocol):
    from vecbench.scoring import protocol_named

    rows = [response("fi_2", "a", "positive", 0.9), response("fi_2", "b", None, 0.5)]
    reading = score_responses(rows, protocol_named(protocol), CATALOGUE).scores.content()["reading"]
    assert reading["answers"]["n"] == 2
    assert reading["confidences"]["n"] == (2 if protocol == "emocaliber" else 0)
