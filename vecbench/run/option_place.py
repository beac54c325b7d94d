"""Where the options of a question stand in what a model writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from vecbench.answers import AnswerKind
from vecbench.parsing.form import Form
from vecbench.parsing.strict import read

OPENING = "<answer>"
"""What an answer is opened with where a prompt asks for that."""


def option_prefix(
    prompt: str, candidates: Sequence[str], kind: AnswerKind, form: Form
) -> Callable[[str, str | None], str]:
    """(a response, its finish reason) → what stands before the options of the question.

    Where strict reads an answer, and where it stands, that is the response up to there, reasoning included:
    up to the first option that is spelt out in the text that it was read of, else to that text's beginning.
    Where it reads none, or the prompt asks for a level, the options follow the prompt: there is nothing, or
    `<answer>`, if the prompt names that tag.
    """
    options = kind.asked_in(form).spelt_options(candidates)
    # A letter in lower case may be a word.
    case = 0 if any(len(option) == 1 for option in options) else re.IGNORECASE
    spelt = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, options))})(?!\w)", case)
    empty = OPENING if OPENING in prompt else ""

    def prefix(response: str, finish_reason: str | None) -> str:
        if form.levels:
            return empty
        reading = read(response, candidates, kind, finish_reason, replace(form, places=True))
        place = next((each for each in reading.places if each[2] == "answer"), None)
        if reading.answer is None or place is None:
            return empty
        begin, end, _ = place
        found = spelt.search(response, begin, end)
        return response[: begin if found is None else found.start()]

    return prefix
