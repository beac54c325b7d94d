"""vLLM itself, on whatever processor there is. Nothing here is skipped: without vLLM it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nothing_skipped import require_nothing_skipped
from vllm_runs import Run


@pytest.fixture
def vecbench_run() -> Iterator[type[Run]]:
    """Starts runs and ends what is left of them."""
    started: list[Run] = []

    class Tracked(Run):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[arg-type]
            started.append(self)

    yield Tracked
    for run in started:
        run.kill()


@pytest.fixture(scope="session")
def tiny_qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tiny_qwen import save_tiny_qwen

    folder = tmp_path_factory.mktemp("model") / "tiny-qwen2.5-vl"
    save_tiny_qwen(folder)
    return folder


def pytest_sessionfinish(session: pytest.Session) -> None:
    require_nothing_skipped(session, "vllm")
