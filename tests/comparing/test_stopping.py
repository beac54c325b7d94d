import subprocess
import sys

PROGRAM = """
import os, signal
from pathlib import Path
from vecbench import comparing
from vecbench.cli import main
comparing.both_sides = lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM)
main(["compare", "a", "b"])
"""


def test_a_comparison_that_is_stopped_says_so_and_no_more():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "the comparison was stopped" in done.stderr
    assert "response" not in done.stderr
