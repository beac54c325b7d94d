"""Conversations as trainers take them: LLaVA, ShareGPT, and the messages of ms-swift and LLaMA-Factory.

The last turn is the target, the last of the user's before it the prompt. The images are those of the row, or
of the turns' parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vecbench.plain_file import TextLines
from vecbench.samples.beginning import Beginning
from vecbench.samples.format import Columns, DataFormat, Row, json_list, jsonl_rows
from vecbench.samples.own import own_rows

TURNS = ("conversations", "messages")
ASSISTANT = ("gpt", "assistant", "model", "bot", "chatgpt")
USER = ("human", "user")
_PLACE = re.compile(r"\s*<image>\s*")
_ANSWER = re.compile(r"<answer>\s*(.*?)\s*</answer>", re.DOTALL)


def _recognises(table: Beginning) -> bool:
    turns = _turns(table.first or {}) if table.is_json else []
    return bool(turns) and _role(turns[-1]) in ASSISTANT and "ground_truth" not in (table.first or {})


def _turns(said: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The turns of a conversation; none if it is none."""
    turns = next((said[name] for name in TURNS if name in said), None)
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return []
    return turns


def _role(turn: Mapping[str, Any]) -> str:
    return str(turn.get("from", turn.get("role", ""))).casefold()


def _content(turn: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """What a turn says, and the images that stand in it."""
    content = turn.get("value", turn.get("content"))
    if not isinstance(content, list):
        return str(content or ""), []
    parts = [part for part in content if isinstance(part, dict)]
    texts = [str(part["text"]) for part in parts if "text" in part]
    return "\n".join(texts), [image for part in parts if (image := _image(part)) is not None]


def _image(part: Mapping[str, Any]) -> Any:
    found = part.get("image", part.get("image_url"))
    return found.get("url", found.get("path")) if isinstance(found, dict) else found


def _values(said: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """A conversation as a row of one's own data, and why it cannot be used."""
    values = {name: value for name, value in said.items() if name not in TURNS}
    turns = _turns(said)
    if not turns or _role(turns[-1]) not in ASSISTANT:
        return values, "the last turn is not the assistant's, so there is no target"
    contents = [(_role(turn), *_content(turn)) for turn in turns]
    asked = [text for role, text, _ in contents[:-1] if role in USER]
    shown = [image for _, _, images in contents for image in images]
    last = contents[-1][1]
    stated = _ANSWER.findall(last)
    values |= {"target": stated[-1] if stated else last.strip()}
    values |= {"prompt": _PLACE.sub("\n", asked[-1]).strip() if asked else ""}
    if isinstance(values.get("image"), list):
        values["images"] = values.pop("image")
    if isinstance(listed := values.get("images"), list):
        values["images"] = [_image({"image": each}) for each in listed]
    elif shown:
        values["images"] = shown
    if not {"image", "images"} & {*values}:
        values["image"] = ""  # a conversation about none, which its row cannot be asked without
    return values, None


def _rows(table: Path, columns: Columns) -> Iterator[Row]:
    with TextLines(table) as stream:
        is_list = next((line for line in stream if line.strip()), "").lstrip().startswith("[")
    with TextLines(table) as stream:
        if is_list:
            raw = ((number, *_values(said)) for number, said in json_list(stream, "conversation"))
            yield from own_rows(raw, columns, "conversation")
        else:
            rows = jsonl_rows(stream)
            yield from own_rows(
                (
                    (line, values, fault or problem)
                    for line, said, fault in rows
                    for values, problem in [_values(said)]
                ),
                columns,
            )


CONVERSATIONS = DataFormat(
    "conversations",
    "A JSON list or JSONL of images with conversations or messages, the last turn the assistant's.",
    _rows,
    _recognises,
    "the last turn of each conversation",
    is_own=True,
)
