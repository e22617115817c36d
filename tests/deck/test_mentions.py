from functools import partial

import pytest

from lectern.deck.markdown import split
from lectern.deck.mentions import FigureOf, mentions, named_figure, show_lone_code
from tests.conftest import Sandbox


@pytest.fixture
def figure_of(sandbox: Sandbox) -> FigureOf:
    sandbox.figure("one")
    sandbox.figure("path-patching")
    return partial(named_figure, catalogue=sandbox.workshop().catalogue)


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("![](img/one.png)", [("one", 1)]),
        ("# T\n\ntext ![w:300](img/one.svg) more", [("one", 3)]),
        ("![bg right:40%](./img/path_patching.png)", [("path_patching", 1)]),
        ("![](../img/path-patching.png)", [("path_patching", 1)]),
        ('<img src="img/one.png" alt="x">', [("one", 1)]),
        ('text <img src="img/one.png"> text', [("one", 1)]),
        ("<!-- _backgroundImage: url(img/one.png) -->", [("one", 1)]),
        ("---\nbackgroundImage: url('img/one.png')\n---\n", [("one", 1)]),
        ("# T\n\n`img/one.png`", [("one", 3)]),
        ("`img/one.png`\n\n---\n\n`img/path-patching.png`", [("one", 1), ("path_patching", 5)]),
        ("`img/one.png` and `other`", []),
        ("```\nimg/one.png\n```", []),
        ("    ![](img/one.png)", []),
        ("see img/one.png", []),
        ("![](img/two.png)", []),
        ("![](one.png)", []),
        ("![](img/one.jpg)", []),
        ("![](https://example.org/img/one.png)", []),
        ("---\nheadingDivider: 1\n---\n# A\n`img/one.png`\n# B\n`x`", [("one", 5)]),
        ("---\nheadingDivider: [2]\n---\n# A\n`img/one.png`\n# B\n`x`", []),
    ],
)
def test_where_markdown_shows_figures(
    figure_of: FigureOf, markdown: str, expected: list[tuple[str, int]]
) -> None:
    assert [(found.figure, found.line) for found in mentions(split(markdown, "deck"), figure_of)] == expected


def test_a_path_stands_for_a_figure_only_in_img(figure_of: FigureOf) -> None:
    assert figure_of("deep/img/path-patching.png") == "path_patching"
    assert figure_of("img/one.pdf") is None
    assert figure_of("https://example.org/img/one.png") is None


def test_the_only_code_of_a_slide_becomes_its_picture(figure_of: FigureOf) -> None:
    markdown = "# A\n\n`img/one.png`\n\n---\n\n`img/one.png` `b`\n\n---\n\n``img/path-patching.png``\n"
    expected = "# A\n\n![](img/one.png)\n\n---\n\n`img/one.png` `b`\n\n---\n\n![](img/path-patching.png)\n"
    assert show_lone_code(split(markdown, "deck"), figure_of).text == expected
    other = split("# A\n\n`img/two.png`", "deck")
    assert show_lone_code(other, figure_of) == other
