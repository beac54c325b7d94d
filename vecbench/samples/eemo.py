"""What the published tables of EEmo-Bench have in common: its own lists, EEmo-Logic's, and EmObserver's form.

What tells an answer stays out of a row's columns, so that no prompt can name it: `imageN_label`,
`emotion_list` and the means of the ratings are in none but the target's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vecbench.answers.written import literal, shown

SINGLE, PAIR = "eemo_single", "eemo_pair"
YES_OR_NO, WHAT_OR_HOW = QUESTION_TYPES = ("Yes-or-No", "What/How")
OPEN_ENDED = "Open_ended"
"""The type of questions whose answers a judge model would have to read: they are left out."""
SUBSETS = ("question_type", "perceptual_dimension", "question_concern")

OPTIONS = re.compile(r"\{[^{}]*\}")
_TIP = re.compile(r"\s*choose\b[^.?!\n]{0,80}\boptions?\s*:?\s*\Z", re.IGNORECASE)
_KEYS = {
    "list": ('"correct_answer"', '"question_type"', '_url"'),
    "standard": ('"image_path"', '"ground_truth"', '"question_type"'),
    "logic": ('"judge_answer"', '"choose_answer"'),
}
"""What tells a table of each form from others. Of two with the same tasks, the first form's rows are read."""


def form_of(head: str) -> str | None:
    """Which form a table has that begins so; None for those of others."""
    return next((name for name, keys in _KEYS.items() if all(key in head for key in keys)), None)


def order_of(head: str) -> int:
    """Where a table of one of the forms stands among several."""
    return [*_KEYS].index(form_of(head) or "")


def is_question(other: Mapping[str, Any]) -> bool:
    """Whether what EmObserver's form says besides is of a question of EEmo-Bench: it names no task."""
    return "question_type" in other and "task" not in other


def columns_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a row of a list, or of a leaderboard's, says of its question."""
    return {name: said.get(name) for name in ("question", "options", *SUBSETS)}


def standard_columns(prompt: str, other: Mapping[str, Any]) -> dict[str, Any]:
    """What a record in EmObserver's form says of its question, whose text and options stand in its prompt.

    The options are the last `{…}` that can be read as some; None where there are none.
    """
    found = None
    for each in OPTIONS.finditer(prompt):
        try:
            literal(each[0])
        except ValueError:
            continue
        found = each
    question = _TIP.sub("", prompt[: found.start()]) if found else prompt
    options = found[0] if found else None
    return columns_of({**other, "question": question.strip(), "options": options})


def fault_of(columns: Mapping[str, Any]) -> str | None:
    """Why a question counts in no score of the benchmark; None if it does."""
    said = columns.get("question_type")
    if said in QUESTION_TYPES:
        return None
    return f"question_type is {shown(said)}, neither {YES_OR_NO} nor {WHAT_OR_HOW}"


def images_of(said: Mapping[str, Any], names: Iterable[str]) -> tuple[tuple[str, ...], str | None]:
    """The images' paths, which hang from the folder `images`; and why they cannot be used."""
    found = []
    for name in names:
        image = said.get(name)
        if not isinstance(image, str) or not image.strip():
            return (), f"{name} names no image"
        path = image.replace("\\", "/")
        found.append(path if path.startswith("images/") else f"images/{path}")
    return tuple(found), None
