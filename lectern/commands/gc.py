"""`build.py gc`: deletes kept results and pictures that were not used for longest."""

from __future__ import annotations

import argparse

from lectern import atomic, temporary
from lectern.making.store import Store
from lectern.project import Project


def gc(options: argparse.Namespace, project: Project) -> int:
    """Delete what was not used for longest beyond a bound, and what killed builds have left; print how much."""
    temporary.clean()
    folders = [project.images, project.out, *(path for path in project.cache.glob("**/") if path.is_dir())]
    atomic.clean(folders)
    dropped, kept = Store(project.cache / "results").prune(options.keep)
    print(f"{dropped} files dropped; {kept / 1e6:.1f} MB of results and pictures are kept")
    return 0
