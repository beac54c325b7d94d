"""Runs that are killed, stopped or starved of disk, and gone on with until they are complete: what is lost?

A small endpoint on this machine answers, always the same to the same question, so that scores can be held
against those of an undisturbed run byte by byte. Each try disturbs one run at a moment drawn with the seed,
goes on with it, and asks: is every line that was stored whole still there, does every sample have the answer
that it should have, are the scores the same, and is nothing left over? Prints a table in Markdown.

Usage: python benchmarks/campaign/kills.py [--tries N] [--seed S] [--only KIND]
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

LABELS = ("anger", "excitement", "fear", "joy", "love", "sadness", "surprise")
TASK = "emoji_7"
SAMPLES = 30
TWO_IN_ONE = 1000
"""Stands for the exit status of two runs that both wrote into a directory."""
PATIENCE = 300
"""Seconds after which a process that should have ended is a failure."""

HOOK = """
import errno, fcntl, itertools, os, resource, signal
fault = os.environ.get("CAMPAIGN_FAULT", "")
kind, _, when = fault.partition(":")

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def no_room():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

def counted(name, happens):
    real, calls = getattr(os, name), itertools.count(1)
    def call(*given, **named):
        if next(calls) >= int(when):
            happens()
        return real(*given, **named)
    setattr(os, name, call)

if kind == "rename":
    counted("replace", die)
elif kind == "fsync":
    counted("fsync", die)
elif kind == "room":
    counted("fsync", no_room)
elif kind in ("line", "full"):
    real, calls = os.write, itertools.count(1)
    def write(file, data):
        if bytes(data[:6]) == b'{"key"' and next(calls) >= int(when):
            real(file, data[: len(data) // 2])
            die() if kind == "line" else no_room()
        return real(file, data)
    os.write = write
elif kind == "size":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(when), resource.RLIM_INFINITY))
elif kind == "flock":
    def flock(file, operation):
        raise OSError(int(when), os.strerror(int(when)))
    fcntl.flock = flock
"""
"""Put before Python's own start-up of each run: what goes wrong in it, at which call."""


class Endpoint(BaseHTTPRequestHandler):
    """Answers each question in its own way, after some hundredths of a second."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        digest = hashlib.sha256(json.dumps(asked["messages"]).encode()).digest()
        time.sleep(0.02 + digest[0] / 5000)
        label = LABELS[digest[1] % len(LABELS)]
        said = f"<answer>{label}</answer><confidence>{digest[2] / 255:.2f}</confidence>"
        self._send(
            {
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": said}}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 7},
            }
        )

    def do_GET(self) -> None:
        self._send({"data": [{"id": "scripted"}]})

    def _send(self, values: object) -> None:
        body = json.dumps(values).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """Outlives those who ask."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever asked was killed: that is what this is for."""


@dataclass(frozen=True)
class Campaign:
    """Where the runs are made, and what an undisturbed one gives."""

    folder: Path
    address: str
    chance: random.Random
    seconds: float  # that an undisturbed run takes

    def command(self, run: Path) -> list[str]:
        options = ["--engine", "openai", "-a", f"base_url={self.address},concurrency=2", "-o", str(run)]
        asked = ["-m", "scripted", "-t", TASK, "-L", str(SAMPLES)]
        return [sys.executable, "-m", "vecbench", "run", *asked, *options]

    def start(self, run: Path, fault: str = "", before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """A run with a fault, see `HOOK`, in the environment; `before` comes before its command."""
        path = os.pathsep.join([str(self.folder / "hook"), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": path, "CAMPAIGN_FAULT": fault}
        nothing = subprocess.DEVNULL
        return subprocess.Popen(
            [*before, *self.command(run)], stdout=nothing, stderr=nothing, env=environment
        )


def lines(run: Path) -> list[bytes]:
    """The lines that are stored whole."""
    log = run / "responses.jsonl"
    return (
        [each for each in log.read_bytes().splitlines(True) if each.endswith(b"\n")] if log.exists() else []
    )


def answers(run: Path) -> dict[tuple[str, str], str | None]:
    rows = [json.loads(each) for each in lines(run)]
    return {(row["task"], row["sample_id"]): row["response"] for row in rows}


def left_over(run: Path) -> list[str]:
    names = [path.name for path in run.rglob("*")]
    return [name for name in names if name.endswith((".draft", ".owner", ".unread"))]


def faults_of(run: Path, before: list[bytes], status: int, reference: Path) -> list[str]:
    """What is wrong with a run that was gone on with to its end."""
    found = [] if status == 0 else [f"exit status {status}"]
    after = Counter(lines(run))
    if lost := sum((Counter(before) - after).values()):
        found.append(f"{lost} stored lines are gone")
    if answers(run) != answers(reference):
        found.append("the answers are not those of an undisturbed run")
    scores, whole = run / "scores.json", (reference / "scores.json").read_bytes()
    if not scores.exists() or scores.read_bytes() != whole:
        found.append("scores.json differs")
    if left := left_over(run):
        found.append(f"left over: {', '.join(left)}")
    return found


Disturbance = Callable[[Campaign, Path], int]
"""(campaign, run) → the exit status of the process that was disturbed."""


def at_a_moment(sent: signal.Signals, faults: Sequence[str] = ("",)) -> Disturbance:
    """A signal at a moment of the time that an undisturbed run takes."""

    def disturb(campaign: Campaign, run: Path) -> int:
        process = campaign.start(run, campaign.chance.choice(faults))
        try:
            return process.wait(campaign.chance.uniform(0.2, 0.9) * campaign.seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(sent)
        return process.wait(PATIENCE)

    return disturb


def at_a_call(kind: str, last: int) -> Disturbance:
    """A fault at one of the first calls, or behind the byte of that number."""

    def disturb(campaign: Campaign, run: Path) -> int:
        return campaign.start(run, f"{kind}:{campaign.chance.randint(1, last)}").wait(PATIENCE)

    return disturb


def in_a_small_file_system(campaign: Campaign, run: Path) -> int:
    """A disk that is really full, where a process may mount one; what was on it is the run afterwards."""
    mounted, size = run.with_name("mounted"), campaign.chance.randint(8, 300)
    mounted.mkdir(exist_ok=True)
    script = (
        f'mount -t tmpfs -o size={size}k none "$0" && {{ "$@"; status=$?; cp -a "$0" "$RUN"; exit $status; }}'
    )
    before = ["env", f"RUN={run}", "unshare", "-rm", "sh", "-c", script, str(mounted)]
    return campaign.start(mounted, before=before).wait(PATIENCE)


def together(campaign: Campaign, run: Path) -> int:
    """Two runs at once: one goes on, the other is kept out, or comes when the first is done."""
    processes = [campaign.start(run) for _ in range(2)]
    statuses = sorted(each.wait(PATIENCE) for each in processes)
    asked = Counter((row["task"], row["sample_id"]) for row in map(json.loads, lines(run)))
    return statuses[-1] if statuses in ([0, 0], [0, 2]) and max(asked.values()) == 1 else TWO_IN_ONE


NO_FLOCK = [f"flock:{code}" for code in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)]


class Kind(NamedTuple):
    """A share of the tries, how their runs are disturbed, and with which fault they are gone on with."""

    share: int
    disturb: Disturbance
    after: str = ""


KINDS: Mapping[str, Kind] = {
    "SIGKILL at any moment": Kind(5, at_a_moment(signal.SIGKILL)),
    "SIGTERM at any moment": Kind(2, at_a_moment(signal.SIGTERM)),
    "SIGINT at any moment": Kind(2, at_a_moment(signal.SIGINT)),
    "SIGKILL at a rename": Kind(4, at_a_call("rename", 20)),
    "SIGKILL at an fsync": Kind(2, at_a_call("fsync", 20)),
    "SIGKILL in a line": Kind(2, at_a_call("line", SAMPLES)),
    "no space for a line": Kind(2, at_a_call("full", SAMPLES)),
    "no space for a file": Kind(2, at_a_call("room", 20)),
    "files of a bounded size": Kind(2, at_a_call("size", 40_000)),
    "a full file system": Kind(2, in_a_small_file_system),
    "no flock, and SIGKILL": Kind(2, at_a_moment(signal.SIGKILL, NO_FLOCK), NO_FLOCK[0]),
    "two runs at once": Kind(2, together),
}


def try_one(campaign: Campaign, kind: Kind, number: int, reference: Path) -> tuple[int, list[str]]:
    """The exit status of a run that was disturbed, and what is wrong with it after it was gone on with."""
    run = campaign.folder / f"run-{number}"
    status = kind.disturb(campaign, run)
    before = lines(run)
    found = faults_of(run, before, campaign.start(run, kind.after).wait(PATIENCE), reference)
    if status == TWO_IN_ONE:
        found.append("two runs wrote into one directory")
    if not found:
        shutil.rmtree(run, ignore_errors=True)
    return status, found


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--tries", type=int, default=44, help="of all kinds together, about")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", choices=KINDS, help="one kind")
    chosen = options.parse_args()
    kinds = {chosen.only: KINDS[chosen.only]} if chosen.only else dict(KINDS)
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], check=False).returncode:
        kinds.pop("a full file system", None)
    shares = sum(kind.share for kind in kinds.values())
    server = Server(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    (folder / "hook").mkdir()
    (folder / "hook" / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    address = f"http://127.0.0.1:{server.server_port}/v1"
    reference = folder / "reference"
    first = Campaign(folder, address, random.Random(chosen.seed), 0.0)
    for _ in range(2):  # the second time everything that is compiled and cached is there
        shutil.rmtree(reference, ignore_errors=True)
        began = time.monotonic()
        if first.start(reference).wait(PATIENCE) != 0:
            raise SystemExit("an undisturbed run fails")
    campaign = replace(first, seconds=time.monotonic() - began)
    print("| what happens to a run | tried | ended early | lost |")
    print("| --- | --: | --: | --: |")
    number, faulty = 0, []
    for name, kind in kinds.items():
        early = lost = 0
        tries = max(1, round(chosen.tries * kind.share / shares))
        for _ in range(tries):
            number += 1
            status, found = try_one(campaign, kind, number, reference)
            early += status != 0
            lost += bool(found)
            faulty += [f"{name}, {folder}/run-{number}: {each}" for each in found]
        print(f"| {name} | {tries} | {early} | {lost} |", flush=True)
    print("\n".join(["", *faulty]) if faulty else "")
    if not faulty:
        shutil.rmtree(folder)
    return bool(faulty)


if __name__ == "__main__":
    sys.exit(main())
