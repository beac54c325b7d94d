"""ArtEmis: the votes for paintings of WikiArt, as its own histograms and as EEmo-Logic's selection of images.

What people wrote about a painting tells what they felt, and is not among a row's columns; of the votes only
what is the target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from vecbench.answers.written import literal
from vecbench.samples.format import DataFormat, Row, csv_rows, json_list, of_text, required_text

SHARES, DOMINANT = "artemis_shares", "artemis_dominant"
LABELS = (
    *("amusement", "awe", "contentment", "excitement"),
    *("anger", "disgust", "fear", "sadness", "something else"),
)
"""In the order of its histograms."""

HISTOGRAM_COLUMNS = frozenset({"art_style", "painting", "emotion_histogram"})


def has_dominant(votes: Mapping[str, int]) -> bool:
    """Whether at least half of the votes are for one emotion, and no other has as many."""
    first, second = (*sorted(votes.values(), reverse=True), 0, 0)[:2]
    return 2 * first >= sum(votes.values()) > 0 and first > second


def _of_votes(votes: Any, style: str) -> dict[str, Any]:
    """The columns of a row; of votes that cannot be counted, whether one is dominant is unknown."""
    counted: Mapping[str, int] = {}
    if isinstance(votes, list) and all(isinstance(each, str) for each in votes):
        counted = Counter(votes)
    elif isinstance(votes, list) and all(isinstance(each, int) for each in votes):
        counted = dict(zip(LABELS, votes, strict=False))
    dominant = ("no", "yes")[has_dominant(counted)] if counted else ""
    return {"votes": votes, "art_style": style, "has_dominant": dominant}


def _histogram_rows(stream: TextIO) -> Iterator[Row]:
    for line, values in csv_rows(stream):
        style, painting = (required_text(values, name, f"line {line}") for name in ("art_style", "painting"))
        try:
            votes = literal(required_text(values, "emotion_histogram", f"line {line}"))
        except ValueError:
            votes = values["emotion_histogram"]
        path = f"{style}/{painting}.jpg"
        columns = _of_votes(votes, style)
        yield Row(line=line, id=path, images=(path,), columns=columns, target_column="votes", task=SHARES)


def _selection_rows(stream: TextIO) -> Iterator[Row]:
    for number, image in json_list(stream):
        where = f"image {number}"
        path = required_text(image, "img_path", where).replace("\\", "/").removeprefix("./")
        votes, style = image.get("emotion"), image.get("art_style") or ""
        columns = {**_of_votes(votes, style), "dominant_emotion": image.get("dominant_emotion")}
        for task, target in ((SHARES, "votes"), (DOMINANT, "dominant_emotion")):
            images = (path,) if path else ()
            yield Row(line=number, id=path, images=images, columns=columns, target_column=target, task=task)


HISTOGRAMS = DataFormat(
    "ArtEmis histograms",
    "A CSV with art_style, painting and emotion_histogram, the votes for its nine emotions.",
    of_text(_histogram_rows),
    lambda table: {*table.header} >= HISTOGRAM_COLUMNS,
    is_published=True,
)
SELECTION = DataFormat(
    "ArtEmis selection",
    "A list of images: img_path, emotion (a list of votes) and dominant_emotion.",
    of_text(_selection_rows),
    lambda table: table.is_list and '"dominant_emotion"' in table.text,
    is_published=True,
)
