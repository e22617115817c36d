"""Whether a figure is fresh, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lectern.fixtures import Fixture
from lectern.making.request import Request
from lectern.making.sidecar import IMAGES, Sidecar, read_sidecar, with_suffix
from lectern.making.store import Computed, Drawn, Store
from lectern.project import Project
from lectern.sources.catalogue import Catalogue
from lectern.sources.code import digest_text
from lectern.sources.digests import Digests
from lectern.sources.keys import Key, Keys, changes, digest_parts
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
    altered: bool  # whether there is a sidecar that is not as it was written
    waits_for: tuple[str, ...]  # figures whose results are not known yet

    @cached_property
    def stale(self) -> Mapping[str, list[str]]:
        """Why each step is not as it should be, part by part; a step that is, is absent.

        What a stale step makes may be kept from an earlier build; then it need not run to be put back.
        """
        if self.sidecar is None:
            reason = "its sidecar was altered" if self.altered else "it was never made"
            return {"compute": [reason], "draw": [reason]}
        reasons: dict[str, list[str]] = {}
        if self.waits_for:
            reasons["compute"] = [f"result of {name}: not known yet" for name in self.waits_for]
        elif self.compute and (changed := changes(self.sidecar.parts["compute"], self.compute.parts)):
            reasons["compute"] = changed
        elif self.sidecar.summary != self.script.summary:
            reasons["compute"] = ["summary: changed"]
        if self.draw and (changed := changes(self.sidecar.parts["draw"], self.draw.parts)):
            reasons["draw"] = changed
        elif self.damaged:
            reasons["draw"] = [f"{name}: missing or altered" for name in self.damaged]
        return reasons

    @property
    def fresh(self) -> bool:
        """Whether sidecar and pictures are those that would be made now."""
        return not self.stale

    def shows(self, draw: Key) -> bool:
        """Whether the pictures that are there are those that `draw` would make."""
        return (
            bool(self.sidecar) and dict(self.sidecar.parts["draw"]) == dict(draw.parts) and not self.damaged
        )

    def described(self, draw: Key, computed: Computed, drawn: Drawn) -> Sidecar:
        """Return the sidecar of the figure made so."""
        compute = self.compute
        assert compute is not None  # it is known once all it asks for is made
        versions = {**drawn.versions, **computed.versions}
        recorded = {name.split(".")[0] for name in compute.libraries | draw.libraries}
        recorded |= {"python", "matplotlib"}
        return Sidecar(
            figure=self.script.name,
            summary=self.script.summary,
            key=digest_text(compute.digest + draw.digest),
            parts={"compute": dict(compute.parts), "draw": dict(draw.parts)},
            data=computed.digest,
            result=computed.result,
            parameters={name: _plain(value) for name, value in self.parameters.items()},
            values=computed.values,
            claims=computed.claims,
            alt=computed.alt,
            model=self.fixtures["model"].value if "model" in self.fixtures else None,
            seed=self.parameters.get("seed"),
            versions={name: version for name, version in sorted(versions.items()) if name in recorded},
            seconds={"compute": round(computed.seconds, 2), "draw": round(drawn.seconds, 2)},
            images=dict(drawn.images),
        )


def _plain(value: Any) -> Any:
    """Return a parameter as JSON gives it back."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.as_posix() if isinstance(value, Path) else value


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
        is_there = self._digests.of(with_suffix(stem, "json")) is not None
        sidecar = read_sidecar(with_suffix(stem, "json"))
        known = self._results(request.name) if results is None else results
        waits_for = tuple(name for name in self._catalogue.asked_figures(request.name) if name not in known)
        compute = None if waits_for else self.keys.compute(script, parameters, known, own)
        computed = self._computed(compute, sidecar) if compute else None
        draw = self.keys.draw(script, parameters, computed.digest) if computed else None
        damaged = tuple(self._damaged(stem, sidecar)) if sidecar else ()
        altered = is_there and sidecar is None
        return State(
            request=request,
            script=script,
            parameters=parameters,
            fixtures=own,
            stem=stem,
            sidecar=sidecar,
            compute=compute,
            computed=computed,
            draw=draw,
            damaged=damaged,
            altered=altered,
            waits_for=waits_for,
        )

    def keep(self, state: State) -> None:
        """Keep what there is of a figure, before something else takes its place."""
        if state.sidecar is None:
            return
        compute, draw = (digest_parts(state.sidecar.parts[step]) for step in ("compute", "draw"))
        if self._store.computed(compute) is None:
            self._store.put(compute, state.sidecar.computed)
        paths = {format_: with_suffix(state.stem, format_) for format_ in IMAGES}
        if not state.damaged and self._store.drawn(draw) is None:
            images = {format_: path.read_bytes() for format_, path in paths.items()}
            self._store.put_drawn(draw, state.sidecar.drawn, images)

    def _results(self, name: str) -> dict[str, str]:
        states = {asked: self.of(Request(asked)) for asked in self._catalogue.asked_figures(name)}
        return {name: state.computed.result for name, state in states.items() if state.computed}

    def _computed(self, key: Key, sidecar: Sidecar | None) -> Computed | None:
        if sidecar and dict(sidecar.parts["compute"]) == dict(key.parts):
            return sidecar.computed
        return self._store.computed(key.digest)

    def _damaged(self, stem: Path, sidecar: Sidecar) -> list[str]:
        paths = {format_: with_suffix(stem, format_) for format_ in IMAGES}
        return [
            self._project.shown(path)
            for format_, path in paths.items()
            if self._digests.of(path) != sidecar.images.get(format_)
        ]
