"""The command line: parse, run one command, turn errors into one paragraph and an exit code.

Nothing here imports the libraries that a build needs: with nothing to do, none of them is loaded.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lectern.deck.options import EMOJI
from lectern.errors import BuildError
from lectern.fixtures import Fixture, Option, refuse_misfits
from lectern.project import ENGINE_ROOT, Project

INTERRUPTED = 130
JOBS_ON_A_CLUSTER = 64  # submitted to it at once; it distributes them
EPILOG = (
    "Exit code 0: all was built and every claim holds; 1: something failed, or a claim does; 2: wrong usage."
)


def run(
    arguments: Sequence[str],
    root: Path = ENGINE_ROOT,
    fixtures: Mapping[str, Fixture] | None = None,
    deck: str | None = None,
) -> int:
    """Run the command that `arguments` name in the project at `root`, and return the exit code.

    Each of the project's fixtures is an option: `--model VALUE` for one of that name. `deck` is the path, from `root`,
    of the deck that is built where the arguments name no other.
    """
    for stream in (sys.stdout, sys.stderr):
        # Terminals that cannot show arrows get question marks.
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    options = parser(fixtures or {}).parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    chosen = {name: _chosen(name, fixture, options) for name, fixture in (fixtures or {}).items()}
    try:
        name = "watch" if options.command == "build" and options.watch else options.command
        options.jobs = options.jobs or (JOBS_ON_A_CLUSTER if options.dask else _processors())
        root = root.resolve()
        refuse_misfits(chosen)
        project = Project(root, chosen, cluster=options.dask, deck=root / deck if deck else None)
        return _command(name)(options, project)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as error:
        print(f"interrupted: {str(error) or 'the outputs are unchanged'}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename:
            raise
        _discard_output()
        print("error: the build's messages cannot be written: the disk is full", file=sys.stderr)
        return 1


def parser(fixtures: Mapping[str, Fixture]) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="build.py",
        description="Compute what is stale, and render the lecture to HTML and PDF.",
        epilog=EPILOG,
    )
    top.set_defaults(command="build")
    top.add_argument(
        "--deck", type=Path, metavar="PATH", help="another deck: Marp Markdown, or a template .md.j2"
    )
    top.add_argument(
        "--theme-set",
        type=Path,
        nargs="+",
        default=(),
        metavar="PATH",
        help="more themes for the deck: CSS files, or folders of them",
    )
    top.add_argument("--html", action="store_true", help="allow any HTML in a plain Markdown deck")
    top.add_argument(
        "--emoji",
        choices=EMOJI,
        default=EMOJI[0],
        help="emoji as text, or as pictures (default: %(default)s)",
    )
    top.add_argument(
        "--allow-files", action="store_true", help="let the deck show files from anywhere on this machine"
    )
    top.add_argument("--out", type=Path, metavar="DIR", help="where the pages go (default: dist)")
    top.add_argument(
        "--formats", type=_formats, default=("html", "pdf"), metavar="LIST", help="html, pdf or html,pdf"
    )
    top.add_argument("--only", nargs="+", metavar="NAME", help="make only these figures, and no deck")
    top.add_argument("--force", action="store_true", help="compute and draw everything again")
    top.add_argument(
        "--jobs",
        type=_jobs,
        metavar="N",
        help=f"figures made at once (default: {_processors()}; with --dask, as many as its workers take)",
    )
    top.add_argument("--dask", metavar="ADDRESS", help="make figures on the Dask cluster with this scheduler")
    top.add_argument(
        "--memory-limit",
        type=_gigabytes,
        metavar="GB",
        help="memory that all figures together may use (default: three quarters of the machine's)",
    )
    top.add_argument(
        "--watch", action="store_true", help="show the deck in a browser, and update it at every save"
    )
    top.add_argument(
        "--port", type=_port, default=8000, metavar="N", help="for --watch (default: %(default)s)"
    )
    top.add_argument("--open", action="store_true", help="with --watch: open the browser")
    top.add_argument("--quiet", action="store_true", help="print nothing but errors")
    for name, fixture in fixtures.items():
        top.add_argument(f"--{name}", metavar="X", help=f"{fixture.help} (default: {fixture.default})")
        for option, it in fixture.options.items():
            about = f"{it.help} (default: {it.default})"
            _add_option(top, option, it, default=it.default, help=about)
    commands = top.add_subparsers(title="other commands", metavar="COMMAND")

    listing = commands.add_parser("list", help="the figures, their states and what they claim")
    listing.set_defaults(command="list")

    explain = commands.add_parser("explain", help="why a figure is stale or fresh")
    explain.set_defaults(command="explain")
    explain.add_argument("name", metavar="NAME")

    figure = commands.add_parser("figure", help="one figure, with other parameters or in another format")
    figure.set_defaults(command="figure")
    figure.add_argument("name", metavar="NAME")
    figure.add_argument(
        "-p",
        dest="parameters",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set a parameter (may be repeated)",
    )
    figure.add_argument("--format", choices=("svg", "png", "pdf"), default="svg")
    figure.add_argument(
        "-o",
        dest="output",
        type=Path,
        metavar="PATH",
        help="a file, or a folder (default: the figure stays in img)",
    )

    collect = commands.add_parser("gc", help="delete the oldest files of the cache")
    collect.set_defaults(command="gc")
    collect.add_argument(
        "--keep",
        type=_gigabytes,
        default=10**8,
        metavar="GB",
        help="size that the cache may keep (default: 0.1)",
    )

    exercises = commands.add_parser("exercises", help="notebooks for students, and their solutions, executed")
    exercises.set_defaults(command="exercises")

    verify = commands.add_parser("verify", help="make figures again in another folder, and compare them")
    verify.set_defaults(command="verify")
    verify.add_argument("names", nargs="*", metavar="NAME", help="figures (default: all)")
    for command in commands.choices.values():
        for option in ("dask", *fixtures):
            command.add_argument(
                f"--{option}", metavar="X", default=argparse.SUPPRESS, help=argparse.SUPPRESS
            )
        for option, it in (found for fixture in fixtures.values() for found in fixture.options.items()):
            _add_option(command, option, it, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return top


def _add_option(to: argparse.ArgumentParser, name: str, option: Option, **how: Any) -> None:
    """Add an option of a fixture to a parser: one of its choices, or a number above 0."""
    takes = {"choices": option.choices} if option.choices else {"type": _positive}
    to.add_argument(f"--{name}", metavar=option.metavar, **takes, **how)


def _chosen(name: str, fixture: Fixture, options: argparse.Namespace) -> Fixture:
    """Return a fixture with what the command line says of it."""
    given = {option: getattr(options, option) for option in fixture.options}
    return replace(fixture, chosen=getattr(options, name), given=given, quiet=options.quiet)


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return number


def _command(name: str) -> Callable[[argparse.Namespace, Project], int]:
    """Return a command; each is imported only when it is wanted."""
    if name == "build":
        from lectern.commands.build import build as command
    elif name == "watch":
        from lectern.commands.watch import watch as command
    elif name == "list":
        from lectern.commands.list import list_figures as command
    elif name == "explain":
        from lectern.commands.explain import explain as command
    elif name == "gc":
        from lectern.commands.gc import gc as command
    elif name == "exercises":
        from lectern.commands.exercises import exercises as command
    elif name == "verify":
        from lectern.commands.verify import verify as command
    else:
        from lectern.commands.figure import figure as command
    return command


def _formats(text: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    if not chosen or set(chosen) - {"html", "pdf"}:
        raise argparse.ArgumentTypeError(f"{text!r} is not html, pdf or html,pdf")
    return chosen


def _jobs(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def _gigabytes(text: str) -> int:
    try:
        found = float(text)
    except ValueError:
        found = 0
    if not 0 < found < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of gigabytes")
    return int(found * 1e9)


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _processors() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def _discard_output() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
