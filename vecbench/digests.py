"""Hashes of texts: prompts, keys, lists of samples."""

from __future__ import annotations

import hashlib


def sha256_of(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal; lone surrogates are encoded as they are."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()
