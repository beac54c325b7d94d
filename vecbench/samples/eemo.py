"""The published tables of EEmo-Bench: its own lists, EEmo-Logic's, and what EmObserver's form says of a row.

What tells an answer stays out of a row's columns, so that no prompt can name it: `imageN_label`,
`emotion_list` and the means of the ratings are in none but the target's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TextIO

from vecbench.answers.written import literal, shown
from vecbench.samples.format import DataFormat, Row, json_list, required_text

SINGLE, PAIR = "eemo_single", "eemo_pair"
TOP3 = "eemo_top3"
RATINGS = {"Valence": "eemo_valence", "Arousal": "eemo_arousal", "Dominance": "eemo_dominance"}
"""The key of a rating in EEmo-Logic's list → its task."""
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


def _list_rows(stream: TextIO) -> Iterator[Row]:
    for number, said in json_list(stream, "row"):
        is_single = "image_url" in said
        task = SINGLE if is_single else PAIR
        if required_text(said, "question_type", f"row {number}") == OPEN_ENDED:
            yield Row(number, task=task, split=OPEN_ENDED, unit="row")
            continue
        names = ("image_url",) if is_single else ("image1_url", "image2_url")
        images, fault = images_of(said, names)
        columns = columns_of(said)
        yield Row(
            line=number,
            id=str(number if said.get("id") is None else said["id"]),
            images=images,
            columns=columns | {"correct_answer": said.get("correct_answer")},
            target_column="correct_answer",
            task=task,
            fault=fault or fault_of(columns),
            unit="row",
        )


def _logic_rows(stream: TextIO) -> Iterator[Row]:
    """Questions are numbered as in the lists: Yes-or-No, What/How, and the open one where there is one."""
    count = 0
    for number, said in json_list(stream, "row"):
        where = f"row {number}"
        is_single = "judge_Q" in said
        task = SINGLE if is_single else PAIR
        keys = _SINGLE_KEYS if is_single else _PAIR_KEYS
        images, fault = images_of(said, ("image_name",) if is_single else ("image1_url", "image2_url"))
        for question_type, (question, options, answer) in zip(QUESTION_TYPES, keys, strict=True):
            required_text(said, question, where)
            asked = {"question": said[question], "options": said.get(options), "question_type": question_type}
            yield Row(
                line=number,
                id=str(count),
                images=images,
                columns=columns_of(asked) | {"correct_answer": said.get(answer)},
                target_column="correct_answer",
                task=task,
                fault=fault,
                unit="row",
            )
            count += 1
        if said.get("open_ended_Q" if is_single else "open_ended_question"):
            yield Row(number, task=task, split=OPEN_ENDED, unit="row")
            count += 1
        if is_single:
            yield from _assessed(number, said, images, fault)


_SINGLE_KEYS = (("judge_Q", "judge_A", "judge_answer"), ("choose_Q", "choose_A", "choose_answer"))
_PAIR_KEYS = (
    ("judge_question", "judge_options", "judge_answer"),
    ("choose_question", "choose_options", "choose_answer"),
)


def _assessed(
    number: int, said: Mapping[str, Any], images: tuple[str, ...], fault: str | None
) -> Iterator[Row]:
    """The rows of an image's three strongest emotions and of its ratings, whose target is the mean."""
    targets = {TOP3: _emotions(said.get("emotion_list"))}
    targets |= {task: _mean(said.get(key)) for key, task in RATINGS.items()}
    for task, target in targets.items():
        yield Row(
            line=number,
            id=images[0].removeprefix("images/") if images else "",
            images=images,
            columns={"target": target, "category": said.get("category")},
            target_column="target",
            task=task,
            fault=fault,
            unit="row",
        )


def _emotions(listed: Any) -> Any:
    """The names in a list of emotions with scores; what is none, as it is."""
    if not isinstance(listed, list) or not all(
        isinstance(each, list) and each and isinstance(each[0], str) for each in listed
    ):
        return listed
    return [each[0].casefold() for each in listed]


def _mean(rating: Any) -> Any:
    return rating[0] if isinstance(rating, list) and rating else rating


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


def _format(name: str, shape: str, rows: Callable[[TextIO], Iterator[Row]]) -> DataFormat:
    return DataFormat(name, shape, rows, is_published=True)


LIST = _format(
    "EEmo-Bench list",
    "A list of questions: id, image_url or image1_url and image2_url, question, options, correct_answer, "
    "question_type.",
    _list_rows,
)
LOGIC = _format(
    "EEmo-Logic list",
    "A list of images or pairs, each with two questions (judge_…, choose_…); emotion_list and ratings.",
    _logic_rows,
)
