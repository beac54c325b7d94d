"""The files of a run as a dataset of the Hub, in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from vecbench.engines.secrets import Mask
from vecbench.errors import UsageError
from vecbench.hub.card import CARD, Config, card_text
from vecbench.hub.predictions import by_task, write_predictions
from vecbench.interop.reading import ResponseSource, open_responses
from vecbench.interop.scored import scored_source
from vecbench.interop.spool import ResponseSpool
from vecbench.leaderboard.submission import published_manifest
from vecbench.scoring import STRICT, CompleteScores
from vecbench.store import remove, write_text
from vecbench.tasks import Catalogue

SCORES = "scores.json"
MANIFEST = "run.json"
DATA = "data"
OURS = frozenset({CARD, SCORES, MANIFEST})
"""What tells that a repository or a folder is one that vecbench made."""


@dataclass(frozen=True)
class HubFolder:
    """What is to be sent.

    Attributes:
        path: Of the folder.
        sizes: Path inside it → bytes of the file, in the order in which it is shown.
        source: The run's responses, read to the end: what is lacking is known.
        complete: Their scores.
    """

    path: Path
    sizes: Mapping[str, int]
    source: ResponseSource
    complete: CompleteScores


def is_ours(name: str) -> bool:
    """Whether a path inside a repository is that of a file that vecbench writes."""
    return name in OURS or (name.startswith(f"{DATA}/") and name.endswith(".parquet"))


def run_source(run: Path, catalogue: Catalogue) -> ResponseSource:
    """The responses of a run; UsageError where there is none."""
    source = open_responses(run, catalogue)
    if source.manifest is None:
        raise UsageError(f"{run} holds no run", "Name the directory of a run.")
    return source


def write_folder(
    source: ResponseSource,
    folder: Path,
    repository: str,
    catalogue: Catalogue,
    *,
    texts: bool = True,
    licence: str | None = None,
) -> HubFolder:
    """Writes card, scores, manifest and the predictions of a run, scored anew; nothing is sent.

    Args:
        source: The run's responses.
        folder: New, empty, or with what an earlier call wrote there, which is replaced.
        repository: ORG/NAME, which the card says how to load.
        catalogue: The tasks.
        texts: Whether the predictions have the model's responses.
        licence: The card's; None to leave it out.

    Raises:
        UsageError: pyarrow is missing, or the folder holds something else.
    """
    manifest = source.manifest
    assert manifest is not None
    _require_own(folder)
    mask = Mask.of_environment()
    folder.mkdir(parents=True, exist_ok=True)
    remove(path for path in sorted(folder.rglob("*")) if path.is_file())
    with closing(ResponseSpool(folder)) as spool:
        complete = scored_source(
            replace(source, responses=spool.storing(source.responses)), STRICT, catalogue
        )
        configs = []
        for task, rows in by_task(complete.rows):
            path = folder / DATA / f"{task}.parquet"
            last = (each for repeats in spool.samples(task) for each in repeats)
            features = write_predictions(path, last, rows, texts=texts, mask=mask)
            configs.append(Config(task, f"{DATA}/{path.name}", len(rows), path.stat().st_size, features))
    published = published_manifest(manifest, catalogue.tasks)
    write_text(folder / SCORES, mask(complete.scores.as_json()))
    write_text(folder / MANIFEST, mask(published.model_dump_json(indent=1, by_alias=True)) + "\n")
    card = card_text(complete, manifest, configs, repository, catalogue, texts=texts, licence=licence)
    write_text(folder / CARD, mask(card))
    names = [CARD, SCORES, MANIFEST, *(each.path for each in configs)]
    return HubFolder(folder, {name: (folder / name).stat().st_size for name in names}, source, complete)


def _require_own(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", "--output takes a directory.")
    there = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    strange = next((name for name in sorted(there) if not is_ours(name)), None)
    if there and (strange or not set(there) >= OURS):
        raise UsageError(
            f"{folder} holds something else, such as {strange or sorted(there)[0]}",
            "Choose another --output.",
        )
