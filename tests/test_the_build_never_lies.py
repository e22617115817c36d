"""Whatever is done to a project between builds, a build makes what it would make from nothing."""

import itertools
import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.conftest import HTML, Sandbox

pytestmark = pytest.mark.heavy

ONE = '''
"""{doc}."""
from pathlib import Path
from matplotlib.figure import Figure
from lectern.figure import Claim, Report
from helper import N

def compute(path=Path("data.txt")):
    return {{"n": int(path.read_text()) * N}}

def report(data):
    n = data["n"]
    return Report({{"v": n + {added}}}, claims={{"c": Claim("n", n, at_least={bound})}}, alt="{alt}")

def draw(data):
    figure = Figure(figsize=(2, 1))
    figure.subplots().bar([0], [data["n"]], color="{color}")
    return figure
'''
TWO = '''
"""What the first says."""
from matplotlib.figure import Figure
from lectern.figure import Claim, Result

def compute(one):
    claim = one.claims["c"]
    return Result({{"w": one.data["n"]}}, values={{"said": f"{{one.values['v']}} {{claim.holds}} {{one.alt}}"}})

def draw(data):
    figure = Figure(figsize=(2, 1))
    figure.text(0.5, 0.5, data["w"])
    return figure
'''
DECK = """
---
marp: true
lang: es
title: {title}
math: katex
---

[[ figures.one ]]

[% claim figures.one.claims.c %]Es [[ figures.one.v ]].[% endclaim %]

[[ figures.two.said ]], ${title}^2$

---

[[ figures.two ]]
"""
SOURCES = {
    "figures/one.py": ONE,
    "figures/two.py": TWO,
    "slides/mechinterp.md.j2": DECK,
    "helper.py": "N = {factor}\n",
    "data.txt": "{number}\n",
}
CHOICES = {
    "doc": ("A bar", "No bar"),
    "alt": ("", "One bar"),
    "added": (0, 7),
    "bound": (0, 100),
    "color": ("black", "red"),
    "title": ("x", "y"),
    "factor": (1, 2),
    "number": (5, 6),
}
Edit = tuple[str, int]


def write(sandbox: Sandbox, chosen: dict[str, int]) -> None:
    words = {name: CHOICES[name][index] for name, index in chosen.items()}
    for path, text in SOURCES.items():
        content = text.format(**words).lstrip("\n")
        target = sandbox.root / path
        if not target.exists() or target.read_text() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)


def outcome(sandbox: Sandbox) -> dict[str, Any]:
    """Build; return the exit code, the page, and what the sidecars and pictures say."""
    found: dict[str, Any] = {"exit": sandbox.build("--quiet", *HTML)}
    found["page"] = (sandbox.root / "dist/mechinterp.html").read_text()
    for name in ("one", "two"):
        sidecar = json.loads((sandbox.root / f"img/{name}.json").read_text())
        for passing in ("seconds", "versions", "digest"):
            del sidecar[passing]
        found[name] = sidecar
        found |= {f"{name}.{f}": (sandbox.root / f"img/{name}.{f}").read_bytes() for f in ("svg", "png")}
    return found


@contextmanager
def project() -> Iterator[Sandbox]:
    with tempfile.TemporaryDirectory() as folder:
        yield Sandbox(Path(folder))


FROM_NOTHING: dict[tuple[int, ...], dict[str, Any]] = {}


def from_nothing(chosen: dict[str, int]) -> dict[str, Any]:
    """Return what a build makes where nothing was ever built."""
    key = tuple(chosen.values())
    if key not in FROM_NOTHING:
        with project() as sandbox:
            write(sandbox, chosen)
            FROM_NOTHING[key] = outcome(sandbox)
    return FROM_NOTHING[key]


class Project(RuleBasedStateMachine):
    """A project that is edited, built, switched, spoilt and killed."""

    commits = Bundle("commits")

    def __init__(self) -> None:
        super().__init__()
        self._open = project()
        self.sandbox = self._open.__enter__()
        self.chosen = dict.fromkeys(CHOICES, 0)
        write(self.sandbox, self.chosen)

    def teardown(self) -> None:
        self._open.__exit__(None, None, None)

    @rule(name=st.sampled_from(sorted(CHOICES)))
    def edit_or_undo(self, name: str) -> None:
        self.chosen[name] = 1 - self.chosen[name]
        write(self.sandbox, self.chosen)

    @rule()
    def build(self) -> None:
        expected = from_nothing(self.chosen)
        assert outcome(self.sandbox) == expected

    @rule(name=st.sampled_from(sorted(CHOICES)))
    def build_edit_build_undo_build(self, name: str) -> None:
        for _ in range(2):
            self.build()
            self.edit_or_undo(name)
        self.build()

    @rule(target=commits)
    def commit(self) -> tuple[dict[str, int], dict[str, bytes]]:
        images = self.sandbox.root / "img"
        kept = {path.name: path.read_bytes() for path in images.iterdir()} if images.is_dir() else {}
        return dict(self.chosen), kept

    @rule(commit=commits, sources=st.booleans())
    def check_out(self, commit: tuple[dict[str, int], dict[str, bytes]], sources: bool) -> None:
        """Go to another branch, or take back only the pictures."""
        chosen, images = commit
        if sources:
            self.chosen = dict(chosen)
            write(self.sandbox, self.chosen)
        for name, content in images.items():
            (self.sandbox.root / "img").mkdir(exist_ok=True)
            (self.sandbox.root / "img" / name).write_bytes(content)

    @rule(
        folder=st.sampled_from(["img", ".lectern", "dist"]), at=st.integers(0, 30), how=st.sampled_from("dft")
    )
    def spoil(self, folder: str, at: int, how: str) -> None:
        """Delete a file, flip a bit in its middle, or cut it off."""
        files = sorted(
            p for p in (self.sandbox.root / folder).rglob("*") if p.is_file() and p.suffix != ".lock"
        )
        for path in itertools.islice(files, at % (len(files) or 1), at % (len(files) or 1) + 1):
            content, middle = path.read_bytes(), path.stat().st_size // 2
            if how == "d":
                path.unlink()
            elif how == "t":
                path.write_bytes(content[:middle])
            elif content:
                path.write_bytes(content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :])

    @rule(
        name=st.sampled_from(["one", "two"]),
        old=st.sampled_from(['"v": ', '"n": ', '"at_least": ', "True", "bar"]),
    )
    def write_into_a_sidecar(self, name: str, old: str) -> None:
        path = self.sandbox.root / f"img/{name}.json"
        if path.is_file():
            path.write_text(path.read_text().replace(old, f"{old}1"))

    @rule(folder=st.sampled_from(["img", ".lectern", "dist"]))
    def lose(self, folder: str) -> None:
        shutil.rmtree(self.sandbox.root / folder, ignore_errors=True)

    @rule(seconds=st.floats(0.3, 1.5))
    def kill_a_build(self, seconds: float) -> None:
        process = self.sandbox.command("--quiet", *HTML)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)


@pytest.mark.parametrize("name", CHOICES)
def test_an_edit_and_its_undo(name: str) -> None:
    """With a sidecar altered by hand in between, and damaged data."""
    machine = Project()
    try:
        machine.build_edit_build_undo_build(name)
        machine.write_into_a_sidecar("one", '"v": ')
        for path in (machine.sandbox.root / ".lectern").rglob("*.data"):
            path.write_bytes(path.read_bytes().replace(b"5", b"6"))
        machine.edit_or_undo("color")
        machine.build()
    finally:
        machine.teardown()


def test_a_build_makes_what_it_would_make_from_nothing() -> None:
    run_state_machine_as_test(
        Project,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
