"""What a job's log says of a run while it goes on."""

import re

import pytest
from fakes import ANSWER, ScriptedEngine, make_data, make_plan
from test_stage import Output, wait_for

from vecbench import progress
from vecbench.progress import Counter, RunProgress
from vecbench.run import run
from vecbench.store import RunDirectory


@pytest.fixture
def printed(capsys):
    return Output(capsys)


def test_a_line_a_minute_says_how_far_a_run_is_also_where_nothing_comes(tmp_path, printed, monkeypatch):
    monkeypatch.setattr(progress, "SOON", 0.01)
    monkeypatch.setattr(progress, "MINUTE", 0.01)
    answers = iter([ANSWER, ANSWER, None, ANSWER, ANSWER])
    asked = []

    def answer(_):
        asked.append(1)
        if len(asked) == 5:  # the engine stands still, and the log goes on
            wait_for(lambda: len(re.findall(r"^[34] of 5 responses", printed(), re.M)) >= 3)
        return next(answers)

    plan, directory = make_plan(make_data(tmp_path / "data", ["joy"] * 5)), RunDirectory(tmp_path / "run")
    with RunProgress(plan, directory, "nothing") as silent:
        silent.generating()
    assert printed() == ""
    with RunProgress(plan, directory) as observer:
        run(plan, lambda: ScriptedEngine(answer), directory, observer)
    last = printed().splitlines()[-1]
    assert re.fullmatch(r"5 of 5 responses, [0-9.]+/s, acc 80\.0, 1 error", last)
    assert "\r" not in printed()
    assert "\x1b" not in printed()


def test_a_resumed_run_counts_what_is_kept_and_its_rate_is_that_of_what_is_new(tmp_path, printed):
    data, directory = make_data(tmp_path / "data", ["joy"] * 5), RunDirectory(tmp_path / "run")
    for limit in (3, 5, 5):
        plan = make_plan(data, limit=limit)
        with RunProgress(plan, directory) as observer:
            run(plan, ScriptedEngine, directory, observer)
    said = [line for line in printed().splitlines() if "responses" in line and "acc" in line]
    assert [line.partition(",")[0] for line in said] == ["3 of 3 responses", "5 of 5 responses"]


def test_a_count_says_what_it_counts_and_how_far_it_is(printed, monkeypatch):
    monkeypatch.setattr(progress, "MINUTE", 0.01)
    with Counter("downloading images") as counter:
        counter.started(1200)
        counter.advanced()
        wait_for(lambda: "downloading images: 1 of 1,200\n" in printed())
    assert printed().startswith("downloading images: 1200\n")


def test_a_count_that_never_starts_says_nothing(printed):
    with Counter("downloading images"):
        pass
    assert printed() == ""
