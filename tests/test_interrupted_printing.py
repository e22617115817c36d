"""A build that is interrupted or killed while a browser prints: no process is left, and no temporary folder for long."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lectern.marp.browser import installed_browser
from tests.conftest import Sandbox
from tests.preview.running import PATIENCE, until

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted as Linux does"),
]
SUBREAPER = 36  # of prctl: who adopts the processes whose parents have ended
MOMENTS = 12


@contextlib.contextmanager
def adopting() -> Iterator[Callable[[], list[psutil.Process]]]:
    """Adopt what the tested processes leave behind; yield what lists those that still run."""
    system, me = ctypes.CDLL(None), psutil.Process()
    before = set(me.children(recursive=True))

    def left() -> list[psutil.Process]:
        return [process for process in set(me.children(recursive=True)) - before if runs(process)]

    system.prctl(SUBREAPER, 1)
    try:
        yield left
    finally:
        system.prctl(SUBREAPER, 0)
        for process in left():
            process.kill()
        for process in set(me.children()) - before:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, 0)


def runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Printing:
    """Builds of a deck's PDF, with temporary files in a folder of their own."""

    def __init__(self, lecture: Sandbox, chromium: str | None) -> None:
        self.lecture, self.temporary = lecture, lecture.root / "tmp"
        self.temporary.mkdir()
        lecture.deck("---\nmarp: true\nlang: en\ntitle: T\n---\n\n# One\n\n---\n\n# Two")
        if chromium and not installed_browser():
            (lecture.root / ".lectern").mkdir()
            (lecture.root / ".lectern/chromium").symlink_to(Path(chromium).parent)

    def start(self) -> subprocess.Popen[str]:
        """Start a build; return it when it begins to print."""
        process = self.lecture.command("--force", "--formats", "pdf", TMPDIR=str(self.temporary))
        known = set(self.folders)
        until(
            lambda: (
                process.poll() is not None or any(self.prints(folder) for folder in {*self.folders} - known)
            )
        )
        assert process.poll() is None, process.communicate()
        return process

    def prints(self, folder: Path) -> bool:
        return (folder / "deck.pdf.md").exists()

    @property
    def folders(self) -> list[Path]:
        return list(self.temporary.glob("lectern-*"))


@pytest.fixture
def printing(sandbox: Sandbox, chromium: str | None) -> Printing:
    return Printing(sandbox, chromium)


def test_an_interruption_at_any_moment_of_printing_leaves_nothing(printing: Printing) -> None:
    with adopting() as left:
        whole = printing.start()
        began = time.monotonic()
        _, said = whole.communicate(timeout=PATIENCE)
        lasted = time.monotonic() - began
        assert whole.returncode == 0, said
        for moment in range(MOMENTS):
            process = printing.start()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(lasted * moment / MOMENTS)
            number = signal.SIGTERM if moment % 2 else signal.SIGINT
            process.send_signal(number)
            _, said = process.communicate(timeout=PATIENCE)
            assert process.returncode in (0, 130, -number)  # the last: Python was about to end
            assert "Traceback" not in said or process.returncode == -number
            until(lambda: not left())
            assert printing.folders == [], (number, said)


def test_a_build_that_is_killed_takes_all_with_it_and_the_next_cleans_up(printing: Printing) -> None:
    with adopting() as left:
        process = printing.start()
        until(lambda: any("chrom" in other.name() for other in left()))
        process.kill()
        process.communicate(timeout=PATIENCE)
        until(lambda: not left())
        assert printing.folders
        again = printing.lecture.command("--formats", "html", TMPDIR=str(printing.temporary))
        _, said = again.communicate(timeout=PATIENCE)
        assert again.returncode == 0, said
        assert printing.folders == []
