"""Processes that work on jobs and hand over arrays in shared memory."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pickle import PickleBuffer

import numpy as np
import psutil
import pytest

from vecbench.engines.workers import AHEAD, WorkerDied, Workers


def doubling():
    return double


def double(job):
    if job == "refuse":
        raise ValueError("no job of mine")
    if job == "die":
        os._exit(7)
    if job == "who":
        return os.getpid()
    return {"doubled": np.asarray(job) * 2, "empty": np.zeros((0, 3)), "asked": job}


def failing(message):
    raise ValueError(message)


@pytest.fixture
def workers():
    made = Workers(2, doubling, __name__)
    yield made
    made.close()
    made.close()


def test_results_come_back_to_whoever_asked(workers):
    workers.started()
    jobs = [[number] * 5000 for number in range(40)]
    with ThreadPoolExecutor(AHEAD * len(workers)) as threads:
        results = list(threads.map(workers.done, jobs))
    for job, result in zip(jobs, results, strict=True):
        assert result["asked"] == job
        assert result["doubled"].tolist() == [2 * each for each in job]
        assert result["empty"].shape == (0, 3)


def test_an_array_lies_in_memory_of_both_and_can_be_written(workers):
    before = psutil.Process().memory_maps(grouped=False)
    [result] = [workers.done([1] * 100_000)["doubled"]]
    after = psutil.Process().memory_maps(grouped=False)
    mapped = [each.path for each in after if "memfd:vecbench" in each.path]
    assert len(mapped) == 1
    assert len(after) > len(before)
    result[0] = 5
    assert result[:2].tolist() == [5, 2]
    del result
    assert not [each for each in psutil.Process().memory_maps(grouped=False) if "memfd" in each.path]


def test_no_file_stays_open_but_for_what_is_kept(workers):
    workers.done([1])
    before = psutil.Process().num_fds()
    for _ in range(20):
        workers.done([1] * 1000)
    assert psutil.Process().num_fds() == before


def test_a_fault_is_raised_where_the_job_was_given_and_the_worker_goes_on(workers):
    pids = {workers.done("who") for _ in range(4)}
    with pytest.raises(ValueError, match="no job of mine"):
        workers.done("refuse")
    assert {workers.done("who") for _ in range(4)} <= pids


def test_a_worker_that_dies_fails_its_job_and_another_takes_its_place(workers):
    with pytest.raises(WorkerDied, match=r"exit status 7"):
        workers.done("die")
    with ThreadPoolExecutor(AHEAD * 2) as threads:
        assert len(set(threads.map(lambda _: workers.done("who"), range(40)))) == 2


def test_jobs_of_other_threads_that_a_death_takes_along_are_told(workers):
    def done(job):
        try:
            return workers.done(job)
        except WorkerDied:
            return "died"

    with ThreadPoolExecutor(AHEAD * 2) as threads:
        results = list(threads.map(done, ["die"] + [[1]] * 30))
    assert results[0] == "died"
    assert results.count("died") <= AHEAD
    assert all(each == "died" or each["asked"] == [1] for each in results)


def test_what_the_start_raises_is_raised():
    workers = Workers(1, partial(failing, "nothing to start with"), __name__)
    try:
        with pytest.raises(ValueError, match="nothing to start with"):
            workers.started()
    finally:
        workers.close()


def test_an_interrupt_is_not_for_workers(workers):
    pid = workers.done("who")
    os.kill(pid, signal.SIGINT)
    time.sleep(0.1)
    assert psutil.Process(pid).is_running()
    assert workers.done([3])["doubled"].tolist() == [6]


def test_close_leaves_no_process():
    workers = Workers(2, doubling, __name__)
    with ThreadPoolExecutor(AHEAD * 2) as threads:
        pids = set(threads.map(lambda _: workers.done("who"), range(40)))
    workers.close()
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)


def test_what_a_reducer_takes_apart_is_not_copied_through_the_pipe():
    workers = Workers(1, texts, __name__, apart)
    try:
        assert bytes(workers.done(10_000)) == b"x" * 10_000
    finally:
        workers.close()


class Text:
    def __init__(self, memory):
        self.memory = memory


def texts():
    return lambda length: Text(b"x" * length)


def apart(value):
    return (memoryview, (PickleBuffer(value.memory),)) if isinstance(value, Text) else NotImplemented
