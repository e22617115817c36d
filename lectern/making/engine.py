"""Which engine this is: a job runs elsewhere only where the same one is installed."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

from lectern import __version__

ENGINE = Path(__file__).resolve().parent.parent


def is_engine(path: str) -> bool:
    """Whether a file is one of the engine's own."""
    return Path(path).is_relative_to(ENGINE)


def engine_name(path: str) -> str:
    """Return how a file of the engine is called wherever the engine is installed."""
    return Path(path).relative_to(ENGINE).as_posix()


def identity(names: Iterable[str]) -> str:
    """Return version and digest of this process's engine, as far as these files of it count.

    A file is looked at once: what was loaded stays what it was when another version is installed meanwhile.
    """
    sha = hashlib.sha256("".join(f"{name} {_digest(name)} " for name in sorted(names)).encode())
    return f"{__version__} (sources {sha.hexdigest()[:8]})"


@functools.cache
def _digest(name: str) -> str:
    path = ENGINE / name
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
