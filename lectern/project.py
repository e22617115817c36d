"""Where a project keeps its parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from lectern.fixtures import Fixture

ENGINE_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Project:
    """The folders of one lecture; `root` is absolute. Outputs and the cache go there too, or into `made_in`."""

    root: Path
    fixtures: Mapping[str, Fixture] = field(default_factory=dict)
    made_in: Path | None = None
    cluster: str | None = None  # the address of the Dask scheduler whose workers make figures
    deck: Path | None = None  # the lecture's own deck, absolute; None for a project that has only figures

    @cached_property
    def variant(self) -> str:
        """The subfolder for outputs made with other fixtures than the lecture's own; empty for these."""
        return self.variant_with(self.fixtures)

    def variant_with(self, asked: Collection[str]) -> str:
        """Return the subfolder for what is made with these of the fixtures; empty where they are the lecture's own."""
        chosen = [fixture for name, fixture in self.fixtures.items() if name in asked]
        return "-".join(fixture.found.name for fixture in chosen if not fixture.is_default)

    @property
    def chosen(self) -> dict[str, str]:
        """What the value of each fixture is called, empty where it is the lecture's own."""
        return {name: "" if it.is_default else it.found.name for name, it in self.fixtures.items()}

    @property
    def own(self) -> Project:
        """The same project with the lecture's own fixtures."""
        return replace(self, fixtures={name: replace(it, chosen=None) for name, it in self.fixtures.items()})

    @property
    def figures(self) -> Path:
        """Figure scripts, one a file."""
        return self.root / "figures"

    @property
    def exercises(self) -> Path:
        """Exercises with their solutions, one a file."""
        return self.root / "exercises"

    @property
    def images(self) -> Path:
        """What the figures wrote: NAME.svg, NAME.png, NAME.json."""
        return (self.made_in or self.root) / "img"

    @property
    def out(self) -> Path:
        """Where the rendered lecture goes."""
        return (self.made_in or self.root) / "dist" / self.variant

    @property
    def cache(self) -> Path:
        """Files that can be deleted at any time, and are made again when needed."""
        return (self.made_in or self.root) / ".lectern"

    @cached_property
    def search_path(self) -> tuple[Path, ...]:
        """Folders in which `import` finds this project's modules, first match first."""
        return tuple(dict.fromkeys((self.root, ENGINE_ROOT)))

    def shown(self, path: Path) -> str:
        """Return `path` as a person of this project would write it."""
        for root in self.search_path:
            if path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return str(path)
