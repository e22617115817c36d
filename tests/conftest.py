"""What the tests share: small projects in temporary folders, and the command line run on them."""

import contextlib
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jaxtyping import install_import_hook

if TYPE_CHECKING:
    import torch
    from playwright.sync_api import Browser

# The shapes in the signatures of the analysis are checked at every call that a test makes.
install_import_hook("mechinterp", "beartype.beartype")

from lectern.cli import run
from lectern.fixtures import Fixture
from lectern.making.request import Request
from lectern.marp.browser import printing_environment
from lectern.progress import Progress
from lectern.project import ENGINE_ROOT, Project
from lectern.workshop import Workshop, open_workshop

FIGURE = '''
"""Twice a number."""
from matplotlib.figure import Figure
from lectern.figure import Claim, Result

def compute(number=2, seed=0):
    return Result(
        data={"number": number},
        values={"twice": 2 * number},
        claims={"positive": Claim("twice", 2 * number, at_least=0)},
        alt="A bar",
    )

def draw(data, color="black"):
    figure = Figure(figsize=(2, 1))
    figure.subplots().bar([0], [data["number"]], color=color)
    return figure
'''

# In place of "    return Result": longer than any test waits.
SLOW = "    import threading\n    threading.Event().wait(60)\n    return Result"

DECK = """
---
marp: true
lang: es
title: Prueba
author: Nadie
math: katex
---

# Uno

[[ figures.one ]]

[% claim figures.one.claims.positive %]Dos veces es [[ figures.one.twice ]].[% endclaim %]

---

# Dos

$x^2$
"""
DECK_PATH = "slides/mechinterp.md.j2"
HTML = ("--formats", "html")


@dataclass
class Sandbox:
    """A project to play with."""

    root: Path
    closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    fixtures: dict[str, Fixture] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        return Project(self.root, self.fixtures, deck=self.root / DECK_PATH)

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return target

    def figure(self, name: str, text: str = FIGURE, **replaced: str) -> Path:
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        return self.write(f"figures/{name}.py", text)

    def deck(self, text: str, path: str = DECK_PATH) -> Path:
        return self.write(path, text)

    def edit(self, path: str, old: str, new: str) -> None:
        target = self.root / path
        text = target.read_text(encoding="utf-8")
        assert old in text
        target.write_text(text.replace(old, new), encoding="utf-8")

    def workshop(self, progress: Progress | None = None) -> Workshop:
        """Open the project; it is closed when the test ends."""
        return self.closing.enter_context(open_workshop(self.project, progress or Progress(), jobs=2))

    def make(self, *names: str, force: bool = False) -> list[tuple[str, str]]:
        """Make figures; return the steps that ran."""
        progress = Progress()
        with open_workshop(self.project, progress, jobs=2) as workshop:
            workshop.maker.make([Request(name) for name in names], force)
        return sorted((figure, step) for figure, step, _ in progress.ran)

    def build(self, *arguments: str) -> int:
        """Run the command line on this project, in this process."""
        return run(arguments, self.root, self.fixtures, DECK_PATH)

    def command(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the command line on this project, in a process of its own."""
        code = (
            "import sys; from pathlib import Path; from lectern.cli import run; "
            f"sys.exit(run(sys.argv[1:], Path({str(self.root)!r}), deck={DECK_PATH!r}))"
        )
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=ENGINE_ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    (tmp_path / "figures").mkdir()
    found = Sandbox(tmp_path)
    with found.closing:
        yield found


@pytest.fixture
def lecture(sandbox: Sandbox) -> Sandbox:
    sandbox.figure("one")
    sandbox.deck(DECK)
    return sandbox


@pytest.fixture(scope="session")
def built_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project that was built once, for all tests to copy."""
    first = Sandbox(tmp_path_factory.mktemp("built"))
    first.figure("one")
    first.deck(DECK)
    first.write("slides/refs.bib", "@misc{doe2020, author={Doe, Jane}, title={T}, year=2020}")
    assert first.build(*HTML) == 0
    return first.root


@pytest.fixture
def built(sandbox: Sandbox, built_before: Path, capsys: pytest.CaptureFixture[str]) -> Sandbox:
    shutil.copytree(built_before, sandbox.root, dirs_exist_ok=True)
    capsys.readouterr()
    return sandbox


def outputs(sandbox: Sandbox) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for folder in ("img", "dist")
        for path in (sandbox.root / folder).iterdir()
    }


def page(sandbox: Sandbox, path: str = "dist/mechinterp.html") -> str:
    return (sandbox.root / path).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> str | None:
    """The browser that prints: one that is installed, or the bundled one."""
    found = printing_environment(tmp_path_factory.mktemp("chromium"))
    os.environ.update({name: value for name, value in found.items() if name == "LD_LIBRARY_PATH"})
    return found.get("CHROME_PATH")


@pytest.fixture(scope="module")
def browser(chromium: str | None) -> "Iterator[Browser]":
    """A running browser; no longer than a module, as nothing else may use asyncio beside it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(params=["standin", "cuda", "mps"])
def gpu(request: pytest.FixtureRequest) -> "Iterator[torch.device]":
    """A device that is not the CPU: the stand-in for one, and each GPU that this machine has."""
    from mechinterp.model.devices import device_named
    from tests.stand_in import stand_in

    if request.param == "standin":
        with stand_in() as device:
            yield device
        return
    try:
        device = device_named(request.param)
    except ValueError as error:
        pytest.skip(str(error))
    assert device
    yield device
