"""`build.py verify`: every figure made again in a temporary folder, and compared with the committed one."""

from __future__ import annotations

import argparse
import io
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from lectern import temporary
from lectern.errors import BuildError
from lectern.making.request import Request
from lectern.making.sidecar import IMAGES, Sidecar, read_sidecar, with_suffix
from lectern.progress import progress_for
from lectern.project import Project
from lectern.sources.catalogue import canonical
from lectern.workshop import Workshop, open_workshop

TOLERANCE = 1e-3  # of a number, relative: another machine or version of a library adds up in another order
PIXELS = 0.01  # root mean square difference of two pictures, of their full scale


def verify(options: argparse.Namespace, project: Project) -> int:
    """Make the figures named, or all that are there, in a temporary folder; print what differs from them.

    Values and measured numbers may differ by a thousandth, pictures by what cannot be seen; verdicts may not.
    """
    with temporary.folder() as folder:
        elsewhere = replace(project, made_in=folder)
        progress = progress_for(sys.stderr)
        with open_workshop(elsewhere, progress, options.jobs, options.memory_limit) as workshop:
            requests = [Request(canonical(name)) for name in options.names or _made(project, workshop)]
            try:
                workshop.maker.make(requests)
            except BuildError as error:
                print(f"error: {error}", file=sys.stderr)
            stems = {request.name: workshop.states.of(request).stem for request in requests}
        return _report(
            {
                name: [*_differences(project.images / stem.relative_to(elsewhere.images), stem)]
                for name, stem in stems.items()
            }
        )


def _made(project: Project, workshop: Workshop) -> list[str]:
    """Return the figures that were made; some of the others can be on another model only."""

    def sidecar(name: str) -> Path:
        stem = workshop.states.of(Request(name)).stem.relative_to(workshop.project.images)
        return with_suffix(project.images / stem, "json")

    return [name for name in workshop.catalogue if sidecar(name).exists()]


def _report(differences: dict[str, list[str]]) -> int:
    for name, said in differences.items():
        for text in said:
            print(f"{name}: {text}")
    differing = sum(bool(said) for said in differences.values())
    print(f"{len(differences) - differing} of {len(differences)} figures come out the same")
    return 1 if differing else 0


def _differences(there: Path, again: Path) -> Iterator[str]:
    """Yield the differences of a figure that was made again from the one that is there."""
    old, new = (read_sidecar(with_suffix(stem, "json")) for stem in (there, again))
    if old is None or new is None:
        yield "it was never made, or its sidecar was altered" if old is None else "it cannot be made"
        return
    yield from _compared("value", old.values, new.values)
    yield from _compared("claim", _verdicts(old), _verdicts(new))
    if old.description != new.description:
        yield f"the alt text was {old.description!r}, and is {new.description!r}"
    for format_ in IMAGES:
        path = with_suffix(there, format_)
        if not path.is_file():
            yield f"there is no {path.name}"
        elif format_ == "png" and (distance := _distance(path, with_suffix(again, format_))) > PIXELS:
            yield f"{path.name} looks different: its pixels differ by {100 * distance:.1f} % of full scale"


def _verdicts(sidecar: Sidecar) -> dict[str, Any]:
    return {
        f"{name}{part}": found
        for name, claim in sidecar.claims.items()
        for part, found in (("", "holds" if claim.holds else "fails"), (", measured", claim.measured))
    }


def _compared(kind: str, old: Any, new: Any) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if name not in old or name not in new:
            yield f"{kind} {name} is {'new' if name not in old else 'gone'}"
        elif not _alike(old[name], new[name]):
            yield f"{kind} {name} was {old[name]!r}, and is {new[name]!r}"


def _alike(old: Any, new: Any) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_alike, old, new))
    if isinstance(old, float) and isinstance(new, (int, float)):
        return math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=1e-9) or (old != old and new != new)
    return old == new


def _distance(one: Path, two: Path) -> float:
    """Return the root mean square difference of two pictures, from 0 to 1; 1 where they have not one size."""
    first, second = one.read_bytes(), two.read_bytes()
    if first == second:
        return 0.0
    from matplotlib.image import imread

    try:
        a, b = (imread(io.BytesIO(content), format="png") for content in (first, second))
    except (SyntaxError, ValueError, OSError):  # it is no picture
        return 1.0
    return float(((a - b) ** 2).mean() ** 0.5) if a.shape == b.shape else 1.0
