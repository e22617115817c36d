"""Make figures: what is stale is computed, then drawn, each figure after those it asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lectern.errors import BuildError, raise_all
from lectern.making.request import Request
from lectern.making.sidecar import IMAGES, Sidecar, digest_bytes, publish, with_suffix
from lectern.making.state import State, States
from lectern.making.steps import Steps
from lectern.making.store import Computed, Store
from lectern.sources.catalogue import Catalogue, check_acyclic
from lectern.sources.code import digest_text
from lectern.sources.digests import Digests
from lectern.sources.keys import Key


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


@dataclass(frozen=True)
class Drawn:
    """What is known of a figure's pictures: their digests, and what drawing them took."""

    images: Mapping[str, str]
    seconds: float
    versions: Mapping[str, str]


class Maker:
    """Makes figures, and knows how they stand."""

    def __init__(
        self, catalogue: Catalogue, digests: Digests, states: States, store: Store, steps: Steps
    ) -> None:
        self._catalogue = catalogue
        self._digests = digests
        self._states = states
        self._store = store
        self._steps = steps

    def make(self, requests: Iterable[Request], force: bool = False) -> dict[Request, Made]:
        """Make `requests` and what they ask for; return a figure for each request.

        All figures that can be made are; then FigureError, or SeveralErrors, tells of those that could not.
        """
        wanted = list(dict.fromkeys(requests))
        ordered = self._ordered(wanted)
        if not ordered:
            return {}
        futures: dict[Request, Future[Made]] = {}
        with ThreadPoolExecutor(len(ordered), thread_name_prefix="figure") as pool:
            for request in ordered:
                futures[request] = pool.submit(self._make, request, dict(futures), force)
        _raise_from(futures.values())
        self._store.prune()
        return {request: futures[request].result() for request in wanted}

    def data(self, made: Made) -> bytes:
        """Return a figure's data, computing it again where it is not kept any more."""
        key = _known(made.state.compute)
        if not self._store.get(key.digest):
            self._compute(made.state, made.upstream)
        return self._store.data(key.digest)

    def draw(self, made: Made, format_: str) -> bytes:
        """Return a figure's picture in a format that is not kept."""
        key = self._states.keys.draw(made.state.script, made.state.parameters, made.sidecar.data)
        return self._steps.draw(made.state, key, self.data(made), [format_]).images[format_]

    def _ordered(self, wanted: list[Request]) -> list[Request]:
        """Return `wanted` and what they ask for, each after what it asks for."""
        names = check_acyclic({request.name for request in wanted}, self._catalogue)
        asked_for = {asked for name in names for asked in self._catalogue.asked_figures(name)}
        ordered = [Request(name) for name in names if name in asked_for or Request(name) in wanted]
        return ordered + [request for request in wanted if request not in ordered]

    def _make(self, request: Request, futures: Mapping[Request, Future[Made]], force: bool) -> Made:
        asked = self._catalogue.asked_figures(request.name)
        upstream = {name: _made(futures[Request(name)]) for name in asked}
        state = self._states.of(request, {name: made.sidecar.data for name, made in upstream.items()})
        if force:
            state = state.forgotten()
        if state.fresh and state.sidecar:
            return Made(state, state.sidecar, upstream)
        computed = self._at_hand(state) or self._compute(state, upstream)
        draw = self._states.keys.draw(state.script, state.parameters, computed.digest)
        images: Mapping[str, bytes] = {}
        if state.sidecar and state.shows(draw):
            drawn = Drawn(state.sidecar.images, state.sidecar.seconds["draw"], state.sidecar.versions)
        else:
            outcome = self._steps.draw(state, draw, self._store.data(_known(state.compute).digest), IMAGES)
            images = outcome.images
            digests = {format_: digest_bytes(content) for format_, content in images.items()}
            drawn = Drawn(digests, outcome.seconds, outcome.versions)
        sidecar = _described(state, draw, computed, drawn)
        publish(state.stem, sidecar, images)
        for format_ in (*IMAGES, "json"):
            self._digests.wrote(with_suffix(state.stem, format_))
        return Made(state, sidecar, upstream)

    def _at_hand(self, state: State) -> Computed | None:
        """Return what is known of the result if its data is kept, or not needed to draw."""
        if state.computed and state.draw and not state.shows(state.draw):
            return self._store.get(_known(state.compute).digest)
        return state.computed

    def _compute(self, state: State, upstream: Mapping[str, Made]) -> Computed:
        key = _known(state.compute)
        outcome = self._steps.compute(
            state, key, {name: self._stored(made) for name, made in upstream.items()}
        )
        computed = Computed(
            digest=outcome.digest, seconds=outcome.seconds, versions=dict(outcome.versions), **outcome.facts
        )
        self._store.put(key.digest, computed, outcome.data)
        return computed

    def _stored(self, made: Made) -> dict[str, Any]:
        """Return an upstream figure's result as a job carries it: the fields of a Result, data as bytes."""
        sidecar = made.sidecar
        return {
            "data": self.data(made),
            "values": sidecar.values,
            "claims": sidecar.claims,
            "alt": sidecar.alt,
        }


class _UpstreamError(BuildError):
    """A figure was not made because one it asks for was not; that one's error is told already."""


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


def _known(key: Key | None) -> Key:
    """Return the key of `compute`, which is known once all it asks for is made."""
    assert key is not None
    return key


def _described(state: State, draw: Key, computed: Computed, drawn: Drawn) -> Sidecar:
    compute = _known(state.compute)
    versions = {**drawn.versions, **computed.versions}
    recorded = {name.split(".")[0] for name in compute.libraries | draw.libraries} | {"python", "matplotlib"}
    return Sidecar(
        figure=state.script.name,
        key=digest_text(compute.digest + draw.digest),
        parts={"compute": dict(compute.parts), "draw": dict(draw.parts)},
        data=computed.digest,
        parameters={n: v.as_posix() if isinstance(v, Path) else v for n, v in state.parameters.items()},
        values=computed.values,
        claims=computed.claims,
        alt=computed.alt or state.script.summary,
        model=state.fixtures["model"].value if "model" in state.fixtures else None,
        seed=state.parameters.get("seed"),
        versions={name: version for name, version in sorted(versions.items()) if name in recorded},
        seconds={"compute": round(computed.seconds, 2), "draw": round(drawn.seconds, 2)},
        images=dict(drawn.images),
    )
