"""What the terminal shows while the preview runs: a status line, and problems when they change."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from lectern.preview.look import Look


class Terminal:
    """Prints the result of each look: on a terminal in one line that is kept up to date, elsewhere in lines."""

    def __init__(self, address: str, stream: TextIO = sys.stderr) -> None:
        self._address, self._stream = address, stream
        self._problems: tuple[str, ...] = ()
        self._remarks = 0  # printed
        self._live = stream.isatty()
        self._said = ""

    def say(self, look: Look, seconds: float) -> None:
        """Print what a look found: problems once, when they are new or others, and that they are fixed."""
        for remark in look.remarks[self._remarks :]:
            self._line(f"note: {remark}", keep=True)
        self._remarks = len(look.remarks)
        if look.problems != self._problems:
            self._line("\n".join(look.problems) if look.problems else "fixed", keep=True)
            self._problems = look.problems
        self._line(f"{time.strftime('%H:%M:%S')}  {summary(look)}  {1000 * seconds:.0f} ms  {self._address}")

    def close(self) -> None:
        """Leave the line as it is, and end it."""
        if self._live and self._said:
            print(file=self._stream, flush=True)

    def _line(self, text: str, keep: bool = False) -> None:
        if text.split("  ")[1:2] == self._said.split("  ")[1:2] and not self._live and not keep:
            return
        erase = "\r\033[K" if self._live else ""
        print(erase + text, end="" if self._live and not keep else "\n", file=self._stream, flush=True)
        self._said = text


def summary(look: Look) -> str:
    """Return in a few words what a look found."""
    slides = f"{len(look.pages.slides)} slides" if look.pages else "the last good deck"
    making = len(look.stale) + len(look.waiting)
    figures = f"{len(look.figures) - making} figures fresh" + (f", {making} to make" if making else "")
    wrong = f", {len(look.problems)} to fix" if look.problems else ""
    return f"{slides}, {figures}{wrong}"
