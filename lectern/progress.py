"""What a build shows while it runs: a line for each figure that is computed or drawn."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lectern.making.job import Outcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars

Report = Callable[[Outcome], None]
DOING = {"compute": "computing", "draw": "drawing"}
DONE = {"compute": "computed", "draw": "drawn"}


@dataclass
class Progress:
    """Notes the steps that ran; shows nothing."""

    ran: list[tuple[str, str, float]] = field(default_factory=list)  # figure, step, seconds

    @contextlib.contextmanager
    def step(self, figure: str, step: str) -> Iterator[Report]:
        """Accompany one step; the caller reports its outcome, or leaves by an error."""
        self.started(figure, step)
        outcomes: list[Outcome] = []
        try:
            yield outcomes.append
        finally:
            if outcomes:
                self.ran.append((figure, step, outcomes[0].seconds))
            self.ended(figure, step, outcomes[0] if outcomes else None)

    def started(self, figure: str, step: str) -> None:
        """Take note that a step starts."""

    def ended(self, figure: str, step: str, outcome: Outcome | None) -> None:
        """Take note that a step has ended, without an outcome if it failed."""

    def close(self) -> None:
        """Stop showing."""


class LiveProgress(Progress):
    """Shows a line for each figure, moving on a terminal, one line a finished step elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self._console: Console | None = None
        self._bars: Bars | None = None
        self._tasks: dict[str, int] = {}
        self._times: dict[str, list[str]] = {}
        self._closed = False

    def _show(self) -> tuple[Console, Bars]:
        """Start showing at the first step: a build with nothing to do does not load rich."""
        if self._console is None or self._bars is None:
            from rich.console import Console
            from rich.progress import Progress as Bars
            from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

            self._console = Console(stderr=True, highlight=False)
            columns = (
                SpinnerColumn(finished_text="✓"),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
            )
            self._bars = Bars(*columns, console=self._console, disable=not self._console.is_terminal)
            self._bars.start()
        return self._console, self._bars

    def started(self, figure: str, step: str) -> None:
        """Show the figure's line."""
        _, bars = self._show()
        text = f"{figure}  {DOING[step]}"
        if figure in self._tasks:
            bars.update(self._tasks[figure], description=text, completed=0, total=None)  # type: ignore[arg-type]
        else:
            self._tasks[figure] = bars.add_task(text, total=None)

    def ended(self, figure: str, step: str, outcome: Outcome | None) -> None:
        """Show how it ended, and what the script printed."""
        if self._closed:
            return
        console, bars = self._show()
        said = f"{DONE[step]} in {outcome.seconds:.1f} s" if outcome else f"{step} failed"
        times = self._times.setdefault(figure, [])
        times.append(said)
        description = f"{figure}  {', '.join(times)}"
        bars.update(self._tasks[figure], description=description, total=1, completed=1)  # type: ignore[arg-type]
        if outcome:
            for line in outcome.printed.splitlines():
                console.print(f"  {figure} │ {line}", markup=False)
        if not console.is_terminal:
            console.print(f"{figure}  {said}", markup=False)

    def close(self) -> None:
        """Leave the finished lines on the screen; what ends after this, ends unseen."""
        self._closed = True
        if self._bars is not None:
            self._bars.stop()
