"""Rows whose options are scored, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vecbench.metrics.observations import Floats
from vecbench.metrics.scored_options import option_columns, share_columns
from vecbench.parsing.prediction import Prediction


def columns_of_sets(rows: Sequence[Prediction]) -> Mapping[str, Floats]:
    """The shares of the options; no column where none are scored."""
    names, logarithms = _log_shares(rows)
    return share_columns(logarithms, names) if names else {}


def columns_of_one(rows: Sequence[Prediction]) -> Mapping[str, Floats]:
    """Likewise, of questions of which one option is right: see `option_columns`."""
    names, logarithms = _log_shares(rows)
    if not names:
        return {}
    place = {name: number for number, name in enumerate(names)}
    target = np.array([place.get(row.target, -1) for row in rows], dtype=np.intp)
    return option_columns(logarithms, names, target)


def _log_shares(rows: Sequence[Prediction]) -> tuple[tuple[str, ...], Floats]:
    """All options of some rows, and the logarithms of their shares; shape (rows, options)."""
    scored = [row.options for row in rows]
    lists = dict.fromkeys(each.names for each in scored if each is not None)
    names = tuple(dict.fromkeys(name for listed in lists for name in listed))
    places = {listed: [names.index(name) for name in listed] for listed in lists}
    found = np.full((len(rows), len(names)), np.nan)
    for number, each in enumerate(scored):
        if each is not None:
            found[number] = -np.inf
            found[number, places[each.names]] = each.log_shares
    return names, found
