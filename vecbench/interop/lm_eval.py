"""What lm-evaluation-harness calls when it runs a vecbench task file.

The task files name these functions with `!function`. lm-eval can't pool a metric over a group: group
scores come from `vecbench score` on its sample log.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecbench.answers import AnswerKind, AnswerSpecification, Label, kind_named, kind_of
from vecbench.errors import DataError, UsageError
from vecbench.metrics import brier as brier_score
from vecbench.metrics import ece as expected_calibration_error
from vecbench.parsing import strict
from vecbench.parsing.form import ANY_FORM, Form
from vecbench.samples import DataSource, Sample, open_data
from vecbench.samples.boxes import Box
from vecbench.samples.check import unread_row_warnings
from vecbench.samples.images import decode_image, read_image
from vecbench.store import StoredResponse
from vecbench.tasks import Task, load_catalogue, task_in
from vecbench.tasks.prompts import prompt_of, prompt_profile
from vecbench.tasks.task import without_prefix
from vecbench.tasks.yaml_file import read_yaml

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL.Image import Image

IMAGE = "<image>"
"""Stands before the prompt for every image, in `doc_to_text` of the task files."""
MOST_FAULTS = 3
"""So many samples that cannot be asked are named."""

Pair = tuple[float | None, bool | None]
"""(confidence, or None if none is stated; whether the label is right, or None if a confidence has none)."""


def load(
    task: str,
    data: str | None = None,
    prompt: str | None = None,
    skip_faults: bool = False,
    columns: Mapping[str, str] | None = None,
    config_source: str | None = None,
    **_: Any,
) -> dict[str, Dataset]:
    """The samples of a task as lm-eval wants them: split → dataset.

    lm-eval has no error rows: a sample that cannot be asked would be missing from every count. So there
    must be none, unless it is said that they may be left out.

    Args:
        task: The task's id.
        data: A folder, a table, or a dataset on the Hub; needed for tasks that bring none
            (`--metadata '{"data": "DIR"}'`).
        prompt: A prompt profile instead of the task's own (`--metadata '{"prompt": "direct"}'`).
        skip_faults: Leave samples out that cannot be asked (`--metadata '{"skip_faults": true}'`).
        columns: What the data calls its columns (`--metadata '{"columns": {"image": "file"}}'`).
        config_source: The task's file, which lm-eval tells; a shipped task is found without it.
    """
    try:
        from datasets import Dataset
    except ImportError:
        remedy = 'Install it: pip install "vecbench[lm-eval]"'
        raise UsageError("lm-eval's tasks need datasets, which is not installed", remedy) from None

    path = _own_file(task, config_source)
    catalogue = load_catalogue([] if path is None else [path.parent])
    chosen = task_in(path) if path is not None else catalogue.select(task)[0]
    where = data or chosen.data
    if where is None:
        raise UsageError(f"the task {task} brings no data", 'Give it: --metadata \'{"data": "DIR"}\'.')
    if not isinstance(columns, Mapping | None):  # as the command line writes them elsewhere
        raise UsageError(
            f"columns is {columns!r:.60}, not an object",
            'Write {"columns": {"image": "file", "label": "emotion"}}.',
        )
    source = open_data(where, columns=columns)
    for warning in unread_row_warnings(source, catalogue):
        warnings.warn(warning, stacklevel=2)  # which Python says once, however many tasks are loaded
    profile = prompt_profile(chosen, prompt, own_prompts=source.brings_prompts(chosen))
    source.fetch([chosen])
    rows: list[dict[str, Any]] = []
    faults: list[str] = []
    for sample in source.samples(chosen):
        text, fault = prompt_of(chosen, profile, sample)
        if fault is None and (absent := sample.missing_image()) is not None:
            fault = f"there is no image {absent}"
        if fault is not None:
            faults.append(f"{sample.id}: {fault}")
            continue
        root, form = str(sample.root), chosen.form_of(profile)
        rows.append(document(sample, chosen.specification, form, sample.id, sample.images, root, text))
    if faults:
        _refuse_or_warn(chosen, source, faults, rows, skip_faults=skip_faults)
    if not rows:
        raise source.no_rows(chosen)
    if path is not None:
        _require_places(path, max(len(row.get("images") or [row["image"]]) for row in rows))
    return {"test": Dataset.from_list(rows)}


def _own_file(task: str, config_source: str | None) -> Path | None:
    """The file that lm-eval has the task from, if it is that very task that it defines."""
    path = Path(config_source) if config_source else None
    if path is None or not path.is_file():
        return None
    defined = read_yaml(path).content.get("task")
    return path if isinstance(defined, str) and without_prefix(defined) == without_prefix(task) else None


def _require_places(path: Path, images: int) -> None:
    """Refuses a file that shows lm-eval fewer images than its samples have; it would leave out the others."""
    text = read_yaml(path).content.get("doc_to_text")
    if isinstance(text, str) and text.count(IMAGE) < images:
        raise DataError(
            f"{path}: the samples have {images} images, and doc_to_text has a place for {text.count(IMAGE)}",
            f'Write `doc_to_text: "{IMAGE * images}{{{{prompt}}}}"`.',
        )


def _refuse_or_warn(
    task: Task, source: DataSource, faults: Sequence[str], rows: Sequence[object], *, skip_faults: bool
) -> None:
    count = f"{len(faults)} of {len(faults) + len(rows)} samples of {task.id} in {source.table}"
    said = "; ".join(faults[:MOST_FAULTS]) + ("; …" if len(faults) > MOST_FAULTS else "")
    if skip_faults and rows:
        warnings.warn(f"{count} are left out: {said}", stacklevel=3)
        return
    raise DataError(
        f"{count} cannot be asked, and lm-eval would not count them: {said}",
        "Mend the data, or leave them out: --metadata '{\"skip_faults\": true}'.",
    )


def doc_to_image(doc: Mapping[str, Any]) -> list[Image]:
    """The sample's pictures, decoded as vecbench decodes them; one that cannot be ends lm-eval."""
    images = doc.get("images") or [doc["image"]]
    pictures = [decode_image(read_image(Path(doc["root"]), image)) for image in images]
    if "box" not in doc:
        return pictures
    shown, *ends = json.loads(doc["box"])
    return [Box.of(shown, ends).applied(each) for each in pictures]


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """What one response is worth: accuracy and coverage as numbers, the rest as pairs to aggregate.

    Of an answer that is neither right nor wrong, such as a rating, there is coverage alone, and of one that
    is right to some share of raters accuracy and coverage: `vecbench score` on the sample log has the metrics
    of every answer kind.
    """
    return results_of(results[0], doc["candidates"], doc["target"], _kind_of(doc), _form_of(doc))


def results_of(
    response: str, candidates: Sequence[str], target: Any, kind: AnswerKind, form: Form
) -> dict[str, Any]:
    """As `process_results`, of one response; a target that the kind cannot load is never answered right."""
    reading = strict.read(response, candidates, kind, None, form)
    coverage = {"coverage": float(reading.confidence is not None)}
    if not kind.judges:
        return coverage
    try:
        right = kind.is_right(reading.answer, kind.load(target))
    except ValueError:
        right = False
    if kind.has_shares:  # what confidences are held against lm-eval has no name for
        return {"accuracy": float(right), **coverage}
    is_unread = not reading.is_read and reading.confidence is not None
    pair: Pair = (reading.confidence, None if is_unread else right)
    return {"accuracy": float(right), **coverage, "brier": pair, "ece": pair}


def document(
    asked: Sample | StoredResponse,
    said: AnswerSpecification,
    form: Form,
    sample_id: str,
    images: Sequence[str],
    root: str | None,
    prompt: str | None,
) -> dict[str, Any]:
    """A sample as lm-eval hands it to `process_results` and logs it, hash and all.

    `answer` is what its candidates and aliases do not tell of how it is answered: nothing for plain labels;
    `form` is how that is written, where the task's file says something of it.
    """
    doc: dict[str, Any] = {
        "sample_id": sample_id,
        "task": asked.task,
        "image": asked.image,
        "root": root,
        "prompt": prompt,
        "target": asked.target,
        "candidates": list(asked.candidates),
        "aliases": [[alias, label] for alias, label in said.aliases.items()],
    }
    if said != AnswerSpecification(labels=said.labels, aliases=said.aliases):
        answer = {"kind": said.kind, "labels": said.labels, "options": dict(said.options)}
        doc["answer"] = json.dumps(answer)
    if form != ANY_FORM:
        doc["form"] = json.dumps(asdict(form))
    if len(images) > 1:
        doc["images"] = list(images)
    if isinstance(asked, Sample) and asked.box is not None:
        doc["box"] = json.dumps([asked.box.shown, *asked.box.ends])
    return doc


def _kind_of(doc: Mapping[str, Any]) -> AnswerKind:
    aliases = dict(doc["aliases"])
    if "answer" not in doc:
        return Label(aliases=aliases)
    said = json.loads(doc["answer"])
    if not (said["labels"] or said["options"]):  # of a task that nobody knows: its rows bring everything
        return kind_named(said["kind"])()
    return kind_of(AnswerSpecification(said["kind"], tuple(said["labels"]), aliases, said["options"]))


def _form_of(doc: Mapping[str, Any]) -> Form:
    said = json.loads(doc.get("form") or "{}")
    for name in ("answer", "confidence"):
        said[name] = tuple(said.get(name, ()))
    if said.get("range"):
        low, high = said["range"]
        said["range"] = low, high
    said["reasoning"] = tuple((opening, closing) for opening, closing in said.get("reasoning", ()))
    return Form(**said)


def brier(pairs: Sequence[Pair]) -> float:
    """The Brier score over the rows that have a confidence; nan if none has, or none of these was read."""
    return brier_score(*_stated(pairs))


def ece(pairs: Sequence[Pair]) -> float:
    """The expected calibration error over the same rows; nan likewise."""
    return expected_calibration_error(*_stated(pairs))


def _stated(pairs: Sequence[Pair]) -> tuple[list[float], list[bool]]:
    stated = [(confidence, correct) for confidence, correct in pairs if confidence is not None]
    if all(correct is None for _, correct in stated):
        return [], []
    return [confidence for confidence, _ in stated], [correct is True for _, correct in stated]
