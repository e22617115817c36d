"""A Dask cluster on this machine whose workers run the built wheel, and may not open a file of any project here."""

import contextlib
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

from lectern.project import ENGINE_ROOT

# Run by every Python there, the workers' own children too.
WALL = """
import os, sys
def refuse(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and arguments and isinstance(arguments[0], (str, bytes)):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if any(path.startswith(hidden) for hidden in {hidden!r}) and not path.startswith({allowed!r}):
            raise FileNotFoundError(2, "No such file or directory", path)
sys.addaudithook(refuse)
"""


@dataclass
class Running:
    """The cluster's processes; each worker makes one figure at a time."""

    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    address: str = ""

    def start(self, name: str, *arguments: str, site: str = "site") -> None:
        program = "dask_scheduler" if name == "scheduler" else "dask_worker"
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    f"distributed.cli.{program}",
                    *arguments,
                    "--host",
                    "127.0.0.1",
                    "--no-dashboard",
                ],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(self.folder / site)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def worker(self, name: str, site: str = "site") -> None:
        options = ("--no-nanny", "--nthreads", "1", "--name", name)
        folder = str(self.folder / "scratch")
        self.start(name, self.address, *options, "--local-directory", folder, site=site)

    def worker_without_engine(self, name: str) -> None:
        (self.folder / "bare").mkdir(exist_ok=True)
        (self.folder / "bare" / "sitecustomize.py").write_text("import sys\nsys.modules['lectern'] = None\n")
        self.worker(name, "bare")

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes.pop(name).wait()

    def end(self) -> None:
        for name, process in self.processes.items():
            process.send_signal(signal.SIGKILL if name != "scheduler" else signal.SIGTERM)
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()


@contextlib.contextmanager
def cluster(folder: Path, hidden: list[Path]) -> Iterator[Running]:
    """Build the wheel, and start a scheduler and two workers, a and b."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ENGINE_ROOT, check=True, capture_output=True)
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(folder / "site")
    wall = WALL.format(
        hidden=[str(path) + os.sep for path in (ENGINE_ROOT, *hidden)], allowed=sys.prefix + os.sep
    )
    (folder / "site" / "sitecustomize.py").write_text(wall)
    running = Running(folder)
    try:
        file = folder / "scheduler.json"
        running.start("scheduler", "--port", "0", "--scheduler-file", str(file))
        with Client(scheduler_file=str(_awaited(file)), timeout=20, set_as_default=False) as client:
            running.address = client.scheduler.address  # type: ignore[union-attr]
            running.worker("a")
            running.worker("b")
            client.wait_for_workers(2, timeout=30)
        yield running
    finally:
        running.end()


def _awaited(file: Path) -> Path:
    from tests.test_interruption import wait_until

    wait_until(lambda: file.exists() and file.read_text().endswith("}"))
    return file
