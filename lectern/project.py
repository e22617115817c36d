"""Where a project keeps its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        return "-".join(fixture.found.name for fixture in self.fixtures.values() if not fixture.is_default)

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
