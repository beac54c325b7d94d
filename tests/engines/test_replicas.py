"""Which address the next attempt goes to."""

import time

import pytest

from vecbench.engines import replicas
from vecbench.engines.replicas import Replicas


class Clock:
    now = 100.0


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(replicas.time, "monotonic", lambda: made.now)
    return made


def taken(pool, tried=()):
    return pool.next(list(tried)).client


def fail(pool, name, began, asked=None):
    pool.failed(next(each for each in pool if each.client == name), began, asked)


def test_all_take_turns(clock):
    pool = Replicas("abc", 1.0, 60.0)
    assert [taken(pool) for _ in range(6)] == list("abcabc")


def test_one_that_fails_rests_and_is_then_tried_by_one_request(clock):
    pool = Replicas("ab", 1.0, 60.0)
    assert (taken(pool), taken(pool)) == ("a", "b")
    fail(pool, "a", began=100.0)
    assert [taken(pool) for _ in range(3)] == ["b", "b", "b"]
    clock.now = 101.5
    assert [taken(pool) for _ in range(4)] == ["a", "b", "b", "b"]
    fail(pool, "a", began=101.5)
    clock.now = 103.0
    assert [taken(pool) for _ in range(2)] == ["b", "b"]  # twice as long
    clock.now = 104.0
    tried = pool.next([])
    assert tried.client == "a"
    pool.answered(tried)
    assert sorted(taken(pool) for _ in range(4)) == ["a", "a", "b", "b"]


def test_those_that_failed_together_are_one_failure(clock):
    pool = Replicas("ab", 1.0, 60.0)
    clock.now = 100.1
    for _ in range(50):
        fail(pool, "a", began=100.0)
    clock.now = 101.2
    assert [taken(pool) for _ in range(2)] == ["a", "b"]


def test_a_retry_goes_to_another_address_where_all_rest(clock):
    pool = Replicas("ab", 1.0, 60.0)
    first = pool.next([])
    pool.failed(first, 100.0, None)
    second = pool.next([first])
    pool.failed(second, 100.0, None)
    assert second is not first
    assert not pool.any_awake
    assert pool.next([first, first, second]) is second


def test_a_rest_is_bounded_and_one_that_is_asked_for_is_kept(clock):
    pool = Replicas("ab", 1.0, 8.0)
    for _ in range(2000):
        fail(pool, "a", began=clock.now)
        clock.now += 8.0
    assert {taken(pool), taken(pool)} == {"a", "b"}
    fail(pool, "b", began=clock.now, asked=20.0)
    clock.now += 19.0
    assert taken(pool) == "a"
    assert time.monotonic() == clock.now
