"""A worker's view of the project: it may read only what its key covers."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from importlib.abc import PathEntryFinder
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent


class UndeclaredReadError(RuntimeError):
    """A figure read a project file that its key does not cover."""


def keep_to(reads: frozenset[str], roots: tuple[str, ...]) -> None:
    """Make this process refuse, for good, to read files under `roots` that are not among `reads`.

    Libraries installed inside the project's folder (a virtual environment, node_modules) are not its files, nor
    is this engine, whose sources a library may read to show a stack. Files opened by compiled code that goes
    round Python's `open` are not seen.
    """
    folders = tuple(root.rstrip(os.sep) + os.sep for root in roots)
    installed = (str(Path(sys.prefix).resolve()), str(Path(sys.base_prefix).resolve()), str(ENGINE))

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], (str, bytes, os.PathLike)):
            return
        flags = arguments[2]
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_CREAT):
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))
        ours = path.startswith(folders) and not path.startswith(installed) and "node_modules" not in path
        if ours and path not in reads and not path.endswith(".pyc") and os.path.isfile(path):
            raise UndeclaredReadError(path)

    sys.addaudithook(refuse)


class _SourceLoader(importlib.machinery.SourceFileLoader):
    """Compiles modules from their source, every time.

    A cached .pyc is trusted by size and by time in whole seconds, so two saves within a second can hide one.
    """

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError("no bytecode cache")


def import_from(roots: tuple[str, ...]) -> None:
    """Import the project's modules from `roots`, first match first, and always from their sources."""
    suffixes = (_SourceLoader, importlib.machinery.SOURCE_SUFFIXES)
    hook = importlib.machinery.FileFinder.path_hook(suffixes)

    def project_only(path: str) -> PathEntryFinder:
        folder = os.path.abspath(path)
        inside = any(folder == root or folder.startswith(root + os.sep) for root in roots)
        if not inside or folder.startswith(sys.prefix):
            raise ImportError("not a folder of the project", path=path)
        return hook(path)

    sys.path_hooks.insert(0, project_only)
    sys.path[:] = [*roots, *(entry for entry in sys.path if entry not in roots)]
    sys.path_importer_cache.clear()
