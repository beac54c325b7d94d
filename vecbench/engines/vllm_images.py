"""Images become what vLLM's engine takes, in processes of their own.

vLLM has one thread for it, since its cache of processed images wants them in order. vecbench keeps that cache
off, and so as many may work at once as there are cores. Threads would not do: half of the work holds the
interpreter's lock.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pickle import PickleBuffer
from typing import Any

import torch

from vecbench.engines.base import ImageSource
from vecbench.engines.vllm_adapter import EngineInput, TokensPrompt, VllmConfig, renderer_from_config
from vecbench.engines.workers import Workers
from vecbench.errors import whole_message

Job = tuple[Sequence[int], Sequence[ImageSource]]
"""The tokens of a prompt, and its images."""

MOST = 8
"""More workers than that one engine does not keep busy."""


class UnusableImage(Exception):  # noqa: N818 - the image is at fault
    """What the model's processor says of an image that it refuses."""


def default_workers(cores: int) -> int:
    """So many processes for an engine on a machine with so many cores: half of them, at most `MOST`."""
    return min(MOST, cores // 2)


ImageWorkers = Workers[Job, EngineInput]


def image_workers(config: VllmConfig, count: int) -> ImageWorkers:
    """Workers for the model of a configuration: tokens and images become the engine's input.

    An image that is none raises an `ImageError`, one that the model refuses `UnusableImage`.
    """
    return Workers(count, partial(_started, config), __name__, _reduced)


def _started(config: VllmConfig) -> Callable[[Job], EngineInput]:
    torch.set_num_threads(1)
    renderer = renderer_from_config(config)

    def processed(job: Job) -> EngineInput:
        tokens, images = job
        prompt = TokensPrompt(
            prompt_token_ids=list(tokens),
            multi_modal_data={"image": [each.decode() for each in images]},
            # Without a name of its own it would get a number, and another worker's would have the same.
            multi_modal_uuids={"image": [each.identity or uuid.uuid4().hex for each in images]},
        )
        try:
            return renderer.process_for_engine(prompt, time.time())
        except Exception as fault:  # whatever a processor finds wrong with an image
            raise UnusableImage(whole_message(fault)) from None

    return processed


def _reduced(value: Any) -> Any:
    """How a tensor is pickled: its memory apart."""
    if type(value) is not torch.Tensor or value.device.type != "cpu" or value.layout is not torch.strided:
        return NotImplemented
    flat = value.detach().contiguous().reshape(-1).view(torch.uint8).numpy()
    return _tensor, (PickleBuffer(flat), value.dtype, tuple(value.shape))


def _tensor(memory: memoryview, dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    if not len(memory):
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(memory, dtype=torch.uint8).view(dtype).reshape(shape)
