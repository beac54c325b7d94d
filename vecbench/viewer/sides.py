"""A run that is shown: scored, and its responses read once more for those rows that are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vecbench.answers import AnswerKind
from vecbench.comparing.source_scores import with_sources
from vecbench.controls.report import ControlReport
from vecbench.interop.reading import ResponseSource, open_responses
from vecbench.interop.scored import scored_source
from vecbench.parsing import Prediction, Reading
from vecbench.parsing.form import ANY_FORM, Form
from vecbench.run.plan import SYSTEM_PROMPT
from vecbench.scoring import CompleteScores, Protocol
from vecbench.scoring.aggregate import is_excluded
from vecbench.scoring.sources import EVERY, sources_in
from vecbench.store import StoredResponse
from vecbench.tasks import Catalogue

Key = tuple[str, str, int]
"""Task, sample, repeat."""
Places = Sequence[tuple[int, int, str]]
"""Begin and end in a text, and of what."""

ORDER = (
    "wrong with a confidence, the surest first; wrong without one; not judged; right, the least sure first"
)
"""Which rows are shown where they are not all."""


@dataclass(frozen=True)
class ScoredRun:
    """A run, scored.

    Attributes:
        path: What was given.
        source: Its responses, which have been read; what was wrong with them.
        complete: Its scores.
        protocol: How it is read.
        catalogue: The tasks.
        has_places: Whether its readings say where they were read.
        controls: What its controls say of it.
    """

    path: Path
    source: ResponseSource
    complete: CompleteScores
    protocol: Protocol
    catalogue: Catalogue
    has_places: bool = False
    controls: Sequence[ControlReport] = ()

    @classmethod
    def scored(cls, path: Path, protocol: Protocol, catalogue: Catalogue, most: int) -> ScoredRun:
        """Scores what is stored at a path, by every source of confidence; `most` rows of it are shown."""
        source = open_responses(path, catalogue)
        reader = _Reader(protocol, most)
        complete = scored_source(source, replace(protocol, read=reader.read), catalogue)
        if not protocol.is_published and len(sources_in(complete.rows)) > 1:
            complete = with_sources(complete, [EVERY], catalogue)
        return cls(path, source, complete, protocol, catalogue, reader.n <= most)

    @property
    def name(self) -> str:
        """The model's; of other programs' files, theirs."""
        manifest = self.source.manifest
        return manifest.title if manifest else self.path.name

    @property
    def engine(self) -> str:
        """What generated the responses; empty if unknown."""
        manifest = self.source.manifest
        return manifest.engine.name if manifest and manifest.engine else ""

    @property
    def system_prompt(self) -> str:
        """What a system turn before every question said; empty without one."""
        manifest = self.source.manifest
        return str(manifest.answer_settings.get(SYSTEM_PROMPT) or "") if manifest else ""

    def kind_of(self, row: Prediction | StoredResponse) -> AnswerKind:
        return self.catalogue.answers_of(row.task, row.kind)

    def shown(self, most: int) -> list[Prediction]:
        """The rows that are shown, in the run's order: all, or so many that are the first of `ORDER`."""
        rows = self.complete.rows
        if len(rows) <= most:
            return list(rows)
        # Sorted as numbers: there may be millions of rows.
        places = np.argsort([self._rank(row) for row in rows], kind="stable")[:most]
        return [rows[place] for place in np.sort(places)]

    def _rank(self, row: Prediction) -> float:
        confidence = row.reading.confidence
        if self.why_dropped(row) is not None or not self.kind_of(row).judges:
            return 3.0
        if row.correct:
            return 4.0 + (1.0 if confidence is None else confidence)
        return 2.0 if confidence is None else 1.0 - confidence

    def view(self, row: Prediction, response: StoredResponse) -> Mapping[str, Any] | None:
        """What the page draws of an answer and its target; None where the target is a fault of the data."""
        kind = self.kind_of(row)
        try:
            target = kind.load(response.target)
        except ValueError:
            return None
        # What a published protocol reads may be a text, whatever the kind.
        draw = AnswerKind.view if self.protocol.is_published else type(kind).view
        return draw(kind, row.reading.answer, target, row.candidates)

    def why_dropped(self, row: Prediction) -> str | None:
        """Why a row counts in no score; None if it does."""
        if row.dropped is not None:
            return row.dropped
        return "the task leaves it out of its scores" if is_excluded(row, self.catalogue) else None

    def responses(self, keys: Collection[Key]) -> Iterator[StoredResponse]:
        """The responses to some samples; of several to one, the last counts, as in the scores."""
        for response in open_responses(self.path, self.catalogue).responses:
            if (response.task, response.sample_id, response.repeat) in keys:
                yield response

    def places(self, row: Prediction | None, response: StoredResponse) -> Places:
        """Where in a response its answer, its confidence and its reasoning stand."""
        if row is not None and self.has_places:
            return row.reading.places
        form = _with_places(self.catalogue.form_of(response.task, response.profile))
        kind = self.kind_of(response)
        text, reason = response.response, response.finish_reason
        return self.protocol.read(text, response.candidates, kind, reason, form).places


class _Reader:
    """Reads as a protocol does, and notes the places of the first responses: of millions they take room."""

    def __init__(self, protocol: Protocol, most: int) -> None:
        self._protocol, self._most = protocol, most
        self.n = 0

    def read(
        self,
        response: str | None,
        candidates: Sequence[str],
        kind: AnswerKind,
        finish_reason: str | None = None,
        form: Form = ANY_FORM,
    ) -> Reading:
        self.n += 1
        form = _with_places(form) if self.n <= self._most else form
        return self._protocol.read(response, candidates, kind, finish_reason, form)


@lru_cache(maxsize=1024)
def _with_places(form: Form) -> Form:
    return replace(form, places=True)


def key_of(row: Prediction | StoredResponse) -> Key:
    """What tells a row from all others of its run, and is the same in another run."""
    return row.task, row.sample_id, row.repeat
