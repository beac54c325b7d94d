"""A leaderboard's folder: entries, made of checked submissions and made again; files, made of its entries."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import vecbench
from vecbench.answers import known_metrics
from vecbench.digests import sha256_of
from vecbench.errors import DataError, UsageError, nearest
from vecbench.leaderboard.archive import packed
from vecbench.leaderboard.columns import counts_right, leading, published_metrics
from vecbench.leaderboard.control import EntryControl
from vecbench.leaderboard.definition import is_of
from vecbench.leaderboard.entry import Entry, read_entries
from vecbench.leaderboard.look_alikes import look_alike
from vecbench.leaderboard.outcomes import TaskOutcomes, TaskTargets
from vecbench.leaderboard.overview import overview, overview_csv, overview_markdown
from vecbench.leaderboard.page import html_page, overview_page
from vecbench.leaderboard.record import is_short_text, validated
from vecbench.leaderboard.standings import leaderboard
from vecbench.leaderboard.submission import PROTOCOL
from vecbench.leaderboard.tables import csv_text, latex_tables, markdown_page
from vecbench.leaderboard.value import DIGITS
from vecbench.leaderboard.verification import Verified, verify
from vecbench.parsing import Prediction
from vecbench.scoring import GroupScores, RowScores, Score
from vecbench.scoring.scores import HEADLINE
from vecbench.store import remove, write_text
from vecbench.store.files import write_bytes
from vecbench.tasks import Catalogue

MOST_VALUES = 30
"""Of a column by which an entry breaks scores down; one of more values is left out."""
SUBMISSIONS = "submissions"
"""The folder of a leaderboard where what its entries were made of is kept, under the entries' names."""


def verified_entry(verified: Verified, metrics: Collection[str] | None = None) -> Entry:
    """The entry of a submission that has passed; every number in it was recomputed.

    `metrics` are keys of those to look for; None for what a leaderboard or the tables of scores show.
    """
    if metrics is None:
        metrics = [each.key for each in published_metrics(task.answers for task in verified.tasks)]
    submission, manifest, scores = verified.submission, verified.manifest, verified.scores
    records = list(manifest.tasks.values())
    sampling = [record.sampling for record in records]
    values = {
        "benchmark": verified.benchmark.id,
        "kind": "verified",
        "model": {
            "name": submission.name,
            "link": submission.link,
            "id": manifest.model.name,
            "revision": manifest.model.revision,
        },
        "date": submission.date,
        "source": {"name": f"recomputed from {verified.responses} responses"},
        "protocol": PROTOCOL,
        "prompts": sorted({record.prompt for record in records}),
        "decoding": {
            "temperature": _shared([each.temperature for each in sampling]),
            "top_p": _shared([each.top_p for each in sampling]),
            "max_tokens": _shared([each.max_tokens for each in sampling]),
            "seed": _shared([record.seed for record in records]),
            "repeats": manifest.repeats,
            **{name: _shared([each.further.get(name) for each in sampling]) for name in sampling[0].further},
        },
        "checked": dict.fromkeys(("sample_ids", "images"), verified.coverage.data)
        | dict.fromkeys(("prompts", "keys"), verified.coverage.prompts),
        "errors": verified.errors,
        "tasks": {name: _rows(rows, metrics) for name, rows in scores.tasks.items()},
        "groups": {
            name: _group(scores.groups[name], metrics)
            for name in verified.benchmark.members
            if name in scores.groups
        },
        "overall": _group(scores.overall, metrics),
        "control": _control(verified),
        # Repeated answers are not independent samples, so nothing is compared sample by sample.
        "outcomes": _outcomes(verified) if manifest.repeats == 1 else {},
        "targets": {
            task.id: TaskTargets.of_rows(rows, task.answers)
            for task in verified.tasks
            if (rows := _judged_rows(verified).get(task.id))
        },
        "submission_sha256": submission.files["responses.jsonl"].sha256,
        "responses_sha256": verified.responses_sha256,
        "made_with": {
            "vecbench": vecbench.__version__,
            "metrics": {key: known_metrics()[key].version for key in metrics},
        },
        "notes": submission.notes,
    }
    return validated(Entry, values, "the entry")


def entry_name(entry: Entry) -> str:
    """A file name for an entry, without its ending: the model's, and what sets this submission apart."""
    slug = re.sub(r"[^a-z0-9]+", "-", entry.model.name.lower()).strip("-")[:60] or "model"
    key = sha256_of(entry.as_json())
    return f"{slug}-{(entry.submission_sha256 or key)[:8]}"


@dataclass(frozen=True, slots=True)
class Published:
    """An entry's file in a leaderboard, and the archive that it can be recomputed from, if that was kept.

    `replaced` are names of the entries whose place it takes, `namesakes` of others of a model of this name.
    """

    entry: Path
    submission: Path | None
    replaced: tuple[str, ...]
    namesakes: tuple[str, ...]


def publish(
    entry: Entry, folder: Path, files: Mapping[str, bytes] | None = None, *, instead_of: str | None = None
) -> Published:
    """Writes a verified entry into a leaderboard's folder, and beside it the submission that it was made of.

    That is packed anew, so that nothing else of a stranger's archive is kept; without `files`, nothing is.
    `instead_of` names an entry that this one replaces, with its submission.
    """
    name, others = entry_name(entry), read_entries(folder)
    if instead_of is not None and instead_of not in others:
        raise UsageError(f"{folder} has no entry {instead_of!r}", nearest(instead_of, others))
    if not is_of(folder, entry.benchmark):
        raise UsageError(f"{folder} is the leaderboard of another benchmark than {entry.benchmark}")
    for other, said in others.items():
        if said.benchmark != entry.benchmark:
            raise UsageError(f"{folder} is the leaderboard of {said.benchmark}, not of {entry.benchmark}")
        if other == instead_of or (other == name and said.model.name == entry.model.name):
            continue
        if said.responses_digests & entry.responses_digests:
            raise UsageError(
                f"{folder} has these responses already, as {said.model.name} ({other}.json)",
                f"To put this entry in its place: --replace {other}",
            )
        if said.model.name != entry.model.name and look_alike(said.model.name, entry.model.name):
            raise UsageError(
                f"{folder} has a model whose name looks the same and is not: {other}.json; "
                f"{said.model.name!a} there, {entry.model.name!a} here",
                "Ask for another --model-name.",
            )
    path, archive = folder / "entries" / f"{name}.json", folder / SUBMISSIONS / f"{name}.zip"
    if files is not None:
        write_bytes(archive, packed(files))
    write_text(path, entry.as_json())
    if instead_of not in {None, name}:
        remove([folder / "entries" / f"{instead_of}.json", folder / SUBMISSIONS / f"{instead_of}.zip"])
    replaced = tuple(other for other in others if other in {name, instead_of})
    alike = [other for other, said in others.items() if said.model.name == entry.model.name]
    namesakes = tuple(other for other in alike if other not in replaced)
    return Published(path, None if files is None else archive, replaced, namesakes)


def _control(verified: Verified) -> EntryControl | None:
    control = verified.control
    if control is None:
        return None
    every = verified.scores.groups
    groups = {name: every[name].tasks for name in verified.benchmark.members if name in every}
    return EntryControl.of(control.report, groups, keys=control.has_known_keys)


def _shared(values: list[Any]) -> Any:
    return values[0] if values and all(value == values[0] for value in values) else None


def _group(group: GroupScores, metrics: Collection[str]) -> dict[str, Any]:
    return {"pooled": _rows(group.pooled, metrics), "macro": _values(group.macro, metrics)}


def _rows(rows: RowScores, metrics: Collection[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"n": rows.n, "correct": _correct(rows), "unread": rows.unread or None}
    is_own = rows.headline is not None and rows.headline not in rows.metrics.values()
    if is_own and rows.headline is not None and rows.headline.value is not None:
        said["headline"] = _values({HEADLINE: rows.headline}, [HEADLINE])[HEADLINE]
    of_subsets = [each.key for each in leading(rows.scored_by)] if rows.subsets else []
    subsets = {
        column: {
            value: _values(each.metrics, of_subsets) for value, each in values.items() if is_short_text(value)
        }
        for column, values in rows.subsets.items()
        if len(values) <= MOST_VALUES
    }
    return said | {"metrics": _values(rows.metrics, metrics), "subsets": subsets}


def _correct(rows: RowScores) -> int | None:
    """The right rows; None where answers are neither right nor wrong, or of several kinds."""
    shares = (rows.metrics[each.key].value for each in rows.scored_by if counts_right(each))
    share = next(shares, None)
    return None if share is None else round(share * rows.n)


def _values(scores: Mapping[str, Score], metrics: Collection[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key in metrics:
        score = scores.get(key)
        if score is None or score.value is None:
            continue
        values[key] = {"value": round(score.value, DIGITS)}
        if score.low is None or score.high is None or not score.low <= score.value <= score.high:
            continue  # around another value than this one: resampling may move a metric of few rows
        values[key] |= {"low": round(score.low, DIGITS), "high": round(score.high, DIGITS)}
    return values


def _judged_rows(verified: Verified) -> dict[str, list[Prediction]]:
    """Those of the tasks whose answers are right or wrong."""
    judged = [name for name, rows in verified.scores.tasks.items() if _correct(rows) is not None]
    return {name: [row for row in verified.predictions if row.task == name] for name in judged}


def _outcomes(verified: Verified) -> dict[str, TaskOutcomes]:
    rows = _judged_rows(verified)
    return {
        name: TaskOutcomes.of_rows(each, {other: rows[other] for other in rows if other != name})
        for name, each in rows.items()
    }


def build(folder: Path, output: Path, catalogue: Catalogue) -> list[Path]:
    """Writes a leaderboard's README.md, CSV, LaTeX and page; the same entries give the same bytes."""
    entries = read_entries(folder)
    if not entries:
        raise DataError(f"{folder} has no entries", "They lie in its folder entries, one JSON file each.")
    board = leaderboard(entries, catalogue)
    texts = {
        "README.md": markdown_page(board),
        "leaderboard.csv": csv_text(board),
        "leaderboard.tex": latex_tables(board),
        "index.html": html_page(board),
    }
    for name, text in texts.items():
        write_text(output / name, text)
    return [output / name for name in texts]


OVERVIEW = ("README.md", "overview.csv", "index.html")
MADE_BY = "Made by `vecbench leaderboard build`"
"""What a README.md says that may be written over."""


def build_overview(folder: Path, boards: Sequence[Path], catalogue: Catalogue) -> list[Path]:
    """Writes the page across leaderboards beside their folders; nothing over somebody's own README.md."""
    readme = folder / OVERVIEW[0]
    if readme.exists() and MADE_BY not in readme.read_text(encoding="utf-8", errors="replace"):
        raise UsageError(
            f"{readme} is somebody's own: the page across the leaderboards is not written over it",
            "Rename it, or build the leaderboards one by one.",
        )
    found = overview({board.name: read_entries(board) for board in boards}, catalogue)
    texts = (overview_markdown(found), overview_csv(found), overview_page(found))
    for name, text in zip(OVERVIEW, texts, strict=True):
        write_text(folder / name, text)
    return [folder / name for name in OVERVIEW]


How = Literal["all", "without data", "more than said", "not kept"]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What came of recomputing an entry.

    Attributes:
        how: All that it says was checked again; all but what takes the data, which is not at hand; more than
            it says, since the data is; nothing, since no submission was kept.
        other_versions: Keys of metrics that it has of another version: they were not compared.
        intervals: Whether those were compared; they are not where another version of vecbench made them.
    """

    how: How
    other_versions: tuple[str, ...] = ()
    intervals: bool = True


def reverify(folder: Path, catalogue: Catalogue, data: str | None = None) -> dict[str, Recomputed]:
    """Recomputes every verified entry of a leaderboard from the submission that was kept of it, by name.

    Metrics that it was not made with are not looked at. Without `data`, which is as `verify` takes it, an
    entry that was checked against the data keeps saying so.
    """
    found: dict[str, Recomputed] = {}
    for name, entry in read_entries(folder).items():
        if entry.kind != "verified":
            continue
        path = folder / SUBMISSIONS / f"{name}.zip"
        if not os.path.lexists(path):
            found[name] = Recomputed("not kept")
            continue
        versions = {key: number for key, number in entry.metric_versions.items() if key in known_metrics()}
        others = tuple(key for key, number in versions.items() if known_metrics()[key].version != number)
        again = verified_entry(verify(path, catalogue, data), versions.keys())
        is_of_this = entry.made_with is not None and entry.made_with.vecbench == vecbench.__version__
        first, second = (_comparable(each, others, intervals=is_of_this) for each in (entry, again))
        if not (is_of_this or entry.targets):
            del first["targets"]
        if differing := ", ".join(key for key in first if first[key] != second[key]):
            raise DataError(
                f"{folder}: the entry {name} is not what its submission gives: {differing} differs",
                f"To write it anew: vecbench leaderboard check {path} --write {folder}",
            )
        before, now = (_unchecked(each) for each in (entry, again))
        if now - before:
            how: How = "without data"
        else:
            how = "more than said" if before - now else "all"
        found[name] = Recomputed(how, others, is_of_this)
    return found


def _unchecked(entry: Entry) -> set[str]:
    """What of an entry was not checked, in words."""
    missing = {*entry.checked.missing} if entry.checked else set()
    return missing | {"keys of the control"} if entry.control and not entry.control.keys else missing


def unread_files(folder: Path) -> list[Path]:
    """What lies in a leaderboard's `entries` and is no entry, or in its `submissions` and is of none.

    Files whose names begin with a dot are left out: systems and editors make them.
    """
    entries = {path.stem for path in (folder / "entries").glob("*.json")}
    others = [path for path in (folder / "entries").glob("*") if path.suffix != ".json"]
    kept = (folder / SUBMISSIONS).glob("*")
    others += [path for path in kept if path.suffix != ".zip" or path.stem not in entries]
    return sorted(path for path in others if not path.name.startswith("."))


def _comparable(entry: Entry, without: Collection[str], *, intervals: bool) -> dict[str, Any]:
    """What an entry says, but for some metrics and what depends on the data or on who made it."""
    said = entry.model_dump(by_alias=True, exclude={"checked", "made_with"})
    groups = [said["overall"], *said["groups"].values()]
    rows = [*said["tasks"].values(), *(group["pooled"] for group in groups)]
    columns = [values for each in rows for values in each.get("subsets", {}).values()]
    for metrics in (
        *(each["metrics"] for each in rows),
        *({HEADLINE: each["headline"]} for each in rows if each["headline"]),
        *(metrics for values in columns for metrics in values.values()),
        *(group["macro"] for group in groups),
    ):
        for key in without:
            metrics.pop(key, None)
        for value in metrics.values() if not intervals else ():
            value["low"] = value["high"] = None
    if said["control"]:
        del said["control"]["keys"]
        for effect in (said["control"]["overall"], *said["control"]["groups"].values()):
            for key in ("accuracy", "confidence_fall", "auroc") if not intervals else ():
                if effect[key]:
                    effect[key]["low"] = effect[key]["high"] = None
            if not intervals:
                del effect["verdict"]  # which is made of them
    return said
