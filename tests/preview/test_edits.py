"""An edit of prose, theme, bibliography or image is swapped into the page that is open; the place in it stays."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Sandbox
from tests.preview.running import Preview
from tests.preview.talk import DECK, DOT
from tests.preview.window import Window, window

pytestmark = [pytest.mark.heavy, pytest.mark.browser]
SOURCE = "slides/mechinterp.md.j2"
NEW = "# New\n\nInserted.\n\n---\n\n"


def test_prose_is_swapped_without_a_reload(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview, "Second")
    talk.edit(SOURCE, "* two", "* **zwei**")
    shown.shows("zwei")
    assert shown.kept
    assert preview.ran() == []


def test_slides_that_did_not_change_stay_the_same_elements(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    shown.page.evaluate(
        "() => document.querySelectorAll('section').forEach((section) => { section.old = true })"
    )
    talk.edit(SOURCE, "$x^2$", "$y^3$")
    expect(shown.page.locator("section", has_text="y").last).to_be_attached()
    shown.page.wait_for_function(
        "() => [...document.querySelectorAll('section')].filter((s) => !s.old).length === 1"
    )


def test_the_slide_its_fragment_and_the_zoom_stay(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Second")
    shown.page.evaluate("() => { document.documentElement.style.zoom = 1.5 }")
    pinched = context.new_cdp_session(shown.page)
    pinched.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 2})
    scale = "() => window.visualViewport.scale"
    assert shown.page.evaluate(scale) == 2
    for _ in range(2):
        shown.page.keyboard.press("ArrowRight")
    seen = shown.slide.locator('[data-bespoke-marp-fragment="active"]')
    expect(seen).to_have_text(["one", "two"])
    talk.edit(SOURCE, "* two", "* zwei")
    expect(seen).to_have_text(["one", "zwei"])
    assert shown.page.evaluate("() => document.documentElement.style.zoom") == "1.5"
    assert shown.page.evaluate(scale) == 2
    shown.page.keyboard.press("ArrowRight")
    expect(seen).to_have_text(["one", "zwei", "three"])
    shown.page.keyboard.press("ArrowRight")
    shown.shows("Bars")


def test_a_fragment_that_is_gone_leaves_the_last_that_is_there(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Second")
    for _ in range(3):
        shown.page.keyboard.press("ArrowRight")
    talk.edit(SOURCE, "* two\n* three", "* zwei")
    expect(shown.slide.locator('[data-bespoke-marp-fragment="active"]')).to_have_text(["one", "zwei"])


def test_the_theme_is_swapped(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview)
    expect(shown.slide).to_have_css("color", "rgb(1, 2, 3)")
    talk.edit("slides/plain.css", "rgb(1, 2, 3)", "rgb(4, 5, 6)")
    expect(shown.slide).to_have_css("color", "rgb(4, 5, 6)")
    assert shown.kept


def test_the_bibliography_is_swapped(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview)
    shown.shows("Doe")
    talk.edit("slides/refs.bib", "Doe, Jane", "Roe, Jane")
    shown.shows("Roe")
    assert shown.kept


def test_an_image_is_swapped(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview)
    before = shown.picture
    talk.write("slides/dot.svg", DOT.format("blue"))
    expect(shown.slide.locator("img")).not_to_have_attribute("src", before)
    shown.page.wait_for_function("() => [...document.images].every((i) => i.complete && i.naturalWidth)")
    assert "blue" in shown.page.request.get(preview.address + shown.picture.lstrip("/")).text()
    assert shown.kept


def test_other_slides_come_and_go_and_the_slide_in_view_stays(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    first, second, last = (DECK.index(f"# {heading}") for heading in ("First", "Second", "Last"))
    for text in (
        DECK[:second] + NEW + DECK[second:],
        DECK[:second] + NEW + NEW.replace("New", "Newer") + DECK[second:],
        DECK[:first] + NEW + DECK[first:],
        DECK[:last] + NEW + DECK[last:],
        DECK[:first] + DECK[second:],
        DECK[:first] + NEW + NEW + DECK[second:last],
        DECK,
    ):
        talk.deck(text)
        slides = text.count("---") - 1
        expect(shown.page.locator("svg[data-marpit-svg]")).to_have_count(slides)
        shown.shows("Bars", "There are 3")
    assert shown.kept


def test_a_slide_that_is_edited_as_others_are_added_stays_in_view(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Dots")
    text = DECK.replace("# Second", NEW + "# Second").replace("# Dots\n", "# Points\n\nMore to say.\n")
    talk.deck(text)
    shown.shows("Points", "More to say.")
    assert shown.kept


def test_the_slide_in_view_removed_leaves_the_one_before(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    talk.edit(SOURCE, DECK[DECK.index("# Bars") : DECK.index("# Dots")], "")
    shown.shows("Second")


def test_the_slide_in_view_is_back_in_view_when_it_is_back_in_the_deck(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    """A deck may be read half-written: what is seen then must not move the audience."""
    shown = window(context, preview, "Bars")
    whole = (talk.root / SOURCE).read_text(encoding="utf-8")
    (talk.root / SOURCE).write_text(
        whole.partition("# Second")[0].rstrip().removesuffix("---"), encoding="utf-8"
    )
    shown.page.wait_for_function("() => !document.body.textContent.includes('Bars')")
    (talk.root / SOURCE).write_text("", encoding="utf-8")
    expect(shown.page.locator(".lectern-problems")).to_contain_text("the deck is empty")
    (talk.root / SOURCE).write_text(whole, encoding="utf-8")
    shown.shows("Bars")
    assert shown.kept


def test_slides_are_stepped_through_after_an_edit(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "First")
    talk.edit(SOURCE, "# Second", NEW + "# Second")
    expect(shown.page.locator("svg[data-marpit-svg]")).to_have_count(6)
    for heading in ("New", "Second", "Bars", "Dots", "Last"):
        shown.page.keyboard.press("Shift+ArrowRight")
        shown.shows(heading)
    shown.page.keyboard.press("Home")
    shown.shows("First")


def presenter(context: BrowserContext, shown: Window) -> Window:
    """Open the presenter's window, as the page does on a key."""
    with context.expect_page() as opening:
        shown.page.keyboard.press("p")
    return Window(opening.value)


def test_the_presenter_window_follows_with_its_notes(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Second")
    speaker = presenter(context, shown)
    notes = speaker.page.locator(".bespoke-marp-note.active")
    expect(notes).to_have_text("Remember the second")
    talk.edit(SOURCE, "Remember the second", "Forget it")
    expect(notes).to_have_text("Forget it")
    talk.edit(SOURCE, "* two", "* zwei")
    for each in (shown, speaker):
        each.shows("zwei")
        assert each.kept


def test_the_presenter_window_and_its_next_slide_stay_on_their_slides(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    speaker = presenter(context, shown)
    speaker.shows("Bars")
    following = speaker.page.frame_locator("iframe").locator("svg.bespoke-marp-active section")
    expect(following).to_contain_text("Dots")
    talk.deck(DECK.replace("# Second", NEW + "# Second").replace("# Bars\n", "# Bars\n\nMore to say.\n"))
    for each in (shown, speaker):
        each.shows("Bars", "More to say.")
    expect(following).to_contain_text("Dots")
    speaker.page.keyboard.press("ArrowRight")
    for each in (shown, speaker):
        each.shows("Dots")
    expect(following).to_contain_text("Last")


def test_a_fragment_shows_in_both_windows_after_an_edit(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Second")
    speaker = presenter(context, shown)
    speaker.page.keyboard.press("ArrowRight")
    talk.edit(SOURCE, "* one", "* eins")
    for each in (shown, speaker):
        expect(each.slide.locator('[data-bespoke-marp-fragment="active"]')).to_have_text(["eins"])
