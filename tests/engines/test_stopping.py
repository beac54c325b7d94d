import os
import signal
import threading
import time
from contextlib import suppress

import pytest

from vecbench.engines.vllm_processes import stoppable


def raise_interrupt(_number, _frame):
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, raise_interrupt)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def stop_and_swallow(number):
    with suppress(KeyboardInterrupt):
        os.kill(os.getpid(), number)
        time.sleep(60)
    raise AssertionError("the interrupt was swallowed")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_block_that_swallows_interrupts_ends_all_the_same(number):
    with pytest.raises(KeyboardInterrupt), stoppable():
        stop_and_swallow(number)
    assert signal.getsignal(number) is raise_interrupt


def test_a_signal_that_nobody_handles_stays_as_it_is():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with stoppable():
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is not raise_interrupt


def test_another_thread_is_left_alone():
    seen = []

    def block():
        with stoppable():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
    assert seen == [raise_interrupt]
