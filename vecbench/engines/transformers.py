"""The transformers engine: any image-text-to-text checkpoint, on whatever machine there is."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any

# Before torch is imported. Its threads wait for each other in a loop that keeps their cores busy: beside
# another program, each waits for one that cannot run meanwhile, and a small model is twenty times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch
from PIL.Image import Image
from PIL.Image import new as new_image
from transformers import (
    AutoModelForImageTextToText,
    GenerationConfig,
    LogitsProcessorList,
    logging,
)

from vecbench.engines.adapters import add_adapter
from vecbench.engines.arguments import TransformersArguments
from vecbench.engines.base import (
    EngineDescription,
    FinishReason,
    Request,
    Response,
    refusal_of,
    second_image,
)
from vecbench.engines.chat import SystemTurns, conversation, used_variables
from vecbench.engines.checkpoint import loaded_processor, require_class
from vecbench.engines.logits import NumberCheck, TokenRecord, processors
from vecbench.engines.missing_package import missing_package
from vecbench.engines.option_scores import OptionScorer
from vecbench.engines.special_tokens import SpecialTokens
from vecbench.engines.token_scores import DecodedTokens, Decoder, Scored
from vecbench.engines.window import decoded
from vecbench.errors import ImageError, RunError, UsageError, VecbenchError, some, whole_message

_Asked = tuple[Request, tuple[Image, ...]]
"""A request with its pictures."""

NO_NUMBERS = "the model computes nan where a token's scores belong (dtype=float32 or bfloat16 may help)"
FEWER_IMAGES = "the model's chat template shows fewer"
LOOK_AHEAD = 4
"""So many batches are pulled at once, to be sorted by length before they are cut."""


class TransformersEngine:
    """Batched generation with `AutoProcessor` and `AutoModelForImageTextToText`.

    Requests of one sampling setting and number of images are sorted by length, so that a batch holds little
    padding, and padded on the left. A batch that does not fit into memory is halved, and stays halved; a
    request that fails alone becomes a response with an error.
    """

    def __init__(self, model: str, arguments: Mapping[str, Any]) -> None:
        self._arguments = TransformersArguments.parsed(arguments)
        self._batch_size = self._arguments.batch_size
        self._device = _device(self._arguments.device)
        self._dtype = _dtype(self._arguments.dtype, self._device)
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            require_class(model, self._arguments)
            self._processor = loaded_processor(model, self._arguments)
            given = self._arguments.chat_template_kwargs or {}
            self._variables = used_variables(model, self._processor.chat_template, given)
            self._systems = SystemTurns(model, self._rendered)
            self._shown: dict[int, bool] = {}
            self._model = self._load_model(model)
        except VecbenchError:
            raise
        except Exception as fault:
            # Loading runs code of every kind of checkpoint; whatever it raises, the model is not there.
            if is_out_of_memory(fault):
                raise RunError(
                    f"{model} does not fit into the memory of {self._device}: {whole_message(fault)}",
                    "Try --model-args dtype=bfloat16, another device, or a smaller model.",
                ) from fault
            if (missing := missing_package(model, fault)) is not None:
                raise missing from fault
            raise RunError(f"{model} cannot be loaded: {whole_message(fault)}") from fault
        self._tokenizer = self._processor.tokenizer
        self._end_tokens = _token_ids(self._model.generation_config.eos_token_id) or _token_ids(
            self._tokenizer.eos_token_id
        )
        self._special = SpecialTokens.of(self._tokenizer)
        self._decode = Decoder(self._decoded)
        self._image_token = str(getattr(self._processor, "image_token", None) or "")
        text_config = self._model.config.get_text_config()
        self._context = int(getattr(text_config, "max_position_embeddings", None) or 2**31)
        self._options = OptionScorer(self._model, self._tokenizer, self._end_tokens, self._context)

    @property
    def description(self) -> EngineDescription:
        """Name, arguments as used, and device."""
        device = (
            torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else self._device.type
        )
        used = self._arguments.model_dump(exclude_none=True)
        used |= {"device": str(self._device), "dtype": str(self._dtype).removeprefix("torch.")}
        return EngineDescription("transformers", used, device)

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        """The response of every request; at most `LOOK_AHEAD` batches of pictures are in memory."""
        ready = decoded(requests, ahead=self._batch_size, threads=self._arguments.decode_threads)
        while chunk := list(islice(ready, LOOK_AHEAD * self._batch_size)):
            usable: list[_Asked] = []
            for request, pictures in chunk:
                self._systems.content(request.system)  # a template that takes none ends the run
                if isinstance(pictures, ImageError):
                    yield Response(request.key, None, error=pictures.message)
                elif (second := second_image(request, self._image_token)) is not None:
                    yield second
                elif len(pictures) > 1 and not self._shows(len(pictures)):
                    yield refusal_of(request, FEWER_IMAGES)
                else:
                    usable.append((request, pictures))
            usable.sort(key=_alike_then_length)
            for _, alike in groupby(usable, key=_alike):
                waiting = list(alike)
                while waiting:
                    batch, waiting = waiting[: self._batch_size], waiting[self._batch_size :]
                    yield from self._responses(batch)

    def close(self) -> None:
        """Frees the model."""
        if hasattr(self, "_model"):
            del self._model
        if hasattr(self, "_options"):
            del self._options
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _responses(self, batch: list[_Asked]) -> Iterator[Response]:
        try:
            responses = self._generate_batch(batch)
        except Exception as fault:
            if is_broken_device(fault):
                raise RunError(f"the device {self._device} failed: {whole_message(fault)}") from fault
            no_memory = is_out_of_memory(fault)
            if no_memory and self._device.type == "cuda":
                torch.cuda.empty_cache()
            if len(batch) == 1:
                yield refusal_of(batch[0][0], whole_message(fault))
                return
            half = len(batch) // 2
            if no_memory:
                self._batch_size = max(1, half)
        else:
            yield from responses
            return
        # Outside the except block: there the traceback would keep the failed batch's tensors alive.
        yield from self._responses(batch[:half])
        yield from self._responses(batch[half:])

    def _generate_batch(self, batch: list[_Asked]) -> list[Response]:
        responses, cut = self._generated(batch)
        # The longest of a batch has the least room for its answer. What only that cut short is done again
        # without it, so that no answer depends on its batch; each time at least the longest is left out.
        return [*responses, *(self._generate_batch(cut) if cut else ())]

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def _generated(self, batch: list[_Asked]) -> tuple[list[Response], list[_Asked]]:
        """The responses of a batch, and what must be done again because a longer request cut it short."""
        inputs = self._processor.apply_chat_template(
            [
                conversation(request.prompt, pictures, self._systems.content(request.system))
                for request, pictures in batch
            ],
            add_generation_prompt=True,
            **self._variables,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        ).to(self._device, dtype=self._dtype)
        prompt_lengths: list[int] = inputs["attention_mask"].sum(dim=1).tolist()
        padded = inputs["input_ids"].shape[1]
        if padded >= self._context:
            return self._too_long(batch, prompt_lengths)
        drawn = [request.sampling for request, _ in batch]
        sampling = drawn[0]
        limit = min(sampling.max_tokens, self._context - padded)
        check = NumberCheck()
        n_alternatives = batch[0][0].n_alternatives
        record = TokenRecord(n_alternatives) if n_alternatives else None
        first = [check] if record is None else [check, record]
        output = self._model.generate(
            **inputs,
            generation_config=GenerationConfig(
                max_new_tokens=limit,
                do_sample=False,  # sampling happens in the logits processor, seeded row by row
                eos_token_id=self._end_tokens,
                pad_token_id=self._tokenizer.pad_token_id,
                bos_token_id=self._model.generation_config.bos_token_id,
                stop_strings=list(sampling.stop) or None,
            ),
            logits_processor=LogitsProcessorList([*first, *processors(drawn, inputs, self._tokenizer)]),
            tokenizer=self._tokenizer,
        )
        rows: list[list[int]] = output[:, padded:].tolist()
        scored = [None] * len(batch) if record is None else record.rows(output)
        responses, cut = [], []
        per_row = zip(batch, rows, prompt_lengths, check.sound_steps(), scored, strict=True)
        for pair, tokens, length, sound, scores in per_row:
            response = self._response(pair[0], tokens, length, scores)
            if sound <= (response.n_output_tokens or 0) and sound < len(tokens):
                responses.append(Response(pair[0].key, None, error=NO_NUMBERS))
                continue
            own_limit = min(sampling.max_tokens, self._context - length)
            if response.finish_reason == "length" and limit < own_limit:
                cut.append(pair)
            else:
                responses.append(response)
        try:
            return self._options.added([each for each, _ in batch], responses, inputs), cut
        except Exception as fault:
            if len(batch) > 1 or is_broken_device(fault):
                raise  # to be tried again with fewer, or to end the run
            return [replace(each, options_fault=whole_message(fault)) for each in responses], cut

    def _too_long(
        self, batch: list[_Asked], prompt_lengths: list[int]
    ) -> tuple[list[Response], list[_Asked]]:
        responses, fitting = [], []
        for pair, length in zip(batch, prompt_lengths, strict=True):
            if length < self._context:
                fitting.append(pair)
                continue
            said = f"the prompt has {length} tokens, the model's context {self._context}"
            responses.append(Response(pair[0].key, None, error=said))
        return responses, fitting

    def _response(
        self,
        request: Request,
        tokens: list[int],
        n_prompt_tokens: int,
        scored: Callable[[int], Scored] | None,
    ) -> Response:
        ends = [place for place, token in enumerate(tokens) if token in self._end_tokens]
        tokens = tokens[: ends[0]] if ends else tokens
        finish: FinishReason = "stop" if ends else "length"
        text = self._decoded(tokens)
        stops = [place for stop in request.sampling.stop if (place := text.find(stop)) >= 0]
        if stops:
            text, finish = text[: min(stops)], "stop"
        placed = scored and DecodedTokens(text, tokens, self._decode, scored)
        return Response(request.key, text, finish, None, n_prompt_tokens, len(tokens), tokens=placed)

    def _decoded(self, tokens: Sequence[int]) -> str:
        decoded: str = self._tokenizer.decode(
            tokens, skip_special_tokens=self._special.skipped, clean_up_tokenization_spaces=False
        )
        return self._special.without(decoded)

    def _rendered(self, system: Any, images: int = 1) -> str:
        """The prompt of a question, as the template makes it."""
        asked = conversation("Which?", [new_image("RGB", (64, 64))] * images, system)
        text: str = self._processor.apply_chat_template(
            asked, add_generation_prompt=True, tokenize=False, **self._variables
        )
        return text

    def _shows(self, images: int) -> bool:
        """Whether the template writes something for each of so many images."""
        if images not in self._shown:
            try:
                self._shown[images] = self._rendered(None, images) != self._rendered(None, images - 1)
            except Exception:  # what it raises is told where it is asked
                self._shown[images] = True
        return self._shown[images]

    def _load_model(self, model: str) -> Any:
        arguments = self._arguments
        loaded, report = AutoModelForImageTextToText.from_pretrained(
            model,
            revision=arguments.revision or "main",
            trust_remote_code=arguments.trust_remote_code,
            attn_implementation=arguments.attn_implementation,
            dtype=self._dtype,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # to be refused by name
        )
        _require_weights(model, loaded, report)
        if arguments.lora is not None:
            add_adapter(loaded, str(Path(arguments.lora).expanduser()))
        return loaded.to(self._device).eval()


def _require_weights(model: str, loaded: Any, report: Mapping[str, Any]) -> None:
    """Refuses what transformers would fill up with random numbers; warns of weights that nothing takes.

    Raises:
        RunError: The checkpoint lacks weights, or they are no numbers.
    """
    missing = sorted({*report["missing_keys"], *(str(key[0]) for key in report["mismatched_keys"])})
    unexpected = sorted(report["unexpected_keys"])
    if missing:
        raise RunError(
            f"{model} has no weights for {some(missing)}",
            f"It has {some(unexpected)} instead: were its names changed when it was saved?"
            if unexpected
            else "Its files are incomplete, or of another architecture than its config.json says.",
        )
    if unexpected:
        warnings.warn(f"{model}: nothing takes its weights {some(unexpected)}", stacklevel=2)
    broken = [name for name, weight in loaded.named_parameters() if not torch.isfinite(weight).all()]
    if broken:
        raise RunError(
            f"{model} has weights that are nan or infinite: {some(broken)}",
            "Its training diverged, or it was saved in a dtype that is too narrow.",
        )


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether an exception of torch says that memory ran out, on any device."""
    return isinstance(fault, torch.OutOfMemoryError | MemoryError) or (
        isinstance(fault, RuntimeError)
        and any(words in str(fault).lower() for words in ("out of memory", "can't allocate memory"))
    )


def is_broken_device(fault: BaseException) -> bool:
    """Whether an exception of torch says that the device is lost, so that nothing else can succeed."""
    return not is_out_of_memory(fault) and (
        isinstance(fault, torch.AcceleratorError) or "CUDA error" in str(fault)
    )


def _alike(asked: _Asked) -> tuple[Any, ...]:
    """What the requests of one batch must have in common."""
    request, pictures = asked
    # Some processors fill up with blank images where a request of the batch has fewer.
    settings = map(str, astuple(replace(request.sampling, seed=0)))
    return (len(pictures), request.n_alternatives, *settings)


def _alike_then_length(asked: _Asked) -> tuple[Any, int, int]:
    request, pictures = asked
    return (_alike(asked), len(request.prompt), sum(each.width * each.height for each in pictures))


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"unknown device {name!r}", "Known: auto, cpu, cuda, cuda:0, mps.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            f"device {name}: torch sees no CUDA device here", "Leave device out, or set device=cpu."
        )
    return device


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return torch.float16 if device.type == "mps" else torch.float32
    dtype: torch.dtype = getattr(torch, name)
    return dtype


def _token_ids(value: int | list[int] | None) -> list[int]:
    if value is None:
        return []
    return [value] if isinstance(value, int) else list(value)
