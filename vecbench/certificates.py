"""The certificates that the environment names: of a missing one, clients say that some file is missing."""

from __future__ import annotations

import os

from vecbench.errors import UsageError


def require_certificates() -> None:
    """Refuses what no connection can be made with.

    Raises:
        UsageError: SSL_CERT_FILE or SSL_CERT_DIR is set, and nothing is there.
    """
    for name, kind, is_one in (
        ("SSL_CERT_FILE", "file", os.path.isfile),
        ("SSL_CERT_DIR", "directory", os.path.isdir),  # OpenSSL says nothing, and trusts nobody
    ):
        value = os.environ.get(name)
        if value and not any(map(is_one, value.split(os.pathsep))):
            raise UsageError(
                f"the environment variable {name} names a {kind} of certificates that is not there: {value}",
                "Correct it, or unset it.",
            )
