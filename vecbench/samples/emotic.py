"""EMOTIC's persons: its own Annotations.mat, and the CSV that a widely used preparation makes of it.

Source: `mat2py.py` of github.com/Tandon-A/emotic, for where things are in the one and what the other's
columns are. Of the .mat only the test part is read; a person whom nobody annotated is left out, as there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from vecbench.answers.written import literal
from vecbench.answers.written import shown as written
from vecbench.samples.format import Columns, DataFormat, Row, csv_rows, of_text

FOLDER = "emotic"
"""Where the images lie, below the data's root."""
CATEGORIES, DIMENSIONS = "emotic_categories", "emotic_vad"
VAD = ("valence", "arousal", "dominance")
CSV_COLUMNS = frozenset({"Folder", "Filename", "BBox", "Categorical_Labels", "Continuous_Labels"})


def _csv(stream: TextIO) -> Iterator[Row]:
    seen: Counter[str] = Counter()
    for line, values in csv_rows(stream):
        image = f"{FOLDER}/{values['Folder']}/{values['Filename']}"
        box, categories = (_list(values[name]) for name in ("BBox", "Categorical_Labels"))
        # What pandas writes for a rating that is not there.
        ratings = _list((values["Continuous_Labels"] or "").replace("nan", "None"))
        yield from _person(line, image, seen, box, categories, ratings)


EMOTIC_CSV = DataFormat(
    "EMOTIC CSV",
    "A CSV with the columns Folder, Filename, BBox, Categorical_Labels and Continuous_Labels.",
    of_text(_csv),
    lambda table: {*table.header} >= CSV_COLUMNS,
    is_published=True,
)


def _annotations(table: Path, _: Columns) -> Iterator[Row]:
    from scipy.io import loadmat

    try:
        images = loadmat(table, simplify_cells=True, variable_names=["test"]).get("test")
    except Exception as fault:  # whatever broken bytes lead SciPy to
        raise ValueError(f"not a MATLAB file that SciPy reads: {fault}") from None
    if images is None:
        raise ValueError("there is no variable 'test'")
    seen: Counter[str] = Counter()
    for number, each in enumerate(_several(images), start=1):
        # By place, as that script does: filename, folder, image size, database, persons.
        said = list(each.values()) if isinstance(each, dict) else []
        if len(said) < 5:
            raise ValueError(f"image {number}: not filename, folder, image_size, original_database, person")
        image = f"{FOLDER}/{said[1]}/{said[0]}"
        for person in _several(said[4]):
            # The box; categories of each annotator, and combined; likewise valence, arousal and dominance.
            parts = list(person.values()) if isinstance(person, dict) else []
            if len(parts) < 5:
                raise ValueError(f"image {number}: a person without combined categories and dimensions")
            box, of_each, combined, _, ratings = parts[:5]
            numbers = list(ratings.values()) if isinstance(ratings, dict) else _several(ratings)
            categories = _several(combined) if len(_several(of_each)) else None
            yield from _person(number, image, seen, list(_several(box)), categories, numbers)


def _person(
    line: int,
    image: str,
    seen: Counter[str],
    box: object,
    categories: Sequence[Any] | None,
    ratings: Sequence[Any],
) -> Iterator[Row]:
    """The rows of a person, whose number in the image is a part of the id."""
    name = f"{image.removeprefix(f'{FOLDER}/')}#{seen[image]}"
    seen[image] += 1
    of_person = partial(Row, line=line, id=name, images=(image,))
    shown: Mapping[str, Any] = {"box": box}
    if categories is not None:
        labels = categories if isinstance(categories, str) else [str(each) for each in categories]
        yield of_person(columns={**shown, "target": labels}, target_column="target", task=CATEGORIES)
    if not len(ratings) or any(each is None or _is_nan(each) for each in ratings):
        return  # nobody rated the person in all three
    if len(ratings) == len(VAD) and all(isinstance(each, int | float) for each in ratings):
        numbers = map(float, ratings)
        yield of_person(columns={**shown, **dict(zip(VAD, numbers, strict=True))}, task=DIMENSIONS)
    else:
        fault = f"the ratings are {written(ratings)}, not three numbers"
        yield of_person(columns=shown, task=DIMENSIONS, fault=fault)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _several(found: Any) -> Sequence[Any]:
    """What SciPy leaves of a cell or an array of structs: one is by itself, none is an empty array."""
    if isinstance(found, dict | str | int | float):
        return [found]
    return found.tolist() if hasattr(found, "tolist") else list(found)


def _list(cell: str | None) -> Sequence[Any]:
    """The list in a cell; a cell with none as it is, which is then its row's fault."""
    try:
        found = literal(cell or "")
    except ValueError:
        return cell or ""
    return found if isinstance(found, list | tuple) else str(found)


EMOTIC_ANNOTATIONS = DataFormat(
    "EMOTIC annotations",
    "A MATLAB file with the variable test: images with filename, folder and person.",
    _annotations,
    lambda table: table.path.suffix == ".mat" and table.binary in {"mat", ""},
    is_published=True,
)
