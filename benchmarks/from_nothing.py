"""`python build.py --force` without any cached picture or result: how long it takes, and where the time goes."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import build, copy_of_project, processors, python, seconds
from build import DECK, fixtures
from lectern.build import build_deck
from lectern.deck.source import read_deck
from lectern.making.request import Request
from lectern.marp.renderer import Renderer
from lectern.progress import Progress
from lectern.project import Project
from lectern.workshop import Workshop, open_workshop


def clear(root: Path) -> None:
    """Delete what builds have made."""
    for name in ("img", "dist", ".lectern"):
        shutil.rmtree(root / name, ignore_errors=True)


def import_seconds(workshop: Workshop) -> float:
    """Return how long the workers' parent takes to import the libraries of all figures."""
    states = [workshop.states.of(Request(name)) for name in workshop.catalogue]
    keys = [key for state in states for key in (state.compute, state.draw) if key]
    tops = sorted({name.split(".")[0] for key in keys for name in key.libraries})
    return seconds([python(), "-c", f"import {', '.join(tops)}"], workshop.project.root)


def timed(owner: type, name: str, spent: dict[str, float], label: Callable[..., str]) -> None:
    """Add the time that a method takes to `spent`, under the label of its arguments."""
    method = getattr(owner, name)

    def counting(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return method(*args, **kwargs)
        finally:
            spent[label(*args, **kwargs)] += time.perf_counter() - began

    setattr(owner, name, counting)


def main() -> None:
    """Measure the command, then the same build from within."""
    with copy_of_project() as root:
        clear(root)
        whole = seconds(build(root, "--force"), root)
        clear(root)
        spent: dict[str, float] = defaultdict(float)
        timed(Renderer, "render", spent, lambda *_, **__: "Marp")
        timed(Renderer, "page", spent, lambda *_, **__: "Marp")
        timed(
            Renderer,
            "convert",
            spent,
            lambda _self, _markdown, _contents, suffix, *_: {".pdf": "PDF"}.get(suffix, "Marp"),
        )
        progress = Progress()
        project = Project(root, fixtures())
        with Renderer(project.cache) as renderer, open_workshop(project, progress, processors()) as workshop:
            deck = read_deck(root / DECK, "deck")
            build_deck(deck, workshop, renderer, root / "dist", ("html", "pdf"), force=True)
            imports = import_seconds(workshop)
        print(f"\nFrom nothing: {whole:.1f} s on {processors()} processors")
        print(f"  imports, once                {imports:.1f} s")
        for step in ("compute", "draw"):
            total = sum(took for _, ran, took in progress.ran if ran == step)
            print(f"  {step}, summed over figures  {total:.1f} s")
        for part in ("Marp", "PDF"):
            print(f"  {part:28} {spent[part]:.1f} s")


if __name__ == "__main__":
    main()
