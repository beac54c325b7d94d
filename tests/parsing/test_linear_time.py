"""A text of 300 kB is read by every kind and protocol in a few seconds, whatever is in it.

Anything that is not linear takes minutes for one of these.
"""

import time
from contextlib import contextmanager

import pytest

from vecbench.answers import Choice, Distribution, Label, LabelSet, Ranking, Rating
from vecbench.parsing import eemo_logic, emobserver, emocaliber, strict
from vecbench.scoring.disagreements import reasons

CHARACTERS = 300_000
COUNTS = 60
"""So many times as long as counting to three million takes, a fifteenth of a second where nothing else runs:
what a second of a processor is worth depends on who shares it."""
MIKELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
OPTIONS = ("Joy", "No", "Fear of it")
KINDS = {
    "label": (Label(MIKELS, {"sad": "sadness"}), MIKELS),
    "ranking": (Ranking(MIKELS, {"sad": "sadness"}, 3), MIKELS),
    "label_set": (LabelSet(MIKELS, {"sad": "sadness"}), MIKELS),
    "rating": (Rating(1, 9), ()),
    "ratings": (Rating(1, 9, dimensions=("fear", "awe", "joy")), ("fear", "awe", "joy")),
    "choice": (Choice(OPTIONS), OPTIONS),
    "distribution": (Distribution(MIKELS, {"sad": "sadness"}), MIKELS),
}
SHARES = ('{"fear": 1} ', "{fear} ", "{", "fear: 0.1, ", "fear: 0.1\n", '"fear": 1, ', " ", "and 1% ")
PIECES = ("fear ", "! ", "[", "not ", "不 ", "5 ", "A. ", "fear: 0.5, ", '"')


def counting():
    begin = time.process_time()
    sum(1 for _ in range(3_000_000))
    return time.process_time() - begin


@contextmanager
def a_few_seconds():
    before = counting()
    begin = time.process_time()
    yield
    taken = time.process_time() - begin
    assert taken < COUNTS * max(before, counting())


def text_of(form, piece):
    return form.format(piece * (CHARACTERS // len(piece)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("piece", PIECES)
def test_every_kind_reads_a_long_answer_in_a_few_seconds(piece, kind):
    kind, candidates = KINDS[kind]
    with a_few_seconds():
        strict.read(text_of("<answer>fear {}not x</answer>", piece), candidates, kind, "stop")


@pytest.mark.parametrize("form", ["{}", "<answer>{}</answer>", "<answer>fear {}x</answer>"])
@pytest.mark.parametrize("piece", SHARES)
def test_shares_are_read_in_a_few_seconds(piece, form):
    with a_few_seconds():
        strict.read(text_of(form, piece), MIKELS, KINDS["distribution"][0], "stop")


@pytest.mark.parametrize("again", ["not ", "no fear ", "rather than "])
def test_negations_behind_many_labels_take_a_few_seconds(again):
    half = CHARACTERS // 2
    with a_few_seconds():
        response = f"<answer>{'fear ' * (half // 5)}{again * (half // len(again))}</answer>"
        found = strict.read(response, MIKELS, KINDS["label"][0], "stop")
        assert (found.answer, found.answer_status) == (None, "ambiguous")


@pytest.mark.parametrize(
    "piece", ["The wall shows fear. ", "- fear\n", "fear: ", "Overall awe? ", '."', "more than ", "sad\nnot "]
)
def test_prose_is_read_in_a_few_seconds(piece):
    with a_few_seconds():
        strict.read(text_of("{}", piece), MIKELS, KINDS["label"][0], "stop")


@pytest.mark.parametrize("piece", ["<answer>", "<confidence>", "<answer>\n", "</answer>", "<think>", "aawe"])
def test_published_readers_and_reasons_take_a_few_seconds_for_a_long_response(piece):
    response = text_of("{}", piece)
    with a_few_seconds():
        published = emocaliber.read(response, MIKELS)
        emobserver.read(response, MIKELS)
        eemo_logic.last_answer(response)
        own = strict.read(response, MIKELS, Label(MIKELS), "stop")
        reasons(response, MIKELS, {}, own, published)


def test_many_answers_on_one_line_take_a_few_seconds():
    with a_few_seconds():  # 11 s where each took what was left apart
        assert eemo_logic.last_answer("<answer></answer>" * 120_000 + "<answer>joy</answer>") == "joy"
