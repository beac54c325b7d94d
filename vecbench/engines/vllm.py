"""The vllm engine: continuous batching on one GPU or all of a machine."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL.Image import Image
from PIL.Image import new as new_image
from pydantic import ValidationError

from vecbench.engines.arguments import refusal
from vecbench.engines.base import (
    SECOND_IMAGE,
    EngineDescription,
    FinishReason,
    Request,
    Response,
    broken_template,
    first_line,
    refusal_of,
)
from vecbench.engines.special_tokens import SpecialTokens
from vecbench.engines.vllm_adapter import WORKER_EXTENSION, require_used
from vecbench.engines.vllm_arguments import VllmArguments, divided, require_devices
from vecbench.engines.vllm_processes import Watchdog, stoppable
from vecbench.engines.window import EventLoop, answered
from vecbench.errors import RunError, UsageError

# Before vLLM is imported. Its processes must not be forks of one with threads; nothing is reported to
# anybody; and its log is for those who ask for it.
os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")

from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.exceptions import VLLMServerError
from vllm.inputs import EngineInput, TokensPrompt
from vllm.lora.request import LoRARequest
from vllm.platforms import current_platform
from vllm.renderers import BaseRenderer, ChatParams
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.exceptions import EngineDeadError

SHUTDOWN = 10.0
"""Seconds that vLLM's processes get to end by themselves."""
DEFAULTS: Mapping[str, Any] = {
    "disable_log_stats": True,
    # No image comes twice, but for repeats: keeping 4 GiB of processed ones is of no use.
    "mm_processor_cache_gb": 0,
}
"""What we set where `--model-args` says nothing."""
MOST_PROMPTS = 10_000
"""So many prompts' tokens are kept: data may bring a prompt for every sample."""


class VllmEngine:
    """Feeds vLLM continuously: `window` × `max_num_seqs` requests are under way, for every replica.

    Chat template and placeholders are the model's own, as in vLLM's server: any model that vLLM
    supports works. vLLM reserves memory for `most_images` of a request, and refuses more, unless
    `limit_mm_per_prompt` says otherwise.
    """

    def __init__(self, model: str, arguments: Mapping[str, Any], most_images: int = 1) -> None:
        own, passed = divided(arguments, (each.name for each in dataclasses.fields(AsyncEngineArgs)))
        self._arguments = VllmArguments.parsed(own)
        template = self._arguments.chat_template
        self._chat = ChatParams(
            chat_template=None if template is None else Path(template).read_text(encoding="utf-8"),
            chat_template_kwargs={"add_generation_prompt": True, "tokenize": False},
        )
        self._tokens: dict[tuple[str, int], tuple[int, ...]] = {}
        self._image_token: str | None = None
        self._lora = _lora(self._arguments.lora)
        self._passed = {"limit_mm_per_prompt": {"image": most_images}, **DEFAULTS, **passed}
        if self._lora is not None:
            self._passed = {"worker_extension_cls": WORKER_EXTENSION, **self._passed, "enable_lora": True}
        if limits := self._arguments.pixel_limits:
            self._passed["mm_processor_kwargs"] = (self._passed.get("mm_processor_kwargs") or {}) | limits
        require_devices(self._passed, *_devices())
        self._watchdog = Watchdog()
        self._loop = EventLoop()
        self._llm: AsyncLLM | None = None
        try:
            with stoppable():
                self._llm = self._started(model, arguments)
            self._require_template(model, self._llm.renderer)
            if self._lora is not None and self._passed["worker_extension_cls"] == WORKER_EXTENSION:
                self._require_adapter(self._llm, self._lora)
            self._image_token = _image_token(self._llm)
            self._special = SpecialTokens.of(self._llm.renderer.get_tokenizer())
        except BaseException:
            self.close()
            raise

    @property
    def description(self) -> EngineDescription:
        """Name, arguments as used, and device."""
        used = self._arguments.model_dump(exclude_none=True) | self._passed
        if self._llm is not None:
            used |= {
                "dtype": str(self._llm.model_config.dtype).removeprefix("torch."),
                "max_model_len": self._llm.model_config.max_model_len,
                "max_num_seqs": self._llm.scheduler_config.max_num_seqs,
            }
        device = "cpu" if current_platform.is_cpu() else str(current_platform.get_device_name())
        return EngineDescription("vllm", used, device)

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """The response of every request; only the window's pictures are in memory."""
        llm = self._llm
        if llm is None:
            raise RunError("the engine is closed")
        replicas = llm.vllm_config.parallel_config.data_parallel_size
        return answered(
            requests,
            _decoded,
            self._answer,
            loop=self._loop,
            window=self._arguments.window * llm.scheduler_config.max_num_seqs * replicas,
            threads=self._arguments.decode_threads,
        )

    def close(self) -> None:
        """Ends vLLM's processes; calling it twice is harmless."""
        self._loop.close()
        llm, self._llm = self._llm, None
        try:
            if llm is not None:
                llm.shutdown(timeout=SHUTDOWN)
        finally:
            self._watchdog.close()

    def _started(self, model: str, arguments: Mapping[str, Any]) -> AsyncLLM:
        try:
            return AsyncLLM.from_engine_args(AsyncEngineArgs(model=model, **self._passed))
        except ValidationError as fault:
            given = {name: value for name, value in self._passed.items() if name in arguments}
            raise _refused(model, given, fault) from fault
        except Exception as fault:
            # vLLM raises whatever its many configurations and checkpoints lead to; there is no engine.
            raise _start_error(model, fault) from fault

    def _require_template(self, model: str, renderer: BaseRenderer[Any]) -> None:
        """Refuses a chat template with which every request would fail."""
        question = _question("Which?", [_Picture(new_image("RGB", (64, 64)), None)])
        try:
            self._loop.start(renderer.render_messages_async(question, self._chat)).result()
        except Exception as fault:  # a template can fail in every way that Python can
            raise broken_template(model, first_line(fault)) from fault

    def _require_adapter(self, llm: AsyncLLM, lora: LoRARequest) -> None:
        """Loads the adapter, which vLLM would do for the first request and die of."""
        try:
            self._loop.start(llm.add_lora(lora)).result()
            modules = self._loop.start(llm.collective_rpc("adapter_modules", args=(lora.lora_int_id,)))
            found = modules.result()
        except Exception as fault:  # whatever vLLM finds wrong with an adapter
            said = first_line(fault)
            raise UsageError(f"lora={self._arguments.lora} does not suit the model: {said}") from fault
        require_used(str(self._arguments.lora), found)

    async def _answer(self, request: Request, images: Sequence[_Picture]) -> Response:
        llm = self._llm
        assert llm is not None
        if self._image_token and self._image_token in request.prompt:
            return Response(request.key, None, error=f"{SECOND_IMAGE}: {self._image_token}")
        try:
            prompt = await self._rendered(llm.renderer, request.prompt, images)
            generated = llm.generate(
                prompt, _sampling(request, self._special), request.key, lora_request=self._lora
            )
            outputs = [output async for output in generated]
        except asyncio.CancelledError:
            raise
        except EngineDeadError as fault:
            raise RunError(
                "vLLM's engine died; its last words are above (if memory ran out, lower "
                "gpu_memory_utilization or max_num_seqs with -a)"
            ) from fault
        except Exception as fault:
            # A request that vLLM refuses (too long, a picture its processor rejects) fails alone.
            if isinstance(fault, VLLMServerError) and llm.errored:
                raise RunError(f"vLLM's engine died: {first_line(fault)}") from fault
            return refusal_of(request, first_line(fault))
        return _response(request, outputs[-1], self._special)

    async def _rendered(
        self, renderer: BaseRenderer[Any], prompt: str, images: Sequence[_Picture]
    ) -> EngineInput:
        """What vLLM's engine takes: the prompt's tokens and the processed images.

        Template and tokens are made once for every prompt and number of images: the samples of a task share
        theirs.
        """
        params = renderer.default_chat_tok_params
        tokens = self._tokens.get((prompt, len(images)))
        if tokens is not None:
            # A copy: whoever gets a list may extend it.
            known = TokensPrompt(
                prompt_token_ids=list(tokens),
                multi_modal_data={"image": [image.pixels for image in images]},
                multi_modal_uuids={"image": [image.identity for image in images]},
            )
            return await renderer.process_for_engine_async(known, time.time(), tok_params=params)
        _, rendered = await renderer.render_messages_async(_question(prompt, images), self._chat)
        tokenized = await renderer.tokenize_prompt_async(rendered, params)
        # A few models show images as something else (chunks of a video): theirs are rendered every time.
        if list(tokenized.get("multi_modal_data") or ()) == ["image"] and len(self._tokens) < MOST_PROMPTS:
            self._tokens[prompt, len(images)] = tuple(tokenized["prompt_token_ids"])
        return await renderer.process_for_engine_async(tokenized, time.time(), tok_params=params)


@dataclasses.dataclass(frozen=True, slots=True)
class _Picture:
    pixels: Image
    identity: str | None
    """Stands for the pixels in vLLM's prefix cache, which would hash them otherwise."""


def _question(prompt: str, images: Sequence[_Picture]) -> list[Any]:
    content = [{"type": "image_pil", "image_pil": image.pixels, "uuid": image.identity} for image in images]
    return [{"role": "user", "content": [*content, {"type": "text", "text": prompt}]}]


def _image_token(llm: AsyncLLM) -> str | None:
    """The text that stands for an image; None if the model has none, or calls it otherwise."""
    config = llm.model_config.hf_config
    token = getattr(config, "image_token_id", getattr(config, "image_token_index", None))
    return llm.renderer.get_tokenizer().decode([token]) if isinstance(token, int) else None


def _lora(path: str | None) -> LoRARequest | None:
    if path is None:
        return None
    folder = Path(path).expanduser()
    if not (folder / "adapter_config.json").is_file():
        raise UsageError(f"lora={path} has no adapter_config.json", "Name the directory of a saved adapter.")
    return LoRARequest(folder.name, 1, str(folder))


def _decoded(request: Request) -> list[_Picture]:
    return [_Picture(each.decode(), each.identity) for each in request.images]


def _sampling(request: Request, special: SpecialTokens) -> SamplingParams:
    sampling = request.sampling
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=sampling.max_tokens,
        stop=list(sampling.stop) or None,
        seed=sampling.seed,
        skip_special_tokens=special.skipped,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _response(request: Request, output: Any, special: SpecialTokens) -> Response:
    completion = output.outputs[0]
    if completion.finish_reason not in {"stop", "length"}:
        return Response(request.key, None, error=f"vLLM ended it with: {completion.finish_reason}")
    finish: FinishReason = "stop" if completion.finish_reason == "stop" else "length"
    # Without a stop text it was the model's end token, which does not count.
    ended = finish == "stop" and not isinstance(completion.stop_reason, str)
    count = len(completion.token_ids) - ended
    text = special.without(completion.text)
    return Response(request.key, text, finish, None, len(output.prompt_token_ids), count)


def _refused(model: str, given: Mapping[str, Any], fault: ValidationError) -> UsageError | RunError:
    """The error for what vLLM's configuration refuses: an argument where it names one.

    A check of the whole configuration tells no field; its words are about an argument where they hold both
    its name and its value.
    """
    found = fault.errors()
    for each in found:
        name = str(each["loc"][0]) if each["loc"] else ""
        if name in given:
            return refusal(name, given[name], each["msg"])
    for each in found:
        for name, value in given.items():
            if not each["loc"] and name in each["msg"] and str(value) in each["msg"]:
                return refusal(name, value, each["msg"])
    first = found[0]
    where = ".".join(str(part) for part in first["loc"])
    problem = first["msg"].removeprefix("Value error, ")
    return _start_error(model, RunError(f"{fault.title}: {where}: {problem}" if where else problem))


def _start_error(model: str, fault: Exception) -> RunError:
    said = first_line(fault)
    text = f"{fault} {fault.__cause__ or ''} {fault.__context__ or ''}".lower()
    if is_about_memory(text):
        return RunError(
            f"{model} does not fit into the memory: {said}",
            "Lower max_model_len, max_num_seqs or gpu_memory_utilization, spread the model with "
            "tensor_parallel_size, or take quantization=fp8 (all with -a).",
        )
    if "engine core initialization failed" in text:
        return RunError(
            f"{model} cannot be loaded: vLLM's engine process failed; its last words are above",
            "If memory ran out: lower max_model_len, max_num_seqs or gpu_memory_utilization, or raise "
            "tensor_parallel_size (all with -a).",
        )
    return RunError(f"{model} cannot be loaded by vLLM: {said}")


def is_about_memory(text: str) -> bool:
    """Whether a message of vLLM says that memory ran out, or would."""
    return bool(
        re.search(
            r"out of memory|outofmemory|kv cache memory|available memory|free memory on device|"
            r"no available memory|can't allocate memory|not enough memory|kv cache is needed|"
            r"larger than the available kv cache",
            text.lower(),
        )
    )


def _devices() -> tuple[int, str]:
    """How many replicas this machine has room for, and what each of them needs one of."""
    if current_platform.is_cpu():
        affinity = getattr(os, "sched_getaffinity", None)  # not on every system
        return len(affinity(0)) if affinity else os.cpu_count() or 1, "CPU core"
    return int(current_platform.device_count()), "GPU"
