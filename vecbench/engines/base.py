"""The contract between a run and whatever generates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Protocol, runtime_checkable

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


@runtime_checkable
class ImageFile(ImageSource, Protocol):
    """An image of which there is a file."""

    def file(self) -> tuple[str, bytes] | None:
        """Media type and bytes of a file that every decoder shows as `decode` does; None if it is none."""
        ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn.

    The same request with the same seed draws the same tokens, whatever else is in its batch. The repetition
    penalty comes first, greedy decoding included; then, where tokens are drawn, temperature, min-p, top-k and
    top-p, in this order, which is vLLM's.
    """

    temperature: float = 0.0  # 0 is greedy decoding; above 0 divides the logits
    top_p: float = 1.0  # probability mass that is kept, in (0, 1]
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()  # texts that end the generation; they are cut off the response
    seed: int = 0
    top_k: int = 0  # only the likeliest tokens are kept, so many; 0 for all
    min_p: float = 0.0  # of the likeliest token's probability, what a token needs to be kept, in [0, 1]
    repetition_penalty: float = 1.0
    """Divides the logits of tokens that prompt or answer have already, or multiplies them where negative."""
    thinking_budget: int | None = None  # tokens of reasoning, after which it is closed; None for no limit

    @property
    def further(self) -> dict[str, Any]:
        """By name, what is set beside the first four and the seed, where it is not the default."""
        later = fields(self)[5:]
        return {each.name: value for each in later if (value := getattr(self, each.name)) != each.default}


@dataclass(frozen=True, slots=True)
class ScoredToken:
    """One token that the model wrote, as it scored it.

    Probabilities are the model's own: before temperature, penalties, and whatever else tokens are drawn by.
    """

    begin: int  # where it begins in the response's text
    end: int  # behind it; equal to `begin` where it is the beginning of a character only
    log_probability: float  # natural logarithm
    alternatives: Mapping[str, float]  # of the likeliest tokens, itself included: text → log probability


class TokenScores(Protocol):
    """The scored tokens of a response's text."""

    def within(self, begin: int, end: int) -> Sequence[ScoredToken] | None:
        """The tokens that have a part in `text[begin:end]`, in order; None where some are not scored."""
        ...


def _nothing(_text: str, _finish_reason: str | None) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt with its images, at least one, which come before the text in their order."""

    key: str  # comes back with the response
    prompt: str
    images: Sequence[ImageSource]
    sampling: Sampling
    system: str | None = None  # what a system turn before it says; None for no such turn
    n_alternatives: int = 0  # so many of the likeliest tokens are scored at every step; 0: nothing is
    options: tuple[str, ...] = ()  # answers whose probabilities are asked for
    option_prefix: Callable[[str, str | None], str] = field(default=_nothing, compare=False)
    """(the generated text, its finish reason) → what the model has said where the options are scored."""

    def decoded(self) -> tuple[Image, ...]:
        """The pictures of all its images, in order; raises the `ImageError` of the first that is none."""
        return tuple(each.decode() for each in self.images)


@dataclass(frozen=True, slots=True)
class Response:
    """What the engine returned for one request; with an error there is neither text nor finish reason."""

    key: str
    text: str | None  # verbatim, special tokens removed
    finish_reason: FinishReason | str | None = (
        None  # an endpoint's own word where it is neither; None if unsaid
    )
    error: str | None = None  # why this request failed, one line
    n_prompt_tokens: int | None = None  # the image's included; None if unknown
    n_output_tokens: int | None = None  # the end token not counted; None if unknown
    reasoning: str | None = None  # verbatim, where an endpoint gives it beside the text
    n_reasoning_tokens: int | None = None  # of the output's; None if unknown
    tokens: TokenScores | None = field(default=None, compare=False)  # None where they are not scored
    option_log_probabilities: tuple[float, ...] = ()  # of the request's options; empty where unknown
    options_fault: str | None = None  # why options that were asked for are not scored, one line


@dataclass(frozen=True, slots=True)
class EngineDescription:
    """What a run's manifest says about its engine."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # as used
    device: str = ""
    chosen_because: str | None = None  # None if it was asked for by name, and not with "auto"
    omitted: Mapping[str, str] = field(default_factory=dict)  # field that requests lack → why


SECOND_IMAGE = "the prompt holds a text that stands for an image in this model's prompts"
"""The error of such a request: engines differ in what they would make of it."""


def second_image(request: Request, token: str | None) -> Response | None:
    """The response to a request in whose texts the token for an image stands; None if it does not."""
    if not token or token not in f"{request.system or ''}{request.prompt}":
        return None
    return Response(request.key, None, error=f"{SECOND_IMAGE}: {token}")


def refusal_of(request: Request, problem: str) -> Response:
    """The response to a request that a model or its processor refuses; with several images it says so.

    Many a model takes no more than one image, and says it in its own way.
    """
    count = len(request.images)
    return Response(
        request.key, None, error=f"asked with {count} images: {problem}" if count > 1 else problem
    )


def broken_template(template: str, problem: str) -> RunError:
    """The error for a chat template that no question can be asked with; `template` says which it is."""
    return RunError(
        f"{template} cannot be used: {problem}",
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
