"""A run of the demo, and its report: made anew for every build of the site, a minute."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

REPORT = "demo-report"
"""Where on the site the report is."""


@lru_cache(maxsize=1)
def demo_report() -> Path:
    """The folder with the report's files."""
    folder = Path(tempfile.mkdtemp(prefix="vecbench-site-"))
    atexit.register(shutil.rmtree, folder)
    run, report = folder / "demo", folder / "report"
    for arguments in (["demo", "--output", str(run)], ["report", str(run), "--output", str(report)]):
        command = [sys.executable, "-m", "vecbench", *arguments]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
    return report
