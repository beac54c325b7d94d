"""A loopback server that speaks as much of the Hugging Face Hub as its client needs to fill a dataset."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from loopback import LoopbackServer, served

TOKEN = "hf_" + "goodTokenForTests0123"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Dataset:
    """A repository: whether it is private, and branch → path → content."""

    private: bool
    branches: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"main": {}})


class UploadServer(LoopbackServer):
    """The datasets that there are, and what was asked.

    Attributes:
        url: What HF_ENDPOINT should be.
        datasets: By name.
        asked: Method and path of every request, in order.
        forbidden: Whether the token may not write.
        broken: Whether commits fail as a server does that is out of order.
    """

    def __init__(self) -> None:
        self.datasets: dict[str, Dataset] = {}
        self.large: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.forbidden = self.broken = False
        super().__init__(_Handler)


class _Handler(BaseHTTPRequestHandler):
    hub: ClassVar[UploadServer]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer("HEAD", b"")

    def do_GET(self) -> None:
        self._answer("GET", b"")

    def do_POST(self) -> None:
        self._answer("POST", self._body())

    def do_PUT(self) -> None:
        self._answer("PUT", self._body())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, method: str, body: bytes) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((method, path))
        parts = path.strip("/").split("/")
        if method == "PUT":
            self.hub.large[parts[-1]] = body
            self._send({})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(401, "", "Invalid credentials in Authorization header")
        elif path == "/api/whoami-v2":
            self._send({"name": "me", "type": "user"})
        elif path == "/api/validate-yaml":
            self._send({})
        elif self.hub.forbidden and method == "POST":
            self._refuse(403, "", "You do not have the rights to create a dataset under this namespace")
        elif path == "/api/repos/create":
            said = json.loads(body)
            name = f"{said['organization']}/{said['name']}"
            self.hub.datasets[name] = Dataset(
                said.get("visibility") == "private" or said.get("private", False)
            )
            self._send({"url": f"{self.hub.url}/datasets/{name}"})
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._send(
                {"transfer": "basic", "objects": [self._place(each) for each in json.loads(body)["objects"]]}
            )
        elif parts[:2] == ["api", "datasets"] and "/".join(parts[2:4]) in self.hub.datasets:
            self._of_dataset("/".join(parts[2:4]), parts[4:], body)
        else:
            self._refuse(404, "RepoNotFound", "Repository not found")

    def _of_dataset(self, name: str, asked: list[str], body: bytes) -> None:
        dataset = self.hub.datasets[name]
        branch = asked[1] if len(asked) > 1 else "main"
        if asked[:1] == ["branch"]:
            dataset.branches[branch] = dict(dataset.branches["main"])
            self._send({})
        elif branch not in dataset.branches:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {branch}")
        elif not asked or asked[0] == "revision":
            self._send({"id": name, "sha": COMMIT, "private": dataset.private})
        elif asked[0] == "tree":
            files = dataset.branches[branch].items()
            self._send(
                [{"type": "file", "path": each, "size": len(held), "oid": "0" * 40} for each, held in files]
            )
        elif asked[0] == "preupload":
            paths = [each["path"] for each in json.loads(body)["files"]]
            modes = {path: "lfs" if path.endswith(".parquet") else "regular" for path in paths}
            self._send(
                {
                    "files": [
                        {"path": each, "uploadMode": modes[each], "shouldIgnore": False} for each in paths
                    ]
                }
            )
        elif self.hub.broken:
            self._refuse(500, "", f"out of order, said to {self.headers['Authorization']}")
        else:
            self._commit(name, dataset.branches[branch], body)

    def _commit(self, name: str, files: dict[str, bytes], body: bytes) -> None:
        for line in body.splitlines():
            said = json.loads(line)
            value = said["value"]
            if said["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif said["key"] == "lfsFile":
                files[value["path"]] = self.hub.large[value["oid"]]
            elif said["key"] == "deletedFile":
                del files[value["path"]]
        self._send(
            {
                "success": True,
                "commitOid": COMMIT,
                "commitUrl": f"{self.hub.url}/datasets/{name}/commit/{COMMIT}",
            }
        )

    def _place(self, file: dict[str, Any]) -> dict[str, Any]:
        upload = {"href": f"{self.hub.url}/large/{file['oid']}"}
        return {**file, "actions": {"upload": upload}}

    def _send(self, content: object) -> None:
        self._reply(200, json.dumps(content).encode())

    def _refuse(self, status: int, code: str, message: str) -> None:
        self._reply(status, json.dumps({"error": message}).encode(), code, message)

    def _reply(self, status: int, content: bytes, code: str = "", message: str = "") -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        if message:
            self.send_header("X-Error-Message", message)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def upload_server() -> Iterator[UploadServer]:
    """Serves while the block runs."""
    with served(UploadServer()) as server:
        yield server
