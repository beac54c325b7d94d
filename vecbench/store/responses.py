"""responses.jsonl: one line a response, append-only, the source of truth of a run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeGuard

from vecbench.json_lines import JsonLine, json_lines

LONGEST_RESPONSE = 2**21
"""Characters; whatever they are, and however they are escaped, a line with so many of them is read."""
MOST_REPEATS = 2**31
MOST_TOKENS = 2**53


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """One line of responses.jsonl, whose keys docs/run-directory.md explains.

    Attributes:
        image_sha256: Of the image file's bytes, of several the hash of all; None if one could not be read.
        images: Paths of several images, in the order in which they were shown; empty where there is one.
        profile: The prompt profile that was asked, as the run's manifest says it; None if unknown. No part of
            the line.
        stated_target: The target as a file of another program spells it, where `target` is rewritten to
            be a candidate; None where both are the same, as in every run. No part of the line.
        prompt: That of a question with options, as a file of another program has it; None if unknown. No part
            of the line.
        reasoning: What the model reasoned, where an endpoint gives it beside the response; None if not.
        n_reasoning_tokens: How many of the output tokens that were; None if unknown.
        token_confidence: How likely the model was to write its answer: "product" (of the probabilities of the
            answer's tokens, in [0, 1]), "tokens" (how many) and, where it is known, "share" (of the answer
            among the candidates, in [0, 1]); None where no probabilities are known.
        option_log_probabilities: Of each candidate as the answer, natural logarithms, in their order; of a
            kind without candidates, of its levels. Empty where they were not asked for, or not scored.
    """

    key: str
    task: str
    sample_id: str
    repeat: int
    target: Any
    candidates: tuple[str, ...]
    image: str
    image_sha256: str | None
    prompt_sha256: str
    response: str | None
    finish_reason: str | None
    error: str | None
    n_prompt_tokens: int | None
    n_output_tokens: int | None
    kind: str = "label"
    images: tuple[str, ...] = ()
    images_sha256: tuple[str | None, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    stated_target: str | None = None
    profile: str | None = None
    prompt: str | None = None
    reasoning: str | None = None
    n_reasoning_tokens: int | None = None
    token_confidence: Mapping[str, float] | None = None
    option_log_probabilities: tuple[float, ...] = ()

    @property
    def is_answer(self) -> bool:
        """Whether the model said something, so that it is not asked again."""
        return self.response is not None and self.error is None

    @property
    def is_only_reasoning(self) -> bool:
        """Whether the model reasoned and then said nothing."""
        return self.response is not None and not self.response.strip() and bool(self.reasoning)

    def as_stated(self) -> StoredResponse:
        """The response with its target spelt as its file has it, for protocols that compare texts."""
        return self if self.stated_target is None else replace(self, target=self.stated_target)

    def to_line(self) -> bytes:
        """The JSON line in UTF-8, newline included."""
        values = asdict(self)
        del values["stated_target"], values["profile"], values["prompt"]
        for name, default in _FURTHER.items():  # absent where they say nothing, as in lines of version 0.1
            if values[name] == default:
                del values[name]
        try:
            return json.dumps(values, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:  # half of a surrogate pair: escaped, it is still valid UTF-8
            return json.dumps(values).encode() + b"\n"


_FURTHER: Mapping[str, Any] = {
    "kind": "label",
    "images": (),
    "images_sha256": (),
    "attributes": {},
    "reasoning": None,
    "n_reasoning_tokens": None,
    "token_confidence": None,
    "option_log_probabilities": (),
}
"""The keys that a line need not have → what it says without them."""

RESPONSE_KEYS = frozenset(each.name for each in fields(StoredResponse)) - {
    "stated_target",
    "profile",
    "prompt",
    *_FURTHER,
}
"""The keys that a line must have."""

KNOWN_KEYS = RESPONSE_KEYS | _FURTHER.keys()
"""The keys that a line may have."""
_FURTHER_KINDS: Mapping[str, Any] = {
    "kind": str,
    "attributes": dict,
    "reasoning": str | None,
    "n_reasoning_tokens": int | None,
    "token_confidence": dict | None,
    "option_log_probabilities": list | tuple,
}
_KINDS: Mapping[str, Any] = {
    "key": str,
    "task": str,
    "sample_id": str,
    "repeat": int,
    "target": str | list | dict | int | float,
    "candidates": list,
    "image": str,
    "image_sha256": str | None,
    "prompt_sha256": str,
    "response": str | None,
    "finish_reason": str | None,
    "error": str | None,
    "n_prompt_tokens": int | None,
    "n_output_tokens": int | None,
}
_BELOW = {"repeat": MOST_REPEATS} | dict.fromkeys(
    ("n_prompt_tokens", "n_output_tokens", "n_reasoning_tokens"), MOST_TOKENS
)


def read_responses(path: Path) -> Iterator[StoredResponse]:
    """The stored responses in the order of the file; none if there is no file, and no line that is none."""
    return (response for _, response in response_lines(path) if response is not None)


def response_lines(path: Path) -> Iterator[tuple[JsonLine, StoredResponse | None]]:
    """Each line of a log with its response, or without one and with the problem why; none without a file."""
    if not path.exists():
        return
    for line in json_lines(path):
        if line.values is None:
            yield line, None
            continue
        try:
            yield line, stored_response(line.values)
        except (ValueError, TypeError) as fault:
            yield replace(line, values=None, problem=f"not a stored response ({fault})"), None


def stored_response(values: Any) -> StoredResponse:
    """The response behind the values of a line's JSON; TypeError or ValueError says why there is none.

    What it refuses no reader counts: a run asks for it again, and `vecbench score` says that it is not there.
    """
    if not isinstance(values, dict):
        raise TypeError("not a JSON object")
    missing = RESPONSE_KEYS - values.keys()
    if missing:
        raise ValueError(f"no {', '.join(sorted(missing))}")
    known = {name: values[name] for name in RESPONSE_KEYS}
    further = {name: values.get(name, default) for name, default in _FURTHER.items()}
    stated = known | further
    for name, kinds in {**_KINDS, **_FURTHER_KINDS}.items():
        value = stated[name]
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise TypeError(f"{name} is {_shown(value)}")
        if name in _BELOW and value is not None and not 0 <= value < _BELOW[name]:
            raise ValueError(f"{name} is {_shown(value)}")
    candidates = known["candidates"]
    if not all(isinstance(each, str) for each in candidates) or not (
        candidates or further["kind"] != "label"
    ):
        raise TypeError("candidates is no list of labels")
    for name, kinds in (("images", str), ("images_sha256", str | None)):
        if not isinstance(further[name], list | tuple) or not all(
            isinstance(each, kinds) for each in further[name]
        ):
            raise TypeError(f"{name} is {_shown(further[name])}")
        further[name] = tuple(further[name])
    if further["images_sha256"] and len(further["images_sha256"]) != len(further["images"]):
        raise ValueError("images_sha256 has no hash for every image")
    said = further["token_confidence"]
    if said is not None and not is_token_confidence(said):
        raise ValueError(f"token_confidence is {_shown(said)}")
    scores = further["option_log_probabilities"] = tuple(further["option_log_probabilities"])
    if scores and not are_option_scores(scores, candidates):
        raise ValueError("option_log_probabilities has not one logarithm for every candidate")
    changed = {"candidates": tuple(candidates), "error": known["error"] or None}
    if (known["response"] is None) == (changed["error"] is None):
        raise ValueError("needs either a response or an error")
    return StoredResponse(**known | further | changed)


def is_token_confidence(said: object) -> TypeGuard[Mapping[str, float]]:
    """Whether a value is what a line may have as `token_confidence`."""
    if not isinstance(said, dict):
        return False
    shares = [said[name] for name in ("product", "share") if name in said]
    tokens = said.get("tokens")
    return (
        {"product", "tokens"} <= said.keys() <= {"product", "tokens", "share"}
        and all(_is_number(each) and 0 <= each <= 1 for each in shares)
        and type(tokens) is int
        and 0 < tokens < MOST_TOKENS
    )


def are_option_scores(scores: Sequence[Any], candidates: Sequence[str]) -> bool:
    """Whether numbers are what a line may have as `option_log_probabilities` of these candidates.

    Without candidates, as of ratings, the kind has options of its own.
    """
    is_of_all = len(scores) == len(candidates) or not candidates
    return is_of_all and all(_is_number(each) and each <= 0 for each in scores)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    # Python refuses to print whole numbers of thousands of digits.
    return "too large" if isinstance(value, int) and abs(value) >= 2**64 else f"{value!r:.60}"
