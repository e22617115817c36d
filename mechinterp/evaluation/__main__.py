"""Print what a model has learned: python -m mechinterp.evaluation [MODEL], the bundled model by default."""

from __future__ import annotations

import sys

from rich.console import Console

from mechinterp.evaluation.behaviour import behaviours
from mechinterp.evaluation.bounds import table
from mechinterp.model.loading import load_model


def main(name: str) -> None:
    """Print the table of a model."""
    Console().print(table(behaviours(load_model(name))))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "bundled")
