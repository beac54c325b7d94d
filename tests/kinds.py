"""Small answer kinds, as a plug-in might bring them: what is not a label must work without being known."""

# ruff: noqa: ARG002, ARG003 - a protocol has parameters that these need not look at

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vecbench.answers import AnswerKind, Label
from vecbench.tasks import Catalogue, Task, load_catalogue


class _Kind(AnswerKind):
    metrics = ()

    @classmethod
    def of(cls, specification: object) -> _Kind:
        return cls()

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        return ()

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        return {}

    def read(self, text: str, candidates: Sequence[str]) -> tuple[Any, str]:
        return None, "no_answer"

    read_bare = read


@dataclass(frozen=True)
class Choice(_Kind):
    """A letter of the row's options, which are an object or the text of one."""

    name = "choice"
    has_confusion = True

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        options = columns.get("options")
        if isinstance(options, str):
            try:
                options = json.loads(options)
            except ValueError:
                raise ValueError(f"the options are {options!r:.60}") from None
        if not isinstance(options, dict) or len(options) < 2:
            raise ValueError("the row brings no options")
        return tuple(options.values())

    def target(self, written: object, candidates: Sequence[str]) -> str:
        if written not in self.classes(candidates):
            raise ValueError(f"the target {written!r:.60} is the letter of no option")
        return str(written)

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        return {"options": dict(zip(self.classes(candidates), candidates, strict=True))}

    def load(self, stored: object) -> str:
        if not isinstance(stored, str):
            raise ValueError(f"{stored!r:.60} is no letter")
        return stored

    def classes(self, candidates: Sequence[str]) -> Sequence[str]:
        return tuple("ABCDEFGH"[: len(candidates)])


@dataclass(frozen=True)
class Ranking(_Kind):
    """Some of the labels, the strongest first."""

    name = "ranking"

    labels: tuple[str, ...] = ()

    def candidates(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        return Label(self.labels).candidates(columns)

    def target(self, written: object, candidates: Sequence[str]) -> tuple[str, ...]:
        if not isinstance(written, list) or not set(written) <= set(candidates):
            raise ValueError(f"the target {written!r:.60} ranks something else than the candidates")
        return tuple(written)

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        return {"labels": list(candidates)}

    def dump(self, answer: Any) -> Any:
        return list(answer)

    def load(self, stored: object) -> tuple[str, ...]:
        if not isinstance(stored, list):
            raise ValueError(f"{stored!r:.60} is no ranking")
        return tuple(stored)


@dataclass(frozen=True)
class Rating(_Kind):
    """A number from 1 to 9."""

    name = "rating"

    def target(self, written: object, candidates: Sequence[str]) -> float:
        value = float(str(written))
        if not 1 <= value <= 9:
            raise ValueError(f"the target {written!r:.60} is not from 1 to 9")
        return value

    def prompt_variables(self, candidates: Sequence[str]) -> Mapping[str, object]:
        return {"low": 1, "high": 9}

    def load(self, stored: object) -> float:
        if isinstance(stored, bool) or not isinstance(stored, int | float):
            raise ValueError(f"{stored!r:.60} is no rating")
        return float(stored)


ALL = {each.name: each for each in (Label, Choice, Ranking, Rating)}
SEVEN = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")


def task_of(kind: Any, prompt: str = "Which?", **changes: Any) -> Task:
    """A task whose answers are of a kind; its id is `my_` and the kind's name."""
    return replace(
        load_catalogue().tasks["emoji_7"],
        **{
            "id": f"my_{kind.name}",
            "display": f"My {kind.name}",
            "answers": kind,
            "labels": (),
            "aliases": {},
            "prompts": {"standard": prompt},
            "prompt": "standard",
            "expected_n": None,
            "path": Path("my.yaml"),
        }
        | changes,
    )


def catalogue_of(*tasks: Task) -> Catalogue:
    """The shipped tasks and these."""
    shipped = load_catalogue()
    return Catalogue({**shipped.tasks, **{task.id: task for task in tasks}}, shipped.groups)
