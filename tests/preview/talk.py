"""A small lecture to preview, the preview running, and what its windows show."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.conftest import Sandbox

DECK = """
---
marp: true
theme: plain
lang: en
title: Talk
author: Nobody
math: katex
paginate: true
bibliography: refs.bib
---

# First

[[ cite("doe2020") ]] begins.

![](dot.svg)

---

# Second

* one
* two
* three

<!-- Remember the second -->

---

# Bars

[[ figures.bars ]]

[% claim figures.bars.claims.few %]
There are [[ figures.bars.count ]] bars.
[% endclaim %]

---

# Dots

[[ figures.dots ]]

---

# Last

$x^2$
"""

FIGURE = '''
"""Some bars."""
import os
from pathlib import Path
from matplotlib.figure import Figure
from helpers.scale import scaled
from lectern.figure import Claim, Result

def compute(table=Path("data/table.txt")):
    noted("compute")
    numbers = [scaled(int(word)) for word in table.read_text().split()]
    claims = {"few": Claim("bars", len(numbers), at_most=5)}
    return Result(data={"numbers": numbers}, values={"count": len(numbers)}, claims=claims, alt="Bars")

def draw(data, color="black"):
    noted("draw")
    figure = Figure(figsize=(2, 1))
    figure.subplots().bar(range(len(data["numbers"])), data["numbers"], color=color)
    return figure

def noted(step):
    with open(os.environ.get("DIARY", os.devnull), "a") as diary:
        diary.write(f"bars {step}\\n")
'''
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle r="9" fill="{}"/></svg>'
PATIENCE = 20.0  # seconds after which what was waited for is taken not to come
SLIDE = "svg.bespoke-marp-active"
ACTIVE = f"{SLIDE}:not([data-marpit-advanced-background]) section"


def write_talk(root: Path) -> Sandbox:
    """Write the lecture: five slides, two figures with a helper module and a data file each, a theme, a bibliography."""
    talk = Sandbox(root)
    talk.deck(DECK)
    talk.write(
        "slides/plain.css", "/* @theme plain */\n@import 'default';\nsection { color: rgb(1, 2, 3); }\n"
    )
    talk.write("slides/refs.bib", "@misc{doe2020, author={Doe, Jane}, title={T}, year=2020}")
    talk.write("slides/dot.svg", DOT.format("red"))
    talk.write("helpers/scale.py", "def scaled(number):\n    return number\n")
    talk.write("data/table.txt", "1 2 3")
    talk.write("data/points.txt", "4 5")
    talk.figure("bars", FIGURE)
    talk.figure(
        "dots",
        FIGURE,
        **{
            "table.txt": "points.txt",
            "bars {step}": "dots {step}",
            "from helpers.scale": "from helpers.other",
        },
    )
    talk.write("helpers/other.py", "def scaled(number):\n    return number\n")
    return talk


def until(holds: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    latest = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < latest, "what was waited for did not come"
        threading.Event().wait(0.02)


def free_port() -> int:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        return probing.getsockname()[1]


class Gate:
    """A figure can be made to wait at it, and let through: a named pipe."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.code = f"open({str(path)!r}).read()"

    def open(self) -> None:
        """Let through the one that waits, once it is there."""
        until(self._opened)

    def _opened(self) -> bool:
        with contextlib.suppress(OSError):
            os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
            return True
        return False


class Preview:
    """`build.py --watch`, running on a lecture."""

    def __init__(self, talk: Sandbox, *arguments: str, port: int | None = None, **environment: str) -> None:
        self.talk = talk
        self.diary = talk.root.parent / "diary"
        asked = str(port or free_port())
        self.process = talk.command(
            "--watch", "--port", asked, *arguments, DIARY=str(self.diary), **environment
        )
        self.said: list[str] = []
        self.printed: list[str] = []
        self.address = self._address()
        self.port = int(self.address.rsplit(":", 1)[1].strip("/"))
        streams = ((self.process.stderr, self.said), (self.process.stdout, self.printed))
        self._reading = [threading.Thread(target=_read, args=pair) for pair in streams]
        for reading in self._reading:
            reading.start()

    def _address(self) -> str:
        for line in self.process.stdout:  # type: ignore[union-attr]
            self.printed.append(line)
            if found := re.search(r"http://\S+", line):
                return found[0]
        raise AssertionError(self.process.stderr.read())  # type: ignore[union-attr]

    def ran(self) -> list[str]:
        """Return the steps that were begun, sorted."""
        return sorted(self.diary.read_text().splitlines()) if self.diary.exists() else []

    def descendants(self) -> set[int]:
        """Return the pids of the processes that the preview started, and that these started."""
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout
        parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.interrupt()
        self.process.kill()
        self.process.wait()
        for reading in self._reading:
            reading.join()


def _read(stream: IO[str], lines: list[str]) -> None:
    with stream:
        lines.extend(stream)


class Window:
    """A page of the preview in a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(page.locator(SLIDE).first).to_be_attached()  # before the first deck there are none
        expect(page.locator(".lectern-chip button")).to_contain_text("fresh")
        page.evaluate("() => { window.marker = 'not reloaded' }")

    @property
    def slide(self) -> Locator:
        return self.page.locator(ACTIVE)

    @property
    def problems(self) -> Locator:
        return self.page.locator(".lectern-problems")

    @property
    def mark(self) -> Locator:
        return self.page.locator(".lectern-mark")

    @property
    def kept(self) -> bool:
        """Whether the page is the one that was opened."""
        return self.page.evaluate("() => window.marker") == "not reloaded"

    @property
    def revision(self) -> int:
        """The number of the state that the page shows."""
        return int(self.page.evaluate("() => localStorage.getItem('lectern-applied')"))

    @property
    def picture(self) -> str:
        """Where the picture on the slide in view comes from."""
        return self.slide.locator("img").get_attribute("src") or ""

    def go(self, heading: str) -> None:
        """Step to a slide."""
        title = self.page.locator(f"{ACTIVE} h1")
        for _ in range(20):
            if (title.text_content() or "") == heading:
                return
            self.page.keyboard.press("PageDown")
        raise AssertionError(f"there is no slide {heading}")

    def shows(self, *texts: str) -> None:
        """Wait until the slide in view has these texts."""
        for text in texts:
            expect(self.slide).to_contain_text(text)

    def says(self, *texts: str) -> None:
        """Wait until the overlay says these."""
        for text in texts:
            expect(self.problems).to_contain_text(text)

    def says_nothing(self) -> None:
        """Wait until there is no overlay."""
        expect(self.problems).to_be_hidden()

    def stands(self, figure: str, phase: str) -> None:
        """Wait until the list in the page tells of a figure's phase."""
        expect(self.page.locator(f'li[data-figure="{figure}"] span.{phase}')).to_have_count(1)


def window(context: BrowserContext, preview: Preview, heading: str = "First") -> Window:
    """Open the preview at a slide."""
    page = context.new_page()
    page.goto(preview.address)
    opened = Window(page)
    opened.go(heading)
    return opened


@contextlib.contextmanager
def previewing(
    talk: Sandbox, *arguments: str, port: int | None = None, **environment: str
) -> Iterator[Preview]:
    preview = Preview(talk, *arguments, port=port, **environment)
    try:
        yield preview
    finally:
        preview.close()


def copied(made: Path, to: Path) -> Sandbox:
    shutil.copytree(made, to)
    return Sandbox(to)
