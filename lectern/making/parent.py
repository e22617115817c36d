"""The process that workers are forked from.

It imports libraries, each when a job first needs it, and no module of the project; so a job starts in
milliseconds, and always with the project's code as it is on disk. Run as `python -m lectern.making.parent FD`,
with a socket over which workers are asked for: {"libraries": […], "log": PATH}, with the descriptors of two
connections, the worker's for job and answer, and this process's for the worker's pid and its exit code.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from multiprocessing.connection import Connection

from lectern.making.serve import serve

MESSAGE = 1 << 20  # bytes a request may have


class Parent:
    """Forks workers as they are asked for, and reports how each ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._reports: dict[int, Connection] = {}  # by pid
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._fork)
        self._selector.register(_deaths(), selectors.EVENT_READ, self._reap)

    def run(self) -> None:
        """Serve until the other side closes the socket; then end, with all workers."""
        while True:
            for key, _ in self._selector.select():
                key.data(key.fileobj)

    def _fork(self, control: socket.socket) -> None:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE, 2)
        if not message:
            os.killpg(0, signal.SIGKILL)
        request = json.loads(message)
        for name in request["libraries"]:
            with contextlib.suppress(Exception):  # no module, or one that fails: the worker will say so
                importlib.import_module(name)
        channel, report = (Connection(descriptor) for descriptor in descriptors)
        pid = os.fork()
        if pid == 0:
            self._become_worker()
            serve(channel, request["log"])
            os._exit(0)
        channel.close()
        report.send(pid)
        self._reports[pid] = report

    def _become_worker(self) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        self._control.close()
        for report in self._reports.values():
            report.close()

    def _reap(self, deaths: socket.socket) -> None:
        deaths.recv(MESSAGE)
        for pid, report in list(self._reports.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self._reports[pid]
                with contextlib.suppress(OSError):
                    report.send(os.waitstatus_to_exitcode(status))
                report.close()


def _deaths() -> socket.socket:
    """Return a socket that becomes readable whenever a worker has ended."""
    readable, writable = socket.socketpair()
    writable.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writable.detach(), warn_on_full_buffer=False)
    return readable


if __name__ == "__main__":
    Parent(socket.socket(fileno=int(sys.argv[1]))).run()
