"""What a task says of how its answers are written, beside the forms that strict always reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vecbench.parsing.reasoning import Delimiters

Scale = Literal["unit", "percent", "ten"]
"""What a confidence is stated in: from 0 to 1, to 100, or to 10."""


@dataclass(frozen=True, slots=True)
class Form:
    """How answers are written, and how strictly they are read.

    Attributes:
        reasoning: Delimiters of reasoning, beside those of `reasoning.DELIMITERS`.
        answer: What the prompt calls the answer, such as "emotion": names of tags, JSON keys and lines.
        confidence: What it calls the confidence.
        lettered: Whether it letters the labels, A, B, C, so that a letter is one.
        range: What the prompt asks ratings on, where that is not the task's own range.
        levels: Whether the prompt asks for a level in a word, where answers are numbers otherwise.
        scale: Of the confidence; None where nobody says, which is read as from 0 to 1.
        sentences: Whether an answer is looked for in the sentences of a text that has none in any field.
        places: Whether a reading is to say where it was read.
    """

    reasoning: tuple[Delimiters, ...] = ()
    answer: tuple[str, ...] = ()
    confidence: tuple[str, ...] = ()
    lettered: bool = False
    range: tuple[float, float] | None = None
    levels: bool = False
    scale: Scale | None = None
    sentences: bool = True
    places: bool = False


ANY_FORM = Form()
"""Of answers of which nothing is known."""
