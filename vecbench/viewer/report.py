"""Writes the report of a run: everything beside the page first, and the page last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import vecbench
from vecbench.controls.report import control_reports
from vecbench.errors import UsageError
from vecbench.interop.asked import Asked
from vecbench.parsing import Prediction
from vecbench.scoring import protocol_named
from vecbench.store.files import replacing
from vecbench.store.kept_tasks import with_kept_tasks
from vecbench.store.manifest import now
from vecbench.tasks import load_catalogue
from vecbench.viewer.facts import facts
from vecbench.viewer.folder import ReportFolder
from vecbench.viewer.overview import overview
from vecbench.viewer.rows import columns, columns_of_run
from vecbench.viewer.said import Said, said
from vecbench.viewer.sides import ORDER, Key, ScoredRun, key_of
from vecbench.viewer.site import in_script, page
from vecbench.viewer.thumbnails import Thumbnail, Thumbnails, Where, lacking

FORMAT = "vecbench.report/1"
CHUNK = 200
"""Rows whose texts are one block of the page, which reads those that somebody looks at."""
MOST_SHOWN = 100_000
"""Rows that a report has unless more are asked for: a browser opens so many."""
MOST_BYTES = 25_000_000
"""Of a report that is a single file."""


@dataclass(frozen=True)
class Written:
    """A report that was written.

    Attributes:
        path: Of its page.
        shown: How many rows it has.
        rows: How many the run has.
        notices: What it says of the run and of itself, one sentence each.
        lacking: Those of these that are of what is not in it.
    """

    path: Path
    shown: int
    rows: int
    notices: tuple[str, ...]
    lacking: tuple[str, ...]


@dataclass
class _Sample:
    """What is known of a row whichever run answers: its images, and what each run was asked."""

    images: Sequence[Where] = ()
    hashes: Sequence[str | None] = ()
    prompts: dict[int, str | None] = field(default_factory=dict)
    views: dict[int, Mapping[str, Any] | None] = field(default_factory=dict)


def write_report(
    sides: Sequence[ScoredRun],
    folder: Path,
    *,
    data: Path | None = None,
    most: int = MOST_SHOWN,
    images: bool = True,
    single_file: bool = False,
) -> Written:
    """Writes a report of one run, or of two side by side.

    Args:
        sides: The run, and the one that it is held against.
        folder: Where the page goes, which may hold an earlier report.
        data: Where the data is now; None for where the run had it.
        most: Rows that are shown at most.
        images: Whether images are.
        single_file: Whether all is in one file.

    Raises:
        UsageError: The folder holds something else, or the single file is too large.
        RunError: The disk is full, or something cannot be written.
    """
    with ReportFolder(folder).written() as into:
        return _Report(sides, into, data, most, images=images, single_file=single_file).write()


def report_of(
    run: Path,
    against: Path | None = None,
    output: Path | None = None,
    *,
    data: Path | None = None,
    most: int = MOST_SHOWN,
    images: bool = True,
    single_file: bool = False,
    protocol: str = "strict",
    controls: Sequence[Path] = (),
    include_path: Sequence[Path] = (),
) -> Written:
    """Reads and scores a run, and one that it is held against, and writes the report; see `write_report`.

    Args:
        run: A run's directory, or responses that another program stored.
        against: Another such.
        output: The folder; None for `report` where the scores of the run go.
        data: As for `write_report`.
        most: Likewise.
        images: Likewise.
        single_file: Likewise.
        protocol: How responses are read and scored.
        controls: Of the run, not of what it is held against.
        include_path: Folders with task files.
    """
    way = protocol_named(protocol)
    paths = [run, *([] if against is None else [against])]
    catalogue = with_kept_tasks(load_catalogue(include_path), paths)
    if output is not None:
        ReportFolder(output).require_own()  # before it takes time
    reports = control_reports(run, controls, way.name, catalogue) if controls else ()
    sides = [ScoredRun.scored(path, way, catalogue, most) for path in paths]
    sides[0] = replace(sides[0], controls=reports)
    folder = output or sides[0].source.default_output / "report"
    return write_report(sides, folder, data=data, most=most, images=images, single_file=single_file)


class _Report:
    def __init__(
        self,
        sides: Sequence[ScoredRun],
        folder: ReportFolder,
        data: Path | None,
        most: int,
        *,
        images: bool,
        single_file: bool,
    ) -> None:
        self._sides, self._folder, self._single = sides, folder, single_file
        self._rows = sides[0].shown(most)
        self._keys = [key_of(row) for row in self._rows]
        self._samples: dict[Key, _Sample] = {key: _Sample() for key in self._keys}
        wanted: dict[str, set[str]] = {}
        for task, sample, _ in self._keys:
            wanted.setdefault(task, set()).add(sample)
        self._asked = Asked(sides[0].catalogue, sides[0].source.manifest, data, wanted)
        self._by_key = [self._rows_of(side) for side in sides]
        self._said = [self._heard(number) for number in range(len(sides))]
        self._thumbnails = Thumbnails(folder.path, inline=single_file) if images else None
        named = (where for sample in self._samples.values() for where in sample.images)
        self._made = self._thumbnails.made(named) if self._thumbnails else {}
        self._tasks = list(dict.fromkeys(row.task for side in sides for row in side.complete.rows))
        asked = Counter(text for sample in self._samples.values() for text in sample.prompts.values() if text)
        self._shared = {text: place for place, text in enumerate(each for each, n in asked.items() if n > 1)}
        self._lacking = tuple(self._all_lacking())
        self._notices = (*self._notes(), *self._lacking)

    def write(self) -> Written:
        path = self._folder.page
        pieces = page(self._title(), self._images(), self._blocks())
        written = 0
        with replacing(path) as draft, draft.open("wb") as stream:
            for piece in pieces:
                written += stream.write(piece.encode(errors="replace"))
                if self._single and written > MOST_BYTES:
                    raise UsageError(
                        f"the report would be larger than {MOST_BYTES / 1e6:.0f} MB in a single file",
                        "Show fewer: --max-samples N, or --no-images; or leave --single-file out.",
                    )
        self._folder.keep_only("thumbnails", self._thumbnails.finish() if self._thumbnails else ())
        return Written(path, len(self._rows), len(self._sides[0].complete.rows), self._notices, self._lacking)

    def _rows_of(self, side: ScoredRun) -> dict[Key, Prediction]:
        rows = self._rows if side is self._sides[0] else side.complete.rows
        return {key: row for row in rows if (key := key_of(row)) in self._samples}

    def _heard(self, number: int) -> dict[Key, Said]:
        """What the responses of a run say; what is known of their samples is noted on the way."""
        side, rows = self._sides[number], self._by_key[number]
        found: dict[Key, Said] = {}
        for response in side.responses(self._samples.keys()):
            key = key_of(response)
            row, sample = rows.get(key), self._samples[key]
            found[key] = said(response, side.places(row, response), self._keep)
            sample.prompts[number] = self._asked.prompt(response)
            sample.views[number] = None if row is None else side.view(row, response)
            if number == 0:
                sample.images = self._asked.images(response)
                sample.hashes = response.images_sha256 or (response.image_sha256,)
        return found

    def _keep(self, name: str, text: str) -> str | None:
        return None if self._single else self._folder.keep(name, text)

    def _title(self) -> str:
        first = self._sides[0]
        names = first.complete.scores.names
        groups = [names.get(name, name) for name in first.complete.scores.groups]
        tasks = groups or [names.get(name, name) for name in first.complete.scores.tasks]
        of_what = ", ".join(tasks[:3]) + (f" and {len(tasks) - 3} more" if len(tasks) > 3 else "")
        return f"{' and '.join(self._names())} on {of_what}" if tasks else first.name

    def _names(self) -> list[str]:
        """Of the runs, told apart."""
        names = [side.name for side in self._sides]
        if len(set(names)) == len(names):
            return names
        return [f"{side.name} ({side.path.name})" for side in self._sides]

    def _images(self) -> str:
        if self._thumbnails is None:
            return "'none'"
        return "data:" if self._single else "'self' file: data:"

    def _notes(self) -> Iterator[str]:
        """What must be known to read the scores, of each run."""
        for name, side in zip(self._names(), self._sides, strict=True):
            of_which = f"{name}: " if len(self._sides) > 1 else ""
            yield from (f"{of_which}{note}" for note in side.complete.scores.notes)
            if side.source.faults:
                effects = ", ".join(f"{n:,} {effect}" for effect, n in side.source.effects().items())
                yield f"{of_which}Faults in what was read: {effects}, such as {side.source.faults[0]}."

    def _all_lacking(self) -> Iterator[str]:
        first = self._sides[0]
        n, shown = len(first.complete.rows), len(self._rows)
        if shown < n:
            yield f"{shown:,} of {n:,} rows are shown ({ORDER}); the scores are of all."
        yield from self._asked.notices()
        if self._made:
            yield from lacking((name, made) for (_, name, _), made in self._made.items())
        changed = sum(
            _is_changed(sample, [self._made[each] for each in sample.images])
            for sample in (self._samples.values() if self._made else ())
        )
        if changed:
            yield f"{changed:,} rows show other images than the run saw: the files have changed since."
        if len(self._sides) > 1:
            yield from self._unmatched()

    def _unmatched(self) -> Iterator[str]:
        there, second = self._by_key[1], self._sides[1]
        first_name, second_name = self._names()
        lacking_rows = sum(key not in there for key in self._keys)
        if lacking_rows:
            yield f"{second_name} has no response to {lacking_rows:,} of the {len(self._keys):,} rows."
        if len(self._rows) == len(self._sides[0].complete.rows):
            further = len(second.complete.rows) - len(there)
            if further:
                yield f"{further:,} rows of {second_name} are not shown: {first_name} has none such."

    def _blocks(self) -> Iterator[tuple[str, str]]:
        yield "report", in_script(self._report())
        addresses = [self._first_thumbnail(key) for key in self._keys]
        block = columns(self._rows, self._tasks, addresses)
        block["runs"] = [
            columns_of_run(side, self._keys, rows, said)
            for side, rows, said in zip(self._sides, self._by_key, self._said, strict=True)
        ]
        yield "rows", in_script(block)
        for number in range(0, len(self._keys), CHUNK):
            yield (
                f"texts-{number // CHUNK}",
                in_script([self._texts(key) for key in self._keys[number : number + CHUNK]]),
            )

    def _report(self) -> dict[str, Any]:
        first = self._sides[0]
        scores = first.complete.scores
        groups = {task: name for name, group in scores.groups.items() for task in group.tasks}
        kinds = {row.task: row.kind for side in self._sides for row in side.complete.rows}
        known = first.catalogue.tasks
        return {
            "format": FORMAT,
            "title": self._title(),
            "version": vecbench.__version__,
            "made": now(),
            "notices": self._notices,
            "n_rows": len(first.complete.rows),
            "n_shown": len(self._rows),
            "order": ORDER,
            "thumbnails": "none" if self._thumbnails is None else "inline" if self._single else "folder",
            "chunk": CHUNK,
            "prompts": list(self._shared),
            "runs": [
                {
                    "name": name,
                    "model": side.name,
                    "engine": side.engine,
                    "settings": facts(side),
                    "overview": overview(side, self._tasks),
                }
                for name, side in zip(self._names(), self._sides, strict=True)
            ],
            "tasks": [
                {
                    "id": name,
                    "name": scores.names.get(name, name),
                    "group": groups.get(name),
                    "kind": kinds[name],
                    "labels": list(known[name].labels) or None if name in known else None,
                }
                for name in self._tasks
            ],
            "groups": {name: scores.names.get(name, name) for name in scores.groups},
        }

    def _first_thumbnail(self, key: Key) -> str | None:
        images = self._samples[key].images
        return self._made[images[0]].address if images and self._made else None

    def _texts(self, key: Key) -> dict[str, Any]:
        sample = self._samples[key]
        made = [self._made.get(each) for each in sample.images]
        changed = _is_changed(sample, made)
        texts: dict[str, Any] = {
            "images": [
                _image(name, each, changed=changed)
                for (_, name, _), each in zip(sample.images, made, strict=True)
            ],
            "prompt": self._text(sample.prompts.get(0)),
            "runs": [self._run_text(number, key) for number in range(len(self._sides))],
        }
        system = self._sides[0].system_prompt
        return texts | ({"system": system} if system else {})

    def _run_text(self, number: int, key: Key) -> dict[str, Any] | None:
        said, row = self._said[number].get(key), self._by_key[number].get(key)
        if said is None or row is None:
            return None
        sample = self._samples[key]
        text = {**said.text, "view": sample.views.get(number)}
        if number and sample.prompts.get(number) != sample.prompts.get(0):
            text["prompt"] = self._text(sample.prompts.get(number))
        dropped = self._sides[number].why_dropped(row)
        return text | ({"dropped": dropped} if dropped else {})

    def _text(self, text: str | None) -> str | int | None:
        """A text, or its place among those that several rows have."""
        return self._shared.get(text, text) if text else None


def _image(name: str, made: Thumbnail | None, *, changed: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"name": name, "thumb": None if made is None else made.address}
    if made is not None and made.missing:
        return said | {"missing": made.missing}
    if made is not None:
        said |= {"width": made.width, "height": made.height}
    return said | ({"changed": True} if changed else {})


def _is_changed(sample: _Sample, made: Sequence[Thumbnail | None]) -> bool:
    """Whether its images are others than those that the run saw, as far as hashes tell."""
    pairs = zip(sample.hashes, made, strict=False)
    return any(then and now is not None and now.sha256 and then != now.sha256 for then, now in pairs)
