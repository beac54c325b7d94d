"""The prompts of stored responses, rendered again: stored is no more than their hashes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from vecbench.digests import sha256_of
from vecbench.samples import Sample
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue
from vecbench.tasks.prompts import prompt_of


class RenderedPrompts:
    """Every prompt that the tasks' profiles give; those that data brought itself are not among them.

    Args:
        catalogue: Brings the tasks.

    Attributes:
        missing: Responses so far that have the hash of a prompt, and it is none of these.
        unknown: Responses so far that say nothing of their prompt.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.missing = 0
        self.unknown = 0
        self._catalogue = catalogue
        # Bounded: a stranger's rows may each have their candidates in another order.
        self._rendered = lru_cache(maxsize=1000)(self._render)

    def prompt(self, response: StoredResponse) -> str | None:
        """The prompt that was asked, if one of the task's profiles gives it: the hash decides."""
        found = self._rendered(response.task, response.candidates).get(response.prompt_sha256)
        if found is None and response.prompt_sha256:
            self.missing += 1
        elif found is None:
            self.unknown += 1
        return found

    def note(self, asked: int) -> list[str]:
        """What to say of the missing ones; nothing if there are none.

        Args:
            asked: How many prompts there should be.
        """
        reasons = {
            "stored is their hash, and no prompt profile of the task gives it": self.missing,
            "the responses say nothing of them": self.unknown,
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
