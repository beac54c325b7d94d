"""vLLM itself, on whatever processor there is. Nothing here is skipped: without vLLM it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
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
    """A skipped test here would let a build pass that never ran vLLM.

    Where these tests are not selected, skipping others is no fault.
    """
    if not any(item.get_closest_marker("vllm") for item in session.items):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
