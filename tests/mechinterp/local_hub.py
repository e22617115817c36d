"""As much of the Hugging Face hub as a download needs, on this machine: HF_ENDPOINT names it.

Source of paths and headers: the public client, huggingface_hub 2.4.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from tests.mechinterp.checkpoint_files import CHECKPOINT

PATHS = re.compile(
    r"/(api/models/)?(?P<name>[\w.-]+(/[\w.-]+)?)/(revision|resolve)/(?P<revision>[^/?]+)(/(?P<file>[^?]+))?.*"
)


def model(folder: Path, *names: str, said: str = "") -> Path:
    """Make a folder with files that differ: each holds its own name."""
    for name in names or CHECKPOINT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name} {said}")
    return folder


@dataclass
class LocalHub:
    """What the hub has, and how it misbehaves."""

    endpoint: str = ""
    models: dict[str, dict[str, Path]] = field(default_factory=dict)  # folders, by name and revision
    gated: set[str] = field(default_factory=set)
    token: str | None = None  # the only one that is known; None: requests need none
    refuses: bool = False  # whether an unknown token is refused, as an expired one is
    fails: bool = False  # whether it answers everything with an error of its own
    cuts: bool = False  # whether connections break in the middle of weights
    asked: list[str] = field(default_factory=list)  # "METHOD path" of each request

    def folder(self, name: str, revision: str) -> tuple[str, Path] | None:
        """Return the commit and the folder of a revision, which may be a commit."""
        commits = {said: (commit_of(at), at) for said, at in self.models[name].items()}
        return commits.get(revision) or next((c for c in commits.values() if c[0] == revision), None)

    def answer(self, path: str, token: str | None) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer to a request."""
        asked = PATHS.fullmatch(path)
        if self.fails:
            return 500, {}, b""
        if self.refuses and token:
            return 401, {"X-Error-Message": "Invalid credentials in Authorization header"}, b""
        if not asked or asked["name"] not in self.models:
            return 401 if token is None else 404, {"X-Error-Code": "RepoNotFound"}, b""
        name, file = asked["name"], asked["file"]
        if file and name in self.gated and (token is None or token != self.token):
            return 401 if token is None else 403, {"X-Error-Code": "GatedRepo"}, b""
        if (found := self.folder(name, unquote(asked["revision"]))) is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        commit, folder = found
        if file is None:
            files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
            listed = [{"rfilename": str(p.relative_to(folder)), "size": p.stat().st_size} for p in files]
            return 200, {}, json.dumps({"id": name, "sha": commit, "siblings": listed}).encode()
        content = (folder / file).read_bytes()
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": commit}
        return 200, {**headers, "Content-Disposition": f'inline; filename="{file}";'}, content


def commit_of(folder: Path) -> str:
    """Return the commit of a folder's files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha1(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


@contextlib.contextmanager
def serving(hub: LocalHub) -> Iterator[LocalHub]:
    """Serve a hub on a free port, until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
            status, headers, body = hub.answer(self.path, token)
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                cut = hub.cuts and self.path.endswith(".safetensors")
                self.wfile.write(body[: len(body) // 2] if cut else body)
                self.close_connection = True

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
