"""One job in this process, which is its own: everything printed is kept, the time limited, the answer sent."""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from lectern.making.job import Job
from lectern.making.worker import run


def serve(channel: Connection, log: str) -> None:
    """Take a job from the channel, run it with all output going to the file `log`, send the answer back.

    A job that overruns its time limit ends the process, with the stacks of its threads in the log.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked for the job decides when it ends
    job: Job = channel.recv()
    with Path(log).open("w", buffering=1) as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        faulthandler.dump_traceback_later(job.time_limit, exit=True, file=file)
        answer = run(job)
        faulthandler.cancel_dump_traceback_later()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    printed = Path(log).read_text(errors="replace")
    with contextlib.suppress(BrokenPipeError):
        channel.send(dataclasses.replace(answer, printed=printed))
