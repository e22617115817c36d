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
from tests.mechinterp.architectures import REFUSED, SUPPORTED
from tests.test_architecture import FLOORS

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


@pytest.mark.parametrize(
    "name", [*Numbers("es").filters, "cite", "citep", "references", "claim", "if chosen"]
)
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


PAGES = [
    ENGINE_ROOT / name
    for name in ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/decisions.md")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8"))
    assert targets
    for target in targets:
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES[2:], ids=lambda page: page.stem)
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    """By a path from the root, or from one of the two packages."""
    text = page.read_text(encoding="utf-8").replace("NAME", "ablations")
    named = re.findall(r"`([\w./-]+(?:\.py|\.c?js|/))`", text)
    assert len(named) > 3
    for name in named:
        assert any((ENGINE_ROOT / place / name).exists() for place in ("", "lectern", "mechinterp")), name


def test_the_architectures_in_the_table_are_those_that_are_tried() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (yes|no)\b[^|]*\|", README, re.M)

    def listed(verdict: str) -> set[str]:
        return {letters(name) for names, found in rows if found == verdict for name in names.split(", ")}

    assert listed("yes") == {letters(name) for name in SUPPORTED if name != "gpt2_tied"}
    assert listed("no") == {letters(name) for name in REFUSED}


def letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def test_the_floors_that_a_page_draws_are_those_that_are_kept() -> None:
    text = (ENGINE_ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    drawn = {
        int(floor): set(re.findall(r"`(\w+)`", line))
        for floor, line in re.findall(r"^\| (\d) \|(.*)$", text, re.M)
    }
    assert [drawn[floor] for floor in sorted(drawn)] == list(FLOORS)
