import pytest

from lectern.deck.source import DeckSource
from lectern.deck.themes import check_theme, theme_files
from lectern.errors import DeckError
from lectern.sources.digests import Digests
from tests.conftest import Sandbox


def test_themes_are_css_files_beside_the_deck_that_say_so(sandbox: Sandbox) -> None:
    named = sandbox.write("slides/mine.css", "/*\n * @author me\n * @theme mine\n */\nsection {}")
    other = sandbox.write("slides/themes/other.css", "/* @theme other */")
    sandbox.write("slides/plain.css", "section {}")
    digests = Digests(sandbox.root / "memory.json")
    deck = DeckSource(sandbox.root / "slides/deck.md", "deck.md", "")
    assert theme_files(deck, digests) == {"mine": named, "other": other}
    assert named in digests.seen


def test_an_unknown_theme_is_refused_with_the_nearest() -> None:
    check_theme(None, ["default"], "deck.md")
    check_theme("default", ["default"], "deck.md")
    with pytest.raises(
        DeckError, match=r"deck\.md, line 1: there is no theme 'defualt'\n.*did you mean 'default'"
    ):
        check_theme("defualt", ["default", "gaia"], "deck.md")
