"""An answer of any kind as a text for people."""

from __future__ import annotations


def answer_text(answer: object) -> str:
    """A label or letter as it is, a ranking with commas, a number as shortly as it can be said."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, tuple | list):
        return ", ".join(map(answer_text, answer))
    return f"{answer:g}" if isinstance(answer, float) else str(answer)
