"""`vecbench leaderboard new|add|check|build|path`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecbench.cli.garbage import all_objects_stay
from vecbench.cli.options import IncludePath
from vecbench.console import stdout, warn

if TYPE_CHECKING:
    from vecbench.leaderboard.publication import Recomputed
    from vecbench.leaderboard.verification import Verified

leaderboard = typer.Typer(
    name="leaderboard",
    no_args_is_help=True,
    help="Submit results, check submissions, build leaderboards.",
    rich_markup_mode="rich",
)


@leaderboard.command("new")
def new_leaderboard(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Its folder, which is to be made, and by whose name the benchmark goes."
        ),
    ],
    tasks: Annotated[
        str,
        typer.Option("--tasks", help="Tasks and groups that its entries are of, with commas between them."),
    ],
    title: Annotated[
        str | None, typer.Option("--title", help="What the leaderboard is called (default: as its folder).")
    ] = None,
    include_path: IncludePath = None,
) -> None:
    """Begin a leaderboard of tasks of one's own: their files in its folder, which is all that it takes.

    Columns and ranks follow from what answers to the tasks are. Nothing is written over.
    """
    from vecbench.leaderboard.definition import new_definition, said
    from vecbench.tasks import load_catalogue

    definition = new_definition(directory, tasks, title, load_catalogue(include_path or []))
    definition.write(directory)
    for line in said(definition, directory):
        stdout().print(line, soft_wrap=True)


@leaderboard.command("add")
def add_submission(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The directory of a finished run.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file to write (default: NAME.zip)."),
    ] = None,
    benchmark: Annotated[
        str | None, typer.Option("--benchmark", help="Which one, if the run has the tasks of several.")
    ] = None,
    model_name: Annotated[
        str | None, typer.Option("--model-name", help="What the leaderboard is to call the model.")
    ] = None,
    link: Annotated[str | None, typer.Option("--link", help="Where more about it can be read.")] = None,
    date: Annotated[
        str | None, typer.Option("--date", help="YYYY-MM-DD (default: the day on which the run ended).")
    ] = None,
    note: Annotated[list[str] | None, typer.Option("--note", help="To be read beside the entry.")] = None,
    control: Annotated[
        Path | None,
        typer.Option(
            "--control",
            metavar="RUN2",
            help="The run of the same without the images: vecbench run --control blank, grey or shuffled.",
        ),
    ] = None,
    include_path: IncludePath = None,
) -> None:
    """Make a submission of a run: one file with manifest, responses, scores and their hashes.

    With --control it has a second run in it, and the board says whether confidence falls without the image.
    """
    import re

    from vecbench.errors import UsageError
    from vecbench.leaderboard.archive import packed
    from vecbench.leaderboard.submission import submission_files
    from vecbench.leaderboard.verification import verify_files
    from vecbench.store import RunDirectory
    from vecbench.store.files import replacing
    from vecbench.store.kept_tasks import with_kept_tasks
    from vecbench.tasks import load_catalogue

    if output is not None and output.is_dir():
        raise UsageError(f"--output {output} is a folder", f"Name a file, such as {output / 'NAME.zip'}")
    catalogue = with_kept_tasks(load_catalogue(include_path or []), [run])
    files = submission_files(
        RunDirectory(run),
        catalogue,
        benchmark=benchmark,
        name=model_name,
        link=link,
        date=date,
        notes=note or [],
        control=None if control is None else RunDirectory(control),
    )
    name = re.sub(r"[^A-Za-z0-9.]+", "-", model_name or run.resolve().name).strip("-.") or "submission"
    path = output or Path(f"{name}.zip")
    verified = verify_files(files, path, catalogue)
    _require_past(verified.submission.date, run)
    _warn_of_unread(verified)
    content = packed(files)
    with replacing(path) as draft:
        draft.write_bytes(content)
    stdout().print(
        f"{path}: {len(content) / 1000:.0f} kB. Send it, or check it as a keeper would:", soft_wrap=True
    )
    again = ["vecbench", "leaderboard", "check", str(path)]
    for folder in include_path or []:
        again += ["--include-path", str(folder)]
    stdout().print(f"  {shlex.join(again)}", soft_wrap=True)


def _warn_of_unread(verified: Verified) -> None:
    from vecbench.scoring import ReadingHealth

    unread = ReadingHealth.of(verified.predictions, {}).too_much(verified.scores.names)
    if unread:
        warn(unread, "Its entry is marked. vecbench score RUN says why, and what to do about it.")


@leaderboard.command("check")
def check_submission(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A submission, or a folder with its files.")],
    data: Annotated[
        str | None,
        typer.Option("--data", help="The benchmark's data, to check sample ids, targets and images against."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="DIR", help="Write the verified entry into this leaderboard folder."),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep/--no-keep",
            help="Keep the submission in DIR/submissions, so that anyone can check it again.",
        ),
    ] = True,
    replace: Annotated[
        str | None,
        typer.Option("--replace", metavar="ENTRY", help="The entry of DIR whose place the new one takes."),
    ] = None,
    include_path: IncludePath = None,
) -> None:
    """Recompute everything that a submission claims; refuse it, with status 2, if anything differs."""
    from vecbench.errors import UsageError
    from vecbench.leaderboard.definition import defined_in
    from vecbench.leaderboard.publication import publish, verified_entry
    from vecbench.leaderboard.verification import verify
    from vecbench.tasks import load_catalogue

    _require_folder(write, "--write")
    if replace is not None and write is None:
        raise UsageError(
            "--replace needs --write", "It names an entry of the leaderboard that is written to."
        )
    catalogue = load_catalogue([*defined_in([write]), *(include_path or [])])
    verified = verify(file, catalogue, data)
    _require_past(verified.submission.date, file)
    _warn_of_unread(verified)
    entry = verified_entry(verified)
    console = stdout()
    if write is None:
        for line in _said(verified):
            console.print(line, soft_wrap=True)
        return
    # An entry may be named by its file as well.
    old = None if replace is None else Path(replace).name.removesuffix(".json")
    # Before anything is said to be accepted: the board may have reasons of its own to refuse it.
    published = publish(entry, write, verified.files if keep else None, instead_of=old)
    for line in _said(verified):
        console.print(line, soft_wrap=True)
    console.print(f"Entry: {published.entry}", soft_wrap=True)
    if published.submission is not None:
        size = published.submission.stat().st_size / 1000
        console.print(f"Kept:  {published.submission} ({size:.0f} kB)", soft_wrap=True)
    if published.replaced:
        console.print(f"Replaced: {', '.join(published.replaced)}", soft_wrap=True)
    if published.namesakes:
        console.print(
            f"Beside it: {', '.join(published.namesakes)}, of the same name. To take the place of one: "
            "--replace ENTRY",
            soft_wrap=True,
        )
    console.print(f"Next: vecbench leaderboard build {write}", soft_wrap=True)
    if entry.badge == "scores only":
        warn(
            f'{entry.model.name} is written as "scores only": sample ids, targets and images were not '
            "checked against the data and may be made up.",
            f"Once the data is at hand: vecbench leaderboard check {file} --data DATA --write {write}",
        )


@leaderboard.command("build")
@all_objects_stay()
def build_leaderboard(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A leaderboard's folder (default: each one in leaderboards/)."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to write (default: into the folder).")
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Recompute every verified entry from its kept submission first."),
    ] = False,
    data: Annotated[
        str | None, typer.Option("--data", help="The benchmark's data, for --verify as for check.")
    ] = None,
    include_path: IncludePath = None,
) -> None:
    """Build README.md, leaderboard.csv, leaderboard.tex and index.html from a leaderboard's entries.

    Of a folder of leaderboards, each one, and README.md, overview.csv and index.html beside them: which model
    has what on which benchmark.

    With --verify, the status is 4 where an entry could not be recomputed: no submission of it was kept.
    """
    from vecbench.errors import UsageError
    from vecbench.escaping import printable
    from vecbench.leaderboard.definition import defined_in
    from vecbench.leaderboard.publication import build, build_overview, reverify, unread_files
    from vecbench.tasks import load_catalogue

    _require_folder(output, "--output")
    if data is not None and not verify:
        raise UsageError("--data is for --verify", "Building alone needs no data.")
    incomplete = False
    root = directory or Path("leaderboards")
    folders = _leaderboards(root, output)
    catalogue = load_catalogue([*defined_in(folders), *(include_path or [])])
    for folder in folders:
        for path in unread_files(folder):
            warn(f"{printable(str(path))} is no entry, nor the submission of one: it is not read")
        if verify:
            found = reverify(folder, catalogue, data)
            for line in verified_again(folder, found):
                stdout().print(line, soft_wrap=True)
            missing = [name for name, each in found.items() if each.how == "not kept"]
            incomplete = incomplete or bool(missing)
            for name in missing:
                warn(f"{folder}: {name} was not recomputed: it has no submission")
        for path in build(folder, output or folder, catalogue):
            stdout().print(str(path), soft_wrap=True)
    if output is None and folders != [root]:
        for path in build_overview(root, folders, catalogue):
            stdout().print(str(path), soft_wrap=True)
    if incomplete:
        raise typer.Exit(4)


@leaderboard.command("path")
def leaderboards_path() -> None:
    """Print the folder with the shipped leaderboards."""
    from vecbench.shipped import leaderboards_folder

    typer.echo(leaderboards_folder())


def _leaderboards(directory: Path, output: Path | None) -> list[Path]:
    from vecbench.errors import UsageError
    from vecbench.leaderboard.definition import defined_in

    if (directory / "entries").is_dir():
        return [directory]
    found = sorted(path.parent for path in directory.glob("*/entries"))
    if not found and defined_in([directory]):
        raise UsageError(
            f"{directory} has no entries yet",
            f"A submission becomes one: vecbench leaderboard check FILE --data DATA --write {directory}",
        )
    if not found:
        raise UsageError(f"{directory} is no leaderboard", "It needs a folder entries with JSON files.")
    if output is not None and len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise UsageError(
            f"{directory} holds several leaderboards: {names}", "Name one, or leave --output out."
        )
    return found


def verified_again(folder: Path, entries: Mapping[str, Recomputed]) -> Iterator[str]:
    """What came of recomputing the entries of a leaderboard."""
    kept = {name: each for name, each in entries.items() if each.how != "not kept"}
    yield f"{folder}: {len(kept)} of {len(entries)} verified entries recomputed, none differs"
    for name, each in kept.items():
        if each.how == "without data":
            yield f"  {name}: samples and images not checked again: give --data"
        elif each.how == "more than said":
            yield f"  {name}: samples and images are the data's, which its entry does not say: check --write"
        if not each.intervals:
            yield f"  {name}: intervals not compared, since another version made them; anew: check --write"
        if each.other_versions:
            yield (
                f"  {name}: not compared, since this version computes them otherwise: "
                f"{', '.join(each.other_versions)}; anew: check --write"
            )


def _require_past(date: str, path: Path) -> None:
    """Refuses a day that has not come anywhere on earth. Building asks no clock."""
    from datetime import UTC, datetime, timedelta

    from vecbench.errors import DataError

    tomorrow = datetime.now(UTC) + timedelta(days=1)
    if date > f"{tomorrow:%Y-%m-%d}":
        raise DataError(f"{path}: its date, {date}, has not come yet, by this machine's clock")


def _require_folder(path: Path | None, option: str) -> None:
    """Refuses what is there and no folder, before anything is done."""
    from vecbench.errors import UsageError

    if path is not None and path.exists() and not path.is_dir():
        raise UsageError(f"{option} {path} is a file, not a folder")


def _said(verified: Verified) -> list[str]:
    n, coverage = verified.responses, verified.coverage
    lines = [f"{verified.submission.name}: accepted for {verified.benchmark.display}"]
    claimed, numbers = verified.claimed
    lines.append(
        f"  scores   claims {claimed} of {numbers} numbers, all recomputed from {n} responses "
        f"({verified.errors} failed): none differs"
    )
    if verified.other_versions:
        others = ", ".join(verified.other_versions)
        lines.append(f"           but for {others}, which this version computes otherwise: made anew")
    if coverage.data:
        lines.append("  samples  ids, targets, candidates and image hashes are those of the data")
        if coverage.by_image:
            lines.append(
                f"           but for {coverage.by_image} ids: those samples were told by their images"
            )
    else:
        lines.append("  samples  counts and candidates are the tasks'; ids, targets and images could not be")
        lines.append("           checked without the data: give --data")
    if coverage.prompts:
        lines.append("  prompts  every prompt and key is that of task, settings and model")
    else:
        lines.append("  prompts  the data's own prompts were used, which cannot be checked without --data")
    if verified.control is not None:
        lines.append(f"  control  {verified.control.report.sentence}")
        if not verified.control.has_known_keys:
            lines.append(
                "           its keys could not be checked: that takes the data, in its author's format"
            )
    return lines
