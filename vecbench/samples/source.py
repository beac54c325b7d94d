"""Where samples come from: a folder, a table, or a dataset on the Hugging Face Hub."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from vecbench.answer_columns import TARGETS
from vecbench.digests import joined_sha256
from vecbench.errors import DataError
from vecbench.escaping import encodable
from vecbench.labels import normal_form
from vecbench.plain_file import NOT_PLAIN, TextLines, plain_bytes
from vecbench.samples.boxes import COLUMN, Box
from vecbench.samples.folder import no_target
from vecbench.samples.format import DataFormat, Row, joined
from vecbench.samples.hub import HubDataset, open_hub_dataset, parse_hub_name
from vecbench.samples.observer import CountObserver
from vecbench.samples.recognition import not_utf8, recognised, root_of, tables_in
from vecbench.samples.sample import Sample
from vecbench.samples.targets import as_stored, as_text, candidates_of, target_of, written_target
from vecbench.tasks import Catalogue, Task
from vecbench.tasks.task import plain_name

KEPT_BYTES = 2 * 2**20
"""Anyone's own table up to this size is parsed once and kept, as the published ones are; a larger one is
read anew for every pass over it, so that memory does not grow with its rows."""

PUBLISHED_FOLDERS = ("benchmarks", "VECBench", "EEmo-Bench", "emotic")
"""The published image paths start with these folders, which a copy of the data may lack."""


class DataSource:
    """A table of samples, whatever its format, and the folder that its image paths start from.

    Several tables of one benchmark are one; a task's rows are then taken from the first that has any, and
    `table` is their folder. Image paths may not lead out of `root`; of a dataset on the Hub it is a partial
    copy. `name` is what the run's manifest calls the data: the folder, or `hf:NAME@COMMIT`.
    """

    def __init__(self, tables: Path | Sequence[Path], root: Path, dataset: HubDataset | None = None) -> None:
        self.tables = [tables] if isinstance(tables, Path) else [*tables]
        self.table = self.tables[0] if len(self.tables) == 1 else self.tables[0].parent
        self.root = root
        self.name = encodable(str(root)) if dataset is None else str(dataset)
        self._formats = [recognised(table) for table in self.tables]
        self.format: DataFormat = joined(self._formats)
        self._dataset = dataset
        self._kept: list[Row] | None = None

    def samples(self, task: Task, limit: int | None = None) -> Iterator[Sample]:
        """The task's samples, in the table's order: rows that name it, and those that name no task.

        A row that cannot be used (a target that its answer kind refuses, no image named) is a sample
        with a fault: it is counted and becomes an error, never dropped.
        """
        seen: set[str] = set()
        lists: dict[tuple[str, ...], tuple[str, ...]] = {task.labels: task.labels}
        for row in _named(self._rows_of(task)):
            if limit is not None and len(seen) >= limit:
                return
            candidates = candidates_of(row, task)
            if isinstance(candidates, tuple) and task.labels:
                if candidates not in lists:
                    lists[candidates] = self._same_as_labels(row, task, candidates)
                candidates = lists[candidates]
            if not seen:
                self._require_target(row, task)
            if row.id in seen:
                raise DataError(
                    f"{self._at(row)}: the sample id {row.id!r} of {task.id} is given twice",
                    "Ids must be unique within a task: name them in a column id.",
                )
            seen.add(row.id)
            yield self._sample(row, task, candidates)

    def brings_prompts(self, task: Task) -> bool:
        """Whether the format brings prompts, and any of the task's rows has one.

        The rows that have none are then samples that cannot be asked.
        """
        return self.format.brings_prompts and any(row.has_prompt for row in self._rows_of(task))

    def no_rows(self, task: Task) -> DataError:
        """What to raise where a task needs rows and the data has none of it."""
        left_out = self.left_out()
        said = ", ".join(f"{count} of the split {split!r}" for split, count in left_out.items())
        return DataError(
            f"{self.table} has no rows of the task {task.id}" + (f"; left out: {said}" if said else ""),
            "Check its task column." if not said else "Only rows of the split 'test' are read.",
        )

    def left_out(self) -> Mapping[str, int]:
        """Rows that are not for testing, by their split as the table spells it."""
        return Counter(row.split for row in self._all_rows() if row.split is not None)

    def unknown_tasks(self, catalogue: Catalogue) -> dict[str, int]:
        """The names in the table that no task has, with their rows: nothing is run on those."""
        names = self.task_names().items()
        return {name: count for name, count in names if name and catalogue.task_named(name) is None}

    def task_names(self) -> dict[str, int]:
        """The names of tasks in the table, with their rows; the empty name for rows that name none."""
        return dict(Counter(row.task for row in self._rows()))

    def targets(self, task: str) -> dict[str, int]:
        """The labels of a task's rows with their number, in alphabetical order; spellings of one are one."""
        rows = (row for row in self._rows() if not row.task or plain_name(row.task) == plain_name(task))
        written = (row.target("label")[1] for row in rows)
        spellings = Counter(text for each in written if (text := str(each or "").strip()))
        labels: dict[str, str] = {}  # the spelling that most rows have
        counts: Counter[str] = Counter()
        for spelling, count in spellings.most_common():
            counts[labels.setdefault(normal_form(spelling), spelling)] += count
        return {label: counts[label] for label in sorted(counts)}

    def fetch(
        self, tasks: Iterable[Task], limit: int | None = None, observer: CountObserver | None = None
    ) -> None:
        """Brings the images that the tasks' samples name to this machine; nothing to do for local data."""
        if self._dataset is None:
            return
        named = (image for task in tasks for sample in self.samples(task, limit) for image in sample.images)
        # Which of its places an image lies at is only known once it is there.
        self._dataset.fetch([tuple(self._places(image)) for image in dict.fromkeys(named)], observer)

    def sha256(self) -> str:
        """Of the table, or of the hashes of several: another one is another data set."""
        return str(joined_sha256([_sha256(table) for table in self.tables]))

    def _require_target(self, row: Row, task: Task) -> None:
        """Refuses a table of one's own in which nothing holds the task's targets."""
        _, _, spread = written_target(row, task.answers)
        named = {task.answers.name, *TARGETS, *spread}
        is_own = not self.format.is_published and row.target_column is None
        if is_own and named.isdisjoint(row.columns):
            raise DataError(
                f"{self.table}: {no_target(row.columns)}", f"{self.format.name}: {self.format.shape}"
            )

    def _sample(self, row: Row, task: Task, candidates: tuple[str, ...] | str) -> Sample:
        """A row as a sample; `candidates` is why the row's cannot be used, where it is a text."""
        column, written, spread = written_target(row, task.answers)
        target_fault: str | None
        if isinstance(candidates, str):
            target, target_fault, candidates = as_stored(written, task.answers), candidates, ()
        else:
            target, target_fault = target_of(column, written, task.answers, candidates)
        box, box_fault = _box(row, task)
        fault = row.fault or (None if row.images else "no image is named") or target_fault or box_fault
        return Sample(
            task=task.id,
            id=row.id,
            images=tuple(self._image(named) for named in row.images),
            target=target,
            candidates=candidates,
            prompt=row.prompt,
            root=self.root,
            fault=None if fault is None else f"{self._table_of(row).name}, {row.unit} {row.line}: {fault}",
            target_fault=target_fault,
            target_column=column,
            columns={name: cell for name, cell in row.columns.items() if name not in spread}
            if spread
            else row.columns,
            attributes={name: as_text(row.columns.get(name)) for name in task.subsets},
            box=box,
        )

    def _same_as_labels(self, row: Row, task: Task, named: tuple[str, ...]) -> tuple[str, ...]:
        """The row's candidates in its order, spelt as the task spells them."""
        spellings = {normal_form(label): label for label in task.labels}
        forms = [normal_form(candidate) for candidate in named]
        if len(forms) != len(spellings) or set(forms) != set(spellings):
            raise DataError(
                f"{self._at(row)}: the candidates are {', '.join(named) or 'none'}; "
                f"the task {task.id} has {', '.join(task.labels)}",
                f"They must be the same: mend the data, or the labels in {task.path}.",
            )
        return tuple(spellings[form] for form in forms)

    def _image(self, named: str) -> str:
        places = list(self._places(named))
        return next((place for place in places if _is_file_below(self.root, place)), places[0])

    def _places(self, named: str) -> Iterator[str]:
        """Where under the root an image may lie, the likeliest first."""
        if not self.format.is_published or not named:
            yield named
            return
        start = named.removeprefix("../") if named.startswith("../benchmarks/") else named
        yield start
        if start.startswith("/"):  # from the machine of whoever published it
            parts = start.split("/")
            known = [parts.index(folder) for folder in PUBLISHED_FOLDERS if folder in parts]
            if known:
                start = "/".join(parts[min(known) :])
                yield start
        rest = start
        for folder in PUBLISHED_FOLDERS:
            if rest.startswith(f"{folder}/"):
                rest = rest.removeprefix(f"{folder}/")
                yield rest
        if self.tables[0].parent != self.root and not named.startswith(("/", "../")):
            yield str(self.tables[0].parent.relative_to(self.root) / named)

    def _rows_of(self, task: Task) -> Iterator[Row]:
        belongs: dict[str, bool] = {"": True}
        for row in self._rows():
            if row.task not in belongs:
                belongs[row.task] = task.is_named(row.task)
            if belongs[row.task]:
                yield row

    def _rows(self) -> Iterator[Row]:
        return (row for row in self._all_rows() if row.split is None)

    def _all_rows(self) -> Iterable[Row]:
        if self._kept is not None:
            return self._kept
        if not self.format.is_published and self.table.stat().st_size > KEPT_BYTES:
            return self._read()
        self._kept = list(self._read())
        return self._kept

    def _read(self) -> Iterator[Row]:
        there: dict[str, Path] = {}
        for table, form in zip(self.tables, self._formats, strict=True):
            with _opened(table, form) as stream:
                for row in form.rows(stream):
                    if not row.task or there.setdefault(row.task, table) == table:
                        yield row if len(self.tables) == 1 else replace(row, table=table.name)

    def _table_of(self, row: Row) -> Path:
        """The table that a row is of."""
        return self.table / row.table if row.table else self.table

    def _at(self, row: Row) -> str:
        return f"{self._table_of(row)}, {row.unit} {row.line}"


def open_data(where: str | Path, observer: CountObserver | None = None) -> DataSource:
    """The samples in a folder, a table, or a dataset on the Hub (`wudq/VECBench`, a revision after `@`).

    What exists on this machine comes first.
    """
    path = Path(where).expanduser()
    if path.is_dir():
        return DataSource(tables_in(path), path)
    if path.is_file():
        return DataSource(path, root_of(path))
    if path.exists():
        raise DataError(f"{where}: {NOT_PLAIN}", "It is read more than once: store it first.")
    named = parse_hub_name(str(where))
    if named is None or (path.parent != Path() and path.parent.is_dir()):
        raise DataError(
            f"there is no data folder or table {where}",
            "--data takes a folder with images and a table, a table, or a dataset's name on the Hub.",
        )
    dataset = open_hub_dataset(*named, observer)
    return DataSource(dataset.table(), dataset.folder, dataset)


@contextmanager
def _opened(table: Path, form: DataFormat) -> Iterator[TextIO]:
    try:
        with TextLines(table) as stream:
            yield stream
    except UnicodeDecodeError:
        raise not_utf8(table) from None
    except ValueError as fault:
        raise DataError(f"{table}: {fault}", f"{form.name}: {form.shape}") from None
    except OSError as fault:
        raise DataError(f"{table}: {fault.strerror or fault}") from None


def _sha256(table: Path) -> str:
    try:
        return hashlib.sha256(plain_bytes(table)).hexdigest()
    except OSError as fault:
        raise DataError(f"{table}: {fault.strerror or fault}") from None


def _box(row: Row, task: Task) -> tuple[Box | None, str | None]:
    """The box of a row whose task shows one, and why it cannot be shown."""
    if task.box is None:
        return None, None
    if len(row.images) > 1:
        return None, f"a box is of one image, and the row has {len(row.images)}"
    try:
        return Box.of(task.box, row.columns.get(COLUMN)), None
    except ValueError as fault:
        return None, str(fault)


def _named(rows: Iterable[Row]) -> Iterator[Row]:
    """A task's rows, those without an id with the paths of their images as one.

    A published table may list an image twice in a task, and nobody can mend it: the second one is named
    `path#2`.
    """
    seen: Counter[str] = Counter()
    for row in rows:
        if row.id:
            yield row
            continue
        name = " + ".join(row.images) or f"line-{row.line}"
        seen[name] += 1
        yield replace(row, id=name if seen[name] == 1 else f"{name}#{seen[name]}")


def _is_file_below(root: Path, place: str) -> bool:
    try:
        path = root / place
        # What lies elsewhere on this machine is never read: another place may hold the copy below the root.
        return path.is_file() and (
            not place.startswith(("/", ".")) or path.resolve().is_relative_to(root.resolve())
        )
    except (OSError, ValueError):  # a name that no file can have
        return False
