"""A run that is killed or stopped, at any moment, goes on where it was."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from stops_still import command, wait_until_still

from vecbench.shipped import demo_model

SAMPLES = 324
PATIENCE = 120
# What a test does to a run has to find it still at work, on a machine that stalls too.
REPEATS = 20
ENDLESSLY = ["--gen-kwargs", "temperature=0.7", "--repeats", str(REPEATS)]

STARTED = []


def hear_interrupts():
    """A shell starts background jobs deaf to Ctrl-C, and these tests may be in one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(output, *arguments, still_after=None, **options):
    options = {"preexec_fn": hear_interrupts} | options
    program = [sys.executable, "-m", "vecbench"] if still_after is None else command(still_after)
    arguments = ["-m", str(demo_model()), "-t", "demo", "-o", str(output), "-a", "batch_size=4", *arguments]
    STARTED.append(
        subprocess.Popen(
            [*program, "run", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
    )
    return STARTED[-1]


@pytest.fixture(autouse=True)
def nothing_goes_on():
    """A test that fails would leave a run behind, and the next ones would fail beside it."""
    yield
    while STARTED:
        with STARTED.pop() as process:
            process.kill()


def lines(output):
    path = output / "responses.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for_lines(process, output, count):
    deadline = time.monotonic() + PATIENCE
    while lines(output) < count and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def all_scores(output):
    scores = json.loads((output / "scores.json").read_text())
    del scores["run"]
    return scores


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    output = tmp_path_factory.mktemp("uninterrupted") / "run"
    process = start(output)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return output


def test_a_run_killed_five_times_ends_as_an_uninterrupted_one(tmp_path, uninterrupted):
    killed = tmp_path / "killed"
    stored = 0
    for _ in range(5):
        more = random.randint(1, SAMPLES // 6)
        process = start(killed, still_after=more)
        wait_until_still(process.pid, PATIENCE)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        stored += more
        assert lines(killed) == stored
    process = start(killed)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    rows = [json.loads(line) for line in (killed / "responses.jsonl").read_text().splitlines()]
    assert len(rows) == SAMPLES
    assert set(Counter((row["task"], row["sample_id"], row["repeat"]) for row in rows).values()) == {1}
    assert all_scores(killed) == all_scores(uninterrupted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_ends_cleanly_and_says_how_to_go_on(tmp_path, number):
    output = tmp_path / "run"
    process = start(output, *ENDLESSLY)
    wait_for_lines(process, output, 5)
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 4
    assert f"of {REPEATS * SAMPLES} responses stored in {output}" in said
    assert (
        f"To go on: vecbench run -m {demo_model()} -t demo -o {output} -a batch_size=4 --gen-kwargs" in said
    )
    assert "Traceback" not in said
    assert json.loads((output / "run.json").read_text())["status"] == "interrupted"
    assert (output / "responses.jsonl").read_bytes().endswith(b"\n")


def test_a_full_disk_ends_the_run_and_loses_nothing(tmp_path):
    output = tmp_path / "run"

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    process = start(output, preexec_fn=small_files)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert f"cannot write {output / 'responses.jsonl'}" in said
    stored = lines(output)
    assert stored > 0
    assert (output / "responses.jsonl").read_bytes().endswith(b"\n")
    process = start(output)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert f"{SAMPLES - stored} responses generated, {stored} kept" in said


def test_two_runs_do_not_share_a_directory(tmp_path):
    output = tmp_path / "run"
    first = start(output, *ENDLESSLY)
    wait_for_lines(first, output, 1)
    second = start(output, *ENDLESSLY)
    _, said = second.communicate(timeout=PATIENCE)
    first.kill()
    first.communicate()
    assert second.returncode == 2
    assert f"another run (process {first.pid}) is writing to {output}" in said


def test_a_machine_that_lost_power_leaves_at_most_a_torn_line(tmp_path, uninterrupted):
    output = tmp_path / "run"
    output.mkdir()
    (output / "run.json").write_bytes((uninterrupted / "run.json").read_bytes())
    stored = (uninterrupted / "responses.jsonl").read_bytes()
    # Some file systems fill what was never written with zeros.
    (output / "responses.jsonl").write_bytes(stored[: len(stored) // 2] + b"\0" * 500)
    process = start(output)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert lines(output) == SAMPLES
    assert all_scores(output) == all_scores(uninterrupted)


def test_the_model_is_where_these_tests_expect_it():
    assert os.path.isfile(demo_model() / "model.safetensors")


def test_ctrl_c_before_anything_has_been_read_is_no_traceback():
    # The first module that the commands import is one that is interrupted.
    program = (
        "import sys\n"
        "class Stopped:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'vecbench.cli.app':\n            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stopped())\n"
        "from vecbench.cli import main\n"
        "main(['--help'])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr == "error: stopped\n"
