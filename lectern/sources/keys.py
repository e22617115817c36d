"""Keys: what a step's result depends on, part by part.

A key changes exactly when something that can change the result does. Its parts have names that a person
understands (`code`, `helpers/fit.py`, `parameter seed`, `file data/x.csv`, `result of other`), so
that `explain` can say which of them changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lectern.errors import FigureError, Place
from lectern.fixtures import Fixture
from lectern.project import ENGINE_ROOT, Project
from lectern.sources.code import digest_text
from lectern.sources.digests import Digests
from lectern.sources.modules import Imports, files_of, follow
from lectern.sources.script import FigureScript, Step

# What runs in a worker besides the script itself.
WORKER = "lectern.making.worker"


@dataclass(frozen=True)
class Key:
    """A step's parts by name, and the project files that the step may read."""

    parts: Mapping[str, str]
    reads: frozenset[Path]
    folders: frozenset[Path]  # that it may list: what is in them is keyed
    libraries: frozenset[str]  # other modules the step imports; their versions are recorded, not keyed

    @cached_property
    def digest(self) -> str:
        """One digest of all parts."""
        return digest_parts(self.parts)


def digest_parts(parts: Mapping[str, str]) -> str:
    """Return one digest of a key's parts."""
    return digest_text(json.dumps(dict(parts), sort_keys=True))


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Say, part by part, how `new` differs from `old`."""
    said = [
        f"{name}: {_change(old[name], new[name])}" for name in new if name in old and old[name] != new[name]
    ]
    said += [f"{name}: added" for name in new if name not in old]
    said += [f"{name}: removed" for name in old if name not in new]
    return sorted(said)


def _change(old: str, new: str) -> str:
    is_digest = len(old) == len(new) == 16
    return "changed" if is_digest else f"{old} → {new}"


class Keys:
    """Computes the keys of figures' steps."""

    def __init__(self, project: Project, digests: Digests) -> None:
        self._project = project
        self._digests = digests

    @cached_property
    def _engine(self) -> Imports:
        return follow([WORKER], Project(ENGINE_ROOT), self._digests)

    def compute(
        self,
        script: FigureScript,
        parameters: Mapping[str, Any],
        results: Mapping[str, str],
        fixtures: Mapping[str, Fixture],
    ) -> Key:
        """Return the key of `compute` given the fixtures, and the digests of the whole results, that it asks for."""
        parts = {f"result of {name}": digest for name, digest in results.items()}
        reads: set[Path] = set()
        folders: set[Path] = set()
        for name, fixture in fixtures.items():
            files = fixture.found.files
            reads.update(files)
            folders.update(
                path.parent for path in files
            )  # another file there would be found, and be in the key
            parts[name] = digest_text(" ".join(f"{path.name} {self._digests.of(path)}" for path in files))
        if script.report:
            parts["returns"] = "data alone"
        loaders = [fixture.load.partition(":")[0] for fixture in fixtures.values()]
        return self._key(script, script.compute, parameters, parts, reads, loaders, folders)

    def report(self, script: FigureScript, parameters: Mapping[str, Any], data: str, compute: Key) -> Key:
        """Return the key of `report` given the digest of the data; without that step it is the key of `compute`."""
        if script.report is None:
            return compute
        return self._key(script, script.report, parameters, {"data": data}, set(), [], set())

    def draw(self, script: FigureScript, parameters: Mapping[str, Any], data: str) -> Key:
        """Return the key of `draw` given the digest of the data."""
        return self._key(script, script.draw, parameters, {"data": data}, set(), [], set())

    def _key(
        self,
        script: FigureScript,
        step: Step,
        parameters: Mapping[str, Any],
        parts: dict[str, str],
        reads: set[Path],
        loaders: Iterable[str],
        folders: set[Path],
    ) -> Key:
        imports = follow([*step.imports, *loaders], self._project, self._digests)
        documented = step.reads_docstrings or imports.reads_docstrings
        reads |= {script.path, *imports.modules, *self._engine.modules}
        parts["code"] = step.documented if documented else step.code
        parts["engine"] = digest_text("".join(sorted(self._engine.modules.values())))
        for path, code in (imports.documented if documented else imports.modules).items():
            parts[self._project.shown(path)] = code
        for name in step.defaults:
            parts[f"parameter {name}"] = repr(parameters[name])
        for path, folder in self._declared(script, step, parameters, imports.files):
            reads.add(path)
            folders |= {folder} if folder else set()
            parts[f"file {self._project.shown(path)}"] = self._digests.of(path) or "missing"
        return Key(dict(sorted(parts.items())), frozenset(reads), frozenset(folders), imports.libraries)

    def _declared(
        self, script: FigureScript, step: Step, parameters: Mapping[str, Any], patterns: Iterable[str]
    ) -> Iterator[tuple[Path, Path | None]]:
        """Yield the files a step declares, Path parameters and what matches `FILES`, with the folder of the latter."""
        for name in step.defaults:
            if isinstance(value := parameters[name], Path):
                if self._digests.of(self._project.root / value) is None:
                    self._complain(script, f"parameter {name!r}: there is no file {value}")
                yield self._project.root / value, None
        for pattern in (*script.files, *patterns):
            matches = [
                p for root in self._project.search_path for p in self._digests.searches.glob(root, pattern)
            ]
            if not matches:
                self._complain(script, f"FILES: nothing matches {pattern!r}")
            yield from ((path, path.parent) for path in matches)

    def refuse_hidden_ties(self, script: FigureScript, step: Step) -> None:
        """Raise FigureError where what only another step imports changes, when imported, what this step uses.

        A module that registers what it defines with another is such a case: left out here, it would be missed.
        """
        used = follow(step.imports, self._project, self._digests).modules
        left_out = follow(step.left_out, self._project, self._digests)
        for path, names in left_out.acting.items():
            changed = files_of(names, self._project, self._digests) & used.keys()
            if path not in used and changed:
                shown, other = (self._project.shown(p) for p in (path, min(changed)))
                message = f"{shown} changes {other} when it is imported, and not all steps import it"
                remedy = f"import it, and use what it defines, in all steps, or move that from {shown}"
                raise FigureError(message, Place(self._project.shown(script.path)), remedy)

    def _complain(self, script: FigureScript, message: str) -> None:
        raise FigureError(
            message, Place(self._project.shown(script.path)), "paths start at the project's root"
        )
