"""A text of 300 kB is read by every kind and protocol in a few seconds, whatever is in it.

Anything that is not linear takes minutes for one of these.
"""

import time

import pytest

from vecbench.answers import Choice, Distribution, Label, LabelSet, Ranking, Rating
from vecbench.parsing import eemo_logic, emobserver, emocaliber, strict
from vecbench.scoring.disagreements import reasons

CHARACTERS, SECONDS = 300_000, 5
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


def text_of(form, piece):
    return form.format(piece * (CHARACTERS // len(piece)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("piece", PIECES)
def test_every_kind_reads_a_long_answer_in_a_few_seconds(piece, kind):
    kind, candidates = KINDS[kind]
    begin = time.process_time()
    strict.read(text_of("<answer>fear {}not x</answer>", piece), candidates, kind, "stop")
    assert time.process_time() - begin < SECONDS


@pytest.mark.parametrize("form", ["{}", "<answer>{}</answer>", "<answer>fear {}x</answer>"])
@pytest.mark.parametrize("piece", SHARES)
def test_shares_are_read_in_a_few_seconds(piece, form):
    begin = time.process_time()
    strict.read(text_of(form, piece), MIKELS, KINDS["distribution"][0], "stop")
    assert time.process_time() - begin < SECONDS


@pytest.mark.parametrize("again", ["not ", "no fear ", "rather than "])
def test_negations_behind_many_labels_take_a_few_seconds(again):
    half = CHARACTERS // 2
    begin = time.process_time()
    response = f"<answer>{'fear ' * (half // 5)}{again * (half // len(again))}</answer>"
    found = strict.read(response, MIKELS, KINDS["label"][0], "stop")
    assert (found.answer, found.answer_status) == (None, "ambiguous")
    assert time.process_time() - begin < SECONDS


@pytest.mark.parametrize(
    "piece", ["The wall shows fear. ", "- fear\n", "fear: ", "Overall awe? ", '."', "more than ", "sad\nnot "]
)
def test_prose_is_read_in_a_few_seconds(piece):
    begin = time.process_time()
    strict.read(text_of("{}", piece), MIKELS, KINDS["label"][0], "stop")
    assert time.process_time() - begin < SECONDS


@pytest.mark.parametrize("piece", ["<answer>", "<confidence>", "<answer>\n", "</answer>", "<think>", "aawe"])
def test_published_readers_and_reasons_take_a_few_seconds_for_a_long_response(piece):
    response = text_of("{}", piece)
    begin = time.process_time()
    published = emocaliber.read(response, MIKELS)
    emobserver.read(response, MIKELS)
    eemo_logic.last_answer(response)
    own = strict.read(response, MIKELS, Label(MIKELS), "stop")
    reasons(response, MIKELS, {}, own, published)
    assert time.process_time() - begin < SECONDS


def test_many_answers_on_one_line_take_a_few_seconds():
    begin = time.process_time()
    assert eemo_logic.last_answer("<answer></answer>" * 120_000 + "<answer>joy</answer>") == "joy"
    assert time.process_time() - begin < SECONDS  # 11 s where each took what was left apart
