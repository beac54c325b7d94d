"""The bounded window that the vllm and openai engines share."""

import asyncio
import time

import pytest
from PIL import Image

from vecbench.engines import Request, Response, Sampling
from vecbench.engines.window import EventLoop, answered
from vecbench.errors import RunError


class Source:
    def decode(self):
        return Image.new("RGB", (1, 1))


def requests(count):
    return (Request(str(number), "?", (Source(),), Sampling()) for number in range(count))


@pytest.fixture
def loop():
    made = EventLoop()
    yield made
    made.close()


def prepare(request):
    return request.images[0].decode()


def test_a_slow_request_holds_nobody_back(loop):
    async def answer(request, _picture):
        await asyncio.sleep(60 if request.key == "0" else 0)
        return Response(request.key, "ok", "stop")

    running = answered(requests(50), prepare, answer, loop=loop, window=4, threads=2)
    keys = {next(running).key for _ in range(49)}
    assert keys == {str(number) for number in range(1, 50)}
    running.close()


def test_what_is_finished_comes_before_the_fault_and_nothing_is_pulled_after_it(loop):
    pulled = []

    async def answer(request, _picture):
        if request.key == "2":
            raise RunError("dead")
        return Response(request.key, "ok", "stop")

    def watched():
        for request in requests(100):
            pulled.append(request.key)
            yield request

    running = answered(watched(), prepare, answer, loop=loop, window=3, threads=1)
    found = [next(running).key, next(running).key]
    assert found == ["0", "1"]
    with pytest.raises(RunError, match="dead"):
        list(running)
    assert len(pulled) < 10


def test_a_fault_is_raised_when_everything_else_is_finished_too(loop):
    others = asyncio.Event()

    async def answer(request, _picture):
        if request.key == "0":
            await others.wait()
            raise RunError("dead")
        if request.key == "2":
            others.set()
        return Response(request.key, "ok", "stop")

    running = answered(requests(3), prepare, answer, loop=loop, window=3, threads=1)
    assert sorted([next(running).key, next(running).key]) == ["1", "2"]
    with pytest.raises(RunError, match="dead"):
        next(running)


def test_a_fault_that_waits_together_with_the_last_response_is_not_lost(loop):
    late = asyncio.Event()

    async def answer(request, _picture):
        if request.key != "1":
            await late.wait()
        if request.key == "0":
            raise RunError("dead")
        return Response(request.key, "ok", "stop")

    async def release():
        late.set()

    running = answered(requests(3), prepare, answer, loop=loop, window=3, threads=3)
    assert next(running).key == "1"
    loop.start(release()).result(10)
    time.sleep(0.2)
    assert next(running).key == "2"
    with pytest.raises(RunError, match="dead"):
        next(running)


def test_the_loop_ends_with_what_runs_in_it():
    loop = EventLoop()
    ended = []

    async def forever():
        try:
            await asyncio.sleep(600)
        finally:
            ended.append(True)

    async def started():
        return None

    running = loop.start(forever())
    loop.start(started()).result()
    loop.close()
    loop.close()
    assert ended
    assert running.cancelled()
