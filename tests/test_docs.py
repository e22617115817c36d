"""What the README says is so."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from build import fixtures
from lectern.cli import parser
from lectern.deck.numbers import Numbers
from lectern.making.sidecar import read_sidecar
from lectern.project import ENGINE_ROOT
from tests.conftest import Sandbox

README = (ENGINE_ROOT / "README.md").read_text(encoding="utf-8")
CODE = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", README, re.DOTALL)).replace("\\|", "|")


def options(found: argparse.ArgumentParser) -> Iterator[str]:
    for action in found._actions:
        yield from (option for option in action.option_strings if option not in ("-h", "--help"))
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield f"build.py {name}"
                yield from options(command)


@pytest.mark.parametrize("option", sorted(set(options(parser(fixtures())))))
def test_every_option_and_command_is_documented(option: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", CODE)


@pytest.mark.parametrize("name", [*Numbers("es").filters, "cite", "citep", "references", "claim"])
def test_everything_a_template_can_say_is_documented(name: str) -> None:
    assert re.search(rf"(`|\| |\[\[ |\[% ){name}\b", CODE)


@pytest.mark.heavy
def test_the_example_figure_works(sandbox: Sandbox) -> None:
    path, code = re.search(r"<!-- tested: (\S+) -->\n```python\n(.*?)```", README, re.DOTALL).groups()  # type: ignore[union-attr]
    sandbox.write(path, code)
    assert sandbox.build("figure", Path(path).stem) == 0
    sidecar = read_sidecar(sandbox.root / "img" / f"{Path(path).stem}.json")
    assert sidecar
    assert sidecar.claims
    assert all(claim.holds for claim in sidecar.claims.values())
    assert len([line for line in code.splitlines() if line and not line.startswith('"""')]) == 10


def test_the_map_names_what_is_there() -> None:
    tree = re.search(r"## Map\n\n```\n(.*?)```", README, re.DOTALL)[1]  # type: ignore[index]
    folder = ""
    assert {line.split("/")[0] for line in tree.splitlines() if "/" in line} >= {
        "lectern",
        "mechinterp",
        "tests",
    }
    for line in tree.splitlines():
        name = line.split()[0]
        folder = folder if line.startswith(" ") else name
        assert (ENGINE_ROOT / (folder + name if line.startswith(" ") else name)).exists()


def test_what_it_links_to_is_there() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)]+)\)", README)
    assert targets
    for target in targets:
        assert (ENGINE_ROOT / target).exists()
