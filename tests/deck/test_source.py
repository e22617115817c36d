import pytest

from lectern.deck.source import DeckSource, read_deck, read_front_matter, split_front_matter
from lectern.errors import DeckError
from tests.conftest import Sandbox


def test_front_matter_is_the_yaml_between_the_first_two_rules() -> None:
    assert split_front_matter("---\na: 1\n---\n# T\n---\n") == ("a: 1", 4)
    assert split_front_matter("# T\n---\na: 1\n---\n") == ("", 1)
    assert split_front_matter("---\nnever closed") == ("", 1)
    assert read_front_matter("---\ntitle: «T»\npaginate: true\n---\n", "deck") == {
        "title": "«T»",
        "paginate": True,
    }
    assert read_front_matter("---\n\n---\n", "deck") == {}


@pytest.mark.parametrize(
    ("block", "line", "message"),
    [("a: 1\nb: [1", 4, "not YAML"), ("a: b: c", 2, "mapping values"), ("- a", 1, "not a YAML mapping")],
)
def test_front_matter_that_is_not_a_yaml_mapping_is_placed(block: str, line: int, message: str) -> None:
    with pytest.raises(DeckError, match=message) as caught:
        read_front_matter(f"---\n{block}\n---\n", "deck.md")
    assert caught.value.place
    assert (caught.value.place.path, caught.value.place.line) == ("deck.md", line)


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
