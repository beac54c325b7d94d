"""A small chat endpoint on loopback that misbehaves as it is told."""

from __future__ import annotations

import gzip
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler", dict], None]


def answer(handler: Handler, body: dict, text: str = "<answer>joy</answer>") -> None:
    completion = {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }
    handler.send(200, json.dumps(completion))


def said(content: object, finish: object = "stop", **message: object) -> Answer:
    """An answer with this content and end, whatever they are."""

    def act(handler: Handler, body: dict) -> None:
        choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}
        choice["message"] |= message
        usage = {"prompt_tokens": "x", "completion_tokens": None}
        completion = {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"]}
        handler.send(200, json.dumps(completion | {"choices": [choice], "usage": usage}))

    return act


def status(number: int, message: str = "no", headers: dict[str, str] | None = None, **error: str) -> Answer:
    def act(handler: Handler, _body: dict) -> None:
        handler.send(number, json.dumps({"error": {"message": message, **error}}), headers)

    return act


def choosy(*fields: str, refusal: Callable[[str], tuple[int, object]]) -> Answer:
    """An endpoint that answers requests without these fields, and says `refusal` of the first it gets."""

    def act(handler: Handler, body: dict) -> None:
        for name in fields:
            if name in body:
                number, content = refusal(name)
                handler.send(number, content if isinstance(content, str) else json.dumps(content))
                return
        answer(handler, body)

    return act


def broken_json(handler: Handler, _body: dict) -> None:
    handler.send(200, '{"choices": [{"mess')


def web_page(handler: Handler, _body: dict) -> None:
    handler.send(200, "<html>Welcome</html>", {"Content-Type": "text/html"})


def no_choices(handler: Handler, _body: dict) -> None:
    handler.send(200, '{"choices": []}')


def drop(handler: Handler, _body: dict) -> None:
    handler.close_connection = True
    handler.connection.close()


def truncate(handler: Handler, _body: dict) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices"')
    drop(handler, _body)


def hang(handler: Handler, _body: dict) -> None:
    handler.server.over.wait(30)


def body(content: bytes, **headers: str) -> Answer:
    """Whatever it is, with a status that says that all is well."""

    def act(handler: Handler, _body: dict) -> None:
        handler.send(200, content, {name.replace("_", "-"): value for name, value in headers.items()})

    return act


def in_pieces(pieces: Callable[[], Iterable[bytes]], pause: float = 0.0, number: int = 200) -> Answer:
    """A body that comes piece by piece, in chunks, until the client has gone."""

    def act(handler: Handler, _body: dict) -> None:
        handler.send_response(number)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        with suppress(OSError):
            for piece in pieces():
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                handler.server.endpoint.bytes_sent += len(piece)
                if pause and handler.server.over.wait(pause):
                    break
        handler.close_connection = True

    return act


drip = in_pieces(lambda: itertools.repeat(b" "), pause=0.02)


def endless(number: int = 200) -> Answer:
    return in_pieces(lambda: itertools.repeat(b" " * 2**16), number=number)


def drip_headers(handler: Handler, _body: dict) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    with suppress(OSError):
        while not handler.server.over.wait(0.02):
            handler.wfile.write(b"X-More: 1\r\n")
    handler.close_connection = True


def bomb(mebibytes: int) -> Answer:
    return body(gzip.compress(bytes(mebibytes * 2**20), 9), Content_Encoding="gzip")


def together(number: int) -> list[Answer]:
    """Answers that are only given when so many requests are under way at once."""
    barrier = threading.Barrier(number)

    def act(handler: Handler, body: dict) -> None:
        barrier.wait(30)
        answer(handler, body)

    return [act] * number


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        endpoint = self.server.endpoint
        with endpoint.lock:
            endpoint.under_way += 1
            endpoint.most_under_way = max(endpoint.most_under_way, endpoint.under_way)
            endpoint.bodies.append(body)
            endpoint.paths.append(self.path)
            endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
            endpoint.times.append(time.monotonic())
            act = endpoint.script.pop(0) if endpoint.script else endpoint.otherwise
        try:
            act(self, body)
        finally:
            with endpoint.lock:
                endpoint.under_way -= 1

    def do_GET(self) -> None:
        owner = self.server.endpoint.owner
        models = {"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": owner}]}
        self.send(200 if owner else 404, json.dumps(models))

    def send(self, code: int, content: str | bytes, headers: dict[str, str] | None = None) -> None:
        data = content.encode() if isinstance(content, str) else content
        self.send_response(code)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        pass


@dataclass
class Endpoint:
    """What the endpoint does and what it has seen.

    Attributes:
        url: Its base URL.
        script: What it does to the next requests, one each.
        otherwise: What it does when the script is over.
        owner: Of the models that it lists; empty where it lists none.
    """

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    otherwise: Answer = answer
    owner: str = ""
    paths: list[str] = field(default_factory=list)
    bodies: list[dict] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    bytes_sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is what some tests are about."""


@contextmanager
def serving(*script: Answer, otherwise: Answer = answer) -> Iterator[Endpoint]:
    server = _Server(("127.0.0.1", 0), Handler)
    server.over = threading.Event()
    server.endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/v1", list(script), otherwise)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.endpoint
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
