"""The contract between a run and whatever generates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from PIL.Image import Image

from vecbench.errors import RunError

FinishReason = Literal["stop", "length"]
"""Why generation ended: the model ended its answer, or the token limit cut it off."""


class ImageSource(Protocol):
    """An image that is not in memory yet."""

    @property
    def identity(self) -> str | None:
        """What tells the picture from others, of other parts of the same file too; None if unknown."""
        ...

    def decode(self) -> Image:
        """The picture, mode RGB; an `ImageError` fails only this request."""
        ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn.

    The same request with the same seed draws the same tokens, whatever else is in its batch.
    """

    temperature: float = 0.0  # 0 is greedy decoding; above 0 divides the logits
    top_p: float = 1.0  # probability mass that is kept, in (0, 1]
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()  # texts that end the generation; they are cut off the response
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt with its images, at least one, which come before the text in their order."""

    key: str  # comes back with the response
    prompt: str
    images: Sequence[ImageSource]
    sampling: Sampling

    def decoded(self) -> tuple[Image, ...]:
        """The pictures of all its images, in order; raises the `ImageError` of the first that is none."""
        return tuple(each.decode() for each in self.images)


@dataclass(frozen=True, slots=True)
class Response:
    """What the engine returned for one request; with an error there is neither text nor finish reason."""

    key: str
    text: str | None  # verbatim, special tokens removed
    finish_reason: FinishReason | None = None
    error: str | None = None  # why this request failed, one line
    n_prompt_tokens: int | None = None  # the image's included; None if unknown
    n_output_tokens: int | None = None  # the end token not counted; None if unknown


@dataclass(frozen=True, slots=True)
class EngineDescription:
    """What a run's manifest says about its engine."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # as used
    device: str = ""
    chosen_because: str | None = None  # None if it was asked for by name, and not with "auto"


SECOND_IMAGE = "the prompt holds a text that stands for an image in this model's prompts"
"""The error of such a request: engines differ in what they would make of it."""


LONGEST_LINE = 500
"""Characters that an error may quote of what a model, a library or an endpoint says."""


def first_line(fault: object) -> str:
    """What an exception or a text says, on one line that is not too long; its class if it says nothing."""
    lines = str(fault).strip().splitlines()
    if not lines:
        return type(fault).__name__
    return lines[0] if len(lines[0]) <= LONGEST_LINE else lines[0][: LONGEST_LINE - 1] + "…"


def refusal_of(request: Request, problem: str) -> Response:
    """The response to a request that a model or its processor refuses; with several images it says so.

    Many a model takes no more than one image, and says it in its own way.
    """
    count = len(request.images)
    return Response(
        request.key, None, error=f"asked with {count} images: {problem}" if count > 1 else problem
    )


def broken_template(model: str, problem: str) -> RunError:
    """The error for a chat template that no question can be asked with."""
    return RunError(
        f"the chat template of {model} cannot be used: {problem}",
        "Give another: --model-args chat_template=PATH-OF-A-JINJA-FILE.",
    )


class Engine(Protocol):
    """Generates responses.

    `generate` *pulls* requests when it has room and yields each response when it is finished, in any
    order: so the number of decoded images is bounded by the engine, and a run can store every sample
    at once. A request that fails is a `Response` with an error; an engine that cannot go on raises
    `RunError`. Closing the iterator early stops the generation.
    """

    @property
    def description(self) -> EngineDescription:
        """Name, arguments and device, for the manifest."""
        ...

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """The response of every request, each as soon as it is finished."""
        ...

    def close(self) -> None:
        """Frees what the engine holds; calling it twice is harmless."""
        ...
