"""Which mistakes the tests would let pass: the code is changed in one place at a time, and its tests are run.

    python -m tests.mutate lectern/making lectern/sources [--sample N --seed S] [--tests PATH …]

Each mutant is tried in a copy of what git tracks, first by the tests nearest to its module, and if it survives, by
all those named with --tests. Survivors are listed with what was changed; those that cannot be told from the code by
any test stand in equivalent_mutants.txt, each with the reason, and are left out. Works where processes can be forked:
one that has loaded the libraries waits, and every run of tests is a copy of it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.mutants import Mutant, mutants_of

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = ROOT / "tests/equivalent_mutants.txt"
LIBRARIES = (
    "beartype hypothesis.extra.numpy jaxtyping matplotlib.figure numpy psutil pytest scipy.stats torch"
)
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
QUICK = ["-m", "not browser", "--ignore=tests/making/test_cluster.py"]

# The tests nearest to a module whose name no test file bears.
NEAREST = {
    "lectern/making/guard.py": ["tests/making/test_guard.py", "tests/making/test_worker.py"],
    "lectern/sources/acting.py": ["tests/sources/test_slicing.py", "tests/making/test_maker.py"],
    "lectern/sources/keys.py": ["tests/sources/test_what_is_keyed.py", "tests/sources/test_keys.py"],
    "lectern/sources/modules.py": ["tests/sources/test_what_is_keyed.py", "tests/sources/test_keys.py"],
    "lectern/sources/stamps.py": ["tests/sources/test_digests.py"],
    "lectern/making/sidecar.py": ["tests/making/test_maker.py"],
    "lectern/making/state.py": ["tests/making/test_maker.py"],
    "lectern/making/steps.py": ["tests/making/test_maker.py", "tests/making/test_worker.py"],
    "lectern/making/serve.py": ["tests/making/test_worker.py"],
    "lectern/making/parent.py": ["tests/making/test_worker.py"],
    "lectern/making/warm.py": ["tests/making/test_guard.py", "tests/making/test_worker.py"],
    "lectern/making/memory.py": ["tests/making/test_worker.py"],
    "lectern/making/returned.py": ["tests/making/test_worker.py"],
    "lectern/making/workers.py": ["tests/making/test_workers.py", "tests/making/test_worker.py"],
    "lectern/making/locks.py": ["tests/making/test_maker.py"],
}
# What runs on a cluster: its tests take minutes. Name these modules to try them.
SKIPPED = {"cluster.py", "cluster_workers.py", "parcel.py", "engine.py", "elsewhere.py", "runner.py"}


def main() -> None:
    """Try mutants until all, or as many as were asked for, are tried; then print the score."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = _copy(Path(folder) / "project")
        _load()
        found = [m for path in _modules(options.paths) for m in mutants_of(path.as_posix(), path.read_text())]
        known = _equivalent()
        tried = [mutant for mutant in found if mutant.key not in known]
        random.Random(options.seed).shuffle(tried)
        tried = sorted(tried[: options.sample], key=lambda mutant: mutant.path)
        print(f"{len(found)} mutants, {len(tried)} of them are tried", flush=True)
        survivors = _try(tried, copy, options.tests)
    killed = len(tried) - len(survivors)
    print(f"{killed} of {len(tried)} were noticed ({killed / max(len(tried), 1):.1%})")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="modules, or folders of them")
    parser.add_argument("--tests", nargs="*", default=["tests/making", "tests/sources"], metavar="PATH")
    parser.add_argument("--sample", type=int, metavar="N", help="try only so many, drawn by chance")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _try(mutants: list[Mutant], copy: Path, wider: list[str]) -> list[Mutant]:
    """Run the tests on each mutant; return those that no test noticed."""
    survivors = []
    killers: dict[str, Counter[str]] = {}
    limits: dict[tuple[str, ...], float] = {}
    for mutant in mutants:
        first = killers.setdefault(mutant.path, Counter())
        verdict = None
        for tests in filter(None, (_nearest(mutant.path), wider)):
            if tuple(tests) not in limits:
                limits[tuple(tests)] = _limit(tests, copy)
            with _mutated(copy / mutant.path, mutant.text):
                verdict = _run(tests, copy, limits[tuple(tests)], first)
            if verdict:
                first[verdict] += 1
                break
        if verdict is None:
            survivors.append(mutant)
            print(mutant, flush=True)
    return survivors


def _limit(tests: list[str], copy: Path) -> float:
    """Return the seconds that a run may take; raise SystemExit where the tests fail without any mutant."""
    started = time.monotonic()
    if failed := _run(tests, copy, 900, Counter()):
        printed = (copy.parent / "printed").read_text()[-5000:]
        raise SystemExit(f"the tests fail as it is: {failed}\n{printed}")
    return 20 + 3 * (time.monotonic() - started)


def _nearest(path: str) -> list[str]:
    """Return the test files of a module: those in the table, or those of its name where the tree is mirrored."""
    if path in NEAREST:
        return [test for test in NEAREST[path] if (ROOT / test).exists()]
    folders = [ROOT / "tests" / Path(*Path(path).parts[start:-1]) for start in (0, 1)]
    found = [test for folder in folders for test in sorted(folder.glob(f"test_{Path(path).stem}*.py"))]
    return [test.relative_to(ROOT).as_posix() for test in found]


@contextlib.contextmanager
def _mutated(path: Path, text: str) -> Iterator[None]:
    whole = path.read_bytes()
    path.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        path.write_bytes(whole)


def _run(tests: list[str], copy: Path, limit: float, first: Counter[str]) -> str | None:
    """Run tests in a fork of this process, those that failed before first; return the one that fails, if any."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.setsid()
        _become_pytest(tests, copy, writer, first)
    os.close(writer)
    signal.signal(signal.SIGALRM, lambda *_: _end(pid))
    signal.setitimer(signal.ITIMER_REAL, limit)
    with os.fdopen(reader) as told:
        said = told.read().strip()
    _, status = os.waitpid(pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    _end(pid)
    return said or (f"ended with {status}" if status else None)


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _become_pytest(tests: list[str], copy: Path, writer: int, first: Counter[str]) -> None:
    import pytest

    class Plugin:
        def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
            items.sort(key=lambda item: -first[item.nodeid])

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                print(report.longreprtext, flush=True)
                os.write(writer, report.nodeid.encode())
                os._exit(1)

    os.chdir(copy)
    sys.path[:] = [str(copy), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT)]
    for stream in (1, 2):
        os.dup2(os.open(copy.parent / "printed", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    code = 3
    try:
        code = pytest.main([*OPTIONS, *QUICK, f"--basetemp={copy.parent}/tmp", *tests], plugins=[Plugin()])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(int(code))


def _copy(copy: Path) -> Path:
    """Copy what git tracks, or would; packages are linked."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    for name in (".venv", "node_modules"):
        if (ROOT / name).exists():
            (copy / name).symlink_to((ROOT / name).resolve())
    return copy


def _load() -> None:
    """Load the libraries that the tests use, and nothing of the project; write no bytecode, which may be of a mutant."""
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True
    for name in LIBRARIES.split():
        __import__(name)
    for name in [*sys.modules]:
        if name.split(".")[0] in ("tests", "lectern", "mechinterp"):
            del sys.modules[name]


def _modules(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (file for file in files if file.name not in SKIPPED or path == file)


def _equivalent() -> set[str]:
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.exists() else []
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


if __name__ == "__main__":
    main()
