"""What errors quote of others' exceptions."""

import pytest

from vecbench.errors import LONGEST_LINE, whole_message


def chained(*texts):
    fault = None
    for text in reversed(texts):
        cause, fault = fault, ValueError(text)
        fault.__cause__ = cause
    return fault


def test_all_lines_of_an_exception_are_one():
    assert whole_message(ValueError("\none thing\n  and another.\n\nThe end.\n")) == (
        "one thing and another. The end."
    )


def test_causes_are_told_where_they_say_more():
    fault = chained("cannot apply the processor to <Image at 0x7F56B87830D0>", "ratio 400", "ratio 400", "4")
    assert whole_message(fault) == "cannot apply the processor to <Image>: ratio 400"


def test_what_was_being_handled_is_a_cause_unless_it_is_hidden():
    fault = ValueError("outer")
    fault.__context__ = KeyError("inner")
    assert whole_message(fault) == "outer: 'inner'"
    fault.__suppress_context__ = True
    assert whole_message(fault) == "outer"


def test_an_exception_that_says_nothing_is_named_by_its_class():
    assert whole_message(KeyboardInterrupt()) == "KeyboardInterrupt"
    assert whole_message(chained("", "the cause")) == "the cause"


def test_a_long_message_ends_with_a_sentence():
    text = " ".join(f"This is sentence {number}." for number in range(200))
    shown = whole_message(text)
    assert shown.endswith(". …")
    assert text.startswith(shown.removesuffix(" …"))
    assert LONGEST_LINE - 30 < len(shown) <= LONGEST_LINE + 1


@pytest.mark.parametrize("text", ["word " * 1000, "x" * 10_000])
def test_a_long_message_without_sentences_is_bounded_and_cuts_no_word(text):
    shown = whole_message(text)
    assert len(shown) <= LONGEST_LINE
    assert shown.endswith("…")
    assert shown.removesuffix("…").strip().split() in (["word"] * 99, ["x" * (LONGEST_LINE - 1)])


def test_a_circle_of_causes_ends():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert whole_message(first) == "a: b"
