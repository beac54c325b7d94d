"""What was asked: the samples behind responses, as far as their data is at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from vecbench.digests import sha256_of
from vecbench.errors import DataError, VecbenchError
from vecbench.interop.spool import RenderedPrompts
from vecbench.samples import Sample
from vecbench.samples.boxes import Box
from vecbench.samples.folder_tables import SUFFIXES
from vecbench.samples.hub import PREFIX, downloaded_dataset
from vecbench.samples.source import DataSource, open_data
from vecbench.store import Manifest, StoredResponse
from vecbench.tasks import Catalogue
from vecbench.tasks.prompts import prompt_of


class Asked:
    """Prompts and images of responses.

    Args:
        catalogue: The tasks.
        manifest: Of the run; None of other programs' responses.
        data: Where the data is now; None for where the run had it.
        wanted: Task → ids of the samples that are shown.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        manifest: Manifest | None,
        data: Path | None,
        wanted: Mapping[str, Collection[str]],
    ) -> None:
        self._catalogue, self._manifest, self._data = catalogue, manifest, data
        self._prompts = RenderedPrompts(catalogue)
        self._opened = cache(partial(_opened, columns=manifest.columns if manifest else None))
        self._samples: dict[tuple[str, str], Sample] = {}
        self._lacking: dict[str, str] = {}
        """Task → why its data is not here."""
        for name, ids in wanted.items():
            try:
                source = self._source(name)
                samples = source.samples(catalogue.tasks[name]) if source and name in catalogue.tasks else ()
                self._samples |= {(name, each.id): each for each in samples if each.id in ids}
            except VecbenchError as fault:
                self._lacking[name] = fault.message

    def _source(self, name: str) -> DataSource | None:
        """The data of a task; None where it may be no more than a folder of images.

        Raises:
            VecbenchError: It is not here, or is none.
        """
        record = self._manifest.tasks.get(name) if self._manifest else None
        named = self._data or (record and record.data)
        if not named:
            return None
        for place in (named, *self._others(name)):
            with suppress(VecbenchError):
                source = self._opened(place)
                if record is None or source.sha256() == record.data_sha256:
                    return source
        if self._manifest is None and self._data is not None and self._data.is_dir():
            return None
        return self._opened(named)  # changed since, or a part: its rows tell which samples are the same

    def _others(self, name: str) -> Iterator[Path]:
        """Further places where a task's data may be: a run notes the folder alone, and the table's hash."""
        task, record = self._catalogue.tasks.get(name), self._manifest and self._manifest.tasks.get(name)
        if task is not None and task.data is not None and task.data.exists():
            yield task.data
        folder = self._data or Path(record.data if record else "")
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if path.suffix in (*SUFFIXES, ".json"))

    def prompt(self, response: StoredResponse) -> str | None:
        """What was asked, if that can be made again: where its hash is stored, it decides."""
        task, sample = self._catalogue.tasks.get(response.task), self._sample(response)
        profile = response.profile or ""
        if task is not None and sample is not None and profile in task.prompts:
            text, _ = prompt_of(task, profile, sample)
            if sha256_of(text) == response.prompt_sha256:
                return text
        return response.prompt or self._prompts.prompt(response)

    def prompt_notes(self, asked: int) -> list[str]:
        """What to say of the prompts that cannot be made again; nothing if there are none."""
        return self._prompts.note(asked)

    def images(self, response: StoredResponse) -> list[tuple[Path | None, str, Box | None]]:
        """Of each image the folder that its path starts from (None if unknown), the path, and its box."""
        sample = self._sample(response)
        if sample is not None:
            return [(sample.root, image, sample.box) for image in sample.images]
        named = response.images or ((response.image,) if response.image else ())
        folder = self._data if self._data is None or self._data.is_dir() else self._data.parent
        return [(folder, image, None) for image in named]

    def _sample(self, response: StoredResponse) -> Sample | None:
        return self._samples.get((response.task, response.sample_id))

    def notices(self) -> Iterator[str]:
        """A sentence on the data that is not here."""
        for why, n in Counter(self._lacking.values()).items():
            named = [name for name, each in self._lacking.items() if each == why]
            tasks = ", ".join(named[:3]) + (f" and {n - 3} more tasks" if n > 3 else "")
            yield f"The data of {tasks} is not here ({why}): its images and prompts need --data DIR."


def _opened(place: str | Path, columns: Mapping[str, str] | None) -> DataSource:
    """Data on this machine: what is not here is not downloaded."""
    if not str(place).startswith(PREFIX):
        if not Path(place).exists():
            raise DataError(f"there is no {place}")
        return open_data(place, columns=columns)
    dataset = downloaded_dataset(str(place).removeprefix(PREFIX))
    tables = dataset.tables_here() if dataset else []
    if dataset is None or not tables:
        raise DataError(f"{place} is not downloaded")
    return DataSource(tables, dataset.folder, dataset, columns)
