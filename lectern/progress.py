"""What a command shows while figures are made, a line for each, and what it notes to report at the end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lectern.making.job import Outcome

if TYPE_CHECKING:
    from rich.progress import TaskID

Report = Callable[[Outcome], None]
DOING = {"compute": "computing", "report": "reporting", "draw": "drawing"}
DONE = {"compute": "computed", "report": "reported", "draw": "drawn"}


@dataclass
class Progress:
    """Records the steps that ran, the files that were written, and remarks for the person who builds; shows nothing."""

    ran: list[tuple[str, str, float]] = field(default_factory=list)  # figure, step, seconds
    written: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def step(self, figure: str, step: str) -> Iterator[Report]:
        """Follow one step; the caller reports its outcome, or raises an error."""
        self.started(figure, step)
        outcomes: list[Outcome] = []
        try:
            yield outcomes.append
        finally:
            if outcomes:
                self.ran.append((figure, step, outcomes[0].seconds))
            self.ended(figure, step, outcomes[0] if outcomes else None)

    def started(self, figure: str, step: str) -> None:
        """Record that a step starts."""

    def ended(self, figure: str, step: str, outcome: Outcome | None) -> None:
        """Record that a step has ended, without an outcome if it failed."""

    def tell(self, remark: str) -> None:
        """Record a remark, once."""
        if remark not in self.remarks:
            self.remarks.append(remark)

    def wrote(self, path: Path) -> None:
        """Record that an output was written."""
        self.written.append(path)

    def close(self) -> None:
        """Stop showing."""


class LineProgress(Progress):
    """Writes a line for each step that has ended."""

    def __init__(self) -> None:
        super().__init__()
        self._closed = False

    def ended(self, figure: str, step: str, outcome: Outcome | None) -> None:
        """Write how it ended, and what the script printed."""
        if not self._closed:
            lines = [f"  {figure} │ {line}" for line in (outcome.printed.splitlines() if outcome else ())]
            print(*lines, f"{figure}  {_said(step, outcome)}", sep="\n", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Write nothing more, also for steps that end later."""
        self._closed = True


class LiveProgress(Progress):
    """Shows an animated line for each figure, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bars
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        super().__init__()
        self._console = Console(stderr=True, highlight=False)
        spinner = SpinnerColumn(finished_text="✓")
        self._bars = Bars(
            spinner, TextColumn("{task.description}"), TimeElapsedColumn(), console=self._console
        )
        self._tasks: dict[str, TaskID] = {}
        self._ended: dict[str, list[str]] = {}

    def started(self, figure: str, step: str) -> None:
        """Show the figure's line."""
        self._bars.start()
        text = f"{figure}  {DOING[step]}"
        if figure not in self._tasks:
            self._tasks[figure] = self._bars.add_task(text, total=1)
        self._bars.reset(self._tasks[figure], description=text, total=1)

    def ended(self, figure: str, step: str, outcome: Outcome | None) -> None:
        """Show how it ended, and what the script printed."""
        ended = self._ended.setdefault(figure, [])
        ended.append(_said(step, outcome))
        self._bars.update(self._tasks[figure], description=f"{figure}  {', '.join(ended)}", completed=1)
        for line in outcome.printed.splitlines() if outcome else ():
            self._console.print(f"  {figure} │ {line}", markup=False)

    def close(self) -> None:
        """Leave the lines as they are."""
        self._bars.stop()


def progress_for(stream: TextIO) -> Progress:
    """Return what suits the stream: animated lines on a terminal, plain ones elsewhere."""
    return LiveProgress() if stream.isatty() else LineProgress()


def _said(step: str, outcome: Outcome | None) -> str:
    return f"{DONE[step]} in {outcome.seconds:.1f} s" if outcome else f"{step} failed"
