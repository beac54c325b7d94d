"""The vllm engine: continuous batching on one GPU or all of a machine."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vecbench.engines.base import (
    EngineDescription,
    FinishReason,
    Request,
    Response,
    Sampling,
    refusal_of,
    second_image,
)
from vecbench.engines.special_tokens import SpecialTokens
from vecbench.engines.thinking import over_budget
from vecbench.engines.token_scores import Decoder
from vecbench.engines.vllm_adapter import (
    AsyncEngineArgs,
    AsyncLLM,
    ChatParams,
    EngineDeadError,
    LoRARequest,
    RequestOutputKind,
    SamplingParams,
    ServerError,
    UsageContext,
    cores,
    device_name,
    devices,
    warn_of_untested_version,
)
from vecbench.engines.vllm_arguments import (
    VllmArguments,
    divided,
    is_spread,
    limits_per_prompt,
    require_devices,
    sequences_at_once,
)
from vecbench.engines.vllm_faults import death, refused, start_error
from vecbench.engines.vllm_images import ImageWorkers, default_workers, image_workers
from vecbench.engines.vllm_log import error_log, keep_off_other_machines
from vecbench.engines.vllm_lora import WORKER_EXTENSION, require_used
from vecbench.engines.vllm_options import VllmOptionScorer
from vecbench.engines.vllm_processes import Watchdog, stoppable
from vecbench.engines.vllm_prompts import Prepared, Prompts
from vecbench.engines.vllm_tokens import n_logprobs, remember_texts, vllm_tokens
from vecbench.engines.window import EventLoop, answered
from vecbench.engines.workers import AHEAD
from vecbench.errors import RunError, UsageError, whole_message

SHUTDOWN = 10.0
"""Seconds that vLLM's processes get to end by themselves."""
DEFAULTS: Mapping[str, Any] = {
    "disable_log_stats": True,
    # No image comes twice, but for repeats: keeping 4 GiB of processed ones is of no use.
    "mm_processor_cache_gb": 0,
}
"""What we set where `--model-args` says nothing."""


class VllmEngine:
    """Feeds vLLM continuously: `window` × `max_num_seqs` requests are under way, for every replica.

    Chat template and placeholders are the model's own, as in vLLM's server: any model that vLLM
    supports works. vLLM reserves memory for `most_images` of a request, and refuses more, unless
    `limit_mm_per_prompt` says otherwise.
    """

    def __init__(self, model: str, arguments: Mapping[str, Any], most_images: int = 1) -> None:
        warn_of_untested_version()
        own, passed = divided(arguments, (each.name for each in dataclasses.fields(AsyncEngineArgs)))
        self._arguments = VllmArguments.parsed(own)
        template = self._arguments.chat_template
        self._chat = ChatParams(
            chat_template=None if template is None else Path(template).read_text(encoding="utf-8"),
            chat_template_kwargs={
                **(self._arguments.chat_template_kwargs or {}),
                "add_generation_prompt": True,
                "tokenize": False,
            },
        )
        self._image_token: str | None = None
        self._lora = _lora(self._arguments.lora)
        self._passed = {
            **DEFAULTS,
            **passed,
            "limit_mm_per_prompt": limits_per_prompt(passed, most_images),
            "max_num_seqs": sequences_at_once(passed),
        }
        if self._lora is not None:
            self._passed = {"worker_extension_cls": WORKER_EXTENSION, **self._passed, "enable_lora": True}
        if pixels := self._arguments.pixel_limits:
            self._passed["mm_processor_kwargs"] = (self._passed.get("mm_processor_kwargs") or {}) | pixels
        require_devices(self._passed, *devices())
        if is_spread(self._passed):
            keep_off_other_machines()
        self._log = error_log()
        self._logged = self._log.size() if self._log is not None else 0
        self._watchdog = Watchdog()
        self._loop = EventLoop()
        self._llm: AsyncLLM | None = None
        self._workers: ImageWorkers | None = None
        self._options: VllmOptionScorer | None = None
        try:
            with stoppable():
                self._llm = self._started(model, arguments)
            self._prompts = Prompts(model, self._llm.renderer, self._chat, self._loop)
            self._prompts.require_template(self._arguments.chat_template)
            self._prompts.warn_of_variables(self._arguments.chat_template_kwargs or {})
            if self._lora is not None and self._passed["worker_extension_cls"] == WORKER_EXTENSION:
                self._require_adapter(self._llm, self._lora)
            self._image_token = _image_token(self._llm)
            tokenizer = self._llm.renderer.get_tokenizer()
            self._special = special = SpecialTokens.of(tokenizer)
            self._decode = Decoder(
                lambda ids: special.without(tokenizer.decode(list(ids), skip_special_tokens=special.skipped))
            )
            remember_texts(self._llm)
            self._options = VllmOptionScorer(self._llm, self._lora)
            self._prompts.workers = self._workers = self._started_workers(self._llm)
        except BaseException:
            self.close()
            raise

    @property
    def description(self) -> EngineDescription:
        """Name, arguments as used, and device."""
        used = self._arguments.model_dump(exclude_none=True) | self._passed
        if self._llm is not None:
            scheduler = self._llm.vllm_config.scheduler_config
            used |= {
                "dtype": str(self._llm.model_config.dtype).removeprefix("torch."),
                "max_model_len": self._llm.model_config.max_model_len,
                "max_num_seqs": scheduler.max_num_seqs,
                "max_num_batched_tokens": scheduler.max_num_batched_tokens,
                "image_workers": 0 if self._workers is None else len(self._workers),
            }
        return EngineDescription("vllm", used, device_name())

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """The response of every request; only the window's pictures are in memory."""
        llm = self._llm
        if llm is None:
            raise RunError("the engine is closed")
        settings = llm.vllm_config
        at_once = settings.scheduler_config.max_num_seqs * settings.parallel_config.data_parallel_size
        threads = self._arguments.decode_threads if self._workers is None else AHEAD * len(self._workers)
        return answered(
            requests,
            self._prompts.prepared,
            self._answer,
            loop=self._loop,
            window=self._arguments.window * at_once,
            threads=threads,
        )

    def close(self) -> None:
        """Ends vLLM's processes; calling it twice is harmless."""
        self._loop.close()
        llm, self._llm, self._options = self._llm, None, None
        try:
            if self._workers is not None:
                self._workers.close()
            if llm is not None:
                llm.shutdown(timeout=SHUTDOWN)
        finally:
            self._watchdog.close()

    def _started(self, model: str, arguments: Mapping[str, Any]) -> AsyncLLM:
        try:
            # vLLM's batches are as large as its caller is thought to want them: for the engine as such, an
            # eighth of what they are for the class that answers everything in one call.
            return AsyncLLM.from_engine_args(
                AsyncEngineArgs(model=model, **self._passed), usage_context=UsageContext.LLM_CLASS
            )
        except ValidationError as fault:
            given = {name: value for name, value in self._passed.items() if name in arguments}
            raise refused(model, given, fault, self._last_words()) from fault
        except Exception as fault:
            # vLLM raises whatever its many configurations and checkpoints lead to; there is no engine.
            raise start_error(model, fault, self._last_words()) from fault

    def _started_workers(self, llm: AsyncLLM) -> ImageWorkers | None:
        """The processes that process images; none where vLLM keeps images, which wants them in order."""
        count, keeps = self._arguments.image_workers, self._passed["mm_processor_cache_gb"] != 0
        if count is None:
            # On a CPU the cores run the model too.
            count = 0 if keeps or device_name() == "cpu" else default_workers(cores())
        elif count and keeps:
            raise UsageError(
                f"model argument image_workers={count}: vLLM's cache of images is for one thread",
                "Leave out image_workers or mm_processor_cache_gb.",
            )
        if not count:
            return None
        workers = image_workers(llm.vllm_config, count)
        try:
            workers.started()
        except Exception as fault:  # whatever the model's processor raises where it is made
            workers.close()
            raise RunError(f"no images can be processed: {whole_message(fault)}") from fault
        return workers

    def _last_words(self) -> str | None:
        return self._log.last_words(self._logged) if self._log is not None else None

    def _require_adapter(self, llm: AsyncLLM, lora: LoRARequest) -> None:
        """Loads the adapter, which vLLM would do for the first request and die of."""
        try:
            self._loop.start(llm.add_lora(lora)).result()
            modules = self._loop.start(llm.collective_rpc("adapter_modules", args=(lora.lora_int_id,)))
            found = modules.result()
        except Exception as fault:  # whatever vLLM finds wrong with an adapter
            said = whole_message(fault)
            raise UsageError(f"lora={self._arguments.lora} does not suit the model: {said}") from fault
        require_used(str(self._arguments.lora), found)

    async def _answer(self, request: Request, prepared: Prepared) -> Response:
        llm = self._llm
        assert llm is not None
        if (second := second_image(request, self._image_token)) is not None:
            return second
        try:
            prompt = await self._prompts.rendered(request, prepared)
            generated = llm.generate(
                prompt,
                _sampling(request, self._special, n_logprobs(request, llm)),
                request.key,
                lora_request=self._lora,
            )
            outputs = [output async for output in generated]
        except (asyncio.CancelledError, RunError):
            raise
        except EngineDeadError as fault:
            raise death(self._last_words()) from fault
        except Exception as fault:
            # A request that vLLM refuses (too long, a picture its processor rejects) fails alone.
            if isinstance(fault, ServerError) and llm.errored:
                raise death(self._last_words() or whole_message(fault)) from fault
            return refusal_of(request, whole_message(fault))
        response = self._within_budget(request, _response(request, outputs[-1], self._special, self._decode))
        if not request.options or response.text is None:
            return response
        return await self._with_options(request, response, prompt)

    async def _with_options(self, request: Request, response: Response, prompt: Any) -> Response:
        """The response with its options scored, or why they are not: the answer is there all the same."""
        assert self._options is not None
        try:
            scored = await self._options.scored(request, response, prompt)
        except EngineDeadError as fault:
            raise death(self._last_words()) from fault
        except Exception as fault:  # whatever vLLM refuses, as for an answer
            return replace(response, options_fault=whole_message(fault))
        return replace(response, option_log_probabilities=scored)

    def _within_budget(self, request: Request, response: Response) -> Response:
        """The response, or that it reasoned on: vLLM says nothing where nothing opens reasoning."""
        budget = request.sampling.thinking_budget
        if budget is None or response.text is None or self._llm is None:
            return response
        encode = self._llm.renderer.get_tokenizer().encode
        problem = over_budget(response.text, budget, lambda text: len(encode(text, add_special_tokens=False)))
        return response if problem is None else refusal_of(request, f"{problem} (see -a reasoning_config)")


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


def _sampling(request: Request, special: SpecialTokens, n_logprobs: int | None) -> SamplingParams:
    sampling = request.sampling
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=sampling.max_tokens,
        stop=list(sampling.stop) or None,
        seed=sampling.seed,
        **_further(sampling),
        skip_special_tokens=special.skipped,
        output_kind=RequestOutputKind.FINAL_ONLY,
        logprobs=n_logprobs,
        flat_logprobs=True,  # a few lists, and not an object for every token
    )


def _further(sampling: Sampling) -> dict[str, Any]:
    """What is set beside what every run sets, as vLLM names it."""
    theirs = {"thinking_budget": "thinking_token_budget"}
    return {theirs.get(name, name): value for name, value in sampling.further.items()}


def _response(request: Request, output: Any, special: SpecialTokens, decode: Decoder) -> Response:
    completion = output.outputs[0]
    if completion.finish_reason not in {"stop", "length"}:
        return Response(request.key, None, error=f"vLLM ended it with: {completion.finish_reason}")
    finish: FinishReason = "stop" if completion.finish_reason == "stop" else "length"
    # Without a stop text it was the model's end token, which does not count.
    ended = finish == "stop" and not isinstance(completion.stop_reason, str)
    count = len(completion.token_ids) - ended
    text = special.without(completion.text)
    tokens = vllm_tokens(completion, text, count, decode)
    return Response(request.key, text, finish, None, len(output.prompt_token_ids), count, tokens=tokens)
