"""What makes the figures of one project, wired together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lectern.making.locks import Locks
from lectern.making.maker import Maker
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
    """A project's figures: which there are, how they stand, and who makes them."""

    project: Project
    digests: Digests
    catalogue: Catalogue
    store: Store
    states: States
    maker: Maker
    progress: Progress
    workers: Workers


@contextlib.contextmanager
def open_workshop(
    project: Project, progress: Progress, jobs: int, memory_bound: int | None = None
) -> Iterator[Workshop]:
    """Wire up a project, running up to `jobs` steps at once on this machine; on leaving, stop what still runs.

    All steps together may take `memory_bound` bytes, by default three quarters of the machine's memory.
    """
    digests = Digests(project.cache / "digests", progress.tell)
    catalogue = Catalogue(project, digests)
    store = Store(project.cache / "results", progress.tell)
    states = States(project, catalogue, digests, store)
    executor = ThreadPoolExecutor(jobs, thread_name_prefix="step")
    workers = Workers(memory_bound)
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
