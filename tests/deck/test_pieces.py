"""A template rendered piece by piece is what it is whole, with the same mistakes; only what changed is compiled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from lectern.deck.pieces import Pieces
from lectern.deck.rendering import opened
from lectern.deck.source import DeckSource
from lectern.deck.template import Rendered
from lectern.errors import DeckError
from tests.conftest import Sandbox

SLIDES = (
    "# Uno\n",
    "[[ figures.one.twice ]] and [[ figures.one.twice | number(1) ]]\n",
    "[% claim figures.one.claims.positive %]\nTwice.\n[% endclaim %]\n",
    "Since [% claim figures.one.claims.positive %]twice[% endclaim %]",
    "[% for i in [1, 2] %]\n  [% if i > 1 %]\n[[ i ]]\n  [% endif %]\n[% endfor %]\n",
    "[% for i in [1, 2] %]",
    "[% endfor %]",
    "[% set x = 5 %]\n",
    "[[ x ]]",
    "[# a comment",
    "its end #]",
    "[% raw %]",
    "[[ no ]] [% endraw %]",
    "[% include 'part.md' %]\n",
    "[% macro m(a) %][[ a ]]![% endmacro %]",
    "[[ m(1) ]]",
    "[[ '",
    "' ]]",
    "```\n",
    "",
)


@pytest.fixture
def rendered(sandbox: Sandbox) -> Callable[[str, Pieces | None], Rendered]:
    """Render a text, whole or in pieces."""
    sandbox.figure("one")
    sandbox.make("one")
    sandbox.write("slides/part.md", "part [[ figures.one.twice ]]\n")
    workshop = sandbox.workshop()

    def render(text: str, pieces: Pieces | None) -> Rendered:
        path = sandbox.deck("")
        path.write_text(text, encoding="utf-8")
        return opened(DeckSource(path, "deck", text), workshop, pieces).render(workshop.states.of)

    return render


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are compiled from now on."""
    texts: list[str] = []
    compile_ = Environment.compile

    def noting(environment: Environment, source: str, *arguments: object) -> object:
        texts.append(source)
        return compile_(environment, source, *arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", noting)
    return texts


def told(render: Callable[[], Rendered]) -> Rendered | str:
    try:
        return render()
    except DeckError as error:
        return str(error)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(slides=st.lists(st.sampled_from(SLIDES), min_size=1, max_size=6))
def test_any_deck_is_what_it_is_whole(
    rendered: Callable[[str, Pieces | None], Rendered], slides: list[str]
) -> None:
    text = "\n---\n".join(slides)
    pieces = Pieces()
    assert told(lambda: rendered(text, pieces)) == told(lambda: rendered(text, None))
    assert told(lambda: rendered(text, pieces)) == told(lambda: rendered(text, None))


def test_only_the_slide_that_was_edited_is_compiled_again(
    rendered: Callable[[str, Pieces | None], Rendered], compiled: list[str]
) -> None:
    pieces = Pieces()
    text = "---\nlang: es\n---\n# Uno\n\n---\n\n# Dos [[ figures.one.twice | number(1) ]]\n\n---\n\n[[ 3 ]]\n\n---\nFin"
    assert "# Dos 4,0" in rendered(text, pieces).markdown
    assert compiled == ["\n# Dos [[ figures.one.twice | number(1) ]]\n\n---\n", "\n[[ 3 ]]\n\n---\n"]
    assert rendered(text, pieces).markdown == rendered(text, None).markdown
    assert compiled.pop() == text  # by the last
    assert "# Uno más" in rendered(text.replace("Uno", "Uno más"), pieces).markdown
    assert len(compiled) == 2
    assert "\n4\n" in rendered(text.replace("3", "3 + 1"), pieces).markdown
    assert compiled[2:] == ["\n[[ 3 + 1 ]]\n\n---\n"]
    assert "# Dos 4.0" in rendered(text.replace("es\n", "en\n", 1), pieces).markdown


def test_a_slide_that_another_needs_is_not_taken_apart(
    rendered: Callable[[str, Pieces | None], Rendered], compiled: list[str]
) -> None:
    text = "[% set x = 5 %]\n---\n[[ x ]]\n"
    assert rendered(text, Pieces()).markdown == "---\n5\n"
    assert compiled == [text]
