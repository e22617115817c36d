"""Many edits in a row: the preview's memory, the processes it leaves, and whether an edit is lost."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import psutil

from benchmarks.browsing import Shown, browser, previewed
from benchmarks.measure import build, copy_of_project, seconds
from benchmarks.preview import EDITS
from benchmarks.prose_edit import SENTENCE, write_word

MANY, QUICK = 2000, 200
SAMPLES = 8
RESTYLED = 25  # edits between restyles of a figure, which is drawn while prose is edited
HURRIED = 10  # edits between those that are not waited for
RESTYLE = EDITS[-1]
PARTS = {"Node": "server.cjs", "workers' parent": "lectern.making.parent"}


def memory(server: psutil.Process) -> dict[str, float]:
    """Return the resident MB of the server, the renderer and the workers' parent."""
    held = {"server": server.memory_info().rss / 1e6}
    for child in server.children():
        command = " ".join(child.cmdline())
        held |= {part: child.memory_info().rss / 1e6 for part, word in PARTS.items() if word in command}
    return held


def edits(root: Path, shown: Shown, server: psutil.Process, count: int) -> list[dict[str, float]]:
    """Edit, mostly after the last edit was seen; return the memory at regular intervals."""
    deck = root / "slides" / "mechinterp.md.j2"
    curve = [memory(server)]
    for number in range(1, count + 1):
        if number % RESTYLED == 0:
            RESTYLE.make(root, 1 + number // RESTYLED)
        word = f"edición{number}"
        write_word(deck, word)
        if number % HURRIED:
            shown.word(word)
        if number % (count // SAMPLES) == 0:
            shown.word(word)
            curve.append(memory(server))
            print(
                f"    {number:5}  {'  '.join(f'{part} {mb:.0f}' for part, mb in curve[-1].items())}",
                flush=True,
            )
    return curve


def print_growth(curve: list[dict[str, float]], count: int) -> None:
    """Print the memory at the beginning and the end, and its growth over the last half."""
    step = count // SAMPLES
    for part in curve[-1]:
        held = [sample[part] for sample in curve]
        half = held[SAMPLES // 2 :]
        rise = np.polyfit(np.arange(len(half)) * step, half, 1)[0] * 1000
        print(
            f"  {part:18} {held[0]:.0f} MB at first, {held[-1]:.0f} at last; last half {rise:+.1f} MB per 1000 edits"
        )


def main(count: int = QUICK) -> None:
    """Measure."""
    with copy_of_project() as root, browser(root / ".lectern") as page:
        seconds(build(root, "--formats", "html"), root)
        with previewed(root) as (address, pid):
            server = psutil.Process(pid)
            figure = Shown(page(), address, f'data-figure="{RESTYLE.figure}"')
            before = figure.pictures()
            RESTYLE.make(root, 1)
            figure.picture(before)  # by now the workers' parent has imported the libraries
            shown = Shown(page(), address, SENTENCE)
            write_word(root / "slides" / "mechinterp.md.j2", "edición0")
            shown.word("edición0")
            shown.rest()
            children = len(server.children(recursive=True))
            began = time.monotonic()
            print(f"\n{count} edits in a row, MB resident")
            curve = edits(root, shown, server, count)
            shown.word(f"edición{count}")
            shown.rest()
            print_growth(curve, count)
            print(f"  {(time.monotonic() - began) / count:.2f} s per edit")
            print(
                f"  processes of the server: {children} before, {len(server.children(recursive=True))} after"
            )
            figure.file((root / "img" / f"{RESTYLE.figure}.svg").read_bytes())
            print("  the pages show the last word and the last picture")


if __name__ == "__main__":
    main(QUICK if "--quick" in sys.argv else MANY)
