import pytest

from lectern.deck.rendering import OpenDeck, make_ready
from lectern.deck.source import read_deck
from lectern.errors import DeckError, FigureError
from lectern.making.request import Request
from tests.conftest import FIGURE, Sandbox


@pytest.fixture
def one(sandbox: Sandbox) -> Sandbox:
    sandbox.figure("one")
    return sandbox


def render(sandbox: Sandbox, text: str) -> str:
    path = sandbox.deck(text)
    return make_ready(read_deck(path, "slides/mechinterp.md.j2"), sandbox.workshop()).rendered.markdown.text


def test_a_figure_is_shown_with_its_alt_text_and_gives_values(one: Sandbox) -> None:
    shown = render(
        one,
        "---\nlang: es\n---\n[[ figures.one ]] [[ figures.one.twice ]] [[ figures['one'].twice | number(1) ]]",
    )
    assert shown.endswith('<img src="img/one.svg" alt="A bar" data-figure="one"> 4 4,0')


def test_brackets_leave_latex_alone(one: Sandbox) -> None:
    latex = r"$x_{{i}} {%% a %%} {# b #} \frac{{a}}{{b}}$"
    assert render(one, latex) == latex


def test_other_parameters_make_another_picture(one: Sandbox) -> None:
    shown = render(
        one, "[[ figures.one(number=5) ]] [[ figures.one(number=5).twice ]] [[ figures.one.twice ]]"
    )
    assert "img/one--" in shown
    assert shown.endswith(" 10 4")


def test_figures_found_only_while_rendering_are_made_too(one: Sandbox) -> None:
    one.figure("two", FIGURE.replace("number=2", "number=3"))
    text = "[% for name in ['one', 'two'] %][[ figures[name].twice ]] [[ figures[name](number=4).twice ]] [% endfor %]"
    assert render(one, text) == "4 8 6 8 "
    one.write("slides/part.md", "[[ figures.two.twice ]]")
    assert render(one, "[% include 'part.md' %]") == "6"


BROKEN = FIGURE.replace("def compute", "def compute(): raise ValueError('not for this one')\n\n\ndef was")


def test_a_figure_under_a_condition_that_does_not_hold_is_not_made(one: Sandbox) -> None:
    one.figure("other", BROKEN)
    text = "[% if figures.one.twice > 4 %]\n---\n\n[[ figures.other ]]\n[% else %]\nnone\n[% endif %]"
    assert render(one, text).strip() == "none"


def test_figures_under_a_condition_that_holds_are_made_together(one: Sandbox) -> None:
    for name in ("two", "three"):
        one.figure(name)
    path = one.deck(
        "[% if figures.one.twice == 4 %][[ figures.two.twice ]] [[ figures.three.twice ]][% endif %]"
    )
    deck, workshop = read_deck(path, "slides/mechinterp.md.j2"), one.workshop()
    opened = OpenDeck(deck, workshop)
    assert [request.name for request in opened.mentions()] == ["one"]
    assert {request.name for request in opened.beside(Request("three"))} == {"two", "three"}
    assert opened.beside(Request("one")) == [Request("one")]
    assert make_ready(deck, workshop).rendered.markdown.text == "4 4"


def test_a_picture_named_by_its_path_in_a_template_is_made_too(one: Sandbox) -> None:
    render(one, "![](img/one.png)")
    assert (one.root / "img/one.png").exists()


def test_spaces_that_do_not_break_stay_so_in_a_claim_s_sentence(one: Sandbox) -> None:
    claim = "[% claim figures.one.claims.positive %]\n[[ 0.98 | percent(0) ]]  of\tit.\n[% endclaim %]"
    assert ">98\N{NO-BREAK SPACE}% of it.</span>" in render(one, f"---\nlang: es\n---\n{claim}")


def test_a_claim_marks_its_sentence(one: Sandbox) -> None:
    path = one.deck(
        "Since [% claim figures.one.claims.positive %]\ntwice is\n[[ figures.one.twice ]].\n[% endclaim %]\nSo."
    )
    ready = make_ready(read_deck(path, "deck"), one.workshop())
    assert ready.rendered.markdown.text == 'Since <span class="claim" data-claim="1">twice is 4.</span> So.'
    (stated,) = ready.rendered.stated
    assert stated.sentence == "twice is 4."
    assert str(stated.claim) == "one.positive: twice = 4, claimed at least 0: holds"


def test_references(one: Sandbox) -> None:
    one.write("slides/refs.bib", "@misc{a, author={Doe, Jane}, title={T}, year=2020}")
    front = "---\nlang: es\nbibliography: refs.bib\n---\n"
    assert render(one, front + "[[ citep('a') ]]\n[[ references(since=2020) ]]").endswith(
        "(Doe, 2020)\n- Doe (2020). *T*.".replace(", 2", ",\xa02")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A [% claim C %]b[% endclaim %]\n\n---", "A <b>\n\n---"),
        ("[% claim C %]b[% endclaim %] [% claim C %]c[% endclaim %]\nd", "<b> <c>\nd"),
        ("[% claim C %]\nb\n[% endclaim %]\n[% claim C %]\nc\n[% endclaim %]\nd\n\ne", "<b> <c> d\n\ne"),
        ("[% claim C %]\nb\n[% endclaim %]\n\n---", "<b> \n\n---"),
    ],
)
def test_where_a_claims_sentence_ends_the_paragraph_does_what_it_did(
    one: Sandbox, text: str, expected: str
) -> None:
    import re

    shown = render(one, text.replace("claim C", "claim figures.one.claims.positive"))
    assert re.sub(r'<span class="claim" data-claim="\d">(.*?)</span>', r"<\1>", shown) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n[[ figures.noe ]]", r"md\.j2, line 2: there is no figure 'noe'\n.*did you mean 'one'"),
        ("a\n[[ figures['noe'] ]]", r"line 2: there is no figure 'noe'"),
        (
            "a\n\n[[ figures.one.twise ]]",
            r"line 3: figure 'one' has no value 'twise'\n.*did you mean 'twice'",
        ),
        (
            "[% claim figures.one.claims.x %]a[% endclaim %]",
            r"line 1: figure 'one' has no claim 'x'\n.*positive",
        ),
        ("a\n[[ figures.one(sede=1) ]]", r"line 2: figure 'one' has no parameter 'sede'\n.*seed"),
        ("a\n[[ figures.one(seed='x') ]]", r"line 2: parameter 'seed' cannot be 'x'"),
        (
            "a\n[[ undefined_name ]]",
            r"line 2: 'undefined_name' is undefined\n.*there is: chosen, cite, citep, figures",
        ),
        ("a\n[[ 1 + ]]", r"line 2: template syntax"),
        ("a\n[% if %]", r"line 2: template syntax"),
        ("a\n[% claim figures.one.claims.positive %]b", r"template syntax: Unexpected end of template"),
        ("a\n[[ 'x' | number ]]", r"line 2: \w+: "),
        ("a\n[[ 1 | nofilter ]]", r"line 2: template syntax: No filter named 'nofilter'"),
        ("a\n[[ 1 / 0 ]]", r"line 2: ZeroDivisionError"),
        ("a\n[% include 'none.md' %]", r"line 2: there is no template none\.md"),
        ("a\n[[ cite('x') ]]", r"line 1: the deck cites, and names no bibliography"),
        (
            "---\nbibliography: none.bib\n---\n[[ cite('x') ]]",
            r"slides/none\.bib: cannot read the bibliography",
        ),
        ("---\nlang: klingon\n---\n", r"lang 'klingon' is not a known language"),
    ],
)
def test_what_is_wrong_in_a_template_is_said_with_its_line(one: Sandbox, text: str, message: str) -> None:
    with pytest.raises(DeckError, match=message):
        render(one, text)


def test_a_mistake_in_an_included_file_is_placed_there(one: Sandbox) -> None:
    one.write("slides/part.md", "a\n[[ figures.one.nothing ]]")
    with pytest.raises(DeckError, match=r"slides/part\.md, line 2: figure 'one' has no value"):
        render(one, "[% include 'part.md' %]")


def test_a_mistake_in_the_template_is_said_before_anything_is_computed(sandbox: Sandbox) -> None:
    sandbox.figure("one", FIGURE.replace("    return Result", "    raise SystemError\n    return Result"))
    with pytest.raises(DeckError, match="line 1: there is no figure 'two'"):
        render(sandbox, "[[ figures.two ]] [[ figures.one ]]")
    with pytest.raises(FigureError, match="SystemError"):
        render(sandbox, "[[ figures.one ]]")


def test_a_template_says_the_sentence_of_the_claim_that_is_made(one: Sandbox) -> None:
    text = (
        '[% if "negative" in figures.one.claims %][% claim figures.one.claims.negative %]No.[% endclaim %]'
        "[% else %][% claim figures.one.claims.positive %]Yes.[% endclaim %][% endif %]"
    )
    assert ">Yes.<" in render(one, text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("- a[% if true %] b[% endif %]\n- c\n", "- a b\n- c\n"),
        ("[% if true %]- a[% endif %]\n- c\n", "- a\n- c\n"),
        ("[% if true %]\n- a\n[% endif %]\n- c\n", "- a\n- c\n"),
        ("- a[% for x in [1, 2] %] [[ x ]][% endfor %]\n- c\n", "- a 1 2\n- c\n"),
        ("[% if true %][% if true %]\n- a\n[% endif %][% endif %]\n- c\n", "- a\n- c\n"),
    ],
)
def test_a_line_of_text_keeps_its_end_whatever_tag_ends_it(one: Sandbox, text: str, shown: str) -> None:
    """Of a list, two items would become one; a line that holds only tags leaves no line."""
    assert render(one, text) == shown
