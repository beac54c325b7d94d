"""What rows show, as numbers: rows that share an image depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vecbench.parsing import Prediction

LARGEST_COMPONENT = 0.05
"""Images that are linked by pairs are drawn together unless that leaves fewer than twenty to draw."""


def image_numbers(tasks: Sequence[Sequence[Prediction]], *, in_order: bool = False) -> list[NDArray[np.intp]]:
    """The number of what each row shows, in all tasks; each of shape (rows,).

    Rows that show several images are linked by every image that they have in common, so that what is drawn
    is independent of what is not. If that links more than `LARGEST_COMPONENT` of all rows, rows are together
    only where they show the same images: see `is_drawn_by_sets`.

    Args:
        tasks: The rows of each.
        in_order: Whether numbers follow the rows; else they do not depend on the rows' order.
    """
    keys = [[row.image_key for row in rows] for rows in tasks]
    total = sum(map(len, keys))
    distinct = {key for listed in keys for key in listed}
    if any(row.images_sha256 for rows in tasks for row in rows):
        linked = _linked(tasks)
        _, sizes = np.unique(np.concatenate(linked), return_counts=True)
        if sizes.max(initial=0) <= max(1, LARGEST_COMPONENT * total):
            return linked
    if len(distinct) == total:
        ends = np.cumsum([0, *map(len, keys)])
        return [np.arange(begin, end) for begin, end in pairwise(ends)]
    named = dict.fromkeys(key for listed in keys for key in listed) if in_order else sorted(distinct)
    number = {key: place for place, key in enumerate(named)}
    return [np.fromiter((number[key] for key in listed), dtype=np.intp, count=len(listed)) for listed in keys]


def is_drawn_by_sets(tasks: Sequence[Sequence[Prediction]]) -> bool:
    """Whether rows of several images are drawn by sets of images, since single ones link too many."""
    several = any(row.images_sha256 for rows in tasks for row in rows)
    if not several:
        return False
    _, sizes = np.unique(np.concatenate(_linked(tasks)), return_counts=True)
    return bool(sizes.max(initial=0) > max(1, LARGEST_COMPONENT * sum(map(len, tasks))))


def _linked(tasks: Sequence[Sequence[Prediction]]) -> list[NDArray[np.intp]]:
    """The connected component of each row; shape (rows,) each."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    places: dict[str, int] = {}
    row_of: list[int] = []
    image_of: list[int] = []
    count = 0
    for rows in tasks:
        for row in rows:
            shown = [each for each in row.images_sha256 if each is not None] or [row.image_key]
            for image in shown:
                row_of.append(count)
                image_of.append(places.setdefault(image, len(places)))
            count += 1
    nodes = count + len(places)
    edges = coo_matrix((np.ones(len(row_of)), (row_of, np.array(image_of) + count)), shape=(nodes, nodes))
    _, component = connected_components(edges, directed=False)
    _, numbered = np.unique(component[:count], return_inverse=True)
    ends = np.cumsum([len(rows) for rows in tasks])[:-1]
    return [each.astype(np.intp) for each in np.split(numbered.ravel(), ends)]
