"""What makes the figures of one project, wired together for every command, the decks and the preview."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lectern.making.locks import Locks
from lectern.making.maker import Maker
from lectern.making.runner import Runner
from lectern.making.state import States
from lectern.making.steps import Steps
from lectern.making.store import Store
from lectern.making.workers import Workers
from lectern.progress import Progress
from lectern.project import Project
from lectern.sources.catalogue import Catalogue
from lectern.sources.digests import Digests


@dataclass(frozen=True)
class Workshop:
    """A project's figures: which there are, their states, and what makes them."""

    project: Project
    digests: Digests
    catalogue: Catalogue
    store: Store
    states: States
    maker: Maker
    progress: Progress
    workers: Runner


@contextlib.contextmanager
def open_workshop(
    project: Project, progress: Progress, jobs: int, memory_bound: int | None = None
) -> Iterator[Workshop]:
    """Wire up a project, running up to `jobs` steps at once; on leaving, stop what still runs.

    They run on this machine or on the project's cluster, where those on one machine together may take `memory_bound`
    bytes, by default three quarters of its memory.
    """
    digests = Digests(project.cache / "digests", progress.tell)
    catalogue = Catalogue(project, digests)
    store = Store(project.cache / "results", progress.tell)
    states = States(project, catalogue, digests, store)
    executor = ThreadPoolExecutor(jobs, thread_name_prefix="step")
    workers = _runner(project, memory_bound)
    locks = Locks(project.cache / "locks", project.images, progress.tell)
    steps = Steps(project, digests, states.keys, executor, workers, progress)
    maker = Maker(catalogue, digests, states, store, steps, locks)
    try:
        yield Workshop(project, digests, catalogue, store, states, maker, progress, workers)
    finally:
        progress.close()
        locks.close()
        executor.shutdown(wait=False, cancel_futures=True)
        workers.close()
        digests.save()


def _runner(project: Project, memory_bound: int | None) -> Runner:
    if not project.cluster:
        return Workers(memory_bound)
    from lectern.making.cluster import cluster_at
    from lectern.making.cluster_workers import ClusterWorkers

    return ClusterWorkers(cluster_at(project.cluster), memory_bound)
