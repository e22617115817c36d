"""Problems are shown over the last good deck, with file and line, until they are corrected."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Sandbox
from tests.preview.running import Preview, previewing
from tests.preview.talk import DECK
from tests.preview.window import Window, window

pytestmark = [pytest.mark.heavy, pytest.mark.browser]
SOURCE = "slides/mechinterp.md.j2"


def line_of(talk: Sandbox, path: str, text: str) -> int:
    lines = (talk.root / path).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


SPOILT: dict[str, tuple[str, str, str, str]] = {
    "template": (SOURCE, "# Last", "# Last [[ nothing ]]", "'nothing' is undefined"),
    "template syntax": (SOURCE, "# Last", "# Last [% endfor %]", "unknown tag 'endfor'"),
    "formula": (SOURCE, "$x^2$", r"$\bogus$", r"KaTeX does not know \bogus"),
    "picture": (SOURCE, "![](dot.svg)", "![](gone.svg)", "there is no file gone.svg"),
    "theme's name": (SOURCE, "theme: plain", "theme: gaja", "there is no theme 'gaja'"),
    "bibliography": ("slides/refs.bib", "@misc{doe2020", "@misc{doe1999", "has no entry 'doe2020'"),
    "script syntax": ("figures/bars.py", "def draw(data", "def draw(data((", "syntax error"),
    "helper syntax": ("helpers/scale.py", "return number", "return (", "syntax error"),
}


def test_errors_show_with_file_and_line_over_the_last_good_deck_until_they_are_corrected(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    for path, good, bad, message in SPOILT.values():
        talk.edit(path, good, bad)
        file = path if path != "slides/refs.bib" else SOURCE
        shown.says(file, message)
        if path == SOURCE and "theme" not in bad:
            shown.says(f"line {line_of(talk, path, bad)}")
        shown.shows("Bars", "There are 3")
        talk.edit(path, bad, good)
        shown.says_nothing()
    assert shown.kept
    assert preview.ran() == []


def test_a_theme_that_is_no_css_names_its_file(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview)
    talk.edit("slides/plain.css", "3); }", "3);")
    shown.says("slides/plain.css", "line 3", "Unclosed block")
    talk.edit("slides/plain.css", "3);", "4); }")
    shown.says_nothing()
    expect(shown.slide).to_have_css("color", "rgb(1, 2, 4)")


def test_a_script_that_fails_shows_the_projects_own_frames(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    before = shown.picture
    talk.edit("helpers/scale.py", "return number", "return number / 0")
    shown.says("figures/bars.py", "helpers/scale.py", "line 2", "ZeroDivisionError: division by zero")
    said = shown.problems.inner_text()
    assert "lectern/making" not in said
    assert "importlib" not in said
    assert shown.picture == before
    shown.stands("bars", "failed")
    talk.edit("helpers/scale.py", "number / 0", "number / 2")
    shown.says_nothing()
    expect(shown.slide.locator("img")).not_to_have_attribute("src", before)


def test_prose_is_edited_beside_a_script_that_fails(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    talk.edit("figures/bars.py", "    numbers =", "    1 / 0\n    numbers =")
    shown.says("ZeroDivisionError")
    talk.edit(SOURCE, "There are", "Here are")
    shown.shows("Here are 3")
    shown.says("ZeroDivisionError")


def test_a_claim_that_does_not_hold_is_said_with_its_slide(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    talk.write("data/table.txt", "1 2 3 4 5 6")
    shown.says(f"{SOURCE}, slide 3", "There are 6 bars.", "rests on")
    shown.shows("There are 6 bars")
    talk.write("data/table.txt", "1 2")
    shown.says_nothing()
    shown.shows("There are 2 bars")


def test_a_claim_that_no_sentence_states_is_said_too(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    talk.edit("figures/bars.py", "claims = {", 'claims = {"many": Claim("bars", len(numbers), at_least=9), ')
    shown.says("bars.many: bars = 3, claimed at least 9: FAILS")
    talk.edit("figures/bars.py", "at_least=9", "at_least=1")
    shown.says_nothing()


def spoilt(talk: Sandbox) -> None:
    talk.edit(SOURCE, "# Last", "# Last [[ nothing ]]")


def test_a_page_opened_during_an_error_shows_the_last_good_deck_also_after_a_restart(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Second")
    talk.edit(SOURCE, "* two", "* zwei")
    shown.shows("zwei")
    spoilt(talk)
    shown.says("'nothing' is undefined")

    def shows_both(opened: Window) -> None:
        opened.shows("zwei")
        opened.says("'nothing' is undefined")

    shows_both(window(context, preview, "Second"))
    assert preview.interrupt() == 0
    with previewing(talk) as again:
        late = window(context, again, "Second")
        shows_both(late)
        talk.edit(SOURCE, " [[ nothing ]]", "")
        late.says_nothing()
        assert late.kept


def test_a_preview_that_begins_with_an_error_shows_it_and_then_the_deck(
    talk: Sandbox, context: BrowserContext
) -> None:
    spoilt(talk)
    with previewing(talk) as preview:
        page = context.new_page()
        page.goto(preview.address)
        expect(page.locator(".lectern-problems")).to_contain_text("'nothing' is undefined")
        talk.deck(DECK)
        Window(page).shows("First")


HALVES: dict[str, Callable[[str], str | bytes]] = {
    "cut": lambda text: text[: len(text) // 2],
    "cut in a tag": lambda text: text[: text.index("figures.bars") + 4],
    "empty": lambda text: "",
    "not UTF-8": lambda text: text.replace("begins", "b\xe9gins").encode("latin-1"),
    "front matter open": lambda text: text.replace("bibliography: refs.bib\n---", "bibliography: refs.bib\n"),
    "front matter no mapping": lambda text: text.replace("theme: plain", "- theme"),
    "binary": lambda text: bytes(range(256)),
}


def test_half_a_deck_never_ends_the_preview(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview)
    for number, half in enumerate(HALVES.values()):
        broken = half(DECK.lstrip())
        (talk.root / SOURCE).write_bytes(broken if isinstance(broken, bytes) else broken.encode())
        talk.deck(DECK.replace("begins", f"begins {number}"))
        shown.shows(f"begins {number}")
        shown.says_nothing()
    assert preview.process.poll() is None


SCRIPTS = {
    "cut": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "binary": lambda text: bytes(range(256)),
    "dies": lambda text: text.replace("    numbers =", "    os.kill(os.getpid(), 9)\n    numbers ="),
    "exits": lambda text: text.replace("    numbers =", "    raise SystemExit\n    numbers ="),
    "is missing a file": lambda text: text.replace("table.txt", "gone.txt"),
}


def test_no_script_ends_the_preview(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview, "Bars")
    good = (talk.root / "figures/bars.py").read_text()
    for spoil in SCRIPTS.values():
        broken = spoil(good)
        (talk.root / "figures/bars.py").write_bytes(broken if isinstance(broken, bytes) else broken.encode())
        shown.says("figures/bars.py")
        shown.shows("There are 3")
        (talk.root / "figures/bars.py").write_text(good)
        shown.says_nothing()
    assert shown.kept
