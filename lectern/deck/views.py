"""What a template sees of figures: `figures.NAME` shows the picture and offers values and claims."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lectern.deck.claims import NamedClaim
from lectern.errors import DeckError, UsageError, nearest
from lectern.making.maker import Made
from lectern.making.request import Request, request_for
from lectern.making.sidecar import Sidecar
from lectern.making.state import State
from lectern.sources.catalogue import Catalogue, canonical


class NotMadeError(Exception):
    """The template asks for a figure that is not made yet."""

    def __init__(self, wanted: Request) -> None:
        super().__init__(wanted.name)
        self.wanted = wanted


@dataclass(frozen=True)
class Standing:
    """A figure as it was made last, if it was."""

    sidecar: Sidecar | None


# How a template finds figures: as just made, or in their current state.
Lookup = Callable[[Request], Made | State | Standing | None]


class FiguresView:
    """`figures.NAME`, or `figures["NAME"]`; a figure made with other parameters is `figures.NAME(seed=1)`.

    For `a.b` Jinja asks for the attribute, then for the item; it is the item that says what is wrong.
    """

    def __init__(self, catalogue: Catalogue, made: Lookup, root: Path) -> None:
        self._catalogue = catalogue
        self._made = made
        self._root = root

    def __getitem__(self, name: str) -> FigureView:
        if name not in self._catalogue:
            raise DeckError(f"there is no figure {name!r}", remedy=nearest(canonical(name), self._catalogue))
        return FigureView(Request(canonical(name)), self._catalogue, self._made, self._root)


class FigureView:
    """One figure: printed, it is its picture; its items are its values, and `claims` its claims."""

    def __init__(self, request: Request, catalogue: Catalogue, made: Lookup, root: Path) -> None:
        self.request = request
        self._catalogue = catalogue
        self._lookup = made
        self._root = root

    def __call__(self, **parameters: Any) -> FigureView:
        """Return the figure made with other parameters; files among them have to be the project's."""
        script = self._catalogue.script(self.request.name)
        try:
            wanted = request_for(script, {**dict(self.request.overrides), **parameters})
        except UsageError as error:
            raise DeckError(error.message, remedy=error.remedy) from error
        for name, value in wanted.overrides:
            self._demand_ours(name, value)
        return FigureView(wanted, self._catalogue, self._lookup, self._root)

    def _demand_ours(self, name: str, value: object) -> None:
        """Raise DeckError for a file that lies outside the project: a deck must not decide what else is read."""
        if not isinstance(value, Path):
            return
        try:
            ours = (self._root / value).resolve().is_relative_to(self._root.resolve())
        except (OSError, RuntimeError, ValueError):
            ours = False
        if not ours:
            message = f"parameter {name!r}: {str(value)!r} is no file of the project"
            raise DeckError(message, remedy="copy the file into the project; paths start at its root")

    def __str__(self) -> str:
        alt = html.escape(" ".join(self._sidecar.description.split()))
        return f'<img src="img/{self.request.stem}.svg" alt="{alt}" data-figure="{self.request.stem}">'

    def __getitem__(self, name: str) -> Any:
        """Return a value by name, or the number that a claim measured, or a parameter."""
        sidecar = self._sidecar
        measured = {claim: found.measured for claim, found in sidecar.claims.items()}
        offered = {**sidecar.parameters, **measured, **sidecar.values}
        if name not in offered:
            raise DeckError(
                f"figure {self.request.name!r} has no value {name!r}", remedy=nearest(name, offered)
            )
        return offered[name]

    @property
    def claims(self) -> ClaimsView:
        """The figure's claims by name."""
        return ClaimsView(self._sidecar)

    @property
    def _sidecar(self) -> Sidecar:
        found = self._lookup(self.request)
        if found is None or found.sidecar is None:
            raise NotMadeError(self.request)
        return found.sidecar


class ClaimsView:
    """The claims of one figure."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    def __contains__(self, name: object) -> bool:
        """Whether the figure makes a claim: some are made in one case only."""
        return name in self._sidecar.claims

    def __getitem__(self, name: str) -> NamedClaim:
        claims, figure = self._sidecar.claims, self._sidecar.figure
        if name not in claims:
            raise DeckError(f"figure {figure!r} has no claim {name!r}", remedy=nearest(name, claims))
        return NamedClaim(figure, name, claims[name])


def claims_of(figures: Iterable[Made | State]) -> list[NamedClaim]:
    """Return all claims of figures."""
    return [
        NamedClaim(figure.sidecar.figure, name, claim)
        for figure in figures
        if figure.sidecar
        for name, claim in figure.sidecar.claims.items()
    ]
