"""Whether a figure is fresh, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lectern.fixtures import Fixture, device_of
from lectern.making.request import Request
from lectern.making.sidecar import IMAGES, Sidecar, read_sidecar, with_suffix
from lectern.making.store import Computed, Drawn, Reported, Store
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
    report: (
        Key | None
    )  # None while the data are not known; where the figure has no such step, that of compute
    reported: Reported | None  # None where report, or else compute, has to run
    draw: Key | None  # None while the data are not known
    damaged: tuple[str, ...]  # pictures that are missing or not as they were written
    altered: bool  # whether there is a sidecar that is not as it was written
    waits_for: tuple[str, ...]  # figures whose results are not known yet

    @cached_property
    def stale(self) -> Mapping[str, list[str]]:
        """Why each step is not as it should be, part by part; a step that is, is absent.

        What a stale step makes may be kept from an earlier build; then it need not run to be put back.
        """
        if self.sidecar is None:
            reason = (
                "its sidecar was altered, or written by another version"
                if self.altered
                else "it was never made"
            )
            return {step: [reason] for step in self.steps}
        reasons: dict[str, list[str]] = {}
        if self.waits_for:
            reasons["compute"] = [f"result of {name}: not known yet" for name in self.waits_for]
        elif self.compute and (changed := self._changed("compute", self.compute)):
            reasons["compute"] = changed
        if self.script.report and self.report and (changed := self._changed("report", self.report)):
            reasons["report"] = changed
        elif not reasons and self.sidecar.summary != self.script.summary:
            reasons["report" if self.script.report else "compute"] = ["summary: changed"]
        if self.draw and (changed := self._changed("draw", self.draw)):
            reasons["draw"] = changed
        elif self.damaged:
            reasons["draw"] = [f"{name}: missing or altered" for name in self.damaged]
        return reasons

    def _changed(self, step: str, key: Key) -> list[str]:
        assert self.sidecar is not None
        return changes(self.sidecar.parts.get(step, {}), key.parts)

    @property
    def steps(self) -> Mapping[str, Key | None]:
        """The figure's steps in order, each with its key where that is known."""
        report = {"report": self.report} if self.script.report else {}
        return {"compute": self.compute, **report, "draw": self.draw}

    @property
    def fresh(self) -> bool:
        """Whether sidecar and pictures are those that would be made now."""
        return not self.stale

    def shows(self, draw: Key) -> bool:
        """Whether the pictures that are there are those that `draw` would make."""
        return (
            bool(self.sidecar) and dict(self.sidecar.parts["draw"]) == dict(draw.parts) and not self.damaged
        )

    def described(self, reported: Reported, drawn: Drawn) -> Sidecar:
        """Return the sidecar of the figure made so; its data and keys have to be known."""
        computed = self.computed
        assert computed is not None
        steps = {step: key for step, key in self.steps.items() if key}
        versions = {**drawn.versions, **reported.versions, **computed.versions}
        recorded = {name.split(".")[0] for key in steps.values() for name in key.libraries}
        recorded |= {"python", "matplotlib", *map(device_of, self.fixtures)}
        seconds = {"compute": computed.seconds, "report": reported.seconds, "draw": drawn.seconds}
        return Sidecar(
            figure=self.script.name,
            summary=self.script.summary,
            key=digest_text("".join(key.digest for key in steps.values())),
            parts={step: dict(key.parts) for step, key in steps.items()},
            data=computed.digest,
            result=reported.result,
            parameters={name: _plain(value) for name, value in self.parameters.items()},
            values=reported.values,
            claims=reported.claims,
            alt=reported.alt,
            fixtures={name: fixture.found.exact for name, fixture in self.fixtures.items()},
            versions={name: version for name, version in sorted(versions.items()) if name in recorded},
            seconds={step: round(seconds[step], 2) for step in steps},
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
        """Return a figure's state, given the digests of the results it asks for, or their current ones."""
        script = self._catalogue.script(request.name)
        parameters = {**script.parameters, **dict(request.overrides)}
        asked = self._catalogue.asked_fixtures(request.name)
        own = {name: fixture for name, fixture in asked.items() if name in script.requests}
        stem = self._project.images / self._project.variant_with(asked) / request.stem
        is_there = self._digests.of(with_suffix(stem, "json")) is not None
        sidecar = read_sidecar(with_suffix(stem, "json"))
        known = self._results(request.name) if results is None else results
        waits_for = tuple(name for name in self._catalogue.asked_figures(request.name) if name not in known)
        compute = None if waits_for else self.keys.compute(script, parameters, known, own)
        computed = self._computed(compute, sidecar) if compute else None
        damaged = tuple(self._damaged(stem, sidecar)) if sidecar else ()
        altered = is_there and sidecar is None
        state = State(
            request=request,
            script=script,
            parameters=parameters,
            fixtures=own,
            stem=stem,
            sidecar=sidecar,
            compute=compute,
            computed=None,
            report=None,
            reported=None,
            draw=None,
            damaged=damaged,
            altered=altered,
            waits_for=waits_for,
        )
        return self.with_data(state, computed) if computed else state

    def with_data(self, state: State, computed: Computed) -> State:
        """Return what is there of a figure whose data are these."""
        script, parameters, compute = state.script, state.parameters, state.compute
        assert compute is not None
        report = self.keys.report(script, parameters, computed.digest, compute)
        return replace(
            state,
            computed=computed,
            report=report,
            reported=self._reported(script, report, state.sidecar),
            draw=self.keys.draw(script, parameters, computed.digest),
        )

    def keep(self, state: State) -> None:
        """Keep what there is of a figure, before something else takes its place."""
        if state.sidecar is None:
            return
        keys = {step: digest_parts(parts) for step, parts in state.sidecar.parts.items()}
        compute, report, draw = keys["compute"], keys.get("report", keys["compute"]), keys["draw"]
        if self._store.computed(compute) is None:
            self._store.put(compute, state.sidecar.computed)
        if self._store.reported(report) is None:
            self._store.put_reported(report, state.sidecar.reported)
        paths = {format_: with_suffix(state.stem, format_) for format_ in IMAGES}
        if not state.damaged and self._store.drawn(draw) is None:
            images = {format_: path.read_bytes() for format_, path in paths.items()}
            self._store.put_drawn(draw, state.sidecar.drawn, images)

    def _results(self, name: str) -> dict[str, str]:
        states = {asked: self.of(Request(asked)) for asked in self._catalogue.asked_figures(name)}
        return {name: state.reported.result for name, state in states.items() if state.reported}

    def _computed(self, key: Key, sidecar: Sidecar | None) -> Computed | None:
        if sidecar and dict(sidecar.parts["compute"]) == dict(key.parts):
            return sidecar.computed
        return self._store.computed(key.digest)

    def _reported(self, script: FigureScript, key: Key, sidecar: Sidecar | None) -> Reported | None:
        step = "report" if script.report else "compute"
        if sidecar and dict(sidecar.parts.get(step, {})) == dict(key.parts):
            return sidecar.reported
        return self._store.reported(key.digest)

    def _damaged(self, stem: Path, sidecar: Sidecar) -> list[str]:
        paths = {format_: with_suffix(stem, format_) for format_ in IMAGES}
        return [
            self._project.shown(path)
            for format_, path in paths.items()
            if self._digests.of(path) != sidecar.images.get(format_)
        ]
