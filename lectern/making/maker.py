"""Make figures: what is stale is computed, reported, drawn, each figure after those it asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from lectern.errors import BuildError, raise_all
from lectern.making.job import Outcome
from lectern.making.locks import Locks
from lectern.making.request import Request
from lectern.making.sidecar import IMAGES, Sidecar, publish, with_suffix
from lectern.making.state import State, States
from lectern.making.steps import Steps
from lectern.making.store import Computed, Drawn, Reported, Store, claims_from
from lectern.sources.catalogue import Catalogue, check_acyclic
from lectern.sources.digests import Digests
from lectern.sources.keys import Key
from lectern.sources.stamps import digest_bytes

T = TypeVar("T")


@dataclass(frozen=True)
class Made:
    """A figure that is there, and how it stood before."""

    state: State
    sidecar: Sidecar
    upstream: Mapping[str, Made]

    @property
    def stem(self) -> Path:
        """The path of its files, without suffix."""
        return self.state.stem


class Maker:
    """Makes figures, each once in a run."""

    def __init__(
        self,
        catalogue: Catalogue,
        digests: Digests,
        states: States,
        store: Store,
        steps: Steps,
        locks: Locks,
    ) -> None:
        self._catalogue = catalogue
        self._digests = digests
        self._states = states
        self._store = store
        self._steps = steps
        self._locks = locks
        self._outdated = False  # whether a figure was published again after others had been made from it

    def make(self, requests: Iterable[Request], force: bool = False) -> dict[Request, Made]:
        """Make `requests` and what they ask for; return a figure for each request.

        All figures that can be made are made; then FigureError, or SeveralErrors, names those that could not.
        """
        wanted = list(dict.fromkeys(requests))
        ordered = self._ordered(wanted)
        made = self._all(ordered, force)
        while self._outdated:  # a recomputed result differs: figures made from it are stale
            self._outdated = False
            made = self._all(ordered, force=False)
        self._store.prune()
        return {request: made[request] for request in wanted}

    def _all(self, ordered: list[Request], force: bool) -> dict[Request, Made]:
        futures: dict[Request, Future[Made]] = {}
        with ThreadPoolExecutor(max(len(ordered), 1), thread_name_prefix="figure") as pool:
            for request in ordered:
                futures[request] = pool.submit(self._make, request, dict(futures), force)
        _raise_from(futures.values())
        return {request: future.result() for request, future in futures.items()}

    def draw(self, made: Made, format_: str) -> bytes:
        """Return a figure's picture in a format that is not kept."""
        made, data = self._with_data(made)
        key = self._states.keys.draw(made.state.script, made.state.parameters, made.sidecar.data)
        return self._steps.draw(made.state, key, data, [format_]).images[format_]

    def _ordered(self, wanted: list[Request]) -> list[Request]:
        """Return `wanted` and what they ask for, each after what it asks for."""
        names = check_acyclic({request.name for request in wanted}, self._catalogue)
        asked_for = {asked for name in names for asked in self._catalogue.asked_figures(name)}
        ordered = [Request(name) for name in names if name in asked_for or Request(name) in wanted]
        return ordered + [request for request in wanted if request not in ordered]

    def _make(self, request: Request, futures: Mapping[Request, Future[Made]], force: bool) -> Made:
        asked = self._catalogue.asked_figures(request.name)
        upstream = {name: _made(futures[Request(name)]) for name in asked}
        state = self._look(request, upstream)
        if not force and state.fresh and state.sidecar:
            return Made(state, state.sidecar, upstream)
        with self._locks.held(state.stem):
            state = self._look_again(state, upstream)  # another build may have made it meanwhile
            if not force and state.fresh and state.sidecar:
                return Made(state, state.sidecar, upstream)
            if force or state.computed is None or (state.reported is None and not state.script.report):
                return self._computed(state, upstream, force)
            return self._published(state, upstream)

    def _look(self, request: Request, upstream: Mapping[str, Made]) -> State:
        return self._states.of(request, {name: made.sidecar.result for name, made in upstream.items()})

    def _look_again(self, state: State, upstream: Mapping[str, Made]) -> State:
        for format_ in (*IMAGES, "json"):
            self._digests.wrote(with_suffix(state.stem, format_))
        return self._look(state.request, upstream)

    def _computed(self, state: State, upstream: Mapping[str, Made], force: bool = False) -> Made:
        """Compute a figure and publish it; its lock must be held."""
        given = {name: self._with_data(made) for name, made in upstream.items()}
        upstream = {name: made for name, (made, _) in given.items()}
        state = self._look(state.request, upstream)  # what they return may be another result, computed again
        key = _known(state.compute)
        results = {name: _carried(made.sidecar, data) for name, (made, data) in given.items()}
        outcome = self._steps.compute(state, key, results)
        computed = Computed(outcome.digest, outcome.seconds, dict(outcome.versions))
        if state.computed and state.computed.digest == computed.digest and not force:
            computed = state.computed  # only the data were missing: how long they took is on record
        self._store.put(key.digest, computed, outcome.data)
        state = self._states.with_data(state, computed)
        if state.script.report is None:
            state = replace(state, reported=replace(_reported(outcome), seconds=0.0))
            self._store.put_reported(key.digest, _known(state.reported))
        return self._published(state, upstream, force, outcome.data)

    def _published(
        self,
        state: State,
        upstream: Mapping[str, Made],
        force: bool = False,
        data: bytes | None = None,
    ) -> Made:
        """Report on a figure's data and draw them where that is not done; write its files where they change."""
        reported = None if force and state.script.report else state.reported
        found = None if force else self._pictures(state, _known(state.draw))
        if reported is None or found is None:
            data = data if data is not None else self._store.data(_known(state.compute).digest)
            if data is None:  # not kept any more, and needed
                return self._computed(state, upstream)
            reported = reported or self._report(state, data)
            found = found or self._draw(state, data)
        drawn, images = found
        sidecar = state.described(reported, drawn)
        if state.sidecar and sidecar.says_what(state.sidecar):
            sidecar = replace(sidecar, seconds=state.sidecar.seconds, versions=state.sidecar.versions)
        self._states.keep(state)
        self._steps.progress.wrote(with_suffix(state.stem, "json"))
        for path, content in publish(state.stem, sidecar, images).items():
            self._digests.wrote(path, content)
        return Made(state, sidecar, upstream)

    def _report(self, state: State, data: bytes) -> Reported:
        key = _known(state.report)
        reported = _reported(self._steps.report(state, key, data))
        self._store.put_reported(key.digest, reported)
        return reported

    def _draw(self, state: State, data: bytes) -> tuple[Drawn, Mapping[str, bytes]]:
        outcome = self._steps.draw(state, _known(state.draw), data, IMAGES)
        digests = {format_: digest_bytes(image) for format_, image in outcome.images.items()}
        return Drawn(digests, outcome.seconds, outcome.versions), outcome.images

    def _pictures(self, state: State, draw: Key) -> tuple[Drawn, Mapping[str, bytes]] | None:
        """Return a figure's pictures: none to be written where they are there, or those that are kept."""
        if state.sidecar and state.shows(draw):
            return state.sidecar.drawn, {}
        return self._store.drawn(draw.digest)

    def _with_data(self, made: Made) -> tuple[Made, bytes]:
        """Return a figure with its data, computed again where they are not kept any more.

        On another machine, or with other versions of libraries, the result may differ; then it is published again.
        """
        if (data := self._store.data(_known(made.state.compute).digest)) is not None:
            return made, data
        with self._locks.held(made.stem):
            state = self._look_again(made.state, made.upstream)
            key = _known(state.compute).digest
            if (data := self._store.data(key)) is None or state.sidecar is None:
                before, made = made, self._computed(state, made.upstream)
                self._outdated |= made.sidecar.result != before.sidecar.result
            return made, data or self._store.data(key) or b""


def _reported(outcome: Outcome) -> Reported:
    facts = {**outcome.facts, "claims": claims_from(outcome.facts["claims"])}
    return Reported(result=outcome.result, seconds=outcome.seconds, versions=dict(outcome.versions), **facts)


def _carried(sidecar: Sidecar, data: bytes) -> dict[str, Any]:
    """Return a figure's result as a job carries it: the fields of a Result, data as bytes."""
    claims = {name: asdict(claim) for name, claim in sidecar.claims.items()}
    return {"data": data, "values": sidecar.values, "claims": claims, "alt": sidecar.alt}


class _UpstreamError(BuildError):
    """A figure was not made because one it asks for was not; the error of that one is raised already."""


def _made(future: Future[Made]) -> Made:
    with contextlib.suppress(BuildError):
        return future.result()
    raise _UpstreamError("a figure it asks for was not made")


def _raise_from(futures: Iterable[Future[Made]]) -> None:
    errors = [error for future in futures if (error := future.exception())]
    for error in errors:
        if not isinstance(error, BuildError):
            raise error
    raise_all([e for e in errors if isinstance(e, BuildError) and not isinstance(e, _UpstreamError)])


def _known(found: T | None) -> T:
    """Return what is known by now, such as the key of `compute` once all that it asks for is made."""
    assert found is not None
    return found
