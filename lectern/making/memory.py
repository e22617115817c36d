"""How much memory the workers may take: who takes too much is ended before the system ends something else."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

SHARE = 0.75  # of the machine's memory that all workers together may take
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def default_bound() -> int:
    """Return three quarters of the memory, in bytes, that this machine has, or that this container may use."""
    import psutil

    found = psutil.virtual_memory().total
    for path in LIMITS:
        with contextlib.suppress(OSError, ValueError):
            found = min(found, int(path.read_text()))
    return int(SHARE * found)


def taken_by(pid: int) -> int:
    """Return the bytes that a process and those that it started hold in memory; 0 where it has ended.

    What it shares with the process that it was forked from counts too: it is a few hundred megabytes.
    """
    import psutil

    total = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for member in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += member.memory_info().rss
    return total


def largest(pids: Collection[int], bound: int) -> tuple[int, int] | None:
    """Return the process that takes most, with its bytes, where all together take more than `bound` bytes."""
    taken = {pid: taken_by(pid) for pid in pids}
    if sum(taken.values()) <= bound:
        return None
    pid = max(taken, key=lambda pid: taken[pid])
    return pid, taken[pid]
