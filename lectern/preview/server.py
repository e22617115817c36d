"""The preview's server: the page, the files that the deck uses, and a WebSocket that sends changes.

It answers only this machine, and only its own pages: a site that is open in another tab, or a name that was bound to
this address (DNS rebinding), gets nothing. No request writes a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from lectern.preview.look import FILES
from lectern.preview.pages import Pages
from lectern.preview.printing import Printer
from lectern.preview.state import Feed, Sent, message, sent

CLIENT = Path(__file__).parent
HOSTS = ("127.0.0.1", "localhost")
EMPTY = '<!DOCTYPE html><html><head><meta charset="utf-8"><title>…</title></head><body></body></html>'
HEADERS = [
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
]


def application(feed: Feed, printer: Printer, prefer: Callable[[frozenset[str]], None], name: str) -> ASGIApp:
    """Return the server's application; `prefer` receives the figures in view, `name` is the deck's."""

    async def page(request: Request) -> Response:
        del request
        _, preview = feed.now
        return HTMLResponse(with_client(preview.pages))

    async def file(request: Request) -> Response:
        path = feed.file(request.path_params["name"])
        if path is None or not path.is_file():
            return PlainTextResponse("the deck uses no such file", status_code=404)
        return FileResponse(path)

    async def start_printing(request: Request) -> Response:
        del request
        return JSONResponse({"started": printer.start()}, status_code=202)

    async def pdf(request: Request) -> Response:
        del request
        if printer.pdf is None:
            return PlainTextResponse("no PDF was asked for", status_code=404)
        # Headers are Latin-1; this is how RFC 5987 encodes other characters.
        disposition = {
            "content-disposition": f"inline; filename*=UTF-8''{quote(name, '', errors='replace')}.pdf"
        }
        return Response(printer.pdf, media_type="application/pdf", headers=disposition)

    async def client(request: Request) -> Response:
        path = CLIENT / f"client.{request.path_params['kind']}"
        return FileResponse(path) if path.suffix in (".css", ".js") else Response(status_code=404)

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            first = await socket.receive_json()
            await _both(_send(socket, feed, Sent(frozenset(first["have"]))), _receive(socket, prefer))

    routes = [
        Route("/", page),
        Route(FILES + "{name:path}", file),
        Route("/lectern/client.{kind:str}", client),
        Route("/lectern/pdf", start_printing, methods=["POST"]),
        Route("/lectern/pdf", pdf),
        WebSocketRoute("/lectern/live", live),
    ]
    return Guard(Starlette(routes=routes))


async def _send(socket: WebSocket, feed: Feed, has: Sent) -> None:
    """Send the page the present preview and each change; a slow page gets the latest only."""
    revision = -1
    while True:
        revision, preview = await feed.after(revision)
        await socket.send_text(json.dumps(message(revision, preview, has, time.time())))
        has = sent(preview)


async def _receive(socket: WebSocket, prefer: Callable[[frozenset[str]], None]) -> None:
    while True:
        prefer(frozenset((await socket.receive_json())["visible"]))


async def _both(*parts: Awaitable[None]) -> None:
    """Await until one part ends, which ends the others; raise what ended it."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


def with_client(pages: Pages | None) -> str:
    """Return the deck's page with the preview's script and style in it, and the ids of its slides."""
    ids = [[slide.id, slide.key, slide.title] for slide in pages.slides] if pages else []
    listed = json.dumps(ids).replace("<", "\\u003c")
    head = (
        '<link rel="stylesheet" href="/lectern/client.css">'
        f'<script type="application/json" id="lectern-slides">{listed}</script>'
        '<script src="/lectern/client.js"></script>'
    )
    return pages.page(head) if pages else EMPTY.replace("<head>", f"<head>{head}", 1)


class Guard:
    """Refuses requests that do not come from a page of this server, on this machine."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed, with headers that keep other sites from loading it."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
        elif problem := refusal(scope):
            await self._refuse(scope, receive, send, problem)
        else:
            await self._inner(scope, receive, _with_headers(send))

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, problem: str) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem})
        else:
            await PlainTextResponse(problem, status_code=403)(scope, receive, send)


def refusal(scope: Scope) -> str | None:
    """Return why a request is refused, or None.

    The Host has to be this address, and the Origin, where a browser sends one, this server; requests that change
    something or open a WebSocket must have one.
    """
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    port = scope["server"][1]
    own = {f"{host}:{port}" for host in HOSTS}
    if headers.get(b"host") not in own:
        return f"this is {HOSTS[0]}:{port}, not {headers.get(b'host')!r}"
    origin = headers.get(b"origin")
    if origin is not None and origin not in {f"http://{name}" for name in own}:
        return f"pages of {origin} may not ask this server"
    if origin is None and (scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")):
        return "only a page of this server may ask this"
    if headers.get(b"sec-fetch-site") in ("cross-site", "same-site"):
        return "pages of other sites may not ask this server"
    return None


def _with_headers(send: Send) -> Send:
    async def sending(event: dict) -> None:
        if event["type"] == "http.response.start":
            event = {**event, "headers": [*event["headers"], *HEADERS]}
        await send(event)

    return sending  # type: ignore[return-value]
