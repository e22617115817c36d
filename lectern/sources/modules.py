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
from lectern.sources.acting import acts, acts_on_names
from lectern.sources.code import (
    absolute,
    bound_names,
    constant,
    digest_code,
    imported_names,
    parse,
    reads_docstrings,
)
from lectern.sources.digests import Digests
from lectern.sources.script import patterns


@dataclass(frozen=True)
class Imports:
    """What some code imports: project modules by path with their code digests, and the rest by name."""

    modules: dict[Path, str]
    documented: dict[Path, str]  # the same, docstrings included
    reads_docstrings: bool  # whether one of the modules may read docstrings, of any of them
    files: tuple[str, ...]
    libraries: frozenset[str]
    acting: dict[Path, list[str]]  # by module, the modules that it may change when it is imported


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
                modules[path] = digests.derived.of(f"module {package}", path, read)
                waiting += modules[path]["imports"]
    return Imports(
        modules={path: module["code"] for path, module in modules.items()},
        documented={path: module["documented"] for path, module in modules.items()},
        reads_docstrings=any(module["reads_docstrings"] for module in modules.values()),
        files=tuple(pattern for module in modules.values() for pattern in module["files"]),
        libraries=_importable(libraries, project),
        acting={path: module["acting"] for path, module in modules.items()},
    )


def files_of(names: Iterable[str], project: Project, digests: Digests) -> set[Path]:
    """Return the project files that the dotted names mean themselves, packages above them aside."""
    found = [_resolve(name, project, digests) for name in names]
    return {files[-1][0] for files in found if files}


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
    shown = project.shown(path)
    try:
        tree = parse(text)
        files = constant(tree, "FILES", ())
    except SyntaxError as error:
        raise FigureError(
            f"syntax error: {error.msg}", Place(shown, error.lineno), "correct the module"
        ) from error
    except ValueError as error:
        raise FigureError(
            "FILES is no literal", Place(shown), "assign FILES once, and write it out"
        ) from error
    return {
        "code": digest_code(tree),
        "documented": digest_code(tree, docstrings=True),
        "reads_docstrings": reads_docstrings(tree),
        "imports": imported_names(tree, package),
        "files": patterns(files, shown),
        "acting": _acted_on(tree, package),
    }


def _acted_on(tree: ast.Module, package: str) -> list[str]:
    """Return the dotted names of what a module may change elsewhere when it is imported.

    That is what it calls for no value, stores into, decorates with and derives classes from.
    """
    imported: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            base = absolute(node, package)
            imported |= {alias.asname or alias.name: [base, f"{base}.{alias.name}"] for alias in node.names}
        elif isinstance(node, ast.Import):
            imported |= {alias.asname or alias.name.split(".")[0]: [alias.name] for alias in node.names}
    defines = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    acting = [n for n in tree.body if acts(n) and (isinstance(n, defines) or not [*bound_names(n)])]
    used = {name for node in acting for name in acts_on_names(node)}
    return sorted({module for name in used for module in imported.get(name, ())})


def _importable(names: set[str], project: Project) -> frozenset[str]:
    """Drop names inside the project: `from package import function` looks like a module and is none."""
    tops = {name.split(".")[0] for name in names}
    ours = {top for top in tops if any((root / top).is_dir() for root in project.search_path)}
    return frozenset(name for name in names if name.split(".")[0] not in ours)
