"""What a conversation has besides the question: a system turn, and variables of the chat template."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PIL.Image import Image

from vecbench.errors import RunError, UsageError, whole_message

NOT_VARIABLES = frozenset(
    {
        "add_generation_prompt", "chat_template", "continue_final_message", "conversation", "documents",
        "messages", "padding", "processor_kwargs", "return_assistant_tokens_mask", "return_dict",
        "return_tensors", "tokenize", "tokenizer_kwargs", "tools", "truncation",
    }
)  # fmt: skip
"""What stands in a call of a chat template and is no variable of its own: it would break the request."""
_GENERATION = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
"""A tag of transformers' own, which marks what is trained on."""


def require_variables(variables: Mapping[str, Any]) -> None:
    """Refuses variables of a chat template that none can have.

    Raises:
        UsageError: The first of them.
    """
    for name in variables:
        if name in NOT_VARIABLES:
            raise UsageError(
                f"--model-args chat_template_kwargs: {name} is no variable of a template, and would break "
                "requests",
                'Name variables that the model\'s template knows, such as {"enable_thinking": false}.',
            )


def used_variables(model: str, template: object, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the variables that a chat template uses; warns of the others, which change nothing.

    Where the template is no text, or none that Jinja can read, all of them.
    """
    named = template.get("default") if isinstance(template, Mapping) else template
    known = _variables(named) if isinstance(named, str) and variables else None
    if known is None:
        return dict(variables)
    unused = [name for name in variables if name not in known]
    if unused:
        warnings.warn(f"the chat template of {model} does not use {', '.join(unused)}", stacklevel=2)
    return {name: value for name, value in variables.items() if name in known}


def _variables(template: str) -> set[str] | None:
    from jinja2 import TemplateSyntaxError
    from jinja2.meta import find_undeclared_variables
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])
    try:
        return find_undeclared_variables(environment.parse(_GENERATION.sub("", template)))
    except TemplateSyntaxError:
        return None


class SystemTurns:
    """The content of system turns, as a chat template takes it: parts, or a text.

    Args:
        model: Named in errors.
        render: The prompt of a question after a system turn with such a content.
    """

    def __init__(self, model: str, render: Callable[[Any], str]) -> None:
        self._model = model
        self._render = render
        self._known: dict[str, Any] = {}

    def content(self, system: str | None) -> Any:
        """That of a text; None for None.

        Raises:
            RunError: The template takes no system turn, with its words, or leaves its text out.
        """
        if system is None or system in self._known:
            return self._known.get(system or "")
        problem = ""
        for content in ([{"type": "text", "text": system}], system):
            try:
                prompt = self._render(content)
            except Exception as fault:  # a template can fail in every way that Python can
                problem = problem or whole_message(fault)
                continue
            if shows_system(prompt, system):
                self._known[system] = content
                return content
        raise no_system_turn(self._model, problem or "it leaves the text out")


def conversation(prompt: str, pictures: Sequence[Image], system: Any = None) -> list[dict[str, Any]]:
    """The turns of a question, as transformers' templates take them: the images, and then the prompt."""
    content = [{"type": "image", "image": picture} for picture in pictures]
    before = [] if system is None else [{"role": "system", "content": system}]
    return [*before, {"role": "user", "content": [*content, {"type": "text", "text": prompt}]}]


def shows_system(prompt: str, system: str) -> bool:
    """Whether a rendered prompt holds the text of its system turn, and not Python's spelling of its parts."""
    return system.strip() in prompt and f"{{'type': 'text', 'text': {system!r}" not in prompt


def no_system_turn(model: str, problem: str) -> RunError:
    """The error for a chat template with which no system prompt can be given."""
    return RunError(
        f"the chat template of {model} takes no system prompt: {problem}",
        "Leave --system-prompt out, or give a template that takes one: --model-args chat_template=PATH.",
    )
