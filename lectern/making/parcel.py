"""A job with all that it may read, fit to travel to a machine that has none of the project's files.

There the files lie below one folder, each by its whole path here: what is `/talk/figures/one.py` here is
`FOLDER/talk/figures/one.py` there. So a path is translated by putting the folder in front, and back by removing it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lectern.errors import SetupError
from lectern.making.engine import is_engine
from lectern.making.job import Job
from lectern.making.outline import outline
from lectern.sources.stamps import Stamp, digest_bytes, settled, stamp


@dataclass(frozen=True)
class Parcel:
    """A job, and the digest of each file that it may read; what the files hold travels beside it, once."""

    job: Job
    files: Mapping[str, str]  # by path
    outline: str  # the digest of the project's
    memory_bound: int | None = None  # bytes that all jobs of a worker together may take; None: what suits it

    @property
    def digests(self) -> set[str]:
        """The digests of all that it takes to unpack it."""
        return {*self.files.values(), self.outline}


class Packer:
    """Packs jobs; a file that was sent already is not read again until it is touched."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Stamp, str]] = {}

    def pack(
        self, job: Job, sent: Container[str], memory_bound: int | None = None
    ) -> tuple[Parcel, dict[str, bytes]]:
        """Return the parcel of a job, and by digest the contents that are not among those `sent`.

        Raises SetupError for a fixture whose files the workers could not find.
        """
        files: dict[str, str] = {}
        contents: dict[str, bytes] = {}
        for path in job.reads:
            if is_engine(path) or (found := stamp(path)) is None:
                continue  # the engine is there; a file that was just deleted is noticed by whoever asked for the job
            stamped, digest = self._known.get(path, (None, ""))
            if stamped != found or digest not in sent:
                content = Path(path).read_bytes()
                digest = digest_bytes(content)
                if digest not in sent:
                    contents[digest] = content
            if settled(found):
                self._known[path] = found, digest
            files[path] = digest
        names = outline(job.roots)
        if (digest := digest_bytes(names)) not in sent:
            contents[digest] = names
        packed = replace(job, reads=frozenset(files), fixtures=_located(job))
        return Parcel(packed, files, digest, memory_bound), contents


def _located(job: Job) -> dict[str, tuple[str, str]]:
    """Return the job's fixtures with values that are found wherever its files are: folders by their whole paths.

    A name that the project itself resolves, within its own files, stays as it is.
    """
    folders = {name: _folder(value, job) for name, (_, value) in job.fixtures.items()}
    known = [*job.roots, *(folder for folder in folders.values() if folder)]
    known += [str(value) for value in job.parameters.values() if isinstance(value, Path)]
    outside = [path for path in job.reads if not any(Path(path).is_relative_to(place) for place in known)]
    for name, folder in folders.items():
        if outside and not folder:
            where, value = Path(min(outside)).parent, job.fixtures[name][1]
            raise SetupError(
                f"{name} {value}: its files are in {where}, where a cluster's workers do not look for them",
                remedy=f"copy them into a folder, cp -rL {where} FOLDER, and name that: --{name} FOLDER",
            )
    return {name: (load, folders[name] or value) for name, (load, value) in job.fixtures.items()}


def _folder(value: str, job: Job) -> str | None:
    """Return the whole path of the folder that a fixture's value names, or None where it names no folder."""
    folder = Path(value).expanduser().resolve()
    is_read = any(Path(path).is_relative_to(folder) for path in job.reads)
    return str(folder) if value and folder.is_dir() and is_read else None


def moved(job: Job, folder: Path) -> Job:
    """Return the job as it reads where its files lie below `folder`."""

    def there(path: str) -> str:
        return f"{folder}{path}"

    def fixture(value: str) -> str:
        return there(value) if Path(value).is_absolute() else value

    return replace(
        job,
        path=there(job.path),
        roots=(
            *map(there, job.roots),
            *job.roots,
        ),  # a worker may run on this machine, and is to be refused these
        reads=frozenset(map(there, job.reads)),
        folders=frozenset(map(there, job.folders)),
        parameters={
            name: Path(there(str(value))) if isinstance(value, Path) else value
            for name, value in job.parameters.items()
        },
        fixtures={name: (load, fixture(value)) for name, (load, value) in job.fixtures.items()},
    )
