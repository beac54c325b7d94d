"""A model's chat template: where it comes from, and whether it shows the model an image."""

from __future__ import annotations

from pathlib import Path

from vecbench.engines.base import broken_template
from vecbench.errors import RunError

FILES = ("chat_template.jinja", "chat_template.json", "processor_config.json", "tokenizer_config.json")
"""The files of a checkpoint that may hold its template, the first that does being used."""


LEAVES_OUT = "it leaves the image out, as those of models of text alone do"


def template_name(model: str, given: str | None) -> str:
    """What an error calls the template: the argument that was given, or the file of a checkpoint's folder."""
    if given is not None:
        return f"the chat template chat_template={given}"
    folder = Path(model).expanduser()
    for name in FILES:
        file = folder / name
        if file.is_file() and (file.suffix == ".jinja" or '"chat_template"' in file.read_text("utf-8")):
            return f"the chat template of {model} ({name})"
    return f"the chat template of {model}"


def image_left_out(name: str, shown: str, plain: str | None, image_token: str | None) -> RunError | None:
    """The error for a template that makes the same prompt with an image (`shown`) and without (`plain`).

    `plain` is None where it makes none without. Some templates write the image's token in any case: they know
    no other prompts.
    """
    if shown != plain or (image_token and image_token in shown):
        return None
    return broken_template(name, LEAVES_OUT)
