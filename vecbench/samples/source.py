"""Where samples come from: a folder, a table, or a dataset on the Hugging Face Hub."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

from vecbench.answer_columns import TARGETS
from vecbench.digests import bytes_sha256, file_sha256, joined_sha256
from vecbench.errors import DataError, UsageError
from vecbench.escaping import encodable
from vecbench.labels import normal_form
from vecbench.plain_file import NOT_PLAIN
from vecbench.samples.beginning import not_utf8
from vecbench.samples.boxes import box_of
from vecbench.samples.class_folders import CLASS_FOLDERS
from vecbench.samples.class_names import require_classes, require_name
from vecbench.samples.columns import checked_columns, no_target
from vecbench.samples.folder_tables import root_of
from vecbench.samples.format import Columns, DataFormat, Row, joined
from vecbench.samples.hub import HubDataset, open_hub_dataset, parse_hub_name
from vecbench.samples.images import is_image
from vecbench.samples.layouts import layout_of
from vecbench.samples.observer import CountObserver
from vecbench.samples.recognition import recognised
from vecbench.samples.sample import Sample
from vecbench.samples.splits import missing_shards, split_of
from vecbench.samples.targets import as_stored, as_text, candidates_of, target_of, written_target
from vecbench.tasks import Catalogue, Task
from vecbench.tasks.task import plain_name

KEPT_BYTES = 2 * 2**20
"""Anyone's own table up to this size is parsed once and kept, as the published ones are; a larger one is
read anew for every pass over it, so that memory does not grow with its rows."""

KEPT_ROWS = 20_000
"""Likewise of a file that holds the images too, whose size says nothing of its rows."""

PUBLISHED_FOLDERS = ("benchmarks", "VECBench", "EEmo-Bench", "emotic")
"""The published image paths start with these folders, which a copy of the data may lack."""


class DataSource:
    """A table of samples, whatever its format, and the folder that its image paths start from.

    Several tables of one benchmark are one; a task's rows are then taken from the first that has any, and
    `table` is their folder. Image paths may not lead out of `root`; of a dataset on the Hub it is a partial
    copy. `name` is what the run's manifest calls the data: the folder, or `hf:NAME@COMMIT`. `columns` is what
    somebody said that columns are called, and `left_out_splits` which files beside the tables are not read.
    """

    def __init__(
        self,
        tables: Path | Sequence[Path],
        root: Path,
        dataset: HubDataset | None = None,
        columns: Columns | None = None,
        left_out_splits: Sequence[str] = (),
    ) -> None:
        self.tables = [tables] if isinstance(tables, Path) else [*tables]
        self.table = self.tables[0] if len(self.tables) == 1 else self.tables[0].parent
        self.root = self.table if dataset is not None and self.tables[0].is_dir() else root
        self.name = encodable(str(root)) if dataset is None else str(dataset)
        self._formats = [recognised(table) for table in self.tables]
        self.format: DataFormat = joined(self._formats)
        self.columns = checked_columns(columns or {})
        if self.columns and not self.format.is_own:
            raise UsageError(
                f"--columns: {self.table} is {self.format.name}, whose columns are known", "Leave it out."
            )
        self._left_out_splits = left_out_splits
        self._dataset = dataset
        self._kept: list[Row] | None = None

    def samples(self, task: Task, limit: int | None = None) -> Iterator[Sample]:
        """The task's samples, in the table's order: rows that name it, and those that name no task.

        A row that cannot be used (a target that its answer kind refuses, no image named) is a sample
        with a fault: it is counted and becomes an error, never dropped.
        """
        if self.format.has_classes:
            require_classes(self.table, self._rows_of(task), task)
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
            sample = self._sample(row, task, candidates)
            if not seen:
                require_name(self._at(row), row, task, sample)
            seen.add(row.id)
            yield sample

    def brings_prompts(self, task: Task) -> bool:
        """Whether the format brings prompts, and any of the task's rows has one.

        The rows that have none are then samples that cannot be asked.
        """
        return self.format.brings_prompts and any(row.has_prompt for row in self._rows_of(task))

    def recognised(self) -> str:
        """One line: what the data was recognised as, how its targets were found, and what is left out."""
        first = next(iter(self._rows()), None)
        column = first.target("label")[0] if first is not None else ""
        how = self.format.label or (f"the column {self.columns.get(column, column)}" if column else "unknown")
        files = f" in {len(self.tables)} files" if len(self.tables) > 1 else ""
        if named_by := self.format.named_by(self.tables[0], self.columns.get(column, column)):
            how += f", whose numbers {named_by} names"
        said = f"{self.table}: {self.format.name}{files}; target: {how}"
        left_out = dict.fromkeys([*self._left_out_splits, *self.left_out()])
        said += f"; left out: the split {' and '.join(left_out)}" if left_out else ""
        return said + (f"; not read: {missing}" if (missing := missing_shards(self.tables)) else "")

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
        if self._dataset is not None:
            self._dataset.fetch(self._files(tasks, limit), observer)

    def to_fetch(self, tasks: Iterable[Task], limit: int | None = None) -> int:
        """How many images `fetch` would download."""
        return 0 if self._dataset is None else len(self._dataset.missing(self._files(tasks, limit)))

    def sha256(self) -> str:
        """Of the table, or of the hashes of several: another one is another data set."""
        return str(joined_sha256([_sha256(table) for table in self.tables]))

    def _files(self, tasks: Iterable[Task], limit: int | None) -> list[tuple[str, ...]]:
        """The places where each image may lie: which of them it is known only once it is there."""
        folder = self.root.relative_to(self._dataset.folder) if self._dataset is not None else Path()
        named = (image for task in tasks for sample in self.samples(task, limit) for image in sample.images)
        held = self.format.holds_images
        return [
            tuple((folder / place).as_posix() for place in self._places(image))
            for image in dict.fromkeys(named)
            if not (held and is_image(self.root, self._image(image)))
        ]

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
        box, box_fault = box_of(task.box, row.columns, len(row.images))
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
        if len(places) == 1:  # there is nothing to choose, and asking the disk takes its time
            return places[0]
        return next((place for place in places if is_image(self.root, place)), places[0])

    def _places(self, named: str) -> Iterator[str]:
        """Where under the root an image may lie, the likeliest first."""
        beside = self.tables[0].parent
        if self.format.is_own and named and beside != self.root and beside.is_relative_to(self.root):
            yield (beside.relative_to(self.root) / named).as_posix()
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
            yield (self.tables[0].parent.relative_to(self.root) / named).as_posix()

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
        if self.format.holds_images:  # few rows may be gigabytes
            rows = self._read()
            first = list(islice(rows, KEPT_ROWS + 1))
            if len(first) > KEPT_ROWS:
                return chain(first, rows)
            self._kept = first
            return first
        if not self.format.is_published and self.table.stat().st_size > KEPT_BYTES:
            return self._read()
        self._kept = list(self._read())
        return self._kept

    def _read(self) -> Iterator[Row]:
        there: dict[str, Path] = {}
        is_several = len(self.tables) > 1
        for table, form in zip(self.tables, self._formats, strict=True):
            with _said_of(table, form):
                for row in map(self._with_split, form.rows(table, self.columns)):
                    # Of shards all rows are read, of tables of one benchmark those of a task from the first.
                    if form.is_own or not row.task or there.setdefault(row.task, table) == table:
                        yield replace(row, table=table.name) if is_several else row

    def _with_split(self, row: Row) -> Row:
        """A row without a split, of the one that its image's folder is called, beside one called `test`."""
        if not self._has_splits or row.split is not None or not row.images or "split" in row.columns:
            return row
        split = split_of(row.images[0].partition("/")[0])
        return row if split in (None, "test") else Row(row.line, split=split, unit=row.unit)

    @cached_property
    def _has_splits(self) -> bool:
        if not self.format.is_own or self.format.holds_images:
            return False
        folders = (each.name for each in self.root.iterdir() if each.is_dir())
        return any(split_of(name) == "test" for name in folders)

    def _table_of(self, row: Row) -> Path:
        """The table that a row is of."""
        return self.table / row.table if row.table else self.table

    def _at(self, row: Row) -> str:
        return f"{self._table_of(row)}, {row.unit} {row.line}"


def open_data(
    where: str | Path, observer: CountObserver | None = None, columns: Columns | None = None
) -> DataSource:
    """The samples in a folder, a table, or a dataset on the Hub (`wudq/VECBench`, a revision after `@`).

    What exists on this machine comes first. `columns` says what a table of one's own calls its columns.
    """
    path = Path(where).expanduser()
    if path.is_dir():
        layout = layout_of(path)
        return DataSource(layout.tables, layout.root, None, columns, layout.left_out)
    if path.is_file():
        return DataSource(path, root_of(path), None, columns)
    if path.exists():
        raise DataError(f"{where}: {NOT_PLAIN}", "It is read more than once: store it first.")
    named = parse_hub_name(str(where))
    if named is None or (path.parent != Path() and path.parent.is_dir()):
        raise DataError(
            f"there is no data folder or table {where}",
            "--data takes a folder with images and a table, a table, or a dataset's name on the Hub.",
        )
    dataset = open_hub_dataset(*named, observer)
    tables, left_out = dataset.tables()
    return DataSource(tables, dataset.folder, dataset, columns, left_out)


@contextmanager
def _said_of(table: Path, form: DataFormat) -> Iterator[None]:
    """What goes wrong meanwhile is said of the table."""
    try:
        yield
    except UnicodeDecodeError:
        raise not_utf8(table) from None
    except ValueError as fault:
        raise DataError(f"{table}: {fault}", f"{form.name}: {form.shape}") from None
    except OSError as fault:
        raise DataError(f"{table}: {fault.strerror or fault}") from None


def _sha256(table: Path) -> str:
    try:
        if table.is_dir():
            listed = "\n".join(image for row in CLASS_FOLDERS.rows(table, {}) for image in row.images)
            return bytes_sha256(os.fsencode(listed))
        return file_sha256(table)
    except OSError as fault:
        raise DataError(f"{table}: {fault.strerror or fault}") from None


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
        name = row.name or " + ".join(row.images) or f"line-{row.line}"
        seen[name] += 1
        yield replace(row, id=name if seen[name] == 1 else f"{name}#{seen[name]}")
