"""Requests become what vLLM's engine takes: a prompt's tokens, made once, and processed images."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from PIL.Image import Image
from PIL.Image import new as new_image

from vecbench.engines.base import Request, broken_template
from vecbench.engines.chat import no_system_turn, shows_system, used_variables
from vecbench.engines.chat_template import LEAVES_OUT, template_name
from vecbench.engines.vllm_adapter import BaseRenderer, ChatParams, TokensPrompt
from vecbench.engines.vllm_images import ImageWorkers, UnusableImage
from vecbench.engines.vllm_template import rendered, shows_image
from vecbench.engines.window import EventLoop
from vecbench.engines.workers import WorkerDied
from vecbench.errors import whole_message

MOST_PROMPTS = 10_000
"""So many prompts' tokens are kept, of the last ones: data may bring a prompt for every sample."""

_Asked = tuple[str | None, str, int]
"""System prompt, prompt and number of images."""


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A decoded image."""

    pixels: Image
    identity: str | None
    """Stands for the pixels in vLLM's prefix cache, which would hash them otherwise."""


Prepared: TypeAlias = dict[str, Any] | list[DecodedImage] | UnusableImage | WorkerDied
"""What threads make of a request: where images have workers, all that the engine takes."""


class Prompts:
    """Renders a model's requests with its own chat template and processor.

    Template and tokens are made once for every system prompt, prompt and number of images: the samples of a
    task share theirs.

    Args:
        model: Named in errors.
        renderer: That of vLLM's engine.
        chat: The template, if it is not the model's own, and its variables.
        loop: Where the renderer works.

    Attributes:
        workers: Processes that process images; None where vLLM's own thread does.
    """

    def __init__(self, model: str, renderer: BaseRenderer, chat: ChatParams, loop: EventLoop) -> None:
        self._model, self._renderer, self._chat, self._loop = model, renderer, chat, loop
        self._tokens: dict[_Asked, tuple[int, ...]] = {}
        self._fit_every_image = False
        self._systems: set[str | None] = {None}
        self.workers: ImageWorkers | None = None

    def require_template(self, own: str | None) -> None:
        """Asks something, to refuse a chat template with which every request would fail or lose its image.

        Args:
            own: The path of the template that was given; None for the model's.
        """
        name = template_name(self._model, own)
        try:
            small, wide = (self._asked([_blank(*size)]) for size in ((64, 64), (448, 224)))
        except Exception as fault:  # a template can fail in every way that Python can
            raise broken_template(name, whole_message(fault)) from fault
        try:
            plain = self._asked([])
        except Exception:  # one that wants an image does show it
            plain = None
        if plain is not None and not self._loop.start(shows_image(self._renderer, small, plain)).result():
            raise broken_template(name, LEAVES_OUT)
        # As with nearly every model: the image's own tokens come later, when it is processed.
        self._fit_every_image = small["prompt_token_ids"] == wide["prompt_token_ids"]

    def _asked(self, images: Sequence[DecodedImage]) -> Any:
        return self._loop.start(self._tokenized(None, "Which?", images)).result()

    def warn_of_variables(self, variables: dict[str, Any]) -> None:
        """Warns of variables that the template does not use."""
        own = getattr(self._renderer.get_tokenizer(), "chat_template", None)
        used_variables(self._model, self._chat.chat_template or own, variables)

    def prepared(self, request: Request) -> Prepared:
        """What can be done before vLLM is asked, in a thread of the caller.

        Raises:
            ImageError: One of its images is none.
        """
        if self.workers is not None and (tokens := self._known_tokens(request)) is not None:
            try:
                processed: dict[str, Any] = self.workers.done((tokens, request.images))
            except (UnusableImage, WorkerDied) as fault:
                return fault
            return processed
        return [DecodedImage(each.decode(), each.identity) for each in request.images]

    async def rendered(self, request: Request, prepared: Prepared) -> Any:
        """What vLLM's engine takes; raises whatever its renderer finds wrong with a request.

        Raises:
            RunError: The template takes no system prompt.
        """
        await self._require_system(request.system)
        if isinstance(prepared, Exception):
            raise prepared
        if isinstance(prepared, dict):
            return prepared
        tokens = self._tokens.get((request.system, request.prompt, len(prepared)))
        if tokens is None:
            prompt = await self._tokenized(request.system, request.prompt, prepared)
        else:
            prompt = TokensPrompt(
                prompt_token_ids=list(tokens),  # a copy: whoever gets a list may extend it
                multi_modal_data={"image": [each.pixels for each in prepared]},
                multi_modal_uuids={"image": [each.identity for each in prepared]},
            )
        return await self._renderer.process_for_engine_async(prompt, time.time())

    def _known_tokens(self, request: Request) -> tuple[int, ...] | None:
        """The tokens of its prompt, whatever its images; None where they depend on these."""
        asked = (request.system, request.prompt, len(request.images))
        if asked not in self._tokens and self._fit_every_image:
            blanks = [_blank(64, 64)] * len(request.images)
            with suppress(Exception):  # it is raised again, and told, where vLLM is asked
                self._loop.start(self._tokenized(request.system, request.prompt, blanks)).result()
        return self._tokens.get(asked)

    async def _tokenized(self, system: str | None, prompt: str, images: Sequence[DecodedImage]) -> Any:
        tokenized = await rendered(self._renderer, _question(system, prompt, images), self._chat)
        # A few models show images as something else (chunks of a video): theirs are rendered every time.
        if self._fit_every_image and list(tokenized.get("multi_modal_data") or ()) == ["image"]:
            self._tokens[system, prompt, len(images)] = tuple(tokenized["prompt_token_ids"])
            if len(self._tokens) > MOST_PROMPTS:
                del self._tokens[next(iter(self._tokens))]
        return tokenized

    async def _require_system(self, system: str | None) -> None:
        """Ends a run whose system prompt the chat template refuses, or leaves out."""
        if system in self._systems:
            return
        assert system is not None
        question = _question(system, "Which?", [_blank(64, 64)])
        try:
            _, shown = await self._renderer.render_messages_async(question, self._chat)
        except Exception as fault:  # a template can fail in every way that Python can
            raise no_system_turn(self._model, whole_message(fault)) from fault
        prompt = shown.get("prompt")
        if isinstance(prompt, str) and not shows_system(prompt, system):
            raise no_system_turn(self._model, "it leaves the text out")
        self._systems.add(system)


def _blank(width: int, height: int) -> DecodedImage:
    return DecodedImage(new_image("RGB", (width, height)), None)


def _question(system: str | None, prompt: str, images: Sequence[DecodedImage]) -> list[Any]:
    content = [{"type": "image_pil", "image_pil": image.pixels, "uuid": image.identity} for image in images]
    # vLLM itself makes parts of a text where the template wants them.
    before = [] if system is None else [{"role": "system", "content": system}]
    return [*before, {"role": "user", "content": [*content, {"type": "text", "text": prompt}]}]
