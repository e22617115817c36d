"""Each figure of the lecture that asks for the model, made on one of GPT-2 small's size: what it takes, and if it does.

    python -m benchmarks.figures_at_gpt2_size [FOLDER] [--only NAME…] [--seconds 300] [--gigabytes 12]

FOLDER holds a checkpoint that `python -m tests.mechinterp.planted_gpt2 --out FOLDER` has written; without one, or where
it does not exist, it is made. Figures are made one after another, nothing kept from one to the next, each by a command
of its own with bounds on its time and on the memory that each of its processes may ask for. Needs Linux.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from benchmarks.from_nothing import clear
from benchmarks.measure import build, copy_of_project, python
from build import fixtures
from lectern.progress import Progress
from lectern.project import ENGINE_ROOT, Project
from lectern.workshop import open_workshop

SECONDS, GIGABYTES = 300.0, 12.0
EVERY = 0.05  # seconds between two looks at what a command takes
GRACE = 20.0  # seconds that a command which is interrupted has to end
WIDEST = 140  # characters of an error that are printed


@dataclass
class Use:
    """What the processes of a command have taken: seconds of processor each, and the most memory that one held."""

    seconds: dict[int, float] = field(default_factory=dict)  # by process
    peak: int = 0  # bytes

    def look(self, command: psutil.Process) -> None:
        """Take down what the command's processes have taken by now."""
        try:
            members = [command, *command.children(recursive=True)]
        except psutil.Error:
            return
        for member in members:
            try:
                spent, held = member.cpu_times(), member.memory_info().rss
            except psutil.Error:
                continue
            self.seconds[member.pid] = spent.user + spent.system
            self.peak = max(self.peak, held)


def main() -> None:
    """Make the figures that the command line names, by default all that ask for the model, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures_at_gpt2_size")
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that a figure may take")
    parser.add_argument("--gigabytes", type=float, default=GIGABYTES, help="that each process may ask for")
    options = parser.parse_args()
    with checkpoint(options.folder) as model, copy_of_project() as root:
        names = options.only or figures_of_the_model(root, model)
        print(f"| {'figure':22} | CPU s | peak GB | result |\n|{'-' * 24}|------:|--------:|---|", flush=True)
        for name in names:
            clear(root)
            use, result = _made(root, name, model, options.seconds, int(options.gigabytes * 1e9))
            row = f"| {name:22} | {sum(use.seconds.values()):5.0f} | {use.peak / 1e9:7.1f} | {result} |"
            print(row, flush=True)


@contextmanager
def checkpoint(folder: Path | None) -> Iterator[Path]:
    """Yield the folder of a planted checkpoint, made where it is not there."""
    with tempfile.TemporaryDirectory() as made:
        found = (folder or Path(made) / "planted-gpt2").resolve()
        if not found.is_dir():
            command = [python(), "-m", "tests.mechinterp.planted_gpt2", "--out", str(found)]
            subprocess.run(command, cwd=ENGINE_ROOT, check=True, capture_output=True)
        yield found


def figures_of_the_model(root: Path, model: Path) -> list[str]:
    """Return the figures of the lecture that ask for the model, themselves or through others."""
    chosen = fixtures() | {"model": replace(fixtures()["model"], chosen=str(model))}
    with open_workshop(Project(root, chosen), Progress(), jobs=1) as workshop:
        catalogue = workshop.catalogue
        return sorted(name for name in catalogue if "model" in catalogue.asked_fixtures(name))


def _made(root: Path, name: str, model: Path, seconds: float, n_bytes: int) -> tuple[Use, str]:
    """Make one figure; return what that took, and whether it was made, or the error."""
    use, latest = Use(), time.monotonic() + seconds

    def bound_memory() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))

    with tempfile.TemporaryFile("w+") as printed:
        command = subprocess.Popen(
            build(root, "figure", name, "--model", str(model)),
            cwd=root,
            stdout=subprocess.DEVNULL,
            stderr=printed,
            preexec_fn=bound_memory,
        )
        process = psutil.Process(command.pid)
        try:
            while command.poll() is None and time.monotonic() < latest:
                use.look(process)
                time.sleep(EVERY)
        finally:
            in_time = command.poll() is not None
            if not in_time:
                _end(command)
        printed.seek(0)
        lines = printed.read().splitlines()
    return use, _result(name, lines, command.returncode) if in_time else f"not within {seconds:.0f} s"


def _end(command: subprocess.Popen[bytes]) -> None:
    """Interrupt a command, which then ends the processes that it has started."""
    command.terminate()
    try:
        command.wait(GRACE)
    except subprocess.TimeoutExpired:
        command.kill()
        command.wait()


def _result(name: str, printed: Collection[str], code: int) -> str:
    """Return in a few words what a command said that has ended; claims that do not hold are no error here."""
    failing = sum(line.startswith("claim failed: ") for line in printed)
    if code == 0 or failing:
        return f"made; claims that fail: {failing}" if failing else "made"
    errors = [line.removeprefix("error: ") for line in printed if line.startswith("error: ")]
    first = (errors or list(printed)[-1:] or [f"exit code {code}"])[0]
    return first.replace(f"figure {name!r}: ", "").replace("|", "/")[:WIDEST]


if __name__ == "__main__":
    main()
