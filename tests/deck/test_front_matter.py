import json
import subprocess
from typing import Any

import pytest

from lectern.deck.front_matter import DIRECTIVES, heading_divider, split_front_matter
from lectern.deck.markdown import split
from lectern.errors import DeckError
from lectern.project import ENGINE_ROOT
from tests.conftest import Sandbox

# What Marp takes of these, and what it refuses, Marp itself says.
BLOCKS = [
    "header: Lecture 1: intro",
    "style: @import url('https://example.org/a.css'); h1 { color: red }",
    "color: #fff",
    "backgroundColor: #abc # no comment",
    "footer: 50% *off* & more",
    'title: A "quoted" title: and more',
    "title: 'quoted': no",
    "title: a\\\\b",
    "footer: C:\\\\notes",
    "footer: C:\\\\users",
    "author: @somebody",
    "description: `code`",
    "image: https://example.org/a.png#b",
    "url: https://example.org: 80",
    "keywords: a, b: c",
    "transition: fade 1s: x",
    "'header': A: b",
    '"footer" : A: b',
    "_class: lead: x",
    "_header: A: b",
    "_title: A: b",
    "class: [lead, invert]",
    "class:\n  - lead\n  - invert",
    "theme:gaia",
    "theme:\tgaia",
    "marp:\ttrue",
    "theme: gaia   ",
    "  theme: gaia\nclass: lead",
    "\n\ntheme: gaia",
    "headingDivider: 2.5",
    "headingDivider:",
    "headingDivider: [1, 3]",
    "lang: no",
    "paginate: true\npaginate: false",
    "marp: true\nmine: a: b",
    "mine: @x",
    "mine: 2020-01-01\nother: yes\nthird: 1_000\nlast: 0x10",
    "mine: # only a comment",
    "# only a comment",
    "style: |\n  h1 { color: red }\n\n  h2 { color: blue }",
    "style: >\n  h1 {}\n  h2 {}",
    "style: h1 {\n  color: red\n}",
    "style: {a: b}",
    "style: &x h1",
    "header: ![](a.png) text",
    "header: '![](a.png)'",
    "header: [a](b.md)",
    "math: katex: x",
    "size: 4:3",
    "header: \N{GRINNING FACE}: \N{GREEK SMALL LETTER ALPHA}",
    "a: [1",
    "a: b: c",
    "just text",
    "a: 'b",
    "title: A\r\nheader: B: c",
]


def read(text: str, shown: str) -> dict[str, Any]:
    return split(text, shown).front_matter


def test_front_matter_is_the_yaml_between_the_first_two_rules() -> None:
    assert split_front_matter("---\na: 1\n---\n# T\n---\n") == ("a: 1", 4)
    assert split_front_matter("# T\n---\na: 1\n---\n") == ("", 1)
    assert split_front_matter("---\nnever closed") == ("", 1)
    assert split_front_matter("----\na: 1\n---\n  -----  \n# T") == ("a: 1\n---", 5)
    assert split_front_matter("---\r\na: 1\r\n---\r\n# T") == ("a: 1\r", 4)
    assert read("---\ntitle: «T»\npaginate: true\n---\n", "deck") == {
        "title": "«T»",
        "paginate": "true",
    }
    assert read("---\n\n---\n", "deck") == {}


@pytest.mark.parametrize(
    ("block", "line", "message"),
    [("a: 1\nb: [1", 4, "not YAML"), ("a: b: c", 2, "mapping values"), ("- a", 1, "not a YAML mapping")],
)
def test_front_matter_that_is_not_a_yaml_mapping_is_placed(block: str, line: int, message: str) -> None:
    with pytest.raises(DeckError, match=message) as caught:
        read(f"---\n{block}\n---\n", "deck.md")
    assert caught.value.place
    assert (caught.value.place.path, caught.value.place.line) == ("deck.md", line)


@pytest.fixture(scope="module")
def taken_by_marp() -> list[Any]:
    """The blocks as Marp reads them, None for those that it refuses."""
    script = """
        const { Offline } = require('./lectern/marp/marp.cjs')
        const library = require('node:path').dirname(require.resolve('@marp-team/marpit'))
        const { yaml } = require(`${library}/markdown/directives/yaml.js`)
        const known = new Offline({}).customDirectives
        const keys = [...Object.keys(known.global), ...Object.keys(known.local)]
        const taken = JSON.parse(process.argv[1]).map((text) => yaml(text, keys) || null)
        console.log(JSON.stringify([keys, taken]))
    """
    asked = subprocess.run(
        ["node", "-e", script, json.dumps(BLOCKS)], cwd=ENGINE_ROOT, capture_output=True, check=True
    )
    keys, taken = json.loads(asked.stdout)
    assert set(keys) <= set(DIRECTIVES)
    return taken


@pytest.mark.heavy
def test_front_matter_is_read_as_marp_does(taken_by_marp: list[Any]) -> None:
    read = {block: taken(block) for block in BLOCKS}
    assert read == dict(zip(BLOCKS, map(filled, taken_by_marp), strict=True))
    assert sum(found is None for found in read.values()) > 8


def taken(block: str) -> dict[str, Any] | None:
    """Return what is read of a block, None where it is refused, or holds nothing."""
    try:
        return filled(read(f"---\n{block}\n---\n", "deck"))
    except DeckError:
        return None


def filled(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return front matter with None for empty values."""
    return {name: value or None for name, value in found.items()} if found else None


def test_what_is_said_twice_is_placed() -> None:
    with pytest.raises(DeckError, match=r"deck, line 4: .*paginate is given twice"):
        read("---\npaginate: true\na: b\npaginate: false\n---\n", "deck")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(DeckError, match="half a character"):
        read("---\ntitle: \ud800\n---\n", "deck")


@pytest.mark.parametrize(
    ("said", "levels"),
    [
        ("headingDivider:", set()),
        ("headingDivider: 2.5", {1, 2}),
        ("headingDivider: two", set()),
        ("headingDivider: 9", set()),
        ("headingDivider: -1", set()),
        ("headingDivider: [1, x, 3]", {1, 3}),
        ("headingDivider: {a: b}", set()),
        ("headingDivider: false", set()),
    ],
)
def test_headings_divide_as_in_marp(said: str, levels: set[int]) -> None:
    assert heading_divider(read(f"---\n{said}\n---\n", "deck")) == levels


def test_front_matter_is_split_off_once_on_a_plain_decks_way(
    lecture: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []

    def noting(text: str) -> tuple[str, int]:
        texts.append(text)
        return split_front_matter(text)

    monkeypatch.setattr("lectern.deck.markdown.split_front_matter", noting)
    text = "---\nmarp: true\n---\n# Uno\n\n`img/one.png`\n"
    deck = lecture.write("talk.md", text)
    assert lecture.build("--formats", "html", "--deck", str(deck)) == 0
    assert texts == [text]
