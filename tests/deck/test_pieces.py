"""A template rendered piece by piece is what it is whole, with the same mistakes; only what changed is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from lectern.deck.numbers import Numbers
from lectern.deck.pieces import Pieces
from lectern.deck.rendering import OpenDeck
from lectern.deck.source import DeckSource
from lectern.deck.template import Rendered
from lectern.errors import DeckError
from lectern.making.request import Request
from lectern.making.state import State
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
        return OpenDeck(DeckSource(path, "deck", text), workshop, pieces).render(workshop.states.of)

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
    assert "# Dos 4,0" in rendered(text, pieces).markdown.text
    assert compiled == ["\n# Dos [[ figures.one.twice | number(1) ]]\n\n---\n", "\n[[ 3 ]]\n\n---\n"]
    assert rendered(text, pieces).markdown.text == rendered(text, None).markdown.text
    assert compiled.pop() == text  # by the last
    assert "# Uno más" in rendered(text.replace("Uno", "Uno más"), pieces).markdown.text
    assert len(compiled) == 2
    assert "\n4\n" in rendered(text.replace("3", "3 + 1"), pieces).markdown.text
    assert compiled[2:] == ["\n[[ 3 + 1 ]]\n\n---\n"]
    assert "# Dos 4.0" in rendered(text.replace("es\n", "en\n", 1), pieces).markdown.text


def test_a_slide_that_shows_what_it_showed_is_not_rendered_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.figure("one")
    sandbox.make("one")
    workshop = sandbox.workshop()
    states = {request: workshop.states.of(request) for request in (Request("one"),)}
    claim = "[% claim figures.one.claims.positive %]Twice is [[ figures.one.twice | tex ]].[% endclaim %]"
    formatted: list[float] = []
    monkeypatch.setattr(Numbers, "tex", lambda _, value: formatted.append(value) or str(value))
    pieces = Pieces()

    def told(text: str, found: Mapping[Request, State] = states) -> Rendered:
        path = sandbox.deck(text)
        return OpenDeck(DeckSource(path, "deck", text), workshop, pieces).render(found.get)

    text = f"# Uno\n\n---\n\n{claim}\n\n---\n\n# Tres\n"
    assert told(text) == told(text)
    assert told(text.replace("Tres", "Más")).stated == told(text).stated
    assert formatted == [4]
    other = replace(states[Request("one")], waits_for=("two",))  # whatever is another with it
    assert told(text, {Request("one"): other}) == told(text, {Request("one"): other})
    assert formatted == [4, 4]
    with_one_before = told(text.replace("# Uno", claim + " Uno"))
    assert 'data-claim="2"' in with_one_before.markdown.text
    assert len(with_one_before.stated) == 2


def test_a_slide_that_another_needs_is_not_taken_apart(
    rendered: Callable[[str, Pieces | None], Rendered], compiled: list[str]
) -> None:
    text = "[% set x = 5 %]\n---\n[[ x ]]\n"
    assert rendered(text, Pieces()).markdown.text == "---\n5\n"
    assert compiled == [text]


def test_a_fault_of_the_cutting_itself_is_not_taken_for_one_of_the_deck(
    rendered: Callable[[str, Pieces | None], Rendered], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lectern.deck.pieces._cut", lambda text: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rendered("# Uno\n", Pieces())
    with pytest.raises(DeckError, match="line 3: ZeroDivisionError"):
        rendered("\n\n[[ 1 / 0 ]]", None)
