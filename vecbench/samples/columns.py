"""The columns of one's own data: what they may be called, what they are called here, what was meant.

Blanks around a name and upper or lower case make no difference to the names that are known.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from vecbench.answer_columns import TARGETS
from vecbench.answers import registry
from vecbench.errors import UsageError, nearest
from vecbench.samples.format import Columns

COLUMNS = {
    "image": ("image", "image_path", "file_name"),
    "id": ("id", "sample_id"),
    "task": ("task",),
    "prompt": ("prompt",),
    "split": ("split",),
}
SEVERAL = "images"
CANDIDATES = "candidates"
NUMBERED = re.compile(r"image([1-9][0-9]{0,2})")
LIKELY = {
    "image": ("file", "filename", "file_path", "filepath", "path", "img", "picture", "photo", "image_id"),
    "label": ("emotion", "class", "category", "sentiment", "gold", "gt", "truth", "annotation"),
}
"""What people call the columns that every table needs."""


def targets() -> Sequence[str]:
    """The columns that may hold a target."""
    return (*TARGETS, *registry.kinds())


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """Every name that means something, but for `image1`, `image2` and so on."""
    names = {name for names in COLUMNS.values() for name in names}
    return frozenset({*names, SEVERAL, CANDIDATES, "options", *targets()})


@lru_cache(maxsize=4096)
def tidied(name: str) -> str:
    """A column's name without blanks around it, and as it is known if only its case differs."""
    bare = name.strip().removeprefix("\ufeff")
    folded = bare.casefold()
    return folded if folded in known() or NUMBERED.fullmatch(folded) else bare


def renamed(values: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """A row by the names that are known; what `columns` names is there under our name alone."""
    found = {tidied(name): value for name, value in values.items() if isinstance(name, str)}
    found |= {name: value for name, value in values.items() if name in known()}
    if columns:
        theirs = {tidied(name) for name in columns.values()}
        if "image" in columns:
            theirs |= {SEVERAL, *COLUMNS["image"]}
        kept = {name: value for name, value in found.items() if name not in theirs}
        found = kept | {ours: found.get(tidied(name)) for ours, name in columns.items()}
    return found


def target_column(columns: Columns) -> str | None:
    """The column that somebody said holds the target; None if nobody said."""
    return next((ours for ours in columns if ours in targets()), None)


def checked_columns(columns: Mapping[str, str]) -> Columns:
    """What somebody calls columns; UsageError for a name of ours that means nothing."""
    for ours in columns:
        if ours not in known() and not NUMBERED.fullmatch(ours):
            raise UsageError(f"--columns: {ours} is no column of vecbench's", nearest(ours, sorted(known())))
    return dict(columns)


def require_named(columns: Columns, first: Collection[str]) -> None:
    """Refuses names that somebody gave and no column has."""
    there = {tidied(name) for name in first if isinstance(name, str)}
    for ours, theirs in columns.items():
        if tidied(theirs) not in there:
            hint = nearest(theirs, sorted(there))
            raise ValueError(f"there is no column {theirs}, which --columns names as {ours}. {hint}".rstrip())


def no_target(columns: Iterable[str]) -> str:
    """What to say of a table in which no column holds a target."""
    return no_column("label", ("label", "target", "ground_truth"), columns)


def no_column(needed: str, names: Iterable[str], columns: Iterable[str]) -> str:
    """What to say of a table in which nothing is called by any of some names."""
    there = [str(name) for name in columns if name]
    found = ", ".join(there)
    said = f"there is no column {needed}; found: {found}; name it {' or '.join(names)}"
    meant = _likely(needed, there)
    return f"{said}, or say which it is: --columns {needed}={meant or 'NAME'}"


def _likely(needed: str, there: Sequence[str]) -> str | None:
    """The column that may be meant."""
    folded = {name.strip().casefold(): name.strip() for name in there}
    for name in LIKELY.get(needed, ()):
        if name in folded:
            return folded[name]
    for name in (needed, *LIKELY.get(needed, ())):
        if close := difflib.get_close_matches(name, folded, n=1, cutoff=0.7):
            return folded[close[0]]
    return None
