"""A build that is interrupted or killed, at any moment: no process is left, and all outputs are whole."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import FIGURE, HTML, SLOW, Sandbox, outputs

pytestmark = pytest.mark.heavy


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for another process to get somewhere; nothing in it tells us when."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        os.sched_yield()


def children(pid: int) -> list[int]:
    """Return all descendants of a process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found + [grandchild for child in found for grandchild in children(child)]


def computing(built: Sandbox) -> tuple[subprocess.Popen[str], list[int]]:
    """Return a build that is at a long computation, and all its descendants."""
    mark = built.root / "started"
    built.figure("one", FIGURE.replace("    return Result", f"    open({str(mark)!r}, 'w').close()\n{SLOW}"))
    process = built.command(*HTML)
    wait_until(mark.exists)
    return process, children(process.pid)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_a_computation_leaves_no_process_and_no_trace(
    built: Sandbox, number: signal.Signals
) -> None:
    before = outputs(built)
    process, family = computing(built)
    assert len(family) >= 2  # Node and the workers' parent at least
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.endswith("interrupted: the outputs are unchanged\n")
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))
    assert outputs(built) == before


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_killing_the_build_leaves_no_process(built: Sandbox) -> None:
    before = outputs(built)
    process, family = computing(built)
    process.kill()
    process.communicate(timeout=20)
    wait_until(lambda: not any(_alive(pid) for pid in family))
    assert outputs(built) == before


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3, 0.5, 0.8, 1.2])
def test_interrupting_at_any_moment_leaves_whole_outputs(built: Sandbox, seconds: float) -> None:
    built.edit("slides/mechinterp.md.j2", "# Dos", "# Dos\n\nchanged")
    built.edit("figures/one.py", "figsize=(2, 1)", "figsize=(3, 1)")
    process = built.command()
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    # Until Python has imported its own modules, nobody can say more than it does: that it could not.
    in_startup = "Fatal Python error: init" in err or process.returncode == -signal.SIGINT
    assert in_startup or process.returncode in (0, 130)
    assert in_startup or "Traceback" not in err
    assert (built.root / "dist/mechinterp.html").read_text().rstrip().endswith("</html>")
    leftovers = [path.name for path in built.root.rglob("*.tmp")]
    assert leftovers == []
    assert built.build(*HTML) == 0  # and the next build mends whatever was half done
