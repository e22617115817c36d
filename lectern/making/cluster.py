"""A Dask cluster whose workers make figures: what they need of the project travels to them, once.

The cluster is connected to when the first job is to run there, so a build with nothing to compute needs none.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import logging
import pickle
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lectern.errors import SetupError
from lectern.making.elsewhere import run_parcel
from lectern.making.engine import engine_name, identity, is_engine
from lectern.making.job import Job
from lectern.making.parcel import Packer
from lectern.project import ENGINE_ROOT, Project
from lectern.sources.digests import Digests
from lectern.sources.modules import follow

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECTING = 10.0  # seconds a scheduler has to answer
WORKERS_COMING = 10.0  # seconds in which the first worker has to be there
WORKERS_BACK = 30.0  # seconds to wait for workers to come back once all have left
SENDINGS = 5  # at most, of what a worker that goes does not take
PAUSE = 0.2  # seconds in which the scheduler notices that it has left

# What runs on a worker; the second is started there by name.
ENTRY = "lectern.making.elsewhere"
PROGRAMS = (ENTRY, "lectern.making.parent")

INSTALL = (
    "install this version where the scheduler and the workers run (`pip wheel --no-deps .` makes what to install), "
    "and restart them"
)


class Cluster:
    """The connection to a cluster, which starts with the first job. Safe to use from several threads."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._refusal: SetupError | None = None
        self._refused_at = 0.0
        self._packer = Packer()
        self._sent: dict[str, Future] = {}  # bundles, by the digests of the contents that they hold

    def submit(self, job: Job, memory_bound: int | None = None) -> Future:
        """Send a job, and what the cluster does not have yet of its files.

        All jobs of one worker together may take `memory_bound` bytes, by default three quarters of what Dask gives it.
        Raises SetupError where the cluster cannot be reached or has no workers.
        """
        with self._lock:
            parcel, contents = self._packer.pack(job, self._sent, memory_bound)
            client = self._connected()
            try:
                if contents:
                    self._sent |= dict.fromkeys(contents, _scattered(client, contents))
                bundles = {future.key: future for future in map(self._sent.__getitem__, parcel.digests)}
                names = self.engine_of(job)
                arguments = (identity(names), names, pickle.dumps(parcel), [*bundles.values()])
                return client.submit(run_parcel, *arguments, pure=False, key=_key(job))
            except Exception as error:  # of the network, or Dask's own
                if isinstance(error, TimeoutError) and client.status == "running":
                    raise no_workers(self.address) from error
                raise self._lost(client) from error

    def engine_of(self, job: Job) -> frozenset[str]:
        """Return the files of the engine that have a part in running `job` on a worker."""
        return self._engine | {engine_name(path) for path in job.reads if is_engine(path)}

    def look(self, future: Future) -> bool:
        """Whether there are workers; raises SetupError where the connection that a job was sent over is lost."""
        client = _client(future)
        try:
            if client.status == "running":
                return bool(client.nthreads())
        except Exception as error:
            raise self._lost(client) from error
        raise self._lost(client)

    def cancel(self, futures: list[Future]) -> None:
        """Have the cluster stop these; what is not reached any more needs no stopping."""
        with contextlib.suppress(Exception):
            if futures:
                _client(futures[0]).cancel(futures, force=True)

    def send_again(self) -> None:
        """Take it that nothing was sent."""
        with self._lock:
            self._sent = {}

    def close(self) -> None:
        """Close the connection; the next job starts another."""
        client, self._client, self._sent = self._client, None, {}
        self._refusal = None
        if client is not None:
            with contextlib.suppress(Exception):
                client.close(timeout=2)

    def _lost(self, client: Client) -> SetupError:
        """Drop a connection that is lost; return the error to raise."""
        if client is self._client:
            self.close()
        return SetupError(
            f"the Dask scheduler at {self.address} does not answer any more",
            remedy="what was made is kept: start the cluster and build again, or build here, without --dask",
        )

    def _connected(self) -> Client:
        """Return the client; must be held: the lock. Who comes just after a refusal gets the same one."""
        if self._client is None:
            if self._refusal and time.monotonic() < self._refused_at + CONNECTING:
                raise self._refusal
            try:
                self._client = _connect(self.address)
            except SetupError as error:
                self._refusal, self._refused_at = error, time.monotonic()
                raise
            atexit.register(self.close)
        return self._client

    @functools.cached_property
    def _engine(self) -> frozenset[str]:
        """The files that run any job on a worker."""
        engine = Project(ENGINE_ROOT)
        found = follow(PROGRAMS, engine, Digests(engine.cache / "digests"))
        return frozenset(engine_name(str(path)) for path in found.modules if is_engine(str(path)))


@functools.cache
def cluster_at(address: str) -> Cluster:
    """Return the cluster whose scheduler has this address, the same one for all of this process."""
    return Cluster(address)


def _connect(address: str) -> Client:
    try:
        import dask.config
        from distributed import Client
    except ModuleNotFoundError as error:
        raise SetupError(
            f"--dask needs the package {error.name!r}", remedy="install it: make cluster"
        ) from error
    for name in ("distributed", "distributed.client", "distributed.core", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters of it is in our own message
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    try:
        client = Client(address, timeout=CONNECTING, set_as_default=False, name="lectern")
    except Exception as error:  # of the network, of the address, of a scheduler of another version
        raise _unreachable(address, error) from error
    try:
        client.wait_for_workers(1, timeout=WORKERS_COMING)
    except Exception as error:
        client.close()
        raise no_workers(address) from error
    try:
        lacking = _without_engine(client)
    except Exception as error:  # it went away just now
        client.close()
        raise _unreachable(address, error) from error
    if lacking:
        client.close()
        raise SetupError(f"{lacking} of the cluster at {address} has no engine to run jobs", remedy=INSTALL)
    return client


def _unreachable(address: str, error: Exception) -> SetupError:
    reason = str(error).partition("\n")[0] or type(error).__name__
    return SetupError(
        f"there is no Dask scheduler to be reached at {address}: {reason}",
        remedy="start one, `dask scheduler`, and name the address that it prints: --dask tcp://HOST:8786",
    )


def _without_engine(client: Client) -> str | None:
    """Return who cannot load what runs jobs, if anybody: a worker that is sent what it cannot load would end."""
    found: dict[str, Any] = client.run(find_spec, ENTRY, on_error="return")  # type: ignore[assignment]
    lacking = [name for name, spec in found.items() if spec is None or isinstance(spec, ImportError)]
    if lacking:
        return f"the worker {min(lacking)}"
    try:
        return None if client.run_on_scheduler(find_spec, ENTRY) else "the scheduler"
    except ModuleNotFoundError:
        return "the scheduler"


def _scattered(client: Client, contents: dict[str, bytes]) -> Future:
    """Send contents to all workers, and once more where one goes while it is sent them."""
    for left in reversed(range(SENDINGS)):
        try:
            [bundle] = client.scatter([contents], broadcast=True, hash=False, timeout=WORKERS_BACK)  # type: ignore[misc]
            return bundle  # type: ignore[return-value]
        except OSError as error:
            if not left or isinstance(error, TimeoutError) or client.status != "running":
                raise
            time.sleep(PAUSE)
    raise AssertionError("the last sending counts")


def _client(future: Future) -> Client:
    """Return the connection that a job was sent over."""
    client = future.client
    assert client is not None  # it only is where a future was unpickled outside of any client
    return client


def no_workers(address: str) -> SetupError:
    """Return the error of a cluster that has a scheduler only."""
    return SetupError(
        f"the Dask cluster at {address} has no workers",
        remedy=f"what was made is kept: start some, `dask worker {address}`, and build again",
    )


def _key(job: Job) -> str:
    """Return a name for a job on the cluster's own pages, its own each time."""
    return f"{job.step}-{job.figure}-{uuid4().hex[:12]}"
