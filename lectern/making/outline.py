"""What a project has besides what a job may read: names only.

With them a job elsewhere is refused what it would be refused here, finds what it would find, and never takes another
copy of a module that it did not declare.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from lectern.making.engine import is_engine


def outline(roots: Iterable[str]) -> bytes:
    """Return the paths of the files and, ending in a slash, of the folders below `roots`, one a line.

    Hidden and compiled ones are left out, libraries that are installed there, and this engine.
    """
    found = {path for root in roots if not _is_installed(root) for path in _below(Path(root))}
    return "\n".join(sorted(found)).encode("utf-8", "surrogateescape")


def lay_out(outlined: bytes, folder: Path) -> None:
    """Make the folders of an outline below `folder`, and its files, empty."""
    for path in outlined.decode("utf-8", "surrogateescape").splitlines():
        target = Path(f"{folder}{path}")
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.touch()


def _below(folder: Path) -> Iterator[str]:
    yield f"{folder}/"
    with contextlib.suppress(OSError):  # it has just gone, or may not be looked into
        for path in folder.iterdir():
            if path.name.startswith(".") or "\n" in path.name:
                continue
            if not path.is_dir():
                yield str(path)
            elif _is_ours(path):
                yield from _below(path) if not path.is_symlink() else [f"{path}/"]


def _is_ours(folder: Path) -> bool:
    others = folder.name in ("__pycache__", "node_modules") or (folder / "pyvenv.cfg").exists()
    return not others and not is_engine(str(folder))


def _is_installed(root: str) -> bool:
    return root.endswith("-packages") or Path(root).is_relative_to(sys.prefix)
