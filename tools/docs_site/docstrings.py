"""An extension of griffe, which reads the docstrings for the reference."""

from __future__ import annotations

from typing import Any

import griffe

from tools.docs_site.markdown import with_fenced_examples


class Examples(griffe.Extension):  # type: ignore[misc]  # unknown to mypy, since no test needs it
    """Makes code of examples."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for every module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = with_fenced_examples(obj.docstring.value)
