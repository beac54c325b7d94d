"""Predictions as Parquet, a file a task, as `datasets.load_dataset` opens them without a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from vecbench.engines.secrets import Mask
from vecbench.errors import UsageError
from vecbench.leaderboard.submission import without_paths
from vecbench.parsing import Prediction
from vecbench.samples.targets import as_text
from vecbench.scoring import prediction_values
from vecbench.store import StoredResponse
from vecbench.store.files import replacing

Key = tuple[str, int]
"""A sample's id and the number of the repeat."""


def write_predictions(
    path: Path,
    responses: Iterable[StoredResponse],
    rows: Sequence[Prediction],
    *,
    texts: bool,
    mask: Mask,
) -> list[dict[str, Any]]:
    """Writes the predictions of one task; the features of its columns, as a card declares them.

    A column of answers or targets is of texts, numbers or lists of texts where all of them are; else of JSON.

    Args:
        path: Of the Parquet.
        responses: The last one to each sample and repeat.
        rows: What they say.
        texts: Whether responses and reasoning are columns.
        mask: Takes out what is secret of texts.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError(
            "predictions are written as Parquet, and pyarrow is not installed",
            'Install it: pip install "vecbench[parquet]"',
        ) from None
    said = {
        (row.sample_id, row.repeat): (row, values)
        for row, values in zip(rows, prediction_values(rows), strict=True)
    }
    records = [_record(each, *said[each.sample_id, each.repeat], mask=mask) for each in responses]
    names = dict.fromkeys(name for each in records for name in each)
    left_out = set() if texts else {"response", "reasoning"}
    columns = {
        name: _column([each.get(name) for each in records], pyarrow) for name in names if name not in left_out
    }
    table = pyarrow.table(columns)
    with replacing(path) as draft:
        parquet.write_table(table, draft)
    return [_feature(field) for field in table.schema]


def _record(
    response: StoredResponse, row: Prediction, values: Mapping[str, Any], *, mask: Mask
) -> dict[str, Any]:
    """What is published of a row: no picture, no prompt, no path that leads anywhere but into the data.

    Attributes are columns by their own names, as in the data, unless one of ours is called so.
    """
    read = {name: each for name, each in values.items() if name not in {"confidences", "dropped"}}
    error = None if response.error is None else mask(without_paths(response.error))
    paths = response.images or (response.image,)
    return {
        **response.attributes,
        **read,
        **{f"confidence_{source}": value for source, value in row.confidences.items()},
        "kind": response.kind,
        "candidates": list(response.candidates),
        "images": [_relative(path) for path in paths if path],
        "image_sha256": response.image_sha256,
        "prompt_sha256": response.prompt_sha256 or None,
        "response": None if response.response is None else mask(response.response),
        "reasoning": None if response.reasoning is None else mask(response.reasoning),
        "finish_reason": response.finish_reason,
        "error": error,
        "n_prompt_tokens": response.n_prompt_tokens,
        "n_output_tokens": response.n_output_tokens,
    }


def _relative(path: str) -> str:
    """An image's path inside its data; of one that leads elsewhere the name."""
    parts = PurePosixPath(path.replace("\\", "/"))
    is_inside = not parts.is_absolute() and ".." not in parts.parts and ":" not in parts.parts[0]
    return str(parts) if is_inside else parts.name


def _column(values: Sequence[Any], arrow: Any) -> Any:
    known = [each for each in values if each is not None]
    if all(isinstance(each, bool) for each in known) and known:
        return arrow.array(values, arrow.bool_())
    if all(isinstance(each, int) for each in known) and known:
        return arrow.array(values, arrow.int64())
    if all(isinstance(each, int | float) for each in known) and known:
        return arrow.array(values, arrow.float64())
    if known and all(isinstance(each, list | tuple) and _are_texts(each) for each in known):
        lists = [None if each is None else [_storable(part) for part in each] for each in values]
        return arrow.array(lists, arrow.list_(arrow.string()))
    texts = [None if each is None else _storable(as_text(each)) for each in values]
    return arrow.array(texts, arrow.string())


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(each, str) for each in values)


def _storable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _feature(field: Any) -> dict[str, Any]:
    kind = str(field.type)
    names = {"double": "float64"}
    return {"name": field.name} | (
        {"list": "string"} if kind.startswith("list") else {"dtype": names.get(kind, kind)}
    )


def by_task(rows: Iterable[Prediction]) -> Iterator[tuple[str, list[Prediction]]]:
    """The rows of each task, in the order of the tasks' first ones."""
    tasks: dict[str, list[Prediction]] = {}
    for row in rows:
        tasks.setdefault(row.task, []).append(row)
    yield from tasks.items()
