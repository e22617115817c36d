"""`build.py gc`: less on disk, of what can be made again."""

from __future__ import annotations

import argparse

from lectern import atomic, temporary
from lectern.making.store import Store
from lectern.project import Project


def gc(options: argparse.Namespace, project: Project) -> int:
    """Drop what was not used for longest beyond a bound, and what killed builds have left; say how much went."""
    temporary.clean()
    folders = [project.images, project.out, *(path for path in project.cache.glob("**/") if path.is_dir())]
    atomic.clean(folders)
    dropped, kept = Store(project.cache / "results").prune(options.keep)
    print(f"{dropped} files dropped; {kept / 1e6:.1f} MB of results and pictures are kept")
    return 0
