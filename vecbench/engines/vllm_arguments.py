"""`--model-args` of the vllm engine: our own, and vLLM's, which are told from its source text.

Importing vLLM takes many seconds; a mistyped argument is refused without it.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterable, Mapping
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from vecbench.engines.arguments import ChatTemplate, EngineArguments, refusal, unknown
from vecbench.engines.secrets import refuse_secrets
from vecbench.errors import UsageError
from vecbench.models import adapter_rank
from vecbench.parsing.reasoning import CLOSING, OPENING

ENGINE_ARGUMENTS = ("engine", "arg_utils.py")
"""The file of vLLM's package that defines its arguments."""
CLASSES = ("EngineArgs", "AsyncEngineArgs")
"""The dataclasses whose fields they are; the second inherits from the first."""
RANKS = (16, 32, 64, 128, 256, 320, 512)
"""The highest ranks of adapters that vLLM can be made for, from what it takes if nothing is said."""
REASONING = "reasoning_config"
"""The argument of vLLM that says what opens reasoning and what closes it."""
SEQUENCES = 256
"""So many requests are in a batch at most, unless `max_num_seqs` says otherwise.

vLLM's own limit is up to 1,024 by the machine, and as many processed images, some 10 MB each, would wait.
"""
NOT_OURS = {"model", "hf_token"}
"""Arguments of vLLM that come from elsewhere: `--model`, and the environment."""

_SIMPLE: Mapping[str, Any] = {each.__name__: each for each in (int, float, bool, str, list, dict)} | {
    "None": None
}
"""Types that are checked; of a list or a dictionary, not what is in it."""


class VllmArguments(EngineArguments):
    """What `--model-args` may hold for this engine besides vLLM's own arguments."""

    window: int = Field(2, ge=1)
    image_workers: int | None = Field(None, ge=0)
    lora: str | None = None
    chat_template: ChatTemplate = None

    @classmethod
    def check(cls, arguments: Mapping[str, Any]) -> None:
        """Refuses what vLLM's engine would refuse too, as far as its source text tells."""
        types = engine_argument_types()
        own, passed = divided(arguments, arguments.keys() if types is None else types)
        cls.parsed(own)
        for name, value in passed.items():
            kind = (types or {}).get(name)
            if kind is None or value is None:
                continue
            try:
                TypeAdapter(kind).validate_python(value, strict=True)
            except ValidationError as fault:
                raise refusal(name, value, fault.errors()[0]["msg"]) from None

    @classmethod
    def texts(cls) -> frozenset[str]:
        """Those of vLLM's too, as far as its source text tells."""
        types = engine_argument_types() or {}
        return super().texts() | {name for name, kind in types.items() if kind in (str, str | None)}


def divided(arguments: Mapping[str, Any], theirs: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our arguments and vLLM's, which knows `theirs`; what nobody knows is refused, and what is a token."""
    refuse_secrets(arguments)
    public = {name for name in theirs if not name.startswith("_")} - NOT_OURS
    known = {*VllmArguments.model_fields, *public}
    for name in arguments:
        if name not in known:
            fault = unknown(name, sorted(known))
            if fault.remedy.startswith("Known"):  # all of vLLM's arguments would fill a page
                remedy = "vLLM's engine arguments are listed in its documentation, under Engine Arguments."
                fault = UsageError(fault.message, remedy)
            raise fault
    own = {name: value for name, value in arguments.items() if name in VllmArguments.model_fields}
    return own, {name: value for name, value in arguments.items() if name not in own}


def with_rank(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with room for the rank of their adapter, where vLLM's own limit is lower."""
    if arguments.get("lora") is None or "max_lora_rank" in arguments:
        return dict(arguments)
    rank = adapter_rank(str(arguments["lora"]))
    if rank <= RANKS[0]:
        return dict(arguments)
    return {**arguments, "max_lora_rank": next((each for each in RANKS if each >= rank), rank)}


def with_reasoning(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with what vLLM has to know to close reasoning, unless they say it.

    Raises:
        UsageError: This version of vLLM has no budget for reasoning.
    """
    types = engine_argument_types()
    if types is not None and REASONING not in types:
        raise UsageError(
            "this version of vLLM knows no thinking_budget",
            "Install a newer one, or take --engine transformers.",
        )
    if {REASONING, "reasoning_parser"} & arguments.keys():
        return dict(arguments)
    return {**arguments, REASONING: {"reasoning_start_str": OPENING, "reasoning_end_str": CLOSING}}


def limits_per_prompt(passed: Mapping[str, Any], most_images: int) -> Any:
    """What vLLM reserves memory for, by its `limit_mm_per_prompt`: images alone, where nothing else is said.

    A model that takes videos would be measured with one. One that knows nothing of them ignores the limit.
    """
    given = passed.get("limit_mm_per_prompt")
    if not isinstance(given, Mapping | None):
        return given  # which vLLM refuses
    return {"image": most_images, "video": 0, "audio": 0} | dict(given or {})


def sequences_at_once(passed: Mapping[str, Any]) -> Any:
    """How many requests may be in a batch, `max_num_seqs`: no more than a batch has tokens."""
    given, tokens = passed.get("max_num_seqs"), passed.get("max_num_batched_tokens")
    if given is not None:
        return given
    return min(SEQUENCES, tokens) if isinstance(tokens, int) and tokens > 0 else SEQUENCES


def is_spread(passed: Mapping[str, Any]) -> bool:
    """Whether vLLM's processes may be on several machines."""
    return (
        "ray" in (passed.get("data_parallel_backend"), passed.get("distributed_executor_backend"))
        or (passed.get("nnodes") or 1) > 1
        or passed.get("data_parallel_address") is not None
        or passed.get("data_parallel_rank") is not None
    )


def require_devices(passed: Mapping[str, Any], count: int, kind: str) -> None:
    """Refuses more replicas than this machine has room for, which vLLM would try to start one by one.

    What spreads over several machines is not counted. `kind` says what the devices are: "GPU" or "CPU core".
    """
    name = "data_parallel_size_local" if passed.get("data_parallel_size_local") else "data_parallel_size"
    replicas = passed.get(name)
    if isinstance(replicas, int) and replicas > count and not is_spread(passed):
        there = f"there is 1 {kind}" if count == 1 else f"there are {count} {kind}s"
        raise UsageError(
            f"model argument {name}={replicas}: {there} here", "Each replica takes one at least."
        )


def engine_argument_types() -> Mapping[str, Any] | None:
    """The engine arguments of vLLM → their types, None where a type is none of the simple ones.

    None at all if vLLM's source does not tell: then only its engine can.
    """
    package = find_spec("vllm")
    if package is None or package.origin is None:
        return None
    try:
        tree = ast.parse(Path(package.origin).parent.joinpath(*ENGINE_ARGUMENTS).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    defined = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
    bases = {base.id for name in CLASSES if name in defined for base in defined[name].bases
             if isinstance(base, ast.Name)}  # fmt: skip
    if not defined.keys() >= set(CLASSES) or not bases <= set(CLASSES):
        return None
    return {
        field.target.id: _simple_type(field.annotation)
        for name in CLASSES
        for field in defined[name].body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def _simple_type(annotation: ast.expr) -> Any:
    """The type that an annotation states; None if it is none of the simple ones."""
    members = []
    for part in _alternatives(annotation):
        plain = part.value if isinstance(part, ast.Subscript) else part
        name = "None" if isinstance(plain, ast.Constant) and plain.value is None else ast.unparse(plain)
        if name not in _SIMPLE:
            return None
        members.append(_SIMPLE[name])
    return reduce(operator.or_, members)


def _alternatives(annotation: ast.expr) -> list[ast.expr]:
    """The members of a union."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return [*_alternatives(annotation.left), *_alternatives(annotation.right)]
    return [annotation]
