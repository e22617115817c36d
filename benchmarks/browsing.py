"""Decks open in a real browser, and the servers behind them: ours and Marp CLI's own."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.measure import Command, build
from lectern.marp.browser import printing_environment
from lectern.project import ENGINE_ROOT
from lectern.sources.stamps import digest_bytes

SEEN = 60_000  # ms within which a change has to be seen
# Runs in every page, also after a reload: records what the slide in view showed when a frame had been painted.
# A word counts as seen if it is on that slide; a figure's picture, once it has pixels.
WATCHER = """
window.seen = {}
const painted = new MessageChannel()
let found = []
const keys = (slide) => [
  ...(slide.textContent.match(/edición\\d+/g) ?? []),
  ...[...slide.querySelectorAll('img[data-figure]')].filter((image) => image.complete).map((image) => image.src),
]
painted.port1.onmessage = () => { for (const key of found) window.seen[key] ??= Date.now() }
requestAnimationFrame(function look() {
  const slide = document.querySelector('svg.bespoke-marp-active')
  found = slide ? keys(slide) : []
  if (found.some((key) => !(key in window.seen))) painted.port2.postMessage(null)
  requestAnimationFrame(look)
})
"""
WORD = "word => window.seen[word]"
PICTURE = """
before => window.seen[Object.keys(window.seen).find((key) => key.includes('/files/') && !before.includes(key))]
"""
FILE = "digest => window.seen[Object.keys(window.seen).find((key) => key.includes(digest))]"
PICTURES = """
() => {
  const urls = Object.keys(window.seen).filter((key) => key.includes('/files/'))
  return urls.length && urls
}
"""
NUMBER = """
text => [...document.querySelectorAll('svg[data-marpit-svg]')].findIndex((slide) => slide.innerHTML.includes(text))
"""


class Shown:
    """A deck in a page, at the slide whose HTML contains a text."""

    def __init__(self, page: Page, address: str, text: str) -> None:
        self.page = page
        page.goto(address)
        page.wait_for_selector("svg.bespoke-marp-active")
        number = page.evaluate(NUMBER, text) + 1
        assert number, f"no slide contains {text}"
        page.goto("about:blank")
        page.goto(f"{address}#{number}")
        page.wait_for_selector("svg.bespoke-marp-active")

    def word(self, word: str) -> float:
        """Return when a word was in view, in seconds since the epoch."""
        return self._when(WORD, word)

    def picture(self, before: list[str]) -> float:
        """Return when a picture that is not among `before` was in view."""
        return self._when(PICTURE, before)

    def pictures(self) -> list[str]:
        """Return the addresses of the pictures seen so far; wait until there is one."""
        return self.page.wait_for_function(PICTURES, timeout=SEEN).json_value()

    def file(self, content: bytes) -> float:
        """Return when a picture with exactly this content was in view."""
        return self._when(FILE, digest_bytes(content))

    def rest(self) -> None:
        """Wait until no figure of the preview is being made."""
        self.page.wait_for_function("() => !document.querySelector('.lectern-chip.busy')", timeout=SEEN)

    def _when(self, found: str, argument: Any) -> float:
        return self.page.wait_for_function(found, arg=argument, timeout=SEEN).json_value() / 1000


@contextmanager
def browser(cache: Path) -> Iterator[Any]:
    """Yield a function that opens an empty page in a context of its own."""
    found = dict(printing_environment(cache))
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=found.get("CHROME_PATH"), args=["--no-sandbox"], env={**found}
        )

        def page() -> Page:
            context = running.new_context(viewport={"width": 1280, "height": 720})
            context.add_init_script(WATCHER)
            return context.new_page()

        yield page
        running.close()


@contextmanager
def running(command: Command, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a server until the end of the block."""
    words = [str(word) for word in command]
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def said(process: subprocess.Popen[str], pattern: str) -> str:
    """Wait until a server prints text that matches a pattern, and return it; later output is read and discarded."""
    assert process.stdout
    found = (re.search(pattern, line) for line in process.stdout)
    match = next(filter(None, found))[0]
    threading.Thread(target=process.stdout.read, daemon=True).start()  # a full pipe would stop the server
    return match


@contextmanager
def previewed(root: Path) -> Iterator[tuple[str, int]]:
    """Preview the copy's deck; yield the page's address, and the server's process id."""
    with running(build(root, "--watch"), root) as process:
        yield said(process, r"http://\S+"), process.pid


@contextmanager
def marp_watching(deck: Path, root: Path) -> Iterator[str]:
    """Have Marp CLI watch a Markdown file and reload its page; yield the page's address."""
    page = deck.with_suffix(".html")
    marp = ENGINE_ROOT / "node_modules" / ".bin" / "marp"
    theme = root / "slides" / "mechinterp.css"
    with running(
        [marp, "--no-stdin", "-w", "--html", "--theme-set", theme, "-o", page, deck], root
    ) as process:
        said(process, "Start watching")
        yield page.as_uri()
