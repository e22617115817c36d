import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from lectern.marp import processes
from lectern.project import ENGINE_ROOT
from tests.preview.running import until

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="of POSIX systems")
# Starts one that leaves its session, as browsers are started, and one of that.
FAMILY = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], start_new_session=True)"
INNERMOST = "import subprocess; subprocess.run(['sh', '-c', 'echo here; sleep 100'])"


def family_of(pid: int) -> list[psutil.Process]:
    until(lambda: any(child.name() == "sleep" for child in psutil.Process(pid).children(recursive=True)))
    return psutil.Process(pid).children(recursive=True)


def ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_process_ends_with_all_that_it_started() -> None:
    process = subprocess.Popen([sys.executable, "-c", FAMILY, INNERMOST], stdout=subprocess.DEVNULL)
    family = family_of(process.pid)
    assert len(family) >= 3
    processes.end(process)
    assert process.returncode == -signal.SIGKILL
    assert all(ended(member) for member in family)
    processes.end(process)  # once more is no error


def test_a_command_that_is_interrupted_ends_with_all_that_it_started() -> None:
    me = psutil.Process()
    before = set(me.children())
    found: list[psutil.Process] = []

    def interrupt() -> None:
        until(lambda: set(me.children()) - before)
        (child,) = set(me.children()) - before
        found.extend([child, *family_of(child.pid)])
        os.kill(me.pid, signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        processes.run([sys.executable, "-c", FAMILY, INNERMOST])
    interrupting.join()
    assert len(found) >= 4
    assert all(ended(member) for member in found)


def test_what_was_started_ends_after_its_parent_too() -> None:
    process = subprocess.Popen([sys.executable, "-c", FAMILY, INNERMOST], stdout=subprocess.DEVNULL)
    family_of(process.pid)
    started = processes.started_by(process)
    process.kill()
    process.wait()
    assert not any(ended(member) for member in started)
    processes.kill(started)
    assert all(ended(member) for member in started)
    assert processes.started_by(process) == set()


def test_a_command_is_told_by_its_input_that_nobody_waits_any_more(tmp_path: Path) -> None:
    """Its end of the pipe closes when the process that waits is killed."""
    told = tmp_path / "told"
    os.mkfifo(told)
    script = f"exec 3>{told}; echo ready >&3; read nothing; echo over >&3"
    code = f"from lectern.marp import processes; processes.run(['sh', '-c', {script!r}])"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ENGINE_ROOT) as waiting, told.open() as said:
        assert said.readline() == "ready\n"
        waiting.kill()
        assert said.read() == "over\n"


def test_a_command_is_run_to_its_end(tmp_path: Path) -> None:
    done = processes.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)
    with pytest.raises(FileNotFoundError):
        processes.run([str(tmp_path / "gone")])
