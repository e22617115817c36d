"""Commands timed alternately, so that a slowdown of the machine affects all of them."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lectern.project import ENGINE_ROOT

RUNS = 5
COPIED = (
    "build.py",
    "lectern",
    "mechinterp",
    "figures",
    "slides",
    "img",
    "package.json",
    "package-lock.json",
)
Command = Sequence[str | Path]


@contextmanager
def copy_of_project() -> Iterator[Path]:
    """Yield a copy of the project in a temporary folder, with the packages of the original."""
    with tempfile.TemporaryDirectory(prefix="lecture-") as folder:
        root = Path(folder).resolve()
        for name in COPIED:
            source = ENGINE_ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, root / name)
        # Not a link to the folder: its files would lie outside the project, where decks may not show them.
        packages = ENGINE_ROOT / "node_modules"
        shutil.copytree(packages, root / "node_modules", symlinks=True, copy_function=_linked)
        yield root


def _linked(source: str, copy: str) -> None:
    """Copy a file as a hard link where the file system can."""
    try:
        os.link(source, copy)
    except OSError:
        shutil.copy2(source, copy)


def seconds(command: Command, folder: Path) -> float:
    """Return the wall time of a command; it must succeed."""
    began = time.perf_counter()
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout}{done.stderr}")
    return took


def in_turn(
    commands: Mapping[str, Command], folder: Path, before: Callable[[], object] = lambda: None
) -> dict[str, list[float]]:
    """Time each command RUNS times, one after the other, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(RUNS + 1):
        for name, command in commands.items():
            before()
            took = seconds(command, folder)
            if turn:
                times[name].append(took)
    return times


def report(title: str, times: Mapping[str, list[float]], wanted: str = "") -> None:
    """Print the medians, and the median ratio of the first command to each other one, run by run."""
    print(f"\n{title}")
    first, *others = times
    for name, found in times.items():
        spread = f"{min(found):.3f} to {max(found):.3f}"
        print(f"  {name:28} median {statistics.median(found):.3f} s   ({spread})")
    for name in others:
        ratio = statistics.median(a / b for a, b in zip(times[first], times[name], strict=True))
        print(
            f"  {first} / {name}: {ratio:.2f}{f'   (wanted: {wanted})' if name == others[0] and wanted else ''}"
        )


def python() -> str:
    """Return this environment's Python."""
    return sys.executable


def build(root: Path, *arguments: str) -> list[str]:
    """Return the command that builds the copy."""
    return [python(), str(root / "build.py"), *arguments]


def peer(name: str) -> Path:
    """Return the program of a peer, from the environment that `make bench` makes for them."""
    return ENGINE_ROOT / ".venv" / "peers" / "bin" / name


def processors() -> int:
    """Return how many processors there are."""
    return os.cpu_count() or 1
