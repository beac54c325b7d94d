"""The batch script of docs/cluster.md, with stand-ins for what it starts."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

PAGE = (Path(__file__).parent.parent / "docs" / "cluster.md").read_text()
SCRIPT = re.search(r"```bash\n(#!/bin/bash.*?)```", PAGE, flags=re.DOTALL)[1]
STAND_INS = {
    "vllm": "echo $$ > server; exec sleep 600",
    "curl": "[ -e server ]",
    "sleep": 'exec /bin/sleep "$@"',
    "vecbench": "trap 'echo stopped; kill $!; exit 4' TERM; sleep 600 & echo > running; wait; exit 0",
}
PATIENCE = 60


def started(folder, **stand_ins):
    for name, program in (STAND_INS | stand_ins).items():
        path = folder / name
        path.write_text(f"#!/bin/bash\n{program}\n")
        path.chmod(0o755)
    search = f"{folder}:{os.environ['PATH']}"
    return subprocess.Popen(
        ["bash", "-c", SCRIPT],
        cwd=folder,
        env=os.environ | {"PATH": search},
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(path):
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_signal_to_the_batch_shell_reaches_the_run_and_its_status_is_the_jobs(tmp_path):
    job = started(tmp_path)
    wait_for(tmp_path / "running")
    job.send_signal(signal.SIGTERM)
    said, _ = job.communicate(timeout=PATIENCE)
    assert "stopped" in said
    assert job.returncode == 4
    assert not is_alive(int((tmp_path / "server").read_text()))


def test_a_server_that_does_not_start_ends_the_job(tmp_path):
    job = started(tmp_path, vllm="exit 1", curl="exit 7", sleep="exec /bin/sleep 0.1")
    job.communicate(timeout=PATIENCE)
    assert job.returncode == 3


def test_a_finished_run_ends_the_job_well(tmp_path):
    job = started(tmp_path, vecbench="exit 0")
    job.communicate(timeout=PATIENCE)
    assert job.returncode == 0
