"""Jobs on a cluster: each is handed to it, waited for, sent again or cancelled."""

from __future__ import annotations

import pickle
import threading
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from lectern.errors import SetupError
from lectern.making import cluster
from lectern.making.absent import explained
from lectern.making.cluster import INSTALL, Cluster, no_workers
from lectern.making.engine import identity
from lectern.making.job import Failure, Job, Outcome

if TYPE_CHECKING:
    from distributed import Future

LOOK = 2.0  # seconds after which the cluster is looked at again while a job takes its time
ATTEMPTS = 5  # at sending a job whose files were lost with a worker


class LostFilesError(Exception):
    """What was sent to the cluster went with the worker that held it."""


class ClusterWorkers:
    """Runs jobs on a cluster until it is closed. Safe to use from several threads."""

    def __init__(self, where: Cluster, memory_bound: int | None = None) -> None:
        self._cluster = where
        self._bound = memory_bound  # bytes, on each of the cluster's workers
        self._lock = threading.Lock()
        self._running: set[Future] = set()
        self._closed = False

    def run(self, job: Job) -> Outcome | Failure:
        """Run `job` on one of the cluster's workers, and on another one if that dies meanwhile.

        Raises SetupError where the cluster cannot do it: not reached, without workers, with another engine.
        """
        for _ in range(ATTEMPTS):
            if self._closed:
                return _stopped(job)
            future = self._cluster.submit(job, self._bound)
            try:
                return self._answer(job, future)
            except LostFilesError:
                self._cluster.send_again()
            finally:
                with self._lock:
                    self._running.discard(future)
        raise SetupError(
            f"{job}: the cluster at {self._cluster.address} lost {ATTEMPTS} times what was sent to it",
            remedy="see why its workers come and go, or build here, without --dask",
        )

    def close(self) -> None:
        """Cancel what was submitted: what waits does not start, what runs is killed."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        self._cluster.cancel(running)

    def _answer(self, job: Job, future: Future) -> Outcome | Failure:
        with self._lock:
            self._running.add(future)
            closed = self._closed
        if closed:
            self._cluster.cancel([future])
        answer = self._result(job, future)
        if isinstance(answer, tuple):
            raise self._another_engine(job, *answer)
        if isinstance(answer, Failure):
            return answer
        made = pickle.loads(answer)
        return explained(made, job) if isinstance(made, Failure) else made

    def _result(self, job: Job, future: Future) -> bytes | tuple[str, str] | Failure:
        """Wait for what a worker returns, as long as there are workers."""
        seen = time.monotonic()
        while True:
            try:
                return future.result(LOOK)
            except TimeoutError:
                seen = time.monotonic() if self._cluster.look(future) else seen
                if time.monotonic() > seen + cluster.WORKERS_BACK:
                    self._cluster.cancel([future])
                    raise no_workers(self._cluster.address) from None
            except Exception as error:
                return self._failed(job, future, error)

    def _failed(self, job: Job, future: Future, error: Exception) -> Failure:
        """Return the Failure of a job that no worker answered; raises SetupError where that is no fault of its."""
        from distributed import KilledWorker

        if self._closed:
            return _stopped(job)
        if isinstance(error, CancelledError):
            self._cluster.look(future)
            raise LostFilesError from error
        if isinstance(error, KilledWorker):
            message = (
                f"{job.step} was given up: {error.allowed_failures + 1} of the cluster's workers died at it"
            )
            return Failure(
                message, None, job.path, "most often the memory is too small: use smaller parameters"
            )
        reason = " ".join(str(error).split()).partition(". ")[0]
        raise SetupError(
            f"{job}: a worker of the cluster could not run it ({type(error).__name__}: {reason})",
            remedy=f"{INSTALL}; if it is, see that worker's log",
        ) from error

    def _another_engine(self, job: Job, worker: str, theirs: str) -> SetupError:
        names = self._cluster.engine_of(job)
        return SetupError(
            f"the cluster's worker {worker} has the engine {theirs}, and this is {identity(names)}",
            remedy=INSTALL,
        )


def _stopped(job: Job) -> Failure:
    return Failure(f"{job.step} was stopped", None, job.path)
