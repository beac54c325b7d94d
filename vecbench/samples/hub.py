"""Datasets on the Hugging Face Hub: only the table, and only the images that somebody needs.

Files lie under `$VECBENCH_CACHE/data/ORG__NAME/COMMIT`, by default in `~/.cache/vecbench`, and not in
the Hub's own cache: the images there are links out of the dataset's folder, which are refused.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from vecbench.certificates import require_certificates
from vecbench.errors import DataError, RunError, UsageError, VecbenchError, whole_message
from vecbench.samples.folder_tables import PREFERRED, PUBLISHED, SUFFIXES
from vecbench.samples.hub_listing import mirror_images, names_listed, tables_listed
from vecbench.samples.layouts import layout_of
from vecbench.samples.observer import CountObserver, Nobody
from vecbench.samples.shards import files_of_test

PREFIX = "hf:"
WORKERS = 8
"""Downloads at a time."""
PROBE = 16
"""If the dataset has none of the first so many images, it has none of the others either."""

_TABLES = tuple(
    str(place)
    for place in (*PUBLISHED, *(PurePosixPath(stem + end) for stem in PREFERRED for end in SUFFIXES))
)
"""Where in a dataset a table may lie, the likeliest first."""
_NAME = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*/[\w.-]+)(@(?P<revision>\S+))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_KEPT = "What was downloaded is kept: check the network, and run the same command to go on."


@dataclass(frozen=True, slots=True)
class HubDataset:
    """One commit of a dataset ORG/NAME, as far as it has been downloaded into a folder."""

    name: str
    commit: str
    folder: Path

    def __str__(self) -> str:
        return f"{PREFIX}{self.name}@{self.commit}"

    def tables(self) -> tuple[list[Path], list[str]]:
        """The dataset's tables of samples, downloaded, and the splits that were not.

        A table, shards, or the folder of the classes, in which an image is empty until it is fetched.
        """
        here = next((place for place in _TABLES if self._is_here(place)), None)
        with _quietly():
            # Where the files had to be listed once, no table was there.
            probed = () if self._list.is_file() else _TABLES
            found = here or next((place for place in probed if self._download(place)), None)
            if found is not None:
                return [self.folder / found], []
            names = self._listed()
            files, left_out = files_of_test(names)
            beside = list(names_listed(names, files)) if files else tables_listed(names)
            for file in (*files, *beside):
                if not self._is_here(file) and not self._download(file):
                    raise DataError(f"the dataset {self.name} lists {file}, and has it not")
        is_listed = self._list.is_file()
        if not files and not is_listed:
            mirror_images(names, self.folder)
        tables, left_out = ([self.folder / file for file in files], left_out) if files else self._layout()
        if not is_listed:
            self._list.parent.mkdir(parents=True, exist_ok=True)
            self._list.write_text("\n".join(names), "utf-8")
        return tables, left_out

    def _layout(self) -> tuple[list[Path], list[str]]:
        """What the folder means, in which the tables are and an empty file where each image will lie."""
        try:
            layout = layout_of(self.folder)
        except DataError as fault:
            raise DataError(
                f"the dataset {self.name} has no layout that vecbench knows: {fault.message}",
                "Download it, and give the folder or table that is meant: --data FOLDER/NAME.",
            ) from None
        return list(layout.tables), list(layout.left_out)

    def _listed(self) -> list[str]:
        """The dataset's files; without network those that it had when it was asked last."""
        from huggingface_hub import HfApi

        if self._list.is_file():
            return list(filter(_is_inside, self._list.read_text("utf-8").splitlines()))
        if _is_offline():
            raise _offline(f"the files of {self.name} were never listed")
        try:
            names = HfApi(token=_token()).list_repo_files(
                self.name, revision=self.commit, repo_type="dataset"
            )
        except _failures() as fault:
            raise _explained(fault, self.name) from fault
        return list(filter(_is_inside, names))

    @property
    def _list(self) -> Path:
        return self.folder / ".cache" / "files.txt"

    def tables_here(self) -> list[Path]:
        """The tables, if all of them were downloaded; none if not."""
        table = next((place for place in _TABLES if self._is_here(place)), None)
        if table is not None or not self._list.is_file():
            return [self.folder / table] if table is not None else []
        files, _ = files_of_test(self._listed())
        if files:
            return [self.folder / file for file in files] if all(map(self._is_here, files)) else []
        return self._layout()[0] if all(map(self._is_here, tables_listed(self._listed()))) else []

    def fetch(self, files: Sequence[Sequence[str]], observer: CountObserver | None = None) -> None:
        """Downloads what is missing of some files, each given by its possible places, the likeliest first."""
        observer = observer or Nobody()
        missing = self.missing(files)
        if not missing:
            return
        observer.started(len(missing))
        with _quietly():
            absent = self._fetched(missing[:PROBE], observer)
            if len(absent) == len(missing[:PROBE]) == len(files[:PROBE]):
                raise DataError(
                    f"the dataset {self.name} has no file {absent[0]}, nor any other of its first images",
                    "If it keeps them in archives: download and unpack it, and give the folder, --data DIR.",
                )
            absent += self._fetched(missing[PROBE:], observer)
        if absent:
            observer.warned(
                f"{len(absent)} of {len(files)} images are not in {self.name}, such as {absent[0]}"
            )
            self._absence.write_text("".join(f"{place}\n" for place in {*absent, *self._absent()}), "utf-8")

    def missing(self, files: Sequence[Sequence[str]]) -> list[list[str]]:
        """Of files, given as for `fetch`, those that it would download; DataError without network."""
        safe = [[place for place in places if _is_inside(place)] for places in files]
        missing = [places for places in safe if places and not any(map(self._is_here, places))]
        if missing and _is_offline():
            known = self._absent()
            missing = [places for places in missing if places[0] not in known]
            if missing:
                raise _offline(
                    f"{len(missing)} of {len(files)} images of {self.name} were never downloaded, "
                    f"such as {missing[0][0]}"
                )
        return missing

    def _fetched(self, files: Sequence[Sequence[str]], observer: CountObserver) -> list[str]:
        """Downloads; the first places of those that the dataset has not."""
        absent = []
        # Its threads are daemons and nobody waits for them: a stalled connection must not hold up Ctrl-C.
        with ThreadPool(WORKERS) as pool:
            for place, has_it in pool.imap_unordered(self._download_first, files):
                if not has_it:
                    absent.append(place)
                observer.advanced()
        return absent

    def _download_first(self, places: Sequence[str]) -> tuple[str, bool]:
        """The likeliest of some places, and whether the dataset has any of them."""
        return places[0], any(map(self._download, places))

    def _download(self, place: str) -> bool:
        """Whether the dataset has the file, which then is here."""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

        try:
            hf_hub_download(
                self.name,
                place,
                repo_type="dataset",
                revision=self.commit,
                local_dir=self.folder,
                token=_token(),
            )
        except LocalEntryNotFoundError as fault:  # says that the network failed
            if _is_offline():
                raise _offline(f"{place} of {self.name} was never downloaded") from fault
            raise _explained(fault.__cause__ or fault, self.name) from fault
        except EntryNotFoundError:
            return False
        except _failures() as fault:
            raise _explained(fault, self.name) from fault
        return True

    @property
    def _absence(self) -> Path:
        return self.folder / ".cache" / "absent.txt"

    def _absent(self) -> set[str]:
        """What the dataset was asked for and has not: without network it can't be asked again."""
        return set(self._absence.read_text("utf-8").splitlines()) if self._absence.is_file() else set()

    def _is_here(self, place: str) -> bool:
        """Whether the file was downloaded whole: the client writes its note when it has been moved here."""
        note = self.folder / ".cache" / "huggingface" / "download" / f"{place}.metadata"
        return (self.folder / place).is_file() and note.is_file()


def parse_hub_name(text: str) -> tuple[str, str | None] | None:
    """The name of a dataset and its revision, such as in `wudq/VECBench@main`; None if it is no name."""
    match = _NAME.fullmatch(text.removeprefix(PREFIX))
    return None if match is None else (match["name"], match["revision"])


def downloaded_dataset(named: str) -> HubDataset | None:
    """The dataset ORG/NAME@COMMIT as far as it is on this machine; None if it is not."""
    name, _, commit = named.partition("@")
    folder = _base(name) / commit
    return HubDataset(name, commit, folder) if _COMMIT.fullmatch(commit) and folder.is_dir() else None


def _base(name: str) -> Path:
    cache = Path(os.environ.get("VECBENCH_CACHE") or "~/.cache/vecbench").expanduser()
    return cache / "data" / name.replace("/", "__")


def open_hub_dataset(
    name: str, revision: str | None = None, observer: CountObserver | None = None
) -> HubDataset:
    """A dataset at the commit that a revision means now, or, without network, that it meant last."""
    base = _base(name)
    here = downloaded_dataset(f"{name}@{revision}")
    if here is not None:
        return here
    note = base / "revisions" / quote(revision or "default", safe="")
    try:
        commit = _commit(name, revision)
    except (DataError, RunError) as fault:
        known = note.read_text(encoding="utf-8").strip() if note.is_file() else ""
        if not _COMMIT.fullmatch(known):
            raise
        if isinstance(fault, RunError) and observer is not None:
            observer.warned(f"{fault.message}; using the copy of commit {known[:12]}")
        return HubDataset(name, known, base / known)
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(commit + "\n", encoding="utf-8")
    except OSError as fault:
        raise RunError(
            f"cannot write {note}: {(fault.strerror or str(fault)).lower()}",
            "Choose another folder for downloads: set VECBENCH_CACHE.",
        ) from fault
    return HubDataset(name, commit, base / commit)


def _commit(name: str, revision: str | None) -> str:
    from huggingface_hub import HfApi

    if _is_offline():
        raise _offline(f"there is no folder or file {name} here, and no downloaded dataset of that name")
    try:
        found = HfApi(token=_token()).dataset_info(name, revision=revision, expand=["sha"], timeout=30)
    except _failures() as fault:
        raise _explained(fault, name, revision) from fault
    if found.sha is None or not _COMMIT.fullmatch(found.sha):
        raise RunError(f"the Hub does not say which commit of {name} it has", "Check HF_ENDPOINT.")
    return found.sha


def _failures() -> tuple[type[BaseException], ...]:
    """Everything that the client raises when a request fails.

    Its HTTP library differs by version, and with it the base of the errors that no answer came at all.
    """
    from huggingface_hub import errors

    return (getattr(errors, "HTTPError", OSError), errors.HFValidationError, OSError)


def _explained(fault: BaseException, name: str, revision: str | None = None) -> VecbenchError:
    from huggingface_hub import constants, errors

    if isinstance(fault, errors.GatedRepoError):
        return UsageError(
            f"the dataset {name} is gated: its owner grants access one by one",
            f"Ask for access at {constants.ENDPOINT}/datasets/{name}, then set HF_TOKEN.",
        )
    if isinstance(fault, errors.RevisionNotFoundError):
        return UsageError(f"the dataset {name} has no revision {revision or 'main'}", "Check what follows @.")
    status = getattr(getattr(fault, "response", None), "status_code", None)
    if isinstance(fault, errors.RepositoryNotFoundError) or status in {401, 403}:
        return UsageError(
            f"there is no folder or file {name} here, and no public dataset of that name on the Hub",
            "Check the name; for a private dataset set HF_TOKEN.",
        )
    if isinstance(fault, errors.HFValidationError):
        return UsageError(f"{name} is no name of a dataset", "It should be ORG/NAME.")
    require_certificates()
    reason = whole_message(fault)
    if status is None and isinstance(fault, OSError) and fault.strerror and fault.filename:
        return RunError(
            f"cannot write {fault.filename}: {fault.strerror.lower()}",
            "Free some space, or choose another folder for downloads: set VECBENCH_CACHE.",
        )
    return RunError(f"cannot download the dataset {name} from {constants.ENDPOINT}: {reason}", _KEPT)


def _offline(problem: str) -> DataError:
    return DataError(
        f"HF_HUB_OFFLINE is set, and {problem}",
        "Run the command once with network, or give a folder: --data DIR.",
    )


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _token() -> str | bool:
    # Only what the environment says: a login that somebody left on the machine is not taken.
    return os.environ.get("HF_TOKEN") or False


def _is_inside(place: str) -> bool:
    path = PurePosixPath(place)
    return bool(place) and not path.is_absolute() and ".." not in path.parts and "\0" not in place


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the client's progress bar and its notes on every retry of every file."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    bars = [f"huggingface_hub.{kind}" for kind in ("http_get", "xet_get")]
    shown = [bar for bar in bars if not are_progress_bars_disabled(bar)]
    log = logging.getLogger("huggingface_hub")
    level = log.level
    for bar in shown:
        disable_progress_bars(bar)
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
        for bar in shown:
            enable_progress_bars(bar)
