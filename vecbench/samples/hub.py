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
from vecbench.errors import DataError, RunError, UsageError, VecbenchError
from vecbench.samples.observer import CountObserver, Nobody
from vecbench.samples.recognition import PREFERRED, PUBLISHED, SUFFIXES

PREFIX = "hf:"
WORKERS = 8
"""Downloads at a time."""
PROBE = 16
"""If the dataset has none of the first so many images, it has none of the others either."""

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

    def table(self) -> Path:
        """The dataset's table of samples, downloaded."""
        own = [PurePosixPath(stem + suffix) for stem in PREFERRED for suffix in SUFFIXES]
        places = [str(place) for place in (*PUBLISHED, *own)]
        here = next((place for place in places if self._is_here(place)), None)
        with _quietly():
            found = here or next((place for place in places if self._download(place)), None)
        if found is None:
            raise DataError(
                f"the dataset {self.name} has no table that vecbench knows; looked for {places[0]}, "
                f"{places[1]}, {own[0]} and others",
                "Download it, and give the table: --data FOLDER/FILE.",
            )
        return self.folder / found

    def fetch(self, files: Sequence[Sequence[str]], observer: CountObserver | None = None) -> None:
        """Downloads what is missing of some files, each given by its possible places, the likeliest first."""
        observer = observer or Nobody()
        safe = [[place for place in places if _is_inside(place)] for places in files]
        missing = [places for places in safe if places and not any(map(self._is_here, places))]
        if missing and _is_offline():
            known = self._absent()
            missing = [places for places in missing if places[0] not in known]
        if not missing:
            return
        if _is_offline():
            raise _offline(
                f"{len(missing)} of {len(files)} images of {self.name} were never downloaded, "
                f"such as {missing[0][0]}"
            )
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


def open_hub_dataset(
    name: str, revision: str | None = None, observer: CountObserver | None = None
) -> HubDataset:
    """A dataset at the commit that a revision means now, or, without network, that it meant last."""
    cache = Path(os.environ.get("VECBENCH_CACHE") or "~/.cache/vecbench").expanduser()
    base = cache / "data" / name.replace("/", "__")
    if revision is not None and _COMMIT.fullmatch(revision) and (base / revision).is_dir():
        return HubDataset(name, revision, base / revision)
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
    reason = str(fault).strip().partition("\n")[0] or type(fault).__name__
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
