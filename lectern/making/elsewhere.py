"""What a cluster's worker does: unpack a parcel, run its job in a process of its own, send the answer back.

Nothing here needs the project's files, nor a disk that is shared.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pickle
from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lectern import atomic
from lectern.making.engine import identity
from lectern.making.memory import SHARE
from lectern.making.parcel import Parcel, moved, moved_back
from lectern.making.workers import Workers
from lectern.sources.code import digest_text

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
    folder = unpacked(parcel, ChainMap(*bundles), Path(worker.local_directory).resolve() / "lectern")
    key = worker.get_current_task()
    answer = _workers(worker.memory_manager.memory_limit).run(
        moved(parcel.job, folder), lambda: not _is_wanted(worker, key)
    )
    return pickle.dumps(moved_back(answer, folder))


def unpacked(parcel: Parcel, contents: Mapping[str, bytes], scratch: Path) -> Path:
    """Put a parcel's files below a folder in `scratch` that no other files are in; return that folder.

    What is there already, from an earlier job, is not written again.
    """
    folder = scratch / digest_text(repr(sorted(parcel.files.items())))
    for root in parcel.job.roots:
        Path(f"{folder}{root}").mkdir(parents=True, exist_ok=True)
    for path, digest in parcel.files.items():
        target = Path(f"{folder}{path}")
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _place(target, scratch / "files" / digest, contents[digest])
    return folder


def _place(target: Path, kept: Path, content: bytes) -> None:
    """Put a file where it is wanted; however many folders it is wanted in, it takes room once."""
    if not kept.exists():
        atomic.write(kept, content)
        kept.chmod(0o444)
    with contextlib.suppress(FileExistsError):  # another job has put it there
        try:
            os.link(kept, target)
        except FileExistsError:
            raise
        except OSError:  # a disk without links
            atomic.write(target, content)


@functools.cache
def _workers(memory_limit: int | None) -> Workers:
    """Return this process's workers: all its jobs together keep to the memory that Dask gives it."""
    return Workers(int(SHARE * memory_limit) if memory_limit else None)


def _is_wanted(worker: Any, key: Any) -> bool:
    """Whether somebody still waits for a task: not when it was cancelled, or whoever asked has gone."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state in ("executing", "long-running")
