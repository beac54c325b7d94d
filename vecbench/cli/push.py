"""`vecbench push`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from vecbench.cli.options import IncludePath, given_path
from vecbench.console import counted, stderr, stdout

if TYPE_CHECKING:
    from vecbench.hub.folder import HubFolder
    from vecbench.hub.repository import Repository


def push(
    run: Annotated[Path, typer.Argument(metavar="RUN", parser=given_path, help="A run's directory.")],
    repository: Annotated[
        str, typer.Argument(metavar="ORG/NAME", help="A dataset of the Hugging Face Hub, there or not.")
    ],
    private: Annotated[bool, typer.Option("--private", help="Make it one that only you see.")] = False,
    responses: Annotated[
        bool, typer.Option("--responses/--no-responses", help="With the model's texts, or without them.")
    ] = True,
    licence: Annotated[
        str | None, typer.Option("--license", metavar="ID", help="What the card says, such as cc-by-4.0.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", metavar="BRANCH", help="A branch (default: main).")
    ] = None,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Send without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the files, and send nothing.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            parser=given_path,
            metavar="DIR",
            help="Keep the files there (default: nowhere; of --dry-run RUN/hub).",
        ),
    ] = None,
    include_path: IncludePath = None,
) -> None:
    """Send the predictions of a run to the Hugging Face Hub, as a dataset with a card.

    It shows what would be sent, and asks first. Neither images nor prompts are sent, nor what is known of
    this machine only.
    """
    from vecbench.cli.notices import report_missing
    from vecbench.hub.folder import run_source, write_folder
    from vecbench.hub.repository import open_repository, send
    from vecbench.store.kept_tasks import with_kept_tasks
    from vecbench.tasks import load_catalogue

    catalogue = with_kept_tasks(load_catalogue(include_path or []), [run])
    source = run_source(run, catalogue)
    there = None if dry_run else open_repository(repository, private=private, revision=revision)
    with TemporaryDirectory() as temporary:
        place = output or (run / "hub" if dry_run else Path(temporary) / "hub")
        folder = write_folder(source, place, repository, catalogue, texts=responses, licence=licence)
        report_missing(folder.source)
        _show(folder, there, repository, private=private, revision=revision)
        if there is None:
            stdout().print(f"Nothing was sent. The files: {place}", soft_wrap=True)
        else:
            _require_consent(yes=yes)
            address = send(folder, there, private=private, revision=revision)
            stdout().print(f"Sent: {address}", soft_wrap=True)
    if folder.source.is_incomplete:
        raise typer.Exit(4)


def _show(
    folder: HubFolder, there: Repository | None, name: str, *, private: bool, revision: str | None
) -> None:
    console = stdout()
    seen = "private" if (private if there is None or not there.exists else there.private) else "public"
    known = "" if there is None else ", which is there" if there.exists else ", new"
    branch = f", branch {revision}" if revision else ""
    console.print(f"dataset {name}{branch} ({seen}{known}):", soft_wrap=True)
    width = max(map(len, folder.sizes))
    for path, size in folder.sizes.items():
        console.print(f"  {path:{width}}  {size:>11,} bytes", soft_wrap=True)
    total = sum(folder.sizes.values())
    rows = counted(len(folder.complete.rows), "row")
    console.print(
        f"{rows}, {total:,} bytes. They hold the labels of the data: may you publish them?", soft_wrap=True
    )


def _require_consent(*, yes: bool) -> None:
    from vecbench.errors import UsageError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here. Nothing was sent", "Send without being asked: --yes.")
    if not typer.confirm("Send?"):
        stderr().print("Nothing was sent.")
        raise typer.Exit(0)
