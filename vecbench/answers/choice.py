"""The kind "choice": one of the options that a question comes with, named by letter or by text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from vecbench.answers.kind import AnswerKind, AnswerSpecification, Read
from vecbench.answers.mentions import (
    SHORT,
    Options,
    is_clear,
    leading_letter,
    lettered_texts,
    line_letters,
    lone_letters,
    options_of,
    plain_text,
    stated_letters,
)
from vecbench.answers.scored_options import columns_of_one
from vecbench.answers.written import option_texts, shown
from vecbench.labels import normal_form
from vecbench.metrics.catalogue import CHOICE_METRICS
from vecbench.metrics.definition import Metric
from vecbench.metrics.observations import Floats
from vecbench.parsing.negation import is_crossed_out
from vecbench.parsing.prediction import AnswerStatus, Prediction

_LETTER = re.compile(r"[\s(\[{]*([A-Za-z])[\s.:)\]}]*")


@dataclass(frozen=True)
class Choice(AnswerKind):
    """One of several options; an answer, and a target, is its letter.

    Attributes:
        options: Their texts, in the order of the letters A, B, C and so on; empty where every row brings its
            own.
    """

    name: ClassVar[str] = "choice"
    remedy: ClassVar[str] = "List the options with their letters in the prompt."
    metrics: ClassVar[Sequence[Metric]] = CHOICE_METRICS
    has_confusion: ClassVar[bool] = True

    options: tuple[str, ...] = ()

    @classmethod
    def of(cls, specification: AnswerSpecification) -> Self:
        specification.require_only("options")
        if specification.labels or specification.aliases:
            raise ValueError("a choice has options, and neither labels nor aliases")
        written = specification.options.get("options")
        return cls(() if written is None else option_texts(written))

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        written = columns.get("options")
        if written is not None:
            return option_texts(written)
        if not self.options:
            raise ValueError("neither the row nor the task has 'options'")
        return self.options

    def target(self, written: object, candidates: Sequence[str]) -> str:
        """The letter of the right option, which is written as a letter or as that option's text."""
        if isinstance(written, str):
            letters = ascii_uppercase[: len(candidates)]
            if (found := _LETTER.fullmatch(written)) and found[1].upper() in letters:
                return found[1].upper()
            equal = [each for each, text in zip(letters, candidates, strict=True) if text == written != ""]
            equal = equal or list(options_of(tuple(candidates)).equal_to(plain_text(written)))
            if len(equal) == 1:
                return equal[0]
            if equal:
                raise ValueError(
                    f"the target {shown(written)} is the text of the options {' and '.join(equal)}"
                )
        raise ValueError(f"the target {shown(written)} is neither an option's letter nor its text")

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        return {"options": dict(zip(ascii_uppercase, candidates, strict=False))}

    def spelt_options(self, candidates: Sequence[str]) -> tuple[str, ...]:
        """The letters."""
        return tuple(ascii_uppercase[: len(candidates)])

    def read(self, text: str, candidates: Sequence[str]) -> Read:
        """The letter of the option that a stated answer names; see `chosen` for the rules."""
        return _as_read(chosen(text, candidates), text, "not_a_candidate")

    def read_bare(self, text: str, candidates: Sequence[str]) -> Read:
        """The same for a whole response: real ones are prose more often than not."""
        return _as_read(chosen(text, candidates), text, "no_answer")

    def is_bare_answer(self, text: str, candidates: Sequence[str]) -> bool:
        options = options_of(tuple(candidates))
        plain = plain_text(text)
        if len(plain) > SHORT or options.equal_to(plain):
            return len(plain) <= SHORT
        first = leading_letter(plain, options)
        stated = [first] if first else stated_letters(plain, options)[-1:]
        behind = plain[stated[0].end :] if stated else ""
        return bool(stated) and (not normal_form(behind) or stated[0].letter in options.equal_to(behind))

    def may_go_on(self, text: str, candidates: Sequence[str]) -> bool:
        """Whether the answer is named by words alone: those behind them could be another option's."""
        return not chosen(text, candidates).by_letter

    def option_columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        return columns_of_one(rows)

    def load(self, stored: object) -> str:
        if not isinstance(stored, str) or len(stored) != 1 or stored not in ascii_uppercase:
            raise ValueError(f"{shown(stored)} is no letter of an option")
        return stored

    def view(self, answer: Any, target: Any, candidates: Sequence[str]) -> Mapping[str, Any]:
        options = [
            {"letter": letter, "text": text}
            for letter, text in zip(ascii_uppercase, candidates, strict=False)
        ]
        answered = None if answer is None else [answer]
        return {"type": "options", "options": options, "target": [target], "answer": answered}

    def classes(self, candidates: Sequence[str]) -> Sequence[str]:
        """The letters: which of them are answered tells a preference for a place in the list."""
        return ascii_uppercase[: len(candidates)]

    def columns(self, rows: Sequence[Prediction]) -> Mapping[str, Floats]:
        """chance: that of a random option to be right."""
        return {"chance": np.array([1 / max(len(row.candidates), 1) for row in rows])}


class Chosen(NamedTuple):
    """The options that a text names, and whether it does so by a letter."""

    letters: Collection[str]
    by_letter: bool


def chosen(text: str, candidates: Sequence[str]) -> Chosen:
    """The options that a text names: one for an answer, several where it is ambiguous.

    The first of these that names any decides: the whole text is an option's; a letter at the very start; a
    statement such as "the answer is B"; letters with their options' texts, other than a list of options that
    repeats the question; letters at the start of lines and in brackets; a first sentence that is an option's
    text, and a yes or no that the text begins with; the words of options. A letter with another option's text
    or a second letter ("B or C"), statements of different letters, and words that are denied name several.
    """
    options = options_of(tuple(candidates))
    plain = plain_text(text)
    equal = options.equal_to(plain) if len(plain) > 1 else ""
    found = Chosen(equal, True) if equal else _lettered(plain, options) or _worded(plain, options)
    if found.letters and is_crossed_out(plain[:SHORT]):
        return _SEVERAL
    return found


def _lettered(plain: str, options: Options) -> Chosen | None:
    first = leading_letter(plain, options)
    stated = stated_letters(plain, options)
    named = lettered_texts(plain, options)
    if first and first.letter not in options.letters and len(plain) <= SHORT:
        return Chosen((), True)
    if first and first.letter in options.letters and not named.begins_with_list:
        stated.append(first)
    if stated:
        clear = all(is_clear(plain, each, options) for each in stated)
        return Chosen({each.letter for each in stated}, True) if clear else _SEVERAL
    if named.contradicted:
        return _SEVERAL
    letters = named.letters or (set() if named.is_list else line_letters(plain, options))
    if letters and len(plain) <= SHORT and "?" in plain:  # "B? No: A"
        letters = letters | lone_letters(plain, options)
    return Chosen(letters, True) if letters else None


def _worded(plain: str, options: Options) -> Chosen:
    found = options.contained(plain)
    opening = options.opening(plain)
    if len(plain) <= SHORT:
        found |= lone_letters(plain, options)
    elif opening:
        return Chosen(opening, True)
    elif len(found) > 1:
        found = options.concluded(plain) or found
    if opening and found == set(opening):
        return Chosen(opening, True)
    if len(found) == 1 and options.is_denied(plain, *found):
        return _SEVERAL
    return Chosen(found, False)


_SEVERAL = Chosen(ascii_uppercase, True)


def _as_read(found: Chosen, text: str, status: AnswerStatus) -> Read:
    if len(found.letters) == 1:
        return next(iter(found.letters)), "ok"
    if found.letters:
        return None, "ambiguous"
    return None, status if normal_form(plain_text(text)) else "no_answer"
