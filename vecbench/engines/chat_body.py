"""What the requests to a chat endpoint hold, and what is left out of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from vecbench.engines.arguments import SAMPLING_FIELDS, SCORE_FIELDS, OpenAIArguments
from vecbench.engines.base import Request, Sampling
from vecbench.errors import UsageError

LIMITS = ("max_tokens", "max_completion_tokens")
"""How endpoints call the field that limits the tokens of an answer; each is another's fault."""
IMAGE_PROCESSOR = "mm_processor_kwargs"


def chat_body(
    model: str,
    request: Request,
    images: Sequence[str],
    arguments: OpenAIArguments,
    omitted: Collection[str] = (),
) -> dict[str, Any]:
    """The fields of a request, those of the server's own making included, as they go into its JSON.

    Sent is only what differs from what an endpoint does without it: many refuse a field that they do not
    know, whatever its value.

    Args:
        model: The name under which the endpoint serves it.
        request: What is asked, and how.
        images: Their data URLs, in order.
        arguments: Of the engine.
        omitted: Fields that are left out; of the two that limit the tokens, the other one is then sent.
    """
    sampling = request.sampling
    draws = sampling.temperature > 0 or "temperature" in omitted
    content = [
        *({"type": "image_url", "image_url": {"url": image}} for image in images),
        {"type": "text", "text": request.prompt},
    ]
    system = [] if request.system is None else [{"role": "system", "content": request.system}]
    fields: dict[str, Any] = {
        "model": model,
        "messages": [*system, {"role": "user", "content": content}],
        "temperature": sampling.temperature,  # greedy decoding is no endpoint's default
        token_limit(arguments, omitted): sampling.max_tokens,
    }
    if draws:
        fields["seed"] = sampling.seed
    if draws and sampling.top_p < 1:
        fields["top_p"] = sampling.top_p
    if sampling.stop:
        fields["stop"] = list(sampling.stop)
    if request.n_alternatives and "logprobs" not in omitted:
        fields |= {"logprobs": True, "top_logprobs": request.n_alternatives}
    if arguments.chat_template_kwargs is not None:
        fields["chat_template_kwargs"] = arguments.chat_template_kwargs
    fields |= arguments.extra_body | further_fields(request, arguments.extra_body)
    if (limits := arguments.pixel_limits) and arguments.scale != "client":  # vLLM's own field
        fields[IMAGE_PROCESSOR] = fields.get(IMAGE_PROCESSOR, {}) | limits
    return {name: value for name, value in fields.items() if name not in omitted}


def further_fields(request: Request, extra_body: Mapping[str, Any]) -> dict[str, Any]:
    """What OpenAI's own interface lacks of a request's sampling; vLLM's and SGLang's servers have it.

    Fields that the run does not use are absent.

    Raises:
        UsageError: One stands in `extra_body` too, or no endpoint can be trusted to heed it.
    """
    further = request.sampling.further
    if "thinking_budget" in further:
        raise UsageError(
            "the openai engine takes no thinking_budget: endpoints differ in its name, and some pass over "
            "what they do not know",
            'Set what yours documents: -a \'{"extra_body": {"thinking_token_budget": 512}}\' for vLLM with a '
            "reasoning parser, reasoning_effort for others.",
        )
    for name in further.keys() & extra_body.keys():
        raise UsageError(f"{name} stands in --gen-kwargs and in extra_body", "Give it once.")
    return further


def token_limit(arguments: OpenAIArguments, omitted: Collection[str]) -> str:
    """The name of the field that limits the tokens: the one that was asked for, unless it is left out."""
    return next(name for name in (arguments.token_limit, *LIMITS) if name not in omitted)


def omissible(arguments: OpenAIArguments, scales_here: bool) -> Iterator[str]:
    """The fields that an endpoint may be asked without, the least important first.

    What carries the question is none of them, nor what `extra_body` holds.

    Args:
        arguments: Of the engine.
        scales_here: Whether images are scaled before they are sent.
    """
    if scales_here and IMAGE_PROCESSOR not in arguments.extra_body:
        yield IMAGE_PROCESSOR
    yield from (name for name in SAMPLING_FIELDS if name not in arguments.extra_body)
    yield arguments.token_limit


def omission(name: str, why: str, fields: Mapping[str, Any], sampling: Sampling) -> str:
    """One line on a field that is left out from now on: why, and what that changes.

    Args:
        name: Of the field.
        why: What the endpoint says.
        fields: Of a request without it.
        sampling: As it was asked for.
    """
    if name in LIMITS:
        instead = next(each for each in LIMITS if each in fields)
        change = f"{instead} is sent instead"
    elif name == IMAGE_PROCESSOR:
        change = "images are scaled here"
    elif name in SCORE_FIELDS:
        change = f"there is no {'token confidence' if name == 'logprobs' else 'share of the candidates'}"
    elif name == "seed":
        change = "an answer that is drawn cannot be had again"
    else:
        asked = getattr(sampling, name)
        asked = f"{asked:g}" if isinstance(asked, float) else asked
        change = f"answers change, since the endpoint's own {name} holds instead of {asked}"
    return f"it does not take {name}, which is left out from now on: {change} ({why})"
