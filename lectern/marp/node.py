"""The Node process that runs Marp: started, asked, and ended with everything that it started."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from lectern import temporary
from lectern.errors import BuildError, SetupError
from lectern.marp import processes
from lectern.project import ENGINE_ROOT

SERVER = Path(__file__).with_name("server.cjs")
START = 60.0  # seconds that Node may take to start
ANSWER = 600.0  # seconds that it may take to answer
KEEPING = 2.0  # seconds that Node has to save its cache when it is asked nothing more
FULL = ("ENOSPC", "EDQUOT", "EROFS")  # Node's codes for a disk that cannot be written
INSTALL = "run `make`, or `npm ci` in the project's folder"
NODE = "install Node.js 20 or newer, then " + INSTALL


class NodeDiedError(SetupError):
    """Node has ended."""


class ConversionError(BuildError):
    """Marp could not do what it was asked; `code` is Marp CLI's, 2 where it found no browser."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


class Node:
    """A process of server.cjs. Not safe to use from several threads at once.

    Starting does not wait: Node loads while the caller continues.
    """

    def __init__(self, cache: Path, folder: Path, long_lived: bool) -> None:
        """Start Node with its temporary files in `folder`; raises SetupError where it or Marp is not installed."""
        node = shutil.which("node")
        if node is None:
            raise SetupError("Node.js was not found; the slides are rendered with it", remedy=NODE)
        if not (ENGINE_ROOT / "node_modules" / "@marp-team" / "marp-cli").is_dir():
            raise SetupError("Marp is not installed", remedy=INSTALL)
        # In a process that renders once or twice, V8's optimizing compiler costs more than it saves: with an empty
        # cache, 0.15 s of 0.75 s for a deck of 50 slides, a third for one of 500.
        options, stays = ([], ["stays"]) if long_lived else (["--no-opt"], [])
        self._command = [node, *options, str(SERVER), str(cache), *stays]
        self._folder = folder
        self._requests = 0
        self.remarks: list[str] = []  # for the person who builds
        with contextlib.ExitStack() as undoing:
            self._errors = undoing.enter_context((folder / "stderr").open("w+"))
            self.start()
            undoing.pop_all()

    def start(self) -> None:
        """Start the process; raises SetupError where it cannot be run."""
        try:
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, "TMPDIR": str(self._folder)},
                start_new_session=True,  # Ctrl-C reaches this process, which ends that one in order
            )
        except OSError as error:
            remedy, reason = NODE, error.strerror or error
            raise SetupError(f"{self._command[0]} cannot be run: {reason}", remedy=remedy) from error
        self._ready = False
        self._busy = False
        self._may_have_browser = False

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def restart(self) -> None:
        """Start another process in place of one that has ended."""
        self._close_pipes()
        self.start()

    def close(self) -> None:
        """End the process, and any browser that it started."""
        try:
            if self._busy:  # while its input is open: when that ends, it ends by itself, before its browser
                processes.end(self.process)
            else:
                self._let_end()
        finally:
            self._close_pipes()
            self._errors.close()

    def _let_end(self) -> None:
        """Let the process save its cache and end; then end a browser that is still there."""
        started = processes.started_by(self.process) if self._may_have_browser else set()
        try:
            with contextlib.suppress(OSError):
                self.process.stdin.close()  # type: ignore[union-attr]
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(KEEPING)
        finally:
            self.process.kill()
            processes.kill(started)
            self.process.wait()

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def ask(self, operation: str, **request: Any) -> dict[str, Any]:
        """Return the server's answer to a request.

        Raises ConversionError with Marp's own message, NodeDiedError, SetupError where the answer makes no sense.
        """
        if not self._ready:
            self._ready = "ready" in self._read(START, "ready")
        self._requests += 1
        self._busy = True
        self._may_have_browser |= operation == "convert"
        message = json.dumps({"id": self._requests, "op": operation, **request})
        try:
            self.process.stdin.write(message + "\n")  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]
        except OSError as error:
            raise self._died() from error
        answer = self._read(ANSWER, "id")
        self._busy = False
        self.remarks += [remark for remark in answer.pop("remarks", ()) if remark not in self.remarks]
        if answer.get("code") in FULL:
            message = f"Node.js cannot write in {self._folder}: {answer['error']}"
            raise SetupError(message, remedy=temporary.REMEDY)
        if "error" in answer:
            raise ConversionError(answer["error"], answer.get("code"))
        return answer

    def _read(self, patience: float, required: str) -> dict[str, Any]:
        """Return the next message of the process, which must have the required field, or else the process is ended."""
        line = self._line(patience)
        try:
            answer = json.loads(line)
            if "error" in answer and "id" not in answer:
                raise SetupError(answer["error"], remedy=NODE)
            answer[required]
        except (ValueError, TypeError, LookupError) as error:
            processes.end(self.process)
            message = f"{self._command[0]} does not answer as Node.js would: {line[:100].strip()!r}"
            raise SetupError(message, remedy=NODE) from error
        return answer

    def _line(self, patience: float) -> str:
        """Return the next line that the process writes; it is ended if that takes more than `patience` seconds."""
        latest = time.monotonic() + patience
        alarm = threading.Timer(patience, processes.end, [self.process])
        alarm.daemon = True
        alarm.start()
        try:
            line = self.process.stdout.readline()  # type: ignore[union-attr]
        finally:
            alarm.cancel()
        if not line and time.monotonic() >= latest:
            message = f"Node.js did not answer within {patience:g} s: {self.last_words()}"
            raise SetupError(message, remedy=NODE)
        if not line:
            raise self._died()
        return line

    def _died(self) -> NodeDiedError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        message = f"Node.js died while rendering (exit code {self.process.returncode}): {self.last_words()}"
        return NodeDiedError(message, remedy="build again; if it dies again, reinstall: " + INSTALL)

    def last_words(self) -> str:
        """Return the last lines that the process wrote to its standard error."""
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().splitlines() if line.strip()]
        return "; ".join(lines[-5:]) or "it printed nothing"
