"""Whether a figure is fresh, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lectern.fixtures import Fixture
from lectern.making.request import Request
from lectern.making.sidecar import IMAGES, Sidecar, read_sidecar, with_suffix
from lectern.making.store import Computed, Store
from lectern.project import Project
from lectern.sources.catalogue import Catalogue
from lectern.sources.digests import Digests
from lectern.sources.keys import Key, Keys, changes
from lectern.sources.script import FigureScript


@dataclass(frozen=True)
class State:
    """What is there of a figure, before anything runs."""

    request: Request
    script: FigureScript
    parameters: Mapping[str, Any]
    fixtures: Mapping[str, Fixture]  # that `compute` asks for
    stem: Path
    sidecar: Sidecar | None
    compute: Key | None  # None while a result it asks for is not known yet
    computed: Computed | None  # None where compute has to run
    draw: Key | None  # None while the data is not known
    damaged: tuple[str, ...]  # pictures that are missing or not as they were written
    waits_for: tuple[str, ...]  # figures whose results are not known yet

    @cached_property
    def stale(self) -> Mapping[str, list[str]]:
        """Why each step has to run, part by part; a step that need not run is absent."""
        if self.sidecar is None:
            return {"compute": ["it was never made"], "draw": ["it was never made"]}
        reasons: dict[str, list[str]] = {}
        if self.waits_for:
            reasons["compute"] = [f"result of {name}: not known yet" for name in self.waits_for]
        elif self.compute and self.computed is None:
            reasons["compute"] = changes(self.sidecar.parts["compute"], self.compute.parts)
        if self.draw and (changed := changes(self.sidecar.parts["draw"], self.draw.parts)):
            reasons["draw"] = changed
        elif self.damaged:
            reasons["draw"] = [f"{name}: missing or altered" for name in self.damaged]
        return reasons

    @property
    def fresh(self) -> bool:
        """Whether nothing has to run."""
        return not self.stale

    def shows(self, draw: Key) -> bool:
        """Whether the pictures that are there are those that `draw` would make."""
        return (
            bool(self.sidecar) and dict(self.sidecar.parts["draw"]) == dict(draw.parts) and not self.damaged
        )

    def forgotten(self) -> State:
        """Return this figure as if it had never been made."""
        return replace(self, sidecar=None, computed=None, draw=None)


class States:
    """Looks at figures."""

    def __init__(self, project: Project, catalogue: Catalogue, digests: Digests, store: Store) -> None:
        self._project = project
        self._catalogue = catalogue
        self._digests = digests
        self._store = store
        self.keys = Keys(project, digests)

    def of(self, request: Request, results: Mapping[str, str] | None = None) -> State:
        """Look at a figure, given the digests of the results it asks for, or as these stand now."""
        script = self._catalogue.script(request.name)
        parameters = {**script.parameters, **dict(request.overrides)}
        asked = self._catalogue.asked_fixtures(request.name)
        own = {name: fixture for name, fixture in asked.items() if name in script.requests}
        stem = self._project.images / (self._project.variant if asked else "") / request.stem
        sidecar = read_sidecar(with_suffix(stem, "json"))
        self._digests.of(with_suffix(stem, "json"))
        known = self._results(request.name) if results is None else results
        waits_for = tuple(name for name in self._catalogue.asked_figures(request.name) if name not in known)
        compute = None if waits_for else self.keys.compute(script, parameters, known, own)
        computed = self._computed(compute, sidecar) if compute else None
        draw = self.keys.draw(script, parameters, computed.digest) if computed else None
        damaged = tuple(self._damaged(stem, sidecar)) if sidecar else ()
        return State(
            request, script, parameters, own, stem, sidecar, compute, computed, draw, damaged, waits_for
        )

    def _results(self, name: str) -> dict[str, str]:
        states = {asked: self.of(Request(asked)) for asked in self._catalogue.asked_figures(name)}
        return {name: state.computed.digest for name, state in states.items() if state.computed}

    def _computed(self, key: Key, sidecar: Sidecar | None) -> Computed | None:
        if sidecar and dict(sidecar.parts["compute"]) == dict(key.parts):
            seconds = sidecar.seconds["compute"]
            return Computed(
                sidecar.data, sidecar.values, sidecar.claims, sidecar.alt, seconds, sidecar.versions
            )
        return self._store.get(key.digest)

    def _damaged(self, stem: Path, sidecar: Sidecar) -> list[str]:
        paths = {format_: with_suffix(stem, format_) for format_ in IMAGES}
        return [
            self._project.shown(path)
            for format_, path in paths.items()
            if self._digests.of(path) != sidecar.images.get(format_)
        ]
