"""The folder of a report: what may be in it, and what is left of it when something goes wrong."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from vecbench.errors import UsageError
from vecbench.plain_file import plain_bytes
from vecbench.store.files import cannot_write, write_text
from vecbench.viewer.site import GENERATOR

_PARTS = {"thumbnails": (".webp", ".json"), "responses": (".txt",)}
"""Folders beside the page → the endings of what a report has in them."""
_HEAD = 4000
"""Bytes of a page in which it says what it is."""


class ReportFolder:
    """Where a report is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.page = path / "index.html"
        self._kept: set[str] = set()

    @contextmanager
    def written(self) -> Iterator[Self]:
        """Until the block ends a report is written; one that fails leaves nothing but an earlier one.

        Raises:
            UsageError: It is a file, or holds something that is no report's.
        """
        try:
            self.require_own()
            made = [each for each in (self.path, *self.path.parents) if not each.exists()]
            is_new = not self.page.exists()
        except OSError as fault:
            raise cannot_write(self.path, fault) from fault
        try:
            yield self
        except BaseException:
            if is_new:
                for part in _PARTS:
                    shutil.rmtree(self.path / part, ignore_errors=True)
                with suppress(OSError):
                    for each in made:
                        each.rmdir()
            raise
        self.keep_only("responses", self._kept)

    def keep(self, name: str, text: str) -> str:
        """Writes a text that the page links to; its address."""
        write_text(self.path / "responses" / name, text)
        self._kept.add(name)
        return f"responses/{name}"

    def keep_only(self, part: str, names: Collection[str]) -> None:
        """Removes from a folder beside the page what an earlier report had there, but for some files."""
        folder = self.path / part
        with suppress(OSError):
            for each in folder.iterdir():
                if each.name not in names:
                    each.unlink()
            folder.rmdir()  # if nothing is left

    def require_own(self) -> None:
        """Refuses a file, and a folder that holds something that is no report's, with a UsageError."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise UsageError(f"{self.path} is a file", "--output takes a folder.")
        strange = next(self._strange(), None)
        if strange is not None:
            raise UsageError(
                f"{self.path} holds what is no report's: {strange.relative_to(self.path)}",
                "Name an empty folder, or that of an earlier report: --output DIR.",
            )

    def _strange(self) -> Iterator[Path]:
        """What is there and no report's; drafts of a process that was killed are."""
        for each in self.path.iterdir():
            if each == self.page:
                head = plain_bytes(each).decode("utf-8", "replace")[:_HEAD] if each.is_file() else ""
                if GENERATOR not in head:
                    yield each
            elif each.name in _PARTS and each.is_dir():
                endings = (*_PARTS[each.name], ".draft")
                yield from (file for file in each.iterdir() if not file.name.endswith(endings))
            elif not each.name.endswith(".draft"):
                yield each
