"""Hashes of texts (prompts, keys, lists of samples), of files, and of several images together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from vecbench.plain_file import open_plain


def sha256_of(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal; lone surrogates are encoded as they are."""
    return bytes_sha256(text.encode("utf-8", errors="surrogatepass"))


def bytes_sha256(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal; raises what `open_plain` does."""
    found = hashlib.sha256()
    with open_plain(path) as stream:
        while part := stream.read(2**20):
            found.update(part)
    return found.hexdigest()


def joined_sha256(hashes: Sequence[str | None]) -> str | None:
    """One hash for a list of them, in their order: that of one is itself; None if one is unknown, or none."""
    known = [each for each in hashes if each is not None]
    if not known or len(known) < len(hashes):
        return None
    return known[0] if len(known) == 1 else sha256_of("".join(known))
