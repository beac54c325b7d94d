"""EEmo-Logic's list of images and pairs: two questions of each, an image's emotions and ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from vecbench.samples import eemo
from vecbench.samples.format import DataFormat, Row, json_list, of_text, required_text

TOP3 = "eemo_top3"
RATINGS = {"Valence": "eemo_valence", "Arousal": "eemo_arousal", "Dominance": "eemo_dominance"}
"""The key of a rating in EEmo-Logic's list → its task."""
_SINGLE_KEYS = (("judge_Q", "judge_A", "judge_answer"), ("choose_Q", "choose_A", "choose_answer"))
_PAIR_KEYS = (
    ("judge_question", "judge_options", "judge_answer"),
    ("choose_question", "choose_options", "choose_answer"),
)


def _rows(stream: TextIO) -> Iterator[Row]:
    """Questions are numbered as in the lists: Yes-or-No, What/How, and the open one where there is one."""
    count = 0
    for number, said in json_list(stream, "row"):
        where = f"row {number}"
        is_single = "judge_Q" in said
        task = eemo.SINGLE if is_single else eemo.PAIR
        keys = _SINGLE_KEYS if is_single else _PAIR_KEYS
        images, fault = eemo.images_of(said, ("image_name",) if is_single else ("image1_url", "image2_url"))
        for question_type, (question, options, answer) in zip(eemo.QUESTION_TYPES, keys, strict=True):
            required_text(said, question, where)
            asked = {"question": said[question], "options": said.get(options), "question_type": question_type}
            yield Row(
                line=number,
                id=str(count),
                images=images,
                columns=eemo.columns_of(asked) | {"correct_answer": said.get(answer)},
                target_column="correct_answer",
                task=task,
                fault=fault,
                unit="row",
            )
            count += 1
        if said.get("open_ended_Q" if is_single else "open_ended_question"):
            yield Row(number, task=task, split=eemo.OPEN_ENDED, unit="row")
            count += 1
        if is_single:
            yield from _assessed(number, said, images, fault)


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


EEMO_LOGIC = DataFormat(
    "EEmo-Logic list",
    "A list of images or pairs, each with two questions (judge_…, choose_…); emotion_list and ratings.",
    of_text(_rows),
    lambda table: table.is_list and eemo.form_of(table.text) == "logic",
    is_published=True,
)
