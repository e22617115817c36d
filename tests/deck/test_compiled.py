"""Pieces of a template that were compiled in an earlier build are not compiled again, where they would be the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment

from lectern.deck import compiled
from lectern.deck.compiled import CompiledPieces
from lectern.deck.pieces import Pieces
from lectern.deck.rendering import OpenDeck, make_ready
from lectern.deck.source import DeckSource, read_deck
from tests.conftest import Sandbox

DECK = "---\nlang: es\n---\n# [[ figures.one.twice | number(1) ]]\n\n---\n\n[[ 1.5 | number ]] [[ figures.one(seed=1) ]]\n"


@pytest.fixture
def deck(sandbox: Sandbox) -> DeckSource:
    sandbox.figure("one")
    path = sandbox.deck("")
    path.write_text(DECK, encoding="utf-8")
    return read_deck(path, "deck")


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is compiled from now on."""
    found: list[str] = []
    compile_ = Environment.compile

    def noting(environment: Environment, source: str, *arguments: object) -> object:
        found.append(source)
        return compile_(environment, source, *arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", noting)
    return found


def built(sandbox: Sandbox, deck: DeckSource) -> str:
    return make_ready(deck, sandbox.workshop()).rendered.markdown.text


def kept_in(sandbox: Sandbox) -> Path:
    return next((sandbox.project.cache / "builds").glob("*.pieces"))


def test_a_build_compiles_only_what_was_edited_since_the_last(
    sandbox: Sandbox, deck: DeckSource, texts: list[str]
) -> None:
    first = built(sandbox, deck)
    assert len(texts) == 2
    assert built(sandbox, deck) == first
    assert len(texts) == 2
    deck.path.write_text(DECK.replace("# ", "# Uno "), encoding="utf-8")
    assert built(sandbox, read_deck(deck.path, "deck")) == first.replace("# ", "# Uno ")
    assert texts[2:] == ["# Uno [[ figures.one.twice | number(1) ]]\n\n---\n"]


@pytest.mark.parametrize("damage", [b"", b"0" * 64 + b"\n", b"not what was kept"])
def test_what_was_damaged_is_compiled_again(
    sandbox: Sandbox, deck: DeckSource, texts: list[str], damage: bytes
) -> None:
    first = built(sandbox, deck)
    kept_in(sandbox).write_bytes(damage + kept_in(sandbox).read_bytes()[len(damage) + 9 :])
    assert built(sandbox, deck) == first
    assert len(texts) == 4


def test_what_was_compiled_for_another_language_or_by_another_engine_is_compiled_again(
    sandbox: Sandbox, deck: DeckSource, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "1,50" in built(sandbox, deck)
    deck.path.write_text(DECK.replace("es", "en", 1), encoding="utf-8")
    assert "1.50" in built(sandbox, read_deck(deck.path, "deck"))  # a constant, formatted when it is compiled
    monkeypatch.setattr(compiled, "_engine", lambda: "another")
    built(sandbox, read_deck(deck.path, "deck"))
    assert len(texts) == 6


def test_pieces_that_cannot_be_kept_cost_time_only(sandbox: Sandbox, deck: DeckSource) -> None:
    said: list[str] = []
    sandbox.write("file", "")
    place = CompiledPieces(sandbox.root / "file" / "pieces", "es", said.append)
    pieces = Pieces(place.read())
    OpenDeck(deck, sandbox.workshop(), pieces).mentions()
    place.write(pieces.compiled)
    assert "nothing can be kept in" in said[0]


def test_figures_are_named_with_the_lines_where_they_stand(sandbox: Sandbox, deck: DeckSource) -> None:
    found = {}
    for pieces in (None, Pieces()):
        named = OpenDeck(deck, sandbox.workshop(), pieces).mentions()
        found[pieces is None] = {request.stem: line for request, line in named.items()}  # type: ignore[attr-defined]
    assert found[True] == found[False]
    assert sorted(found[True].values()) == [4, 8]
