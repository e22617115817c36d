"""What a cluster's worker does: unpack a parcel, run its job in a process of its own, send the answer back.

Nothing here needs the project's files, nor a disk that is shared.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pickle
import tempfile
from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lectern import atomic
from lectern.making.engine import identity
from lectern.making.job import Failure, Job
from lectern.making.memory import SHARE
from lectern.making.outline import lay_out
from lectern.making.parcel import Parcel, moved
from lectern.making.returned import returned
from lectern.making.workers import Workers

Bundle = dict[str, bytes]  # contents of files by digest


def run_parcel(
    engine: str, names: Collection[str], packed: bytes, bundles: Sequence[Bundle]
) -> bytes | tuple[str, str]:
    """Run a packed Parcel on this worker of a Dask cluster; return its packed answer.

    Where another engine is installed here than `engine`, as far as the files of these `names` count, nothing is
    unpacked; then this worker's address and its engine are returned.
    """
    from distributed import get_worker

    worker = get_worker()
    if (own := identity(names)) != engine:
        return worker.address, own
    parcel: Parcel = pickle.loads(packed)
    key = worker.get_current_task()
    scratch = Path(worker.local_directory).resolve() / "lectern"
    with unpacked(parcel, ChainMap(*bundles), scratch) as folder:
        before = _touched(parcel, folder)
        answer = _workers(parcel.memory_bound or _share_of(worker)).run(
            moved(parcel.job, folder), lambda: not _is_wanted(worker, key)
        )
        if changed := before ^ _touched(parcel, folder):
            return pickle.dumps(_wrote_to(parcel.job, sorted({path for path, _ in changed})))
    return pickle.dumps(returned(answer, str(folder)))


@contextlib.contextmanager
def unpacked(parcel: Parcel, contents: Mapping[str, bytes], scratch: Path) -> Iterator[Path]:
    """Put a parcel's files below a folder of their own in `scratch`; on leaving, the folder is deleted.

    What the files hold stays in `scratch`, so that what many jobs read is written there once.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        lay_out(contents[parcel.outline], folder)
        for path, digest in parcel.files.items():
            _place(Path(f"{folder}{path}"), scratch / "files" / digest, contents[digest])
        yield folder


def _place(target: Path, kept: Path, content: bytes) -> None:
    """Put a file where it is wanted; however many folders it is wanted in, it takes room once.

    The kept one is trusted no further than it can be read: a job may have written to it, or the disk is damaged.
    """
    if not kept.exists() or kept.read_bytes() != content:
        atomic.write(kept, content)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(kept, target)
    except OSError:  # a disk without links
        atomic.write(target, content)


def _touched(parcel: Parcel, folder: Path) -> set[tuple[str, tuple[int, int] | None]]:
    """Return the stamps of the files that a job reads, to see whether it writes to them."""
    return {(path, _written(Path(f"{folder}{path}"))) for path in parcel.files}


def _written(path: Path) -> tuple[int, int] | None:
    """Return a file's size and when it was written; links made to it meanwhile do not count."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _wrote_to(job: Job, paths: Collection[str]) -> Failure:
    root = Path(job.roots[0])
    names = [str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path for path in paths]
    return Failure(f"{', '.join(names)} changed while {job.step} ran", None, job.path, "build again")


@functools.cache
def _workers(memory_bound: int | None) -> Workers:
    """Return this process's workers: all its jobs together keep to the bound."""
    return Workers(memory_bound)


def _share_of(worker: Any) -> int | None:
    """Return how much all jobs may take of the memory that Dask gives a worker."""
    limit = worker.memory_manager.memory_limit
    return int(SHARE * limit) if limit else None


def _is_wanted(worker: Any, key: Any) -> bool:
    """Whether a task is still wanted: not once it was cancelled, or its client has left."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state in ("executing", "long-running")
