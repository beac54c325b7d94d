"""What takes a while is said to."""

import time

import pytest

from vecbench import stage
from vecbench.console import duration
from vecbench.stage import Regularly, Stage

PATIENCE = 60.0


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Output:
    """What was printed so far."""

    def __init__(self, capsys):
        self._capsys, self.text = capsys, ""

    def __call__(self):
        self.text += self._capsys.readouterr().err
        return self.text


@pytest.fixture
def printed(capsys):
    return Output(capsys)


def test_what_is_over_in_a_moment_is_not_said(printed):
    with Stage("scoring", "scored", after=PATIENCE):
        pass
    assert printed() == ""


def test_a_log_is_told_later_than_a_terminal(printed, monkeypatch):
    monkeypatch.setattr(stage, "MOMENT", 0.0)
    with Stage("scoring", "scored"):
        time.sleep(0.05)
    assert printed() == ""
    monkeypatch.setattr(stage, "LATER", 0.01)
    with Stage("scoring", "scored"):
        wait_for(lambda: printed() == "scoring …\n")


def test_what_lasts_is_said_when_it_begins_every_minute_and_when_it_is_done(printed, monkeypatch):
    monkeypatch.setattr(stage, "MINUTE", 0.01)
    with Stage("scoring", "scored", after=0.01):
        wait_for(lambda: printed().count("scoring …") >= 3)
    lines = printed().splitlines()
    assert lines[0] == "scoring …"
    assert lines[1] == "scoring … (0 s)"
    assert lines[-1].startswith("scored in ")
    assert printed().count("scored") == 1


def test_what_is_worth_saying_is_said_at_once(printed):
    with Stage("loading m", "loaded", after=0):
        assert printed() == "loading m …\n"
    assert printed() == "loading m …\nloaded in 0 s\n"


def test_what_fails_is_not_said_to_be_done(printed):
    with pytest.raises(ValueError, match="broken"), Stage("loading m", "loaded", after=0):
        raise ValueError("broken")
    assert printed() == "loading m …\n"


def test_a_quiet_one_says_nothing(printed):
    with Stage("loading m", "loaded", after=0, quiet=True):
        pass
    assert printed() == ""


def test_an_interrupted_beginning_leaves_no_thread(monkeypatch):
    ended = []
    monkeypatch.setattr(Regularly, "start", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setattr(Regularly, "stop", lambda _: ended.append(True))
    with pytest.raises(KeyboardInterrupt), Stage("loading m", "loaded"):
        pytest.fail("entered")
    assert ended == [True]


def test_nothing_is_called_once_it_was_stopped():
    calls = []
    regularly = Regularly(lambda: calls.append(1), 0.0, 0.001)
    regularly.start()
    wait_for(lambda: len(calls) > 2)
    regularly.stop()
    count = len(calls)
    time.sleep(0.05)
    assert len(calls) == count


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (38.2, "38 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"), (4e6, "1,111 h 6 min")],
)
def test_a_duration_is_in_its_two_largest_units(seconds, said):
    assert duration(seconds) == said
