"""What an export goes through as often as it needs: the responses, on disk meanwhile, and their prompts."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from vecbench.digests import sha256_of
from vecbench.samples import Sample
from vecbench.store import StoredResponse
from vecbench.store.files import cannot_write
from vecbench.tasks import Catalogue
from vecbench.tasks.prompts import prompt_of

MOST_SHARED = 10_000
"""So many lists of candidates are kept, to be the same in memory for all responses with them."""


class ResponseSpool:
    """Responses in a file in a folder, about as large as they are; it is gone when the spool is closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: dict[tuple[str, str, int], tuple[int, bool]] = {}
        """Task, sample, repeat, in the order of their first responses → place of the last, if it failed."""
        self._end = 0
        self._shared: dict[Any, Any] = {}
        self._made = [each for each in (folder, *folder.parents) if not each.exists()]
        with self._written():
            folder.mkdir(parents=True, exist_ok=True)
            self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close

    def storing(self, responses: Iterable[StoredResponse]) -> Iterator[StoredResponse]:
        """The same responses, which are stored while they are gone through."""
        for response in responses:
            with self._written():
                self._file.seek(self._end)
                pickle.dump(response, self._file, pickle.HIGHEST_PROTOCOL)
            asked = response.task, response.sample_id, response.repeat
            self._last[asked] = self._end, response.response is None
            self._end = self._file.tell()
            yield response

    def __iter__(self) -> Iterator[StoredResponse]:
        """All responses in the order in which they were stored."""
        place = 0
        while place < self._end:
            response = self._at(place)
            place = self._file.tell()
            yield response

    def failed(self) -> Iterator[StoredResponse]:
        """The responses without a text that are the last to their sample and repeat."""
        return (self._at(place) for place, failed in self._last.values() if failed)

    def tasks(self) -> list[str]:
        """The tasks, in the order of their first responses."""
        return list(dict.fromkeys(task for task, _, _ in self._last))

    def samples(self, task: str) -> Iterator[list[StoredResponse]]:
        """The last response of each repeat, for every sample of a task in the order of their first ones."""
        samples: dict[str, list[int]] = {}
        for (name, sample, _), (place, _) in self._last.items():
            if name == task:
                samples.setdefault(sample, []).append(place)
        return ([self._at(place) for place in places] for places in samples.values())

    def close(self) -> None:
        """Removes what was stored, and the folder if nothing else was written there."""
        self._file.close()
        with suppress(OSError):
            for folder in self._made:
                folder.rmdir()

    def _at(self, place: int) -> StoredResponse:
        with self._written():
            self._file.seek(place)
            response: StoredResponse = pickle.load(self._file)
        # Whoever keeps something of every response keeps the list once, as when it was first read.
        shared = response.candidates
        if len(self._shared) < MOST_SHARED:
            shared = self._shared.setdefault(shared, shared)
        object.__setattr__(response, "candidates", self._shared.get(shared, shared))
        return response

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            raise cannot_write(self._folder, fault) from fault


class RenderedPrompts:
    """The prompts of stored responses, rendered again: stored is no more than their hashes.

    Those that data brought itself are not among them.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._missing = self._unknown = 0
        self._catalogue = catalogue
        # Bounded: a stranger's rows may each have their candidates in another order.
        self._rendered = lru_cache(maxsize=1000)(self._render)

    def prompt(self, response: StoredResponse) -> str | None:
        """The prompt that was asked, if one of the task's profiles gives it: the hash decides."""
        found = self._rendered(response.task, response.candidates).get(response.prompt_sha256)
        self._missing += found is None and bool(response.prompt_sha256)
        self._unknown += found is None and not response.prompt_sha256
        return found

    def note(self, asked: int) -> list[str]:
        """What to say of those that are not there; nothing if there are none."""
        reasons = {
            "stored is their hash, and no prompt profile of the task gives it": self._missing,
            "the responses say nothing of them": self._unknown,
        }
        return [f"{n:,} of {asked:,} prompts are not there: {why}" for why, n in reasons.items() if n]

    def _render(self, name: str, candidates: tuple[str, ...]) -> Mapping[str, str]:
        """SHA-256 → prompt, for every profile of a task."""
        task = self._catalogue.tasks.get(name)
        if task is None:
            return {}
        sample = Sample(task.id, "", ("",), "", candidates, None, Path())
        rendered = (prompt_of(task, profile, sample) for profile in task.prompts)
        return {sha256_of(text): text for text, fault in rendered if fault is None}
