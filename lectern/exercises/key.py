"""What the outputs of an executed solution depend on, as one digest."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path

from lectern.errors import ExerciseError, Place
from lectern.project import Project
from lectern.sources.code import imported_names
from lectern.sources.digests import Digests
from lectern.sources.modules import follow


def key(text: str, path: Path, project: Project, digests: Digests) -> str:
    """Return a digest of a source, the project's modules that it imports, their files, and those of the fixtures.

    Libraries do not count, as for figures. Raises ExerciseError where the source has a syntax error.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        place = Place(project.shown(path), error.lineno)
        raise ExerciseError(f"syntax error: {error.msg}", place, "correct the source") from error
    imports = follow(imported_names(tree), project, digests)
    roots, patterns = project.search_path, imports.files
    files = {f for root in roots for pattern in patterns for f in digests.searches.glob(root, pattern)}
    files |= {found for fixture in project.fixtures.values() for found in fixture.found.files}
    parts = {project.shown(module): code for module, code in imports.documented.items()}
    parts |= {project.shown(found): digests.of(found) or "" for found in files}
    return hashlib.sha256(json.dumps([text, parts], sort_keys=True).encode()).hexdigest()
