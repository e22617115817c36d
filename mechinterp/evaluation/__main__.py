"""Print what a model has learned: python -m mechinterp.evaluation [MODEL] [--memory GB] [--device DEVICE]."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from mechinterp.evaluation.behaviour import behaviours
from mechinterp.evaluation.bounds import table
from mechinterp.model.devices import DEVICES
from mechinterp.model.loading import load_model


def main(name: str, memory: float = 1.0, device: str = "auto") -> None:
    """Print the table of a model; activations take up to `memory` gigabytes at once."""
    Console().print(table(behaviours(load_model(name, memory, device))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m mechinterp.evaluation")
    parser.add_argument("model", nargs="?", default="bundled", metavar="MODEL")
    parser.add_argument("--memory", type=float, default=1.0, metavar="GB")
    parser.add_argument("--device", default="auto", choices=DEVICES, help="default: %(default)s")
    options = parser.parse_args()
    try:
        main(options.model, options.memory, options.device)
    except ValueError as error:
        sys.exit(f"error: {error}")
