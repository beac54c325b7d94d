"""A loopback server that speaks as much of the Hugging Face Hub as its client needs to download a dataset."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from loopback import LoopbackServer, served

HELD = 8
"""So many files does vecbench ask for at a time."""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer(LoopbackServer):
    """Serves a folder as the dataset `name`, whose one commit `main` means.

    Attributes:
        url: What HF_ENDPOINT should be.
        fetched: The paths of the files that were sent whole, in order.
        hold_after: After so many files every further one is held back; None for never.
        stalled: Set when as many as `HELD` files are held back at a time.
        release: Lets what is held back go.
        gated: Whether access is refused as it is for a gated dataset.
        tokens: The authorization that every request brought.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.commit = COMMIT
        self.fetched: list[str] = []
        self.requests = 0
        self.hold_after: int | None = None
        self.held = 0
        self.stalled = threading.Event()
        self.release = threading.Event()
        self.gated = False
        self.tokens: set[str | None] = set()
        self.lock = threading.Lock()
        super().__init__(_Handler)

    def stop(self) -> None:
        self.release.set()
        super().stop()


class _Handler(BaseHTTPRequestHandler):
    hub: ClassVar[HubServer]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        with self.hub.lock:
            self.hub.requests += 1
            self.hub.tokens.add(self.headers.get("Authorization"))
        api, files = f"/api/datasets/{self.hub.name}", f"/datasets/{self.hub.name}/resolve/"
        if self.hub.gated:
            self._refuse(401, "GatedRepo", "Access to this dataset is restricted.")
        elif path == api or path.startswith(f"{api}/revision/"):
            revision = path.removeprefix(f"{api}/revision/") if path != api else "main"
            if revision in {"main", self.hub.commit}:
                self._send(json.dumps({"id": self.hub.name, "sha": self.hub.commit}).encode(), with_body)
            else:
                self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif path.startswith(f"{api}/tree/"):
            self._send(json.dumps(self._tree()).encode(), with_body)
        elif path.startswith(files):
            revision, _, name = path.removeprefix(files).partition("/")
            self._file(revision, name, with_body)
        else:
            self._refuse(401, "RepoNotFound", "Repository not found")

    def _tree(self) -> list[dict[str, object]]:
        """Every file of the dataset, as the Hub lists them."""
        found = sorted(path for path in self.hub.folder.rglob("*") if path.is_file())
        return [
            {"type": "file", "path": path.relative_to(self.hub.folder).as_posix(), "size": 1, "oid": "0" * 40}
            for path in found
        ]

    def _file(self, revision: str, name: str, with_body: bool) -> None:
        file = self.hub.folder / name
        if revision != self.hub.commit:
            self._refuse(404, "RevisionNotFound", "Invalid rev id")
            return
        if not file.is_file():
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        content = file.read_bytes()
        with self.hub.lock:
            limit = self.hub.hold_after
            holds = with_body and limit is not None and len(self.hub.fetched) >= limit
            self.hub.held += holds
            if holds and self.hub.held == HELD:
                self.hub.stalled.set()
            if with_body and not holds:
                self.hub.fetched.append(name)
        if holds:
            self.hub.release.wait()
            self.close_connection = True
            return
        etag = hashlib.sha256(content).hexdigest()
        self._send(content, with_body, {"ETag": f'"{etag}"'})

    def _send(self, content: bytes, with_body: bool, headers: dict[str, str] | None = None) -> None:
        start = 0
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and asked.endswith("-"):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("X-Repo-Commit", self.hub.commit)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(content[start:])

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", message)
        self.send_header("X-Repo-Commit", self.hub.commit)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def hub_server(folder: Path, name: str = "org/data") -> Iterator[HubServer]:
    """Serves a folder while the block runs."""
    with served(HubServer(folder, name)) as server:
        yield server
