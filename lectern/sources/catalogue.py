"""The figures of a project, by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lectern.errors import FigureError, Place, nearest
from lectern.fixtures import Fixture
from lectern.project import Project
from lectern.sources.digests import Digests
from lectern.sources.script import FigureScript, read_script

SUFFIXES = (".py", ".ipynb")


class Catalogue:
    """Finds figure scripts: the Python files and notebooks directly in `figures/`."""

    def __init__(self, project: Project, digests: Digests) -> None:
        self._project = project
        self._digests = digests
        self._paths: dict[str, list[Path]] = {}
        for path in digests.searches.glob(project.figures, "*"):
            if path.suffix in SUFFIXES and not path.name.startswith((".", "_")):
                self._paths.setdefault(canonical(path.stem), []).append(path)
        self._scripts: dict[str, FigureScript] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __contains__(self, name: str) -> bool:
        return canonical(name) in self._paths

    def script(self, name: str) -> FigureScript:
        """Return the script of figure `name`; raise FigureError where there is none, or two."""
        name = canonical(name)
        if name not in self._scripts:
            self._scripts[name] = read_script(name, self._path(name), self._project, self._digests)
        return self._scripts[name]

    def asked_figures(self, name: str) -> list[str]:
        """Return the figures whose results figure `name` asks for."""
        return [canonical(r) for r in self.script(name).requests if r not in self._project.fixtures]

    def asked_fixtures(self, name: str) -> dict[str, Fixture]:
        """Return the fixtures that figure `name` asks for, itself or through figures that it asks for."""
        own = [request for request in self.script(name).requests if request in self._project.fixtures]
        found = {request: self._project.fixtures[request] for request in own}
        for figure in self.asked_figures(name):
            found |= self.asked_fixtures(figure)
        return found

    def _path(self, name: str) -> Path:
        paths = self._paths.get(name, [])
        if not paths:
            raise FigureError(f"there is no figure {name!r}", remedy=nearest(name, self))
        if len(paths) > 1:
            both = " and ".join(self._project.shown(path) for path in paths)
            raise FigureError(f"two figures are named {name!r}: {both}", remedy="rename one of them")
        return paths[0]


def canonical(name: str) -> str:
    """Return the one spelling of a figure's name: `-` and `_` are alike."""
    return name.replace("-", "_")


def check_acyclic(names: set[str], catalogue: Catalogue) -> list[str]:
    """Return `names` and all they ask for, each after what it asks for.

    Raises FigureError naming the ring of a cycle, or what is asked for and does not exist.
    """
    ordered: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in ordered:
            return
        if name in path:
            ring = " → ".join([*path[path.index(name) :], name])
            place = Place(catalogue.script(name).path.name)
            raise FigureError(f"figures ask for each other in a ring: {ring}", place, "break the ring")
        path.append(name)
        for request in catalogue.asked_figures(name):
            _check_request(request, name, catalogue)
            visit(request)
        ordered.append(path.pop())

    for name in sorted(names):
        visit(canonical(name))
    return ordered


def _check_request(request: str, name: str, catalogue: Catalogue) -> None:
    if request not in catalogue:
        hint = nearest(request, catalogue)
        message = f"compute asks for {request!r}, which is no figure, no fixture, and has no default"
        raise FigureError(message, Place(catalogue.script(name).path.name), hint)
