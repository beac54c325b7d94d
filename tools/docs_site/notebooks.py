"""A stored notebook as a page: its texts, its code, and the outputs that it was stored with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def page_of(notebook: str) -> str:
    """Markdown of a notebook's JSON, with HTML where a cell shows HTML or a picture."""
    parts: list[str] = []
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"]).rstrip()
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code":
            parts += [f"```python\n{source}\n```", *_outputs(cell["outputs"])]
    return "\n\n".join(parts) + "\n"


def _outputs(outputs: list[dict[str, Any]]) -> Iterator[str]:
    """What a cell shows, each in the richest form that it has."""
    for output in outputs:
        shown = {kind: "".join(content) for kind, content in output.get("data", {}).items()}
        if "text/html" in shown:
            # An empty line would end the HTML.
            html = "\n".join(line for line in shown["text/html"].splitlines() if line.strip())
            yield f'<div class="output">\n{html}\n</div>'
        elif "image/png" in shown:
            picture = shown["image/png"].replace("\n", "")
            yield f'<img class="output" alt="the figure of this cell" src="data:image/png;base64,{picture}">'
        else:
            text = shown.get("text/plain", "".join(output.get("text", ()))).rstrip()
            yield f"````text\n{text}\n````"
