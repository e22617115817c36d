from collections.abc import Iterator
from pathlib import Path

import pytest

from lectern.deck.source import DeckSource
from lectern.errors import DeckError, SeveralErrors
from lectern.marp.page import Page, check
from lectern.marp.renderer import Renderer
from lectern.marp.resources import file_of

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Renderer]:
    with Renderer(tmp_path_factory.mktemp("cache")) as running:
        yield running


def checked(renderer: Renderer, folder: Path, text: str) -> Page:
    deck = DeckSource(folder / "deck.md", "deck.md", text)
    slides = renderer.render(text, [], html=True)
    return check(slides, lambda url: file_of(url, folder), lambda _: None, deck)


@pytest.mark.parametrize(
    ("math", "formula", "said"),
    [
        (
            "katex",
            r"\frac{a}{\nocommand}",
            r"line 11, slide 2: formula \frac{a}{\nocommand}: KaTeX does not know \nocommand",
        ),
        ("katex", r"\frac{a}{b & c", r"line 11, slide 2: formula \frac{a}{b & c: KaTeX parse error: "),
        ("mathjax", r"\frac{a}{b", "slide 2: formula: Missing close brace"),
    ],
)
def test_a_formula_that_cannot_be_set_is_said(
    renderer: Renderer, tmp_path: Path, math: str, formula: str, said: str
) -> None:
    text = f"---\nmath: {math}\n---\n# A\n$x^2$\n\n---\n\n# B\n\n$${formula}$$\n"
    with pytest.raises(DeckError) as caught:
        checked(renderer, tmp_path, text)
    assert said in str(caught.value)


def test_good_formulas_are_not_blamed_for_bad_ones_beside_them(renderer: Renderer, tmp_path: Path) -> None:
    formulas = (r"$x^2$", r"$\frac{a}{b & c$", r"$y$", r"$1 + \bogus$", r"$z$", r"$\left($", r"$w$")
    with pytest.raises(SeveralErrors) as caught:
        checked(renderer, tmp_path, "---\nmath: katex\n---\n" + "\n".join(formulas))
    said = [str(error).splitlines()[0] for error in caught.value.errors]
    assert len(said) == 3
    assert r"line 5, slide 1: formula \frac{a}{b & c: KaTeX parse error" in said[0]
    assert r"line 9, slide 1: formula \left(: KaTeX parse error" in said[1]
    assert said[2].endswith(r"line 7, slide 1: formula 1 + \bogus: KaTeX does not know \bogus")


def test_missing_files_are_all_said(renderer: Renderer, tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(b"x")
    text = "![](there.png)\n\n---\n\n![](a.png)\n\n![bg](b.png)\n\n---\n\n<img src='c.png'>"
    with pytest.raises(SeveralErrors) as caught:
        checked(renderer, tmp_path, text)
    said = str(caught.value)
    assert "deck.md, line 5, slide 2: there is no file a.png" in said
    assert f"it was looked for at {tmp_path / 'a.png'}" in said
    assert "line 7, slide 2: there is no file b.png" in said
    assert "line 11, slide 3: there is no file c.png" in said
    assert "there.png" not in said


def test_files_from_the_network_are_noted_and_left(renderer: Renderer, tmp_path: Path) -> None:
    page = checked(renderer, tmp_path, "![](https://example.org/a.png)")
    assert page.remote == ("https://example.org/a.png",)
    assert not page.contents.files
