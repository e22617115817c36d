"""`build.py --watch`: the deck in a browser, kept up to date while it is edited."""

from __future__ import annotations

import argparse
import hashlib
import socket
import threading
import webbrowser
from contextlib import ExitStack, suppress
from pathlib import Path

import uvicorn

from lectern import temporary
from lectern.deck.options import DeckOptions, deck_path, options_of, refuse_missing
from lectern.errors import UsageError
from lectern.marp.renderer import Renderer
from lectern.preview.look import Looker
from lectern.preview.loop import Loop
from lectern.preview.printing import Printer
from lectern.preview.server import application
from lectern.preview.state import Feed
from lectern.preview.terminal import Terminal
from lectern.progress import Progress
from lectern.project import Project
from lectern.workshop import open_workshop

ADDRESS = "127.0.0.1"
TRIED = 50  # ports, from the requested one


def watch(options: argparse.Namespace, project: Project) -> int:
    """Serve the preview until it is interrupted; return the exit code."""
    deck, deck_options = deck_path(options, project), options_of(options)
    refuse_missing(deck)
    temporary.clean()
    with ExitStack() as closing:
        listening = closing.enter_context(bound(options.port))
        port = listening.getsockname()[1]
        address = f"http://{ADDRESS}:{port}/"
        if port != options.port:
            print(f"port {options.port} is taken: this is {port}")
        print(f"{project.shown(deck)} → {address}  (Ctrl-C ends it)", flush=True)
        terminal, feed = Terminal(address), Feed()
        closing.callback(terminal.close)
        renderer = closing.enter_context(Renderer(project.cache, long_lived=True))
        workshop = closing.enter_context(open_workshop(project, Progress(), jobs=1))
        looker = Looker(deck, workshop, renderer, deck_options)
        loop = Loop(project, looker, feed, _kept(project, deck, deck_options), options.jobs, terminal.say)
        loop.start()
        closing.callback(loop.close)
        if options.open:
            threading.Timer(0.3, webbrowser.open, [address]).start()
        printer = Printer(project, deck, feed, options.jobs, deck_options)
        serve(application(feed, printer, loop.jobs.prefer, deck.name.partition(".")[0]), listening)
    return 0


def serve(app: object, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, without waiting for open pages."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
        ws_max_size=1 << 20,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run([listening])


def bound(port: int) -> socket.socket:
    """Return a socket that listens on this machine only: on the port, or on the next that is free."""
    for candidate in range(port, port + TRIED):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((ADDRESS, candidate))
            listening.listen()
        except (OSError, OverflowError):
            listening.close()
        else:
            return listening
    raise UsageError(f"no port from {port} to {port + TRIED - 1} is free", remedy="choose another: --port N")


def _kept(project: Project, deck: Path, options: DeckOptions) -> Path:
    """Return the file that keeps the last deck that could be rendered, one for each set of options."""
    asked = repr((str(deck), options))
    return project.cache / "preview" / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.json"
