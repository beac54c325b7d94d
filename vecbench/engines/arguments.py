"""`--model-args`, checked against what an engine knows.

The schemas lie here, and not with their engines, so that nothing heavy is imported to check a command;
the vllm engine's in `vllm_arguments`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from vecbench.engines.chat import require_variables
from vecbench.engines.secrets import (
    is_secret_in_an_address,
    key_of_variable,
    refuse_secrets,
    require_variable,
)
from vecbench.errors import UsageError, nearest
from vecbench.plain_file import plain_bytes

OURS = {
    "model", "messages", "temperature", "top_p", "seed", "stop", "max_tokens", "max_completion_tokens", "n",
    "stream",
}  # fmt: skip
"""Fields of a request that vecbench sets itself, or that would change what comes back."""

SCORE_FIELDS = ("top_logprobs", "logprobs")
"""Fields that ask for the log probabilities of tokens, on which no answer depends."""
SAMPLING_FIELDS = (
    *SCORE_FIELDS, "seed", "top_p", "top_k", "min_p", "repetition_penalty", "stop", "temperature",
)  # fmt: skip
"""Fields of an endpoint's requests that it may be asked without, the least important first."""

OPTIONS: Mapping[str, str] = (
    {name: f"--{name}" for name in ("model", "tasks", "engine", "data", "prompt", "limit", "repeats", "seed")}
    | dict.fromkeys(("model_path", "pretrained"), "--model")
    | dict.fromkeys(("temperature", "top_p", "top_k", "min_p", "repetition_penalty"), "--gen-kwargs")
    | dict.fromkeys(("do_sample", "max_tokens", "max_gen_toks", "thinking_budget"), "--gen-kwargs")
    | dict.fromkeys(("system_prompt", "system_instruction"), "--system-prompt")
    | {"enable_thinking": '--model-args \'{"chat_template_kwargs": {"enable_thinking": …}}\''}
)
"""What is set elsewhere than in `--model-args`, where no engine has an argument of that name."""

DTYPES = ("auto", "float32", "bfloat16", "float16", "float64", "float", "half", "double")
"""Of torch's, those that a model can compute in everywhere."""


def _readable(path: str | None) -> str | None:
    if path is not None:
        try:
            plain_bytes(Path(path)).decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError("it is not UTF-8") from None
        except OSError as fault:
            raise ValueError(f"it cannot be read: {(fault.strerror or str(fault)).lower()}") from None
    return path


ChatTemplate = Annotated[str | None, AfterValidator(_readable)]
"""The path of a Jinja file."""


TokenLimit = Literal["max_tokens", "max_completion_tokens"]
"""How endpoints call the field that limits the tokens of an answer."""


class EngineArguments(BaseModel):
    """What `--model-args` may hold for every engine."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    min_pixels: int | None = Field(None, ge=1)
    max_pixels: int | None = Field(None, ge=1)
    decode_threads: int = Field(min(8, os.cpu_count() or 1), ge=1)
    chat_template_kwargs: dict[str, Any] | None = None

    @field_validator("chat_template_kwargs")
    @classmethod
    def _variables(cls, variables: dict[str, Any] | None) -> dict[str, Any] | None:
        require_variables(variables or {})
        return variables

    @property
    def pixel_limits(self) -> dict[str, int]:
        """Those that were given, as a model's image processor takes them."""
        return self.model_dump(include={"min_pixels", "max_pixels"}, exclude_none=True)

    @classmethod
    def parsed(cls, arguments: Mapping[str, Any]) -> Self:
        """The arguments, as the engine understands them.

        Raises:
            UsageError: The first argument that is unknown (with the nearest names) or has a wrong value.
        """
        try:
            return cls.model_validate(dict(arguments))
        except ValidationError as fault:
            first = fault.errors()[0]
            name = str(first["loc"][0])
            if first["type"] == "extra_forbidden":
                raise unknown(name, cls.model_fields) from None
            raise refusal(name, arguments.get(name), first["msg"]) from None

    @classmethod
    def check(cls, arguments: Mapping[str, Any]) -> None:
        """Refuses what the engine would refuse, as far as that can be told without a model."""
        cls.parsed(arguments)

    @classmethod
    def texts(cls) -> frozenset[str]:
        """The arguments that are texts, even where they look like numbers: a revision, say."""
        kinds = (str, str | None, tuple[str, ...])
        return frozenset(name for name, field in cls.model_fields.items() if field.annotation in kinds)


class TransformersArguments(EngineArguments):
    """What `--model-args` may hold for this engine."""

    revision: str | None = None
    batch_size: int = Field(16, ge=1)
    device: str = Field("auto", pattern="^[a-z]+(:[0-9]+)?$")
    dtype: str = "auto"
    trust_remote_code: bool = False
    attn_implementation: str | None = None
    chat_template: ChatTemplate = None
    lora: str | None = None

    @classmethod
    def check(cls, arguments: Mapping[str, Any]) -> None:
        """Refuses an adapter too where the package is missing that puts it on a model."""
        super().check(arguments)
        if arguments.get("lora") is not None and find_spec("peft") is None:
            raise UsageError(
                "model argument lora: the transformers engine needs peft for it, which is not installed",
                'Install it: pip install "vecbench[hf]"',
            )

    @field_validator("dtype")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in DTYPES:
            raise UsageError(f"unknown dtype {name!r}", nearest(name, DTYPES))
        return name


Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class OpenAIArguments(EngineArguments):
    """What `--model-args` may hold for this engine."""

    base_url: tuple[str, ...] = ()
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = Field(64, ge=1)
    timeout: float = Field(600.0, gt=0)
    max_retries: int = Field(6, ge=0)
    first_pause: float = Field(0.5, gt=0)
    token_limit: TokenLimit = "max_tokens"
    omit: tuple[str, ...] = ()
    scale: Literal["client", "server"] | None = None
    api_key_header: str = Field("Authorization", pattern="^[A-Za-z0-9-]+$")
    extra_body: dict[str, Any] = {}
    revision: str | None = None
    price: tuple[Dollars, Dollars] | None = Field(None, exclude=True)
    """Dollars per million tokens, of prompts and of answers; no part of what a run records."""

    @model_validator(mode="before")
    @classmethod
    def _without_keys(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        refuse_secrets(arguments)
        return arguments

    @field_validator("api_key_env", mode="before")
    @classmethod
    def _set(cls, name: object) -> str:
        return require_variable(name)

    @model_validator(mode="after")
    def _with_a_possible_key(self) -> Self:
        key_of_variable(self.api_key_env)
        return self

    @field_validator("price", mode="before")
    @classmethod
    def _in_and_out(cls, price: object) -> object:
        if price is None or (isinstance(price, str) and price.count("/") == 1):
            return price if price is None else tuple(price.split("/"))
        raise ValueError("it is no IN/OUT in dollars per million tokens, such as 0.15/0.60")

    @field_validator("extra_body")
    @classmethod
    def _without_ours(cls, body: dict[str, Any]) -> dict[str, Any]:
        for name in body:
            if name in OURS:
                raise UsageError(
                    f"--model-args extra_body: {name} would contradict what the run records",
                    "Sampling comes from the task and --gen-kwargs, the model from --model.",
                )
        if not isinstance(body.get("mm_processor_kwargs", {}), dict):
            raise ValueError("mm_processor_kwargs is no JSON object")
        return body

    @field_validator("omit", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(each.strip() for each in value.split(",")) if isinstance(value, str) else value

    @field_validator("omit")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in SAMPLING_FIELDS:
                raise UsageError(
                    f"model argument omit: {name!r} is no field that can be left out",
                    nearest(name, SAMPLING_FIELDS),
                )
        return tuple(dict.fromkeys(names))

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if self.chat_template_kwargs is not None and "chat_template_kwargs" in self.extra_body:
            raise UsageError("--model-args: chat_template_kwargs stands in extra_body too", "Give it once.")
        return self

    @field_validator("base_url", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("base_url")
    @classmethod
    def _without_secrets(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_address(url) for url in urls)


def _address(url: str) -> str:
    """An endpoint's address, with a query such as `?api-version=…`, and without a slash at its path's end."""
    bare, sign, query = url.partition("?")
    parameters = [each.partition("=") for each in query.split("&")] if sign else []
    # Not to be repeated in the message. Looked for in the text: it may be one that is no address.
    if any(each in bare for each in "@#") or any(
        not equals or "#" in value or is_secret_in_an_address(name, value)
        for name, equals, value in parameters
    ):
        raise UsageError(
            "an address of the endpoint holds a secret, which would be stored: what stands before an @ or "
            "behind a #, or a parameter that has no name or is called like one",
            "Set the key in the environment: OPENAI_API_KEY.",
        )
    try:
        parts = urlsplit(bare)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # brackets that are none, a port that is no number
        usable = False
    if not usable:
        raise ValueError("it is no address such as http://localhost:8000/v1")
    return bare.rstrip("/") + sign + query


def unknown(name: str, known: Collection[str]) -> UsageError:
    """The error for an argument that an engine does not know: an option's name, or the nearest ones."""
    option = OPTIONS.get(name)
    remedy = nearest(name, known) if option is None else f"That is {option}."
    return UsageError(f"unknown model argument {name!r}", remedy)


def refusal(name: str, value: object, problem: str) -> UsageError:
    """The error for an argument that has a wrong value."""
    problem = problem.removeprefix("Value error, ")
    remedy = ""
    if "valid string" in problem and isinstance(value, int | float):
        remedy = f'In JSON a text stands in quotes: \'{{"{name}": "{value}"}}\'.'
    return UsageError(f"model argument {name}={value!r}: {problem[0].lower()}{problem[1:]}", remedy)
