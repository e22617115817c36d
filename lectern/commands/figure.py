"""`build.py figure NAME`: one figure for another talk, with its sidecar."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lectern import atomic
from lectern.errors import UsageError
from lectern.making.maker import Made
from lectern.making.request import parse_overrides, request_for
from lectern.making.sidecar import IMAGES, with_suffix
from lectern.progress import progress_for
from lectern.project import Project
from lectern.workshop import Workshop, open_workshop


def figure(options: argparse.Namespace, project: Project) -> int:
    """Make the figure, put it where the options say, and print its path."""
    with open_workshop(project, progress_for(sys.stderr), jobs=1) as workshop:
        script = workshop.catalogue.script(options.name)
        wanted = request_for(script, parse_overrides(script, options.parameters))
        made = workshop.maker.make([wanted])[wanted]
        path = _place(made, workshop, options.format, options.output)
    failing = [f"{name}: {claim}" for name, claim in made.sidecar.claims.items() if not claim.holds]
    for text in failing:
        print(f"claim failed: {text}", file=sys.stderr)
    print(path)
    return 1 if failing else 0


def _place(made: Made, workshop: Workshop, format_: str, output: Path | None) -> Path:
    """Write picture and sidecar beside each other where they are wanted; return the picture's path."""
    kept = with_suffix(made.stem, format_)
    if format_ in IMAGES and output is None:
        return kept
    picture = kept.read_bytes() if format_ in IMAGES else workshop.maker.draw(made, format_)
    target = kept if output is None else _target(output, kept.name)
    atomic.write(target, picture)
    if target != kept:
        atomic.write(target.with_suffix(".json"), with_suffix(made.stem, "json").read_bytes())
    return target


def _target(output: Path, name: str) -> Path:
    if output.is_dir() or not output.suffix:
        return output / name
    if output.suffix != Path(name).suffix:
        remedy = f"write -o {output.with_suffix(Path(name).suffix)}, or choose --format"
        raise UsageError(f"{output} does not end in {Path(name).suffix}", remedy=remedy)
    return output
