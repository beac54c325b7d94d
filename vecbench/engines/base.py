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
    def sha256(self) -> str | None:
        """Of the image file's bytes; None if there are none."""
        ...

    def decode(self) -> Image:
        """The picture, mode RGB.

        Raises:
            ImageError: The file cannot be read or decoded; only this request fails.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn.

    Attributes:
        temperature: 0 is greedy decoding; above 0 divides the logits.
        top_p: Probability mass that is kept, in (0, 1].
        max_tokens: Most tokens to generate, at least 1.
        stop: Texts that end the generation; they are cut off the response.
        seed: Seeds this one request: the same request with the same seed draws the same tokens,
            whatever else is in its batch.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt with its images, ready for an engine.

    Attributes:
        key: Comes back with the response.
        prompt: The text, which follows the images.
        images: At least one, in the order in which they are shown.
        sampling: How the answer is drawn.
    """

    key: str
    prompt: str
    images: Sequence[ImageSource]
    sampling: Sampling

    @property
    def image(self) -> ImageSource:
        """The first image."""
        return self.images[0]

    def decoded(self) -> tuple[Image, ...]:
        """The pictures of all its images, in order.

        Raises:
            ImageError: One of them cannot be read or decoded.
        """
        return tuple(each.decode() for each in self.images)


@dataclass(frozen=True, slots=True)
class Response:
    """What the engine returned for one request.

    Attributes:
        key: The request's key.
        text: The generated text, verbatim, special tokens removed; None when there is an error.
        finish_reason: None when there is an error.
        error: Why this request failed, one line; None when it did not.
        n_prompt_tokens: Prompt length in tokens, the image's included; None if unknown.
        n_output_tokens: Generated tokens, the end token not counted; None if unknown.
    """

    key: str
    text: str | None
    finish_reason: FinishReason | None = None
    error: str | None = None
    n_prompt_tokens: int | None = None
    n_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class EngineDescription:
    """What a run's manifest says about its engine.

    Attributes:
        name: A key of `ENGINES`.
        arguments: As used.
        device: What it computes on.
        chosen_because: Why `--engine auto` took it; None if it was asked for by name.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    device: str = ""
    chosen_because: str | None = None


SECOND_IMAGE = "the prompt holds a text that stands for an image in this model's prompts"
"""The error of such a request: engines differ in what they would make of it."""


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
