"""Run the steps of figures, wherever the executor runs them, and turn what goes wrong into errors with a remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from lectern.errors import BuildError, FigureError, Place
from lectern.making.job import Failure, Job, Outcome
from lectern.making.runner import Runner
from lectern.making.state import State
from lectern.progress import Progress
from lectern.project import Project
from lectern.sources.digests import Digests
from lectern.sources.keys import Key, Keys
from lectern.sources.notebook import cell_and_line, cells_of
from lectern.sources.script import source_of
from lectern.sources.stamps import stamp

ATTEMPTS = 3  # at a step whose inputs are touched while it runs
SHOWN_LINES = 20  # of a failing script's stack and of what it printed


class Steps:
    """Runs steps as `workers` do, through an executor of threads."""

    def __init__(
        self,
        project: Project,
        digests: Digests,
        keys: Keys,
        executor: Executor,
        workers: Runner,
        progress: Progress,
    ) -> None:
        self._project = project
        self._digests = digests
        self._keys = keys
        self._executor = executor
        self._workers = workers
        self.progress = progress

    def compute(self, state: State, key: Key, results: Mapping[str, Any]) -> Outcome:
        """Compute a figure given the results it asks for."""
        self._keys.refuse_hidden_ties(state.script, state.script.compute)
        fixtures = {name: (fixture.load, fixture.found.place) for name, fixture in state.fixtures.items()}
        given = {name: fixture.given for name, fixture in state.fixtures.items()}
        reports = state.script.report is not None
        asked = {"results": results, "fixtures": fixtures, "given": given, "reports": reports}
        return self._run(state, "compute", key, **asked)

    def report(self, state: State, key: Key, data: bytes) -> Outcome:
        """Say what a figure's data show."""
        if state.script.report:
            self._keys.refuse_hidden_ties(state.script, state.script.report)
        return self._run(state, "report", key, data=data)

    def draw(self, state: State, key: Key, data: bytes, formats: Iterable[str]) -> Outcome:
        """Draw a figure's data in the given formats."""
        self._keys.refuse_hidden_ties(state.script, state.script.draw)
        return self._run(state, "draw", key, data=data, formats=tuple(formats))

    def _run(self, state: State, step: str, key: Key, **inputs: Any) -> Outcome:
        with self.progress.step(state.request.stem, step) as report:
            answer = self._undisturbed(state, step, key, inputs)
            if isinstance(answer, Failure):
                raise self._error(state, answer)
            report(answer)
        return answer

    def _undisturbed(self, state: State, step: str, key: Key, inputs: Mapping[str, Any]) -> Outcome | Failure:
        """Run a step, and again where its files were touched: what it read of them may not be what is there again."""
        for attempt in range(1, ATTEMPTS + 1):
            before = {path: stamp(path) for path in key.reads}
            job = self._job(state, step, key, inputs)
            answer = self._executor.submit(self._workers.run, job).result()
            self._refuse_changes(state, step, key)
            if attempt == ATTEMPTS or all(stamp(path) == found for path, found in before.items()):
                return answer
        raise AssertionError("the last attempt counts")

    def _refuse_changes(self, state: State, step: str, key: Key) -> None:
        if changed := self._digests.changed(key.reads):
            names = ", ".join(sorted(self._project.shown(path) for path in changed))
            place = Place(self._project.shown(state.script.path))
            raise FigureError(f"{names} changed while {step} ran", place, "build again")

    def _job(self, state: State, step: str, key: Key, inputs: Mapping[str, Any]) -> Job:
        script = state.script
        steps = {"compute": script.compute, "report": script.report, "draw": script.draw}
        defaults = found.defaults if (found := steps[step]) else {}
        return Job(
            figure=script.name,
            step=step,
            path=str(script.path),
            source=source_of(script.path.read_text(encoding="utf-8"), script.path),
            roots=tuple(str(root) for root in self._project.search_path),
            reads=frozenset(str(path) for path in key.reads),
            folders=frozenset(str(path) for path in key.folders),
            libraries=key.libraries,
            parameters={name: self._parameter(state.parameters[name]) for name in defaults},
            time_limit=script.time_limit,
            **inputs,
        )

    def _parameter(self, value: Any) -> Any:
        return self._project.root / value if isinstance(value, Path) else value

    def _error(self, state: State, failure: Failure) -> BuildError:
        if failure.fixture:
            return BuildError(f"{failure.fixture} {state.fixtures[failure.fixture].value}: {failure.message}")
        message = f"figure {state.request.name!r}: {failure.message}"
        message += _indented("", failure.trace) + _indented("it printed:", failure.printed)
        return FigureError(message, self._place(state, failure), failure.remedy)

    def _place(self, state: State, failure: Failure) -> Place:
        path = Path(failure.path or state.script.path)
        shown = self._project.shown(path)
        if path.suffix == ".ipynb" and failure.line:
            cells = cells_of(path.read_text(encoding="utf-8"), path)
            cell, line = cell_and_line(cells, failure.line)
            return Place(f"{shown}, cell {cell}", line)
        return Place(shown, failure.line)


def _indented(heading: str, text: str) -> str:
    lines = text.rstrip().splitlines()[-SHOWN_LINES:]
    if not lines:
        return ""
    return "".join(f"\n    {line}" for line in [*([heading] if heading else []), *lines])
