"""Runs and servers of the real vLLM, as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import stops_still

os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")

SETTINGS = "dtype=float32,enforce_eager=true,max_model_len=512"
PATIENCE = 240
MARK = "VECBENCH_TEST_RUN"


class Run:
    """`vecbench run` in a process group of its own; finds whatever descends from it.

    With `still_after` it stops still once it has stored so many responses.
    """

    def __init__(
        self,
        model: Path,
        output: Path,
        *arguments: str,
        engine: str = "vllm",
        still_after: int | None = None,
        **settings: str,
    ) -> None:
        self.output = output
        self.mark = uuid.uuid4().hex
        self.known: list[psutil.Process] = []
        self.log = output.parent / f"{self.mark}.log"
        # A shell starts background jobs deaf to Ctrl-C, and these tests may be in one.
        command = ["env", "--default-signal=INT"]
        if still_after is None:
            command += [sys.executable, "-m", "vecbench"]
        else:
            command += stops_still.command(still_after)
        command += ["run", "-m", str(model), "-t", "demo"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--engine", engine, "-o", str(output), *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | {MARK: self.mark} | settings,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def lines(self) -> int:
        path = self.output / "responses.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def wait_for_lines(self, count: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.lines() < count:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.01)
        self.known = psutil.Process(self.process.pid).children(recursive=True)

    def wait_for_engine(self) -> None:
        """Until vLLM has started an engine process, which takes seconds more to be ready."""
        deadline = time.monotonic() + PATIENCE
        while not any("VLLM::Engine" in each for each in self.family()):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)
            self.known = psutil.Process(self.process.pid).children(recursive=True)

    def wait_until_still(self) -> None:
        stops_still.wait_until_still(self.process.pid, PATIENCE)
        self.known = psutil.Process(self.process.pid).children(recursive=True)

    def ended(self) -> int:
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.kill()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def family(self) -> list[str]:
        """What runs with this run's mark in its environment: itself and every process it started."""
        # A process that gives itself a title may overwrite its environment: those are known by descent.
        found = []
        for process in self.known:
            with suppress(psutil.Error):
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(f"{process.pid} {' '.join(process.cmdline())}")
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):
                    if f"{MARK}={self.mark}".encode() in (folder / "environ").read_bytes():
                        name = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                        state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
                        if state != "Z":
                            found.append(f"{folder.name} {name}")
        return found

    def wait_until_nobody_is_left(self) -> None:
        deadline = time.monotonic() + 30
        while left := self.family():
            assert time.monotonic() < deadline, f"left behind: {left}"
            time.sleep(0.1)


@contextmanager
def serving(model: Path, log: Path, port: int) -> Iterator[str]:
    """`vllm serve` on loopback, ready to answer."""
    from urllib.error import URLError
    from urllib.request import urlopen

    # What `vllm serve` runs; that command looks for a distribution called vllm, and vllm-cpu is none.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)]
    command += ["--served-model-name", "nano"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager"]
    command += ["--max-model-len", "512", "--generation-config", "vllm"]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"VLLM_NO_USAGE_STATS": "1"},
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            with suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
