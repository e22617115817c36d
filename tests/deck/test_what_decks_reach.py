"""Decks of other people: what they show, include and compute stays within what is theirs, and the project's."""

from pathlib import Path

import pytest

from lectern.deck.options import FOREIGN, DeckOptions
from lectern.deck.rendering import make_ready
from lectern.deck.source import read_deck
from lectern.errors import DeckError
from tests.conftest import Sandbox

SECRET = "not for the page"
READING = '''
"""What a file says."""
from pathlib import Path
from matplotlib.figure import Figure
from lectern.figure import Result

def compute(source=Path("data.txt")):
    return Result({}, values={"said": source.read_text()})

def draw(data):
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1])
    return figure
'''


@pytest.fixture
def home(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a deck from elsewhere, with links to a secret beside it."""
    sandbox.figure("one")
    sandbox.figure("reading", READING)
    sandbox.write("data.txt", "ours")
    talk = tmp_path_factory.mktemp("elsewhere") / "talk"
    talk.mkdir()
    (talk.parent / "secret.txt").write_text(SECRET)
    (talk / "link.txt").symlink_to(talk.parent / "secret.txt")
    (sandbox.root / "leads_away.txt").symlink_to(talk.parent / "secret.txt")
    return talk


def render(sandbox: Sandbox, home: Path, text: str, options: DeckOptions = FOREIGN) -> str:
    path = home / "talk.md.j2"
    path.write_text(text)
    return make_ready(read_deck(path, "talk.md.j2", options), sandbox.workshop()).rendered.markdown.text


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__.__mro__",
        "''['__class__']",
        "''|attr('__class__')",
        "cycler.__init__.__globals__",
        "lipsum.__globals__['os']",
        "joiner.__init__.__globals__",
        "namespace.__init__",
        "cite.__globals__",
        "cite.__code__",
        "self.__init__.__globals__",
        "range.__self__",
        "'{0.__class__}'.format(1)",
        "'{x.__class__}'.format_map({'x': 1})",
        "('{0.__class__.__mro__}'.format)(figures)",
        "figures.one._catalogue",
        "figures.one.__class__",
        "figures.one._lookup",
        "figures.one._root",
        "figures.one.request.__class__",
        "figures.one.claims._sidecar",
        "figures['one'].claims.positive.__class__",
        "figures.one.claims.positive.claim.__init__",
        "(figures|attr('_catalogue'))",
        "(figures|attr('__init__')).__globals__",
        "[figures]|map(attribute='_catalogue')|list",
        "[figures]|map('attr', '__class__')|first",
        "figures.one.claims.positive.claim.__setattr__('at_least', 9)",
        "[].append(1)",
        "range(10000000)|list",
    ],
)
def test_expressions_get_at_nothing_but_what_they_are_given(
    sandbox: Sandbox, home: Path, expression: str
) -> None:
    with pytest.raises(DeckError, match=r"talk\.md\.j2"):
        render(sandbox, home, f"# T\n[% set x = {expression} %][[ x ]]")


def test_the_catalogue_is_no_figure_either(sandbox: Sandbox, home: Path) -> None:
    for expression in ("figures._catalogue", "figures['_catalogue']", "figures['__class__']"):
        with pytest.raises(DeckError, match=r"(no figure|access to attribute) '_"):
            render(sandbox, home, f"[[ {expression} ]]")


def test_what_is_refused_is_said_with_its_line_and_why(sandbox: Sandbox, home: Path) -> None:
    with pytest.raises(DeckError, match=r"line 3: access to attribute '__class__'.*unsafe.*\n.*figures"):
        render(sandbox, home, "# T\n\n[[ ''.__class__ ]]")


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "sub/../../secret.txt", "link.txt"])
def test_includes_stay_in_the_decks_folder(sandbox: Sandbox, home: Path, name: str) -> None:
    with pytest.raises(DeckError, match=rf"line 1: .*{name}"):
        render(sandbox, home, f"[% include '{name}' %]")


def test_a_deck_that_is_trusted_may_include_what_a_link_leads_to(sandbox: Sandbox, home: Path) -> None:
    assert render(sandbox, home, "[% include 'link.txt' %]", DeckOptions(allow_files=True)) == SECRET


def test_a_bibliography_stays_in_its_folders_too(sandbox: Sandbox, home: Path) -> None:
    (home / "refs.bib").symlink_to(home.parent / "secret.txt")
    for name in ("../secret.txt", "/etc/passwd", "refs.bib"):
        with pytest.raises(DeckError, match="lies outside the folders"):
            render(sandbox, home, f"---\nbibliography: {name}\n---\n[[ cite('a') ]]")


@pytest.mark.parametrize(
    "value", ["/etc/passwd", "../secret", "figures/../../x", "leads_away.txt", "a\\u0000b"]
)
def test_files_that_a_deck_gives_to_figures_are_the_projects(
    sandbox: Sandbox, home: Path, value: str
) -> None:
    plain = f'[[ figures.reading(source="{value}").said ]]'
    hidden = f'[% set name = "reading" %][[ figures[name](source="{value}").said ]]'
    for text in (plain, hidden):
        with pytest.raises(DeckError, match=r"line 1: parameter 'source': .* is no file of the project"):
            render(sandbox, home, text)
    assert render(sandbox, home, "[[ figures.reading.said ]]") == "ours"


def test_what_templates_are_for_still_works(sandbox: Sandbox, home: Path) -> None:
    text = """[% macro twice(n) %]<[[ n * 2 ]]>[% endmacro %][% set ns = namespace(sum=0) %]\
[% for n in range(3) %][% set ns.sum = ns.sum + n %][[ twice(n) ]][% endfor %][[ ns.sum ]] \
[[ "%d" | format(figures.one.twice) ]] [[ "{:>3}".format("a") ]] [[ [3, 1] | sort ]]"""
    assert render(sandbox, home, text) == "<0><2><4>3 4   a [1, 3]"
