"""A worker's view of the project: it may read only what its key covers."""

from __future__ import annotations

import importlib.machinery
import os
import shlex
import sys
from collections.abc import Callable, Iterable
from importlib.abc import PathEntryFinder
from pathlib import Path
from urllib.parse import unquote

ENGINE = Path(__file__).resolve().parent.parent


class UndeclaredReadError(RuntimeError):
    """A figure read a project file, or listed a project folder, that its key does not cover."""


def keep_to(reads: Iterable[str], folders: Iterable[str], roots: Iterable[str]) -> None:
    """Make this process refuse, for good, to read files under `roots` that are not among `reads`.

    It may list `folders`. Libraries installed inside the project's folder (a virtual environment, node_modules) are not
    its files, nor is this engine, whose sources a library may read to show a stack. What is read by compiled code that
    goes round Python, or by another program that finds the file by itself, is not seen, nor is whether a file exists.
    """
    guard = _Guard(frozenset(reads), frozenset(folders), tuple(roots))
    sys.addaudithook(guard.watch)


class _Guard:
    """Checks the files in Python's audit events."""

    def __init__(self, reads: frozenset[str], folders: frozenset[str], roots: tuple[str, ...]) -> None:
        self._reads = reads | {os.path.realpath(path) for path in reads}
        self._folders = folders | {os.path.realpath(path) for path in folders}
        self._roots = tuple(dict.fromkeys((*roots, *map(os.path.realpath, roots))))
        installed = {
            sys.prefix,
            sys.base_prefix,
            str(ENGINE),
            *(p for p in sys.path if p.endswith("-packages")),
        }
        self._installed = tuple(installed | {os.path.realpath(path) for path in installed})
        self._events: dict[str, Callable[..., None]] = {
            "open": self._open,
            "os.listdir": self._list,
            "os.scandir": self._list,
            "sqlite3.connect": self._connect,
            "subprocess.Popen": lambda program, words, *_: self._run([program, *_words(words)]),
            "os.system": lambda command: self._run(_words(command)),
            "os.exec": lambda program, words, *_: self._run([program, *_words(words)]),
            "os.posix_spawn": lambda program, words, *_: self._run([program, *_words(words)]),
        }

    def watch(self, event: str, arguments: tuple[object, ...]) -> None:
        """Check an event; raise UndeclaredReadError for a file that may not be read."""
        if (see := self._events.get(event)) is not None:
            see(*arguments)

    def _open(self, path: object, mode: object, flags: object, *_: object) -> None:
        only_writes = isinstance(flags, int) and flags & os.O_ACCMODE == os.O_WRONLY
        empties = isinstance(flags, int) and flags & os.O_TRUNC
        if not (only_writes or empties):
            self._read(path)

    def _list(self, path: object, *_: object) -> None:
        asks = sys._getframe(2).f_globals.get("__name__", "")
        if not asks.startswith(
            "importlib"
        ):  # what is imported, or installed, it looks up in every folder of the path
            self._read("." if path is None else path)

    def _connect(self, database: object, *_: object) -> None:
        if isinstance(database, str) and database.startswith("file:"):
            database = unquote(database.removeprefix("file:").partition("?")[0])
        self._read(database)

    def _run(self, words: Iterable[object]) -> None:
        """Check the files that another program is given."""
        for word in words:
            for part in (word, *_words(word)):  # a shell is given its command as one word
                if isinstance(part, (str, bytes, os.PathLike)) and os.path.isfile(part):
                    self._read(part)

    def _read(self, path: object) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return  # a file that is open already
        named = os.path.abspath(os.fsdecode(path))
        real = os.path.realpath(named)
        if named.endswith(".pyc") or not (self._is_ours(named) or self._is_ours(real)):
            return
        allowed = self._folders if os.path.isdir(real) else self._reads
        if named not in allowed and real not in allowed and os.path.exists(real):
            raise UndeclaredReadError(named)

    def _is_ours(self, path: str) -> bool:
        return _is_inside(path, self._roots) and not _is_inside(path, self._installed)


def _words(command: object) -> list[object]:
    """Return the words of a command line, or of the list that is given in its place."""
    if isinstance(command, bytes):
        command = os.fsdecode(command)
    if isinstance(command, str):
        try:
            return [*shlex.split(command)]
        except ValueError:
            return [command]
    return list(command) if isinstance(command, (list, tuple)) else []


def _is_inside(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


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
        if not _is_inside(folder, roots) or _is_inside(folder, (sys.prefix,)):
            raise ImportError("not a folder of the project", path=path)
        return hook(path)

    sys.path_hooks.insert(0, project_only)
    sys.path[:] = [*roots, *(entry for entry in sys.path if entry not in roots)]
    sys.path_importer_cache.clear()
