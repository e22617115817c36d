"""The preview, running on a lecture, and a gate at which its figures wait."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from tests.conftest import Sandbox

PATIENCE = 20.0  # seconds after which what was waited for is taken not to come


def until(holds: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    latest = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < latest, "what was waited for did not come"
        threading.Event().wait(0.02)


def free_port() -> int:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        return probing.getsockname()[1]


class Gate:
    """A figure can be made to wait at it, and let through: a named pipe."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.code = f"open({str(path)!r}).read()"

    def open(self) -> None:
        """Let through the one that waits, once it is there."""
        until(self._opened)

    def _opened(self) -> bool:
        with contextlib.suppress(OSError):
            os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
            return True
        return False


class Preview:
    """`build.py --watch`, running on a lecture."""

    def __init__(self, talk: Sandbox, *arguments: str, port: int | None = None, **environment: str) -> None:
        self.talk = talk
        self.diary = talk.root.parent / "diary"
        asked = str(port or free_port())
        self.process = talk.command("--watch", "--port", asked, *arguments, **environment)
        self.said: list[str] = []
        self.printed: list[str] = []
        self.address = self._address()
        self.port = int(self.address.rsplit(":", 1)[1].strip("/"))
        streams = ((self.process.stderr, self.said), (self.process.stdout, self.printed))
        self._reading = [threading.Thread(target=_read, args=pair) for pair in streams]
        for reading in self._reading:
            reading.start()

    def _address(self) -> str:
        for line in self.process.stdout:  # type: ignore[union-attr]
            self.printed.append(line)
            if found := re.search(r"http://\S+", line):
                return found[0]
        raise AssertionError(self.process.stderr.read())  # type: ignore[union-attr]

    def ran(self) -> list[str]:
        """Return the steps that were begun, sorted."""
        return sorted(self.diary.read_text().splitlines()) if self.diary.exists() else []

    def descendants(self) -> set[int]:
        """Return the pids of the processes that the preview started, and that these started."""
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout
        parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.interrupt()
        self.process.kill()
        self.process.wait()
        for reading in self._reading:
            reading.join()


def _read(stream: IO[str], lines: list[str]) -> None:
    with stream:
        lines.extend(stream)


@contextlib.contextmanager
def previewing(
    talk: Sandbox, *arguments: str, port: int | None = None, **environment: str
) -> Iterator[Preview]:
    preview = Preview(talk, *arguments, port=port, **environment)
    try:
        yield preview
    finally:
        preview.close()
