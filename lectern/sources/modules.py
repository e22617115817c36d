"""The project's own modules that some code imports, directly or not."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lectern.errors import FigureError, Place
from lectern.project import Project
from lectern.sources.code import constant, digest_code, imported_names
from lectern.sources.digests import Digests


@dataclass(frozen=True)
class Imports:
    """What some code imports: project modules by path with their code digests, and the rest by name."""

    modules: dict[Path, str]
    files: tuple[str, ...]
    libraries: frozenset[str]


def follow(names: Iterable[str], project: Project, digests: Digests) -> Imports:
    """Follow imports through the project's modules.

    A module's own `FILES` patterns come along. Raises FigureError where a module cannot be parsed.
    """
    modules: dict[Path, dict[str, Any]] = {}
    libraries: set[str] = set()
    followed: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in followed:
            continue
        followed.add(name)
        found = _resolve(name, project, digests)
        if not found and name.split(".")[0] not in sys.stdlib_module_names:
            libraries.add(name)
        for path, package in found:
            if path not in modules:
                read = functools.partial(_read, path=path, package=package, project=project)
                modules[path] = digests.derive(f"module {package}", path, read)
                waiting += modules[path]["imports"]
    return Imports(
        modules={path: module["code"] for path, module in modules.items()},
        files=tuple(pattern for module in modules.values() for pattern in module["files"]),
        libraries=_importable(libraries, project),
    )


def _resolve(name: str, project: Project, digests: Digests) -> list[tuple[Path, str]]:
    """Return the project files that importing `name` runs, packages first, each with its package's name."""
    for root in project.search_path:
        found = []
        for package, module, own, parent in _candidates(root, name):
            if digests.of(package) is not None:
                found.append((package, own))
            elif digests.of(module) is not None:
                found.append((module, parent))
        if found:
            return found
    return []


@functools.lru_cache(maxsize=10_000)
def _candidates(root: Path, name: str) -> tuple[tuple[Path, Path, str, str], ...]:
    """Return for each part of a module's name its file as a package, and as a module, with the packages they are of."""
    parts = name.split(".")
    return tuple(
        (base / "__init__.py", base.with_suffix(".py"), ".".join(parts[:depth]), ".".join(parts[: depth - 1]))
        for depth in range(1, len(parts) + 1)
        for base in [root.joinpath(*parts[:depth])]
    )


def _read(text: str, path: Path, package: str, project: Project) -> dict[str, Any]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        place = Place(project.shown(path), error.lineno)
        raise FigureError(f"syntax error: {error.msg}", place, "mend the module") from error
    return {
        "code": digest_code(tree),
        "imports": imported_names(tree, package),
        "files": list(constant(tree, "FILES", ())),
    }


def _importable(names: set[str], project: Project) -> frozenset[str]:
    """Drop names inside the project: `from package import function` looks like a module and is none."""
    tops = {name.split(".")[0] for name in names}
    ours = {top for top in tops if any((root / top).is_dir() for root in project.search_path)}
    return frozenset(name for name in names if name.split(".")[0] not in ours)
