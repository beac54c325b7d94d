"""The confidence of an answer by its tokens: which tokens count, and what the candidates' shares are."""

import math
import re

import pytest

from vecbench.answers import Choice, Label, kind_named
from vecbench.engines.base import Response
from vecbench.engines.token_scores import DecodedTokens
from vecbench.parsing.form import ANY_FORM, Form
from vecbench.run.token_confidence import token_confidence

LABELS = Label(("amusement", "anger", "awe", "joy", "sadness"), {"delight": "joy"})
OPTIONS = Choice(("a red ball", "fear", "a dog"))


def scored(text, tokens=None, likeliest=None, finish="stop", probability=0.5):
    """A response of tokens, each of which had the same probability, but for those that `likeliest` names.

    Without tokens these are words, with the blank before them, and single signs.
    """
    pieces = tokens or re.findall(r" ?\w+|\s|[^\w\s]", text)
    known = {at: pieces[at] for at in range(len(pieces))}
    others = dict.fromkeys(name for found in (likeliest or {}).values() for name in found)
    numbered = {name: len(pieces) + place for place, name in enumerate(others)}
    names = known | {number: name for name, number in numbered.items()}

    def got(place):
        found = (likeliest or {}).get(place) or (likeliest or {}).get(pieces[place]) or {}
        own = found.get(pieces[place], probability)
        listed = {numbered[name]: math.log(each) for name, each in found.items() if name != pieces[place]}
        return math.log(own), (listed | {place: math.log(own)}).items()

    decode = lambda ids: "".join(names[each] for each in ids)  # noqa: E731
    assert decode(known).startswith(text)
    return Response("a", text, finish, tokens=DecodedTokens(text, list(known), decode, got))


def confidence(text, tokens=None, likeliest=None, kind=LABELS, form=ANY_FORM, **settings):
    candidates = getattr(kind, "labels", None) or getattr(kind, "options", ())
    return token_confidence(scored(text, tokens, likeliest, **settings), candidates, kind, form)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("<answer>joy</answer>", 1),
        ("<think>joy, or sadness?</think><answer>joy</answer><confidence>0.9</confidence>", 1),
        ("<answer>\n  **Joy**.\n</answer>", 1),
        ('{"emotion": "joy", "confidence": 0.9}', 1),
        ("My answer is \\boxed{joy}", 1),
        ("Answer: joy", 1),
        ("joy", 1),
        ("The picture fills the viewer with joy.", 1),
        ("<answer>delight</answer>", 1),
        ("<answer>joy (great delight)</answer>", 1),
        ("<answer>pure delight</answer>", 2),  # an alias has no place of its own
    ],
)
def test_the_tokens_count_that_are_the_answer_wherever_it_is_read(text, tokens):
    found = confidence(text)
    assert found["tokens"] == tokens
    assert found["product"] == pytest.approx(0.5**tokens)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("<answer>B</answer>", 1),
        ("<answer>(B) fear</answer>", 1),
        ("B. fear", 1),
        ("It shows a shadow. The answer is B.", 1),
        ("<answer>fear (B)</answer>", 5),  # by the time of its letter, it is named
        ("<answer>fear</answer>", 1),
        ("<answer>a dog</answer>", 2),
    ],
)
def test_of_a_choice_the_letter_counts_where_it_names_the_answer(text, tokens):
    assert confidence(text, kind=OPTIONS)["tokens"] == tokens


def test_a_token_that_is_the_answers_in_part_counts():
    tokens = ("<answer", ">jo", "y</", "answer>")
    assert confidence("<answer>joy</answer>", tokens) == {"product": 0.25, "tokens": 2}


def test_an_answer_of_several_labels_or_a_number_has_the_tokens_of_all_of_it():
    kind = kind_named("label_set")(("joy", "anger"))
    assert confidence("<answer>joy, anger</answer>", kind=kind)["tokens"] == 3


@pytest.mark.parametrize(
    ("text", "finish"),
    [
        ("<answer>rage</answer>", "stop"),
        ("<answer>joy or anger</answer>", "stop"),
        ("<think>joy</think>", "stop"),
        ("I cannot say.", "stop"),
        ("", "stop"),
        ("<answer>jo", "length"),
        ("<think>It might be joy", "length"),
        ("The viewer may find some delight in it, and little else.", "length"),
    ],
)
def test_without_an_answer_there_is_none(text, finish):
    assert confidence(text, finish=finish) is None


def test_an_answer_that_is_whole_has_one_though_what_follows_is_cut_off():
    assert confidence("<answer>joy</answer><confid", finish="length")["tokens"] == 1


def test_without_tokens_or_with_some_that_are_not_all_there_is_none():
    text = "<answer>joy</answer>"
    assert token_confidence(Response("a", text, "stop"), LABELS.labels, LABELS, ANY_FORM) is None
    assert token_confidence(Response("a", None, error="no"), LABELS.labels, LABELS, ANY_FORM) is None
    cut = DecodedTokens(text, [0, 1], lambda ids: "<answer>"[: 4 * len(ids)], lambda _: (-1, ()))
    assert token_confidence(Response("a", text, "stop", tokens=cut), LABELS.labels, LABELS, ANY_FORM) is None


def share(text, tokens, likeliest, kind=LABELS, **settings):
    return (confidence(text, tokens, likeliest, kind, **settings) or {}).get("share")


TAGS = ("<answer>", "</answer>")


def test_the_share_is_the_answers_among_the_candidates_that_are_shown():
    likeliest = {1: {"joy": 0.5, "sad": 0.2, "anger": 0.05, "the": 0.2}}
    found = confidence("<answer>joy</answer>", ("<answer>", "joy", "</answer>"), likeliest)
    assert found == {"product": 0.5, "tokens": 1, "share": pytest.approx(0.5 / 0.75)}


def test_other_spellings_of_a_candidate_are_added_up():
    likeliest = {1: {"joy": 0.4, " Joy": 0.1, "JO": 0.1, "sadness": 0.2, "joyless": 0.1}}
    assert share("<answer>joy</answer>", ("<answer>", "joy", "</answer>"), likeliest) == pytest.approx(0.75)


def test_of_a_token_that_straddles_the_edge_what_stands_behind_it_is_compared():
    likeliest = {1: {">joy": 0.4, ">sad": 0.2, "joy": 0.2, ">": 0.2}}
    assert share("<answer>joy</answer>", ("<answer", ">joy", "</answer>"), likeliest) == pytest.approx(2 / 3)
    behind = {1: {"joy</": 0.6, "sad": 0.3, "joyful": 0.1}}
    assert share("<answer>joy</answer>", ("<answer>", "joy</", "answer>"), behind) == pytest.approx(2 / 3)
    quoted = {1: {' "joy': 0.6, ' "anger': 0.2, ' "': 0.2}}
    text = '{"answer": "joy"}'
    assert share(text, ('{"answer":', ' "joy', '"}'), quoted) == pytest.approx(0.75)


def test_candidates_that_share_a_token_go_on_to_where_they_part():
    likeliest = {1: {"a": 0.6, "joy": 0.2, "sad": 0.2}, 2: {"nger": 0.3, "we": 0.5, "n": 0.1, "ll": 0.1}}
    tokens = ("<answer>", "a", "nger", "</answer>")
    assert share("<answer>anger</answer>", tokens, likeliest) == pytest.approx(0.6 * 0.4 / 0.9)


def test_a_candidate_that_another_begins_with_ends_where_they_part():
    kind = Label(("happy", "happy surprise", "sad"))
    likeliest = {1: {"happy": 0.6, "sad": 0.2}, 2: {"</answer>": 0.4, " surprise": 0.1, "!": 0.1, "x": 0.4}}
    tokens = ("<answer>", "happy", "</answer>")
    assert share("<answer>happy</answer>", tokens, likeliest, kind) == pytest.approx(0.75 * 5 / 6)
    longer = ("<answer>", "happy", " surprise", "</answer>")
    text = "<answer>happy surprise</answer>"
    assert share(text, longer, likeliest, kind) == pytest.approx(0.75 * 1 / 6)
    # What would have followed is not shown.
    assert share("happy", ("happy",), {0: {"happy": 0.6, "sad": 0.2}}, kind) is None


@pytest.mark.parametrize("likeliest", [{}, {1: {"joy": 0.9}}, {1: {"joy": 0.9, "the": 0.1, ">": 0.01}}])
def test_where_no_other_candidate_is_shown_there_is_no_share(likeliest):
    found = confidence("<answer>joy</answer>", ("<answer>", "joy", "</answer>"), likeliest)
    assert found.keys() == {"product", "tokens"}


def test_of_tokens_that_are_unlikely_beyond_all_numbers_no_share_is_known():
    tokens = DecodedTokens("joy", [0], lambda ids: "joy" * len(ids), lambda _: (-5000.0, [(0, -5000.0)]))
    found = token_confidence(Response("a", "joy", "stop", tokens=tokens), LABELS.labels, LABELS, ANY_FORM)
    assert found == {"product": 0.0, "tokens": 1}


def test_an_alias_and_an_answer_of_no_list_have_no_share():
    likeliest = {1: {"delight": 0.5, "anger": 0.5}}
    assert share("<answer>delight</answer>", ("<answer>", "delight", "</answer>"), likeliest) is None


def test_where_a_character_is_cut_into_tokens_there_is_no_share():
    kind = Label(("怒", "悲"))
    pieces = ["怒".encode()[:1], "怒".encode()[1:]]
    decode = lambda ids: b"".join(pieces[each] for each in ids).decode(errors="replace")  # noqa: E731
    tokens = DecodedTokens("怒", [0, 1], decode, lambda _: (-0.5, [(0, -0.5), (1, -1.0)]))
    found = token_confidence(Response("a", "怒", "stop", tokens=tokens), kind.labels, kind, ANY_FORM)
    assert found == {"product": pytest.approx(math.exp(-1)), "tokens": 2}


def test_of_a_choice_letters_have_shares():
    likeliest = {1: {"B": 0.5, "A": 0.2, "C": 0.1, "An": 0.1, "D": 0.1}}
    tokens = ("<answer>", "B", ". ", "fear", "</answer>")
    assert share("<answer>B. fear</answer>", tokens, likeliest, OPTIONS) == pytest.approx(0.5 / 0.8)


def test_what_a_prompt_calls_its_answer_is_found_as_strict_reads_it():
    form = Form(answer=("feeling",))
    assert confidence("<feeling>joy</feeling>", form=form)["tokens"] == 1
