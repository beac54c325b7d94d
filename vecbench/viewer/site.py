"""The page as a file: its blocks of JSON, in which no text can end a script, and the template around them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

_FOLDER = Path(__file__).parent / "page"
_DATA = "\x00data\x00"
"""Where in the page its data goes: as much as it is, it is not rendered with the template."""

_STYLES = ("report.css",)
_SCRIPTS = (
    "elements", "data", "state", "rows", "filters", "list", "views", "sample", "diagram", "confusion",
    "overview", "compare", "keys", "main",
)  # fmt: skip
"""In the order in which they use each other."""

GENERATOR = 'name="generator" content="vecbench report"'
"""What tells a report from other pages."""

_ESCAPED = ("<", "\u2028", "\u2029")


def in_script(value: Any) -> str:
    """JSON that ends no script element and no line, whatever its texts say; nan is null.

    Halves of surrogate pairs are escaped, which UTF-8 cannot hold.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for each in _ESCAPED:
        text = text.replace(each, f"\\u{ord(each):04x}")
    return text.encode(errors="backslashreplace").decode()


def page(title: str, images: str, blocks: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The page piece by piece.

    Args:
        title: What it is called.
        images: The sources of images that its policy allows.
        blocks: (id, JSON as `in_script` writes it) of its data.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
    )
    style = _joined(_STYLES)
    script = _joined(f"{name}.js" for name in _SCRIPTS)
    rendered = environment.get_template("report.html.jinja").render(
        title=title.encode(errors="replace").decode().replace("\x00", "\ufffd"),
        images=Markup(images),
        data=Markup(_DATA),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
    )
    before, _, after = rendered.partition(_DATA)
    yield before
    for name, content in blocks:
        yield f'<script type="application/json" id="{name}">{content}</script>\n'
    yield after + "\n"


def _joined(names: Iterable[str]) -> Markup:
    files = (_FOLDER / name for name in names)
    return Markup("\n".join(each.read_text(encoding="utf-8") for each in files if each.exists()))


def _hash(text: str) -> Markup:
    digest = hashlib.sha256(text.encode()).digest()
    return Markup(f"sha256-{base64.b64encode(digest).decode()}")
