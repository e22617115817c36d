"""A deck rendered after an edit is what it is when nothing is known of it, whichever slides were rendered alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lectern.errors import BuildError
from lectern.marp.renderer import Contents, Renderer, Slides

pytestmark = pytest.mark.heavy

THEME = "/* @theme mine */ @import 'default'; @size wide 1000px 400px; @auto-scaling true; section{color:red}"
HEADS = (
    "",
    "---\nmath: katex\npaginate: true\n---\n",
    '---\ntheme: mine\nsize: wide\nmath: katex\nheader: "*h* [x]"\nfooter: F $z$\n---\n',
    "---\npaginate: true\nclass: lead\n---\n",
    "---\nheadingDivider: 1\nmath: katex\n---\n",
    '---\nlang: es\nmath: katex\nstyle: "h1 {color: blue}"\n---\n',
    "---\nnever: closed\n",
)
PARTS = (
    *("# Uno\n", "# Dos\n", "Uno\n===\n", "# 1\n", "# 3\n", "# Uno $x$ `b`\n", "# <!-- fit --> Uno\n"),
    *("text *with* **marks**\n", "* a\n* b\n", "1) x\n2) y\n", "- a\n\n  b\n", "> q\n> r\n", "  * x\n"),
    *("$x^2$ and $y$\n", "$$\nz\n$$\n", "$$ z\n", "costs 5$\n", "`$a$`\n", "$\\gdef\\x{1}$\n", "$\\x$\n"),
    *("```js\nlet x = 1\n```\n", "```\n", "~~~\n", "    code\n", "| a |\n|---|\n| 1 |\n", ":smile: 😀\n"),
    *(
        "<!-- a note -->\n",
        "<!-- nota: esto\n",
        "-->\n",
        "<!--",
        "<div>\n",
        "</div>\n",
        "<script>1</script>\n",
    ),
    *(
        "<!-- _class: one -->\n",
        "<!-- class: two -->\n",
        "<!-- paginate: skip -->\n",
        "<!-- paginate: true -->\n",
    ),
    *(
        "<!-- footer: F2 -->\n",
        "<!-- theme: mine -->\n",
        "<!-- headingDivider: 2 -->\n",
        "<!-- size: 4:3 -->\n",
    ),
    *(
        "<!-- math: mathjax -->\n",
        "<!-- color: red -->\n",
        "<!-- _paginate: hold -->\n",
        "<!-- lang: en -->\n",
    ),
    *("![bg](a.png)\n", "![bg left:40% w:10px](b.png)\n", "![bg](red)\n", "![w:30 alt $q$](c.png)\n"),
    *("[x]\n", "[x]: http://a.b 't'\n", "[y]\n", "[y]: #1\n", "http://example.com\n", "![ref][x]\n"),
    *("<style>h1{color:red}</style>\n", "<style scoped>h1{color:red}</style>\n"),
    *("a\n---\n", "***\n", "- - -\n", "---\n", "---\nx: 1\n---\n", "...\n", "\r\n", "", "\n"),
)
TYPED = ("a", "x y", "\n", "\n---\n", "-", "$", "`", "*", " ", "#", "[x]", "|", ":", "", *PARTS)

slides = st.lists(st.sampled_from(PARTS), max_size=4).map("\n".join)
decks = st.builds(
    lambda head, slides: head + "\n---\n".join(slides),
    st.sampled_from(HEADS),
    st.lists(slides, min_size=1, max_size=5),
)
edits = st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(TYPED), st.booleans())


def edited(text: str, edit: tuple[float, int, str, bool]) -> str:
    """Replace some characters, or nothing, at a place or at the beginning of its line."""
    where, length, typed, in_line = edit
    at = round(where * len(text))
    at = at if in_line else text.rfind("\n", 0, at) + 1
    return text[:at] + typed + text[at + length :]


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Renderer]:
    with Renderer(tmp_path_factory.mktemp("cache"), long_lived=True) as running:
        yield running


def told(renderer: Renderer, text: str) -> str:
    """Return what a deck becomes, or why it becomes nothing, but for the names that styles get by chance."""
    try:
        found: Slides | BuildError = renderer.render(text, [THEME], True)
    except BuildError as error:
        found = error
    return re.sub(r"(scope-|keyframes-)\w{8}", r"\1", str(found))


def from_nothing(renderer: Renderer, text: str) -> str:
    told(renderer, "")  # of which no slide can be rendered alone, nor after it
    return told(renderer, text)


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(deck=decks, changes=st.lists(edits, min_size=1, max_size=4))
@example("---\nmath: katex\n---\n$$ z\n", [(0.99, 0, "\n", True)])
@example("# Uno\n\n---\n\n# Uno\n\n---\n\n# Uno\n", [(0.4, 1, "2", True)])
def test_any_edited_deck_is_what_it_is_from_nothing(
    renderer: Renderer, deck: str, changes: list[tuple[float, int, str, bool]]
) -> None:
    texts = [deck]
    for change in changes:
        texts.append(edited(texts[-1], change))
    after_edits = [told(renderer, text) for text in texts]
    assert after_edits == [from_nothing(renderer, text) for text in texts]


@pytest.mark.parametrize(
    ("slides", "old", "new"),
    [
        ("a\n\n---\n\nb\n", "b", "b $x$"),  # the first formula brings a style with it
        ("a\n\n---\n\nb $x$\n", "b $x$", "b"),
        ("[x]\n\n---\n\n[x]: y\n", "[x]: y", "z"),
        ("a\n\n---\n\n<style>h1 {color: red}</style>\n", "<style>h1 {color: red}</style>", "b"),
        ("a\n\n---\n\nb\n\n---\nc\n", "b\n", "B\n\n---\n```\n"),  # one more begins, and swallows the next
        ("$\\gdef\\x{1}$\n\n---\n\n$\\x$ b\n", "b", "c"),  # a macro holds for later slides
        ("a\n\n---\n\n$x$\n\n---\n\n$\\x$\n", "$x$", "$\\gdef\\x{1}$"),
        ("# 2\n\n---\n\n# b\n", "b", "2"),  # a heading named as slides are
    ],
)
def test_what_holds_for_other_slides_is_not_missed(
    renderer: Renderer, slides: str, old: str, new: str
) -> None:
    before = "---\nmath: katex\n---\n" + slides
    assert old in before
    after = new.join(before.rsplit(old, 1))
    told(renderer, before)
    assert told(renderer, after) == from_nothing(renderer, after)


def test_a_directive_that_is_all_of_a_heading_holds_for_later_slides(renderer: Renderer) -> None:
    deck = "---\nmath: katex\npaginate: true\n---\n# <!-- class: two -->\nDos\n\n# 1\n\n---\n"
    without = deck.replace("<!-- class: two -->\n", "")
    from_nothing(renderer, deck)
    assert told(renderer, without) == from_nothing(renderer, without)


HEAD = "---\nmath: katex\npaginate: true\nfooter: Foot\n---\n"
LONG = HEAD + "\n---\n".join(
    f"\n<!-- _class: c{number} -->\n\n# Title\n\nprose {number} $x_{number}$\n\n* one\n* two\n\n<!--\nnote {number}\n-->\n"
    for number in range(30)
)


@pytest.mark.parametrize(
    ("old", "new", "rendered"),
    [
        ("prose 15", "prose fifteen", 1),  # in the middle
        ("prose 29", "prose [last](x)", 1),
        ("note 0\n", "another note\n", 1),
        ("$x_3$", "$y_3$ and more\n\n# New heading", 1),
        ("prose 7", "- - x\n\n```js\nlet x\n```\n", 1),
        ("# Title\n\nprose 4", "# Other\n\nprose 4", 30),  # later headings of its name get other numbers
        ("c5", "c50", 30),  # a directive
        ("prose 6", "prose\n\n---\n", 30),  # one slide more
        ("prose 8", "prose\n---", 1),  # a heading, by its line
        ("prose 9", "```", 30),  # what swallows the slides after it
        ("prose 2 ", "prose\n\n[x]: y\n\n", 30),  # what other slides may refer to
        ("prose 1 ", "<style>h1 {color: red}</style>\n\n", 30),
        ("math: katex", "math: katex\nclass: lead", 30),
    ],
)
def test_only_the_slides_of_an_edit_are_rendered_where_others_stay_as_they_are(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch, old: str, new: str, rendered: int
) -> None:
    assert old in LONG
    told(renderer, "")
    told(renderer, LONG)
    asked = renderer._node.ask
    counts: list[int] = []

    def noting(operation: str, **request: object) -> dict:
        answer = asked(operation, **request)
        counts.append(answer["rendered"])
        return answer

    monkeypatch.setattr(renderer._node, "ask", noting)
    after = told(renderer, LONG.replace(old, new, 1))
    total = after.count("<svg data-marpit-svg")
    assert counts == [1 if rendered == 1 else total]
    assert after == from_nothing(renderer, LONG.replace(old, new, 1))


def built(cache: Path, text: str, theme: str = THEME) -> tuple[Slides, int]:
    """Render a deck and make its page in a process of its own; return how many slides were rendered for it."""
    with Renderer(cache) as renderer:
        counts: list[int] = []
        asked = renderer._node.ask

        def noting(operation: str, **request: object) -> dict:
            answer = asked(operation, **request)
            counts.extend([answer["rendered"]] if operation == "render" else [])
            return answer

        renderer._node.ask = noting  # type: ignore[method-assign]
        slides = renderer.render(text, [theme], True)
        renderer.page(HEAD, Contents({}, {}))
        renderer.shell(HEAD)  # answered when what the page leaves for the next build has been kept
        return slides, counts[0]


def test_a_build_renders_the_slides_that_were_edited_since_the_last(tmp_path: Path) -> None:
    edited = LONG.replace("prose 15", "prose fifteen")
    other = THEME.replace("red", "blue")
    alone = {text: built(tmp_path / str(n), text)[0] for n, text in enumerate((LONG, edited))}
    assert built(tmp_path, LONG) == (alone[LONG], 30)
    assert built(tmp_path, edited) == (alone[edited], 1)
    kept = tmp_path / "marp" / "slides.kept"
    kept.write_bytes(kept.read_bytes().replace(b"fifteen", b"damaged"))
    slides, rendered = built(tmp_path, edited.replace("prose 16", "prose sixteen"))
    assert "damaged" not in str(slides)
    assert rendered == 30
    styled = edited.replace(
        "prose 1 ", "<style>h1 {color: blue}</style>\n\n"
    )  # with themes as they were read before
    assert built(tmp_path, styled) == (built(tmp_path / "styled", styled)[0], 30)
    assert built(tmp_path, edited, other) == (built(tmp_path / "other", edited, other)[0], 30)
