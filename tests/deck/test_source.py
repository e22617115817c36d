import pytest

from lectern.deck.source import DeckSource, read_deck
from lectern.errors import DeckError
from tests.conftest import Sandbox


def test_a_decks_name_and_kind_come_from_its_file(sandbox: Sandbox) -> None:
    template = read_deck(sandbox.deck("---\nlang: es\n---\n# Uno"), "shown")
    assert (template.name, template.is_template, template.language) == ("mechinterp", True, "es")
    plain = read_deck(sandbox.deck("\ufeff# One\n\ntwo", "talk.md"), "shown")
    assert (plain.name, plain.is_template, plain.language, plain.text) == (
        "talk",
        False,
        "en",
        "# One\n\ntwo",
    )
    assert plain.line_of("two") == 3
    assert plain.line_of("three") is None


def test_a_deck_that_is_not_text_is_refused(sandbox: Sandbox) -> None:
    path = sandbox.root / "deck.md"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DeckError, match=r"deck\.md: cannot read the deck.*\n.*UTF-8"):
        read_deck(path, "deck.md")


def test_sources_are_data() -> None:
    assert DeckSource.__dataclass_params__.frozen  # type: ignore[attr-defined]
