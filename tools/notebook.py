"""Runs the notebooks of the docs, cell by cell, and stores what they show.

Jupyter and what it takes are a hundred megabytes that nothing else needs. What a cell shows is the same
without it: what it prints, and its last value as that spells itself (`_repr_html_`, `_repr_png_`, `repr`).
Standard error, which has progress and its times, is not stored. Every notebook runs in an empty folder.

Usage: python -m tools.notebook [NOTEBOOK ...]
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NOTEBOOKS = tuple(sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")))


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook (nbformat 4.5) with the outputs of its code cells, run one after the other where we are.

    An exception is that of the cell.
    """
    scope: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    for cell in notebook["cells"]:
        made = cell
        if cell["cell_type"] == "code":
            count += 1
            made = cell | {
                "execution_count": count,
                "outputs": _outputs("".join(cell["source"]), scope, count),
            }
        cells.append(made)
    return notebook | {"cells": cells}


def _outputs(source: str, scope: dict[str, Any], count: int) -> list[dict[str, Any]]:
    lines = ast.parse(source).body
    last = lines.pop() if lines and isinstance(lines[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(lines, []), f"cell {count}", "exec"), scope)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), scope)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": text})
    if value is not None:
        shown = {"data": _shown(value), "execution_count": count, "metadata": {}}
        outputs.append(shown | {"output_type": "execute_result"})
    return outputs


def _shown(value: Any) -> dict[str, Any]:
    """What a notebook stores of a value, by media type."""
    data: dict[str, Any] = {}
    if hasattr(value, "_repr_html_") and (page := value._repr_html_()) is not None:
        data["text/html"] = page.splitlines(keepends=True)
    if hasattr(value, "_repr_png_") and (picture := value._repr_png_()) is not None:
        data["image/png"] = base64.b64encode(picture).decode() + "\n"
    return data | {"text/plain": repr(value).splitlines(keepends=True)}


def written(notebook: dict[str, Any]) -> str:
    """The text of its file, as Jupyter writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> None:
    """Remake the notebooks that are named, or all."""
    for path in [Path(each).resolve() for each in arguments] or NOTEBOOKS:
        with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
            new = written(executed(json.loads(path.read_text())))
        print(f"{path.relative_to(ROOT)}: {'as it was' if new == path.read_text() else 'remade'}")
        path.write_text(new)


if __name__ == "__main__":
    main(sys.argv[1:])
