"""What somebody sees of a run on a terminal, and finds in a job's log."""

import os
import re
import subprocess
import sys

import pytest
from fakes import make_data
from terminal import Terminal

from vecbench.shipped import demo_model

SAMPLES = 20
PROGRAM = """
import logging, signal, sys, threading, time, warnings
sys.path.insert(0, {tests!r})
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background would be deaf to it
from fakes import ScriptedEngine
from vecbench.cli import main
from vecbench.engines import registry
from vecbench.interop import scored
from vecbench.report import files

class Engine(ScriptedEngine):
    def __init__(self, *_):
        warnings.warn("nothing takes its weights a.b", stacklevel=2)
        wait("loading")
        super().__init__()

    def generate(self, requests):
        for place, response in enumerate(super().generate(requests)):
            time.sleep(0.05)  # so long that a bar is drawn between
            if place % 5 == 0:
                logging.getLogger("vecbench").warning("endpoint: status 503; retry 1 of 6 in 0.5 s")
            if place % 5 == 1:
                told = threading.Thread(target=warnings.warn, args=(f"number {{place}}", FutureWarning))
                told.start()
                told.join()
            if place == 7:
                wait("running")
            yield response

def wait(stage):
    while {stop!r} == stage:
        time.sleep(0.05)

registry.loaded = lambda *_: Engine()
score = scored.scored_source
scored.scored_source = lambda *given, **named: (wait("scoring"), score(*given, **named))[1]
files.write_results = lambda *_, **__: files.Figures()
main(sys.argv[1:])
"""
RETRY = "warning: endpoint: status 503; retry 1 of 6 in 0.5 s"
LOST = "warning: nothing takes its weights a.b"


def program(tmp_path, *arguments, stop=""):
    data = make_data(tmp_path / "data", ["joy", "fear"] * (SAMPLES // 2))
    script = PROGRAM.format(tests=os.path.dirname(os.path.dirname(__file__)), stop=stop)
    asked = ["-m", demo_model(), "-t", "emoji_7", "--data", data, "-o", tmp_path / "run"]
    return [sys.executable, "-c", script, "run", *map(str, asked), "--engine", "transformers", *arguments]


def shown(program, columns=80, **environment):
    """What the terminal received, and what stands on its screen in the end."""
    terminal = Terminal(program, columns, environment)
    try:
        assert terminal.wait() == 0
        return terminal.received, terminal.screen
    finally:
        terminal.close()


def logged(program, **environment):
    """Standard output and standard error of a run that nobody watches."""
    done = subprocess.run(
        program, capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return done.stdout, done.stderr


def test_on_a_terminal_warnings_stand_whole_above_a_bar_that_is_there_once(tmp_path):
    received, screen = shown(program(tmp_path))
    assert received.count("/20") > 5  # it was drawn again and again
    assert [line for line in screen if "/20" in line] == [line for line in screen if "acc 50.0" in line]
    assert screen.count(RETRY) == 4
    assert screen.count(LOST) == 1
    assert sum(line.startswith("warning: number ") for line in screen) == 4
    loaded = next(place for place, line in enumerate(screen) if line.startswith("loaded in "))
    bar = next(place for place, line in enumerate(screen) if "20/20" in line)
    assert screen.index(LOST) < loaded < screen.index(RETRY) < bar
    assert not any("loading" in line for line in screen)


def test_a_narrow_terminal_gets_the_numbers_of_the_bar_on_one_line(tmp_path):
    _, screen = shown(program(tmp_path), columns=40)
    assert re.sub(r"\s", "", "".join(screen)).count(re.sub(r"\s", "", RETRY)) == 4
    [bar] = [line for line in screen if "20/20" in line]
    assert re.fullmatch(r"20/20 0:00:00 acc 50\.0", bar)


def test_where_nothing_can_be_redrawn_there_are_lines(tmp_path):
    received, screen = shown(program(tmp_path), TERM="dumb")
    assert not re.search(r"\x1b\[[?0-9;]*[A-HJKSTfhl]|\r(?!\n)", received)
    assert screen.count(RETRY) == 4
    assert any(line.startswith("20 of 20 responses, ") for line in screen)


def test_no_color_is_obeyed(tmp_path):
    received, screen = shown(program(tmp_path), NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*[34][0-9]", received)
    assert screen.count(RETRY) == 4


@pytest.mark.parametrize("environment", [{}, {"FORCE_COLOR": "1"}])
def test_a_log_has_lines_and_standard_output_nothing_but_results(tmp_path, environment):
    out, err = logged(program(tmp_path), **environment)
    assert not re.search(r"\x1b\[[?0-9;]*[A-HJKSTfhl]|\r", out + err)
    said = re.sub(r"\x1b\[[0-9;]*m", "", err).splitlines()
    assert said.count("loading vecbench-nano with transformers …") == 1
    assert sum(line.startswith("loaded in ") for line in said) == 1
    [last] = [line for line in said if line.startswith(f"{SAMPLES} of {SAMPLES} responses, ")]
    assert re.fullmatch(r".*, [0-9.]+/s, acc 50\.0", last)
    assert said.count(RETRY) == 4
    assert said.count(LOST) == 1
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert plain.splitlines()[1].startswith("% (n: rows)")
    assert "warning" not in plain
    assert plain.splitlines()[-2:] == [
        f"To show this again: vecbench score {tmp_path / 'run'}",
        f"To look at the samples: vecbench report {tmp_path / 'run'}",
    ]


def test_quiet_leaves_results_and_warnings(tmp_path):
    out, err = logged(program(tmp_path, "--quiet"))
    assert "% (n: rows)" in out
    assert all(line.startswith("warning: ") for line in err.splitlines())
    assert err.splitlines().count(RETRY) == 4


CHILD = r"""
import os, time
os.write(2, b"half of a line ")
time.sleep(0.5)
os.write(2, b"and its end\n  0%|  | 0/1")
time.sleep(0.5)
os.write(2, b"\r100%|##| 1/1\n")
os.read(0, 1)
os.write(2, b"last words\n")
"""
CHILDREN = f"""
import subprocess, sys, time
from vecbench.console import stderr, whole_lines
from vecbench.progress import Terminal
from vecbench.stage import Stage

with whole_lines():
    try:
        with Terminal().loading("m", "vllm"):
            sys.__stderr__.write("past every console\\n")
            sys.__stderr__.flush()
            child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdin=subprocess.PIPE)
            time.sleep(2)
            if sys.argv[1] == "broken":
                child.stdin.close()
                child.wait()
                raise ValueError
        with Stage("running", "run", after=0):
            child.stdin.close()
            child.wait()
            time.sleep(1)
    except ValueError:
        stderr().print("error: broken")
"""


@pytest.mark.parametrize(("how", "end"), [("whole", "run in "), ("broken", "error: broken")])
def test_what_an_engines_processes_print_stands_on_lines_of_its_own(how, end):
    _, screen = shown([sys.executable, "-c", CHILDREN, how])
    said = [line for line in screen if line and not line.startswith("loaded in")]
    assert said[:4] == ["past every console", "half of a line and its end", "100%|##| 1/1", "last words"]
    assert said[4].startswith(end)
    assert len(said) == 5


@pytest.mark.parametrize(
    ("stop", "until", "said"),
    [
        ("loading", "loading vecbench-nano", "stopped with 0 of 20 responses stored in RUN"),
        ("running", "7/20", "stopped with 7 of 20 responses stored in RUN"),
        ("scoring", "scoring", "stopped while it was scored; all responses are stored in RUN"),
    ],
)
def test_ctrl_c_leaves_one_message_and_no_bar(tmp_path, stop, until, said):
    terminal = Terminal(program(tmp_path, stop=stop), 300, {})
    try:
        assert terminal.wait(lambda received: until in received) is None
        terminal.press("\x03")
        assert terminal.wait() == 4
    finally:
        terminal.close()
    screen = [line for line in terminal.screen if line]
    error = next(place for place, line in enumerate(screen) if line.startswith("error: "))
    assert screen[error] == f"error: {said.replace('RUN', str(tmp_path / 'run'))}"
    assert screen[error + 1].startswith(("  To go on: vecbench", f"  To score it: vecbench score {tmp_path}"))
    assert len(screen) == error + 2
    assert not any(until in line for line in screen)
    assert "Traceback" not in terminal.received
