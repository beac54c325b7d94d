"""Runs against an endpoint that misbehaves, stopped in their midst: what is lost, and what is told?

An endpoint of its own, on loopback, spoils a share of its answers in one way; `vecbench run --engine openai`
asks it about samples of the demo. Every other run is stopped by a signal at a request that the seed chooses.
Then the endpoint is well, and the run goes on. In the end every sample is to have one response that counts,
each process one of the exit statuses that are documented, no output the key, and none the word "unexpected".

Prints a table in Markdown, and what went wrong on standard error; exits with 1 if anything did.
Usage: python benchmarks/campaign/endpoints.py [--rounds N] [--seed N] [--only KIND …]
"""

from __future__ import annotations

import argparse
import base64
import email.utils
import gzip
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

KEY = "sk-campaign/of+no=worth&0123456789"
ESCAPED = "".join(f"%{ord(each):02x}" for each in KEY)
SPELT = (KEY, quote(KEY, safe=""), base64.b64encode(f"x:{KEY}".encode()).decode(), ESCAPED)
"""As an endpoint repeats it; of each, all but the ends are looked for."""
TASKS, LIMIT = "emoji_2", 32
UNREAD = "incomplete: more than 20 % of the answers are not read"
SHARE = 0.3
"""Of the requests that are spoilt, those whose fault passes tried again with."""
SETTINGS = {"first_pause": 0.01, "timeout": 3.0, "max_retries": 8, "concurrency": 8}
PATIENCE = 300
"""Seconds after which a process hangs."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)

Act = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers well or badly, as the endpoint's random numbers say."""

    protocol_version = "HTTP/1.1"
    server: Endpoint

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        act = self.server.next_act()
        with suppress(OSError):
            (act or well)(self)

    def send(self, status: int, body: str | bytes, **headers: str) -> None:
        content = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in ({"Content_Type": "application/json"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Nobody reads it."""


class Endpoint(ThreadingHTTPServer):
    """Spoils a share of its answers in one way, and tells when a request has come that somebody waits for."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, act: Act | None, share: float, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.over = threading.Event()
        self.asked = self.spoilt = 0
        self.at_request: tuple[int, Callable[[], object]] | None = None
        self._act, self._share = act, share
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def next_act(self) -> Act | None:
        with self._lock:
            self.asked += 1
            if self.at_request is not None and self.at_request[0] == self.asked:
                self.at_request[1]()
            spoils = self._act is not None and self._random.random() < self._share
            self.spoilt += spoils
            return self._act if spoils else None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is part of it."""


def completion(
    text: object = "<answer>positive</answer><confidence>0.8</confidence>", **choice: object
) -> str:
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "finish_reason": "stop", "message": message} | choice]
    usage = {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}
    return json.dumps({"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": choices,
                       "usage": usage})  # fmt: skip


def well(handler: Handler) -> None:
    time.sleep(0.01)
    handler.send(200, completion())


def sends(body: str | bytes, status: int = 200, **headers: str) -> Act:
    return lambda handler: handler.send(status, body, **headers)


def refuses(status: int, message: str = "no", **headers: str) -> Act:
    return sends(json.dumps({"error": {"message": message}}), status, **headers)


def one_of(*acts: Act) -> Act:
    turns = iter(range(10**9))

    def act(handler: Handler) -> None:
        acts[next(turns) % len(acts)](handler)

    return act


def drips(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.server.over.wait(0.1):
        handler.wfile.write(b" ")


def drips_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.server.over.wait(0.1):
        handler.wfile.write(b"X-More: 1\r\n")


def never_ends(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    while not handler.server.over.is_set():
        handler.wfile.write(b" " * 2**20)


def hangs(handler: Handler) -> None:
    handler.server.over.wait()
    handler.hang_up()


def resets(handler: Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.hang_up()


def cuts_off(handler: Handler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"choices": [{"mess')
    handler.hang_up()


def is_no_http(handler: Handler) -> None:
    handler.wfile.write(b"\x00\xff nothing\r\n\r\n")
    handler.hang_up()


def asks_until_a_date(handler: Handler) -> None:
    refuses(429, Retry_After=email.utils.formatdate(time.time() + 1, usegmt=True))(handler)


def echoes_in_the_status(handler: Handler) -> None:
    handler.wfile.write(f"HTTP/1.1 500 {KEY}\r\nX-Key: {KEY}\r\nContent-Length: 0\r\n\r\n".encode())


NUMBERS = ("1" + "0" * 400, "9" * 5000, "-7", "1e400", "NaN", "null", '"7"', "[]", "true")
FINISHES = (None, 7, ["stop"], {"stop": 1}, "eos", "x" * 10**7, "\ud800", True, f"no: {KEY}")


@dataclass(frozen=True)
class Kind:
    """One way to misbehave.

    Attributes:
        act: What is done to a request; None where the addresses are at fault.
        passes: Whether the same request succeeds when it is tried again: then no row may fail.
        ends: Whether a run may end with 3, as it is documented.
        dead: So many of the addresses are such that nobody answers.
    """

    act: Act | None
    passes: bool = True
    ends: bool = False
    dead: int = 0


KINDS = {
    "500, 502, 503, 408, 409, 425": Kind(one_of(*(refuses(each) for each in (500, 502, 503, 408, 409, 425)))),
    "Retry-After: seconds, a date, nonsense": Kind(
        one_of(asks_until_a_date, *(refuses(429, Retry_After=each) for each in ("0.2", "-1", "soon", "1e9")))
    ),
    "hangs": Kind(hangs),
    "drips its body, its headers": Kind(one_of(drips, drips_headers)),
    "resets the connection": Kind(resets),
    "cuts its body off, redirects to itself": Kind(
        one_of(cuts_off, sends("", 307, Location="/v1/chat/completions"))
    ),
    "no HTTP": Kind(is_no_http),
    "JSON that is broken or something else": Kind(
        one_of(*map(sends, ('{"choices": [', "null", "[1]", '"x"', "", "{}")))
    ),
    "another content type": Kind(
        one_of(*(sends(completion(), Content_Type=each) for each in ("text/html", "image/png; charset=no")))
    ),
    "deep JSON": Kind(one_of(sends('{"choices":' + "[" * 10**5 + "]" * 10**5 + "}"), sends("[" * 10**6))),
    "broken gzip": Kind(sends(b"\x1f\x8b\x08 nothing", Content_Encoding="gzip")),
    "a body without an end": Kind(never_ends, passes=False),
    "a gzip bomb of 256 MiB": Kind(sends(gzip.compress(bytes(2**28)), Content_Encoding="gzip"), passes=False),
    "400, 413, 422": Kind(
        one_of(refuses(400), sends("too large", 413), sends('{"detail": []}', 422)), passes=False
    ),
    "counts of tokens that are none": Kind(
        one_of(*(sends(completion().replace('s": 9', f's": {each}')) for each in NUMBERS))
    ),
    "finish reasons of any type and length": Kind(
        one_of(*(sends(completion(finish_reason=each)) for each in FINISHES)), passes=False
    ),
    "contents that are no text": Kind(
        one_of(*map(sends, map(completion, (5, {}, [None], [[]])))), passes=False
    ),
    "half characters and control characters": Kind(
        sends(completion("\ud800 \x00 \x1b[31m \u202e<answer>positive</answer>"))
    ),
    "the key in answers": Kind(
        one_of(
            *(sends(completion(f"<answer>positive</answer> {each}")) for each in (KEY, KEY.upper(), *SPELT))
        )
    ),
    "the key in errors": Kind(
        one_of(*(refuses(500, f"your {each}") for each in SPELT), echoes_in_the_status, sends(KEY, 503))
    ),
    "the key in refusals": Kind(
        one_of(*(refuses(400, f"{'x' * 480}{each}") for each in SPELT), sends(json.dumps([KEY]), 422)),
        passes=False,
    ),
    "401 with the key": Kind(refuses(401, f"bad key {KEY}"), passes=False, ends=True),
    "an exhausted quota": Kind(
        sends('{"error": {"code": "insufficient_quota"}}', 429), passes=False, ends=True
    ),
    "one of two addresses dead": Kind(None, dead=1),
    "two of three addresses dead, the third fails": Kind(refuses(503), dead=2),
}


@dataclass
class Tally:
    """What came of the runs of one kind."""

    runs: int = 0
    spoilt: int = 0
    stopped: int = 0
    rows: int = 0
    lost: int = 0
    ended_badly: int = 0
    keys: int = 0
    memory: float = 0.0
    problems: list[str] = field(default_factory=list)


@contextmanager
def serving(act: Act | None, share: float, seed: int) -> Iterator[Endpoint]:
    endpoint = Endpoint(act, share, seed)
    thread = threading.Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.over.set()
        endpoint.shutdown()
        thread.join()
        endpoint.server_close()


def dead_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


Stop = tuple[Endpoint, int, signal.Signals]


def ran(urls: list[str], folder: Path, stop: Stop | None) -> tuple[int, str, float]:
    """Exit status, outputs and peak memory in MiB of one process, perhaps stopped at a request."""
    settings = json.dumps(SETTINGS | {"base_url": " ".join(urls)})
    # A shell starts background jobs deaf to Ctrl-C, and this may be in one.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "vecbench", "run", "--engine", "openai"]
    command += ["-m", "m", "-t", TASKS, "-L", str(LIMIT), "-o", str(folder / "run"), "-a", settings]
    environment = os.environ | {"OPENAI_API_KEY": f"{KEY}\n"}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        alarm = threading.Timer(PATIENCE, process.kill)
        alarm.start()
        if stop is not None:
            endpoint, number, which = stop
            endpoint.at_request = (number, lambda: process.send_signal(which))
        _, status, usage = os.wait4(process.pid, 0)
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return process.returncode, output.read().decode(errors="replace"), usage.ru_maxrss / 1024


def tried(kind: Kind, seed: int, tally: Tally) -> None:
    """One run that is spoilt, stopped perhaps, and goes on until every sample is answered."""
    random_ = random.Random(seed)
    which = random_.choice(SIGNALS) if seed % 2 else None
    allowed = {0} | ({4} if not kind.passes else set()) | ({3} if kind.ends else set())
    if which is not None:
        allowed |= {-signal.SIGKILL} if which is signal.SIGKILL else {4}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(kind.act, SHARE, seed) as endpoint:
            urls = [*(dead_address() for _ in range(kind.dead)), endpoint.url]
            stop = None if which is None else (endpoint, random_.randrange(2, 2 * LIMIT), which)
            results = [(ran(urls, folder, stop), allowed)]
            tally.spoilt += endpoint.spoilt
            asked_first = endpoint.asked
        with serving(None, 0, seed) as endpoint:
            results.append((ran([endpoint.url], folder, None), {0}))
        tally.runs += 1
        tally.stopped += stop is not None and asked_first >= stop[1]
        for (status, output, memory), expected in results:
            tally.memory = max(tally.memory, memory)
            # A spoilt answer that is a text all the same counts as one, which perhaps nobody can read.
            unread = status == 4 and output.count("incomplete: ") == output.count(UNREAD)
            is_documented = status in expected or unread
            if not is_documented or "unexpected" in output or "Traceback" in output:
                tally.ended_badly += 1
                tally.problems.append(f"seed {seed}: exit status {status}: {output[-1500:]}")
        written = [path for path in (folder / "run").rglob("*") if path.is_file()]
        texts = [output for (_, output, _), _ in results]
        texts += [path.read_bytes().decode("utf-8", errors="replace") for path in written]
        tally.keys += sum(each[4:-4].lower() in text.lower() for text in texts for each in SPELT)
        counted = Counter[tuple[str, str]]()
        for line in (folder / "run" / "responses.jsonl").read_bytes().splitlines():
            row = json.loads(line)
            counted[row["task"], row["sample_id"]] += row["error"] is None
        asked = len(TASKS.split(",")) * LIMIT
        tally.rows += asked
        right = sum(count == 1 for count in counted.values())
        if right != asked or len(counted) != asked:
            tally.lost += max(asked, len(counted)) - right
            tally.problems.append(f"seed {seed}: {right} of {asked} samples have one response that counts")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=2, help="runs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", metavar="KIND", help="kinds whose name holds one of these")
    options = parser.parse_args()
    print("| kind of fault | runs | stopped | answers spoilt | rows | lost | ended badly | keys told | MiB |")
    print("| :-- | --: | --: | --: | --: | --: | --: | --: | --: |")
    total = Tally()
    for place, (name, kind) in enumerate(KINDS.items()):
        if options.only and not any(each in name for each in options.only):
            continue
        tally = Tally()
        for number in range(options.rounds):
            tried(kind, 2 * (1000 * options.seed + 100 * place + number // 2) + number % 2, tally)
        show(name, tally)
        for each in ("runs", "spoilt", "stopped", "rows", "lost", "ended_badly", "keys", "problems"):
            setattr(total, each, getattr(total, each) + getattr(tally, each))
        total.memory = max(total.memory, tally.memory)
        for problem in tally.problems:
            print(f"{name}: {problem}", file=sys.stderr, flush=True)
    show("**all**", total)
    sys.exit(1 if total.problems or total.keys else 0)


def show(name: str, tally: Tally) -> None:
    numbers = (tally.runs, tally.stopped, tally.spoilt, tally.rows, tally.lost, tally.ended_badly, tally.keys)
    print(f"| {name} | {' | '.join(map('{:,}'.format, numbers))} | {tally.memory:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
