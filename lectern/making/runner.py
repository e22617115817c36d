"""Who runs jobs: this machine's workers, or a cluster's."""

from __future__ import annotations

from typing import Protocol

from lectern.making.job import Failure, Job, Outcome


class Runner(Protocol):
    """Runs jobs until it is closed. Safe to use from several threads."""

    def run(self, job: Job) -> Outcome | Failure:
        """Run `job`; return what it made, or why it made nothing."""
        ...

    def close(self) -> None:
        """Stop what still runs; those who wait for it get a Failure."""
        ...
