"""Failures elsewhere for want of what is here: what a job does not declare does not travel with it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from lectern.making.job import Failure, Job

NO_FILE = re.compile(r"^FileNotFoundError: .*: '(.+)'$", re.MULTILINE)
NO_MODULE = re.compile(r"^ModuleNotFoundError: No module named '([^']+)'", re.MULTILINE)


def explained(failure: Failure, job: Job) -> Failure:
    """Return a failure of `job` that happened on a cluster, with the reason where only we can know it."""
    root = Path(job.roots[0])
    if (found := NO_FILE.search(failure.message)) and (root / found[1]).exists():
        remedy = "declare the file in FILES or as a Path parameter: only what is declared goes to the cluster"
        message = f"it reads {root / found[1]}, which its key does not cover"
        return replace(failure, message=message, remedy=remedy)
    if found := NO_MODULE.search(failure.message):
        remedy = f"install it where the workers run: pip install {found[1].partition('.')[0]}"
        if any(_is_module(Path(root), found[1]) for root in job.roots):
            remedy = "import it with an import statement: only what is declared goes to the cluster"
        return replace(failure, remedy=remedy)
    return failure


def _is_module(root: Path, name: str) -> bool:
    path = root.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()
