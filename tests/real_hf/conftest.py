"""The common families of models on transformers. Nothing here is skipped: without its packages it fails."""

from __future__ import annotations

import pytest
from nothing_skipped import require_nothing_skipped


def pytest_sessionfinish(session: pytest.Session) -> None:
    require_nothing_skipped(session, "hf")
