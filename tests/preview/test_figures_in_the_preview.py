"""A figure whose script, helper or data change is marked at once, made in the background, and swapped when it is ready."""

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Sandbox
from tests.preview.running import Gate, Preview, previewing, until
from tests.preview.window import window

pytestmark = [pytest.mark.heavy, pytest.mark.browser]
BARS = "figures/bars.py"


def held(talk: Sandbox, gate: Gate, path: str = BARS) -> None:
    """Make the figure wait at the gate when it is computed."""
    talk.edit(path, '    noted("compute")', f'    noted("compute")\n    {gate.code}')


def test_a_figure_in_the_making_is_marked_and_its_old_picture_stays(
    talk: Sandbox, preview: Preview, context: BrowserContext, gate: Gate
) -> None:
    shown = window(context, preview, "Bars")
    before = shown.picture
    held(talk, gate)
    talk.write("data/table.txt", "1 2 3 4")
    expect(shown.mark).to_have_text(re.compile(r"^computing \d+ s$"))
    expect(shown.mark).to_have_text(re.compile(r"^computing [1-9] s$"))
    shown.shows("There are 3 bars")
    assert shown.picture == before
    until(lambda: preview.ran())
    gate.open()
    shown.shows("There are 4 bars")
    expect(shown.slide.locator("img")).not_to_have_attribute("src", before)
    expect(shown.mark).to_have_count(0)
    assert shown.kept
    assert preview.ran()[-1] == "bars draw"


def test_a_helper_module_makes_those_figures_stale_that_use_it(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    before = shown.picture
    talk.edit("helpers/scale.py", "return number", "return 2 * number")
    expect(shown.slide.locator("img")).not_to_have_attribute("src", before)
    shown.stands("bars", "fresh")
    assert preview.ran() == ["bars compute", "bars draw"]


def test_a_restyle_draws_and_computes_nothing(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    before = shown.picture
    talk.edit(BARS, 'color="black"', 'color="red"')
    expect(shown.slide.locator("img")).not_to_have_attribute("src", before)
    shown.stands("bars", "fresh")
    assert preview.ran() == ["bars draw"]


def test_a_comment_makes_nothing_stale(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview, "Bars")
    talk.edit(BARS, "def draw", "# A remark.\ndef draw")
    talk.edit("slides/mechinterp.md.j2", "There are", "Here are")
    shown.shows("Here are")
    shown.stands("bars", "fresh")
    assert preview.ran() == []


def test_a_newer_save_stops_the_job_that_runs(
    talk: Sandbox, preview: Preview, context: BrowserContext, gate: Gate
) -> None:
    shown = window(context, preview, "Bars")
    held(talk, gate)
    until(lambda: preview.ran() == ["bars compute"])
    running = preview.descendants()
    talk.edit(BARS, f"    {gate.code}\n", "")
    talk.write("data/table.txt", "1 2 3 4 5")
    shown.shows("There are 5 bars")
    expect(shown.mark).to_have_count(0)
    assert running - preview.descendants()  # the worker at the gate was killed: nobody opened it


@pytest.mark.parametrize(("heading", "first"), [("Bars", "bars"), ("Dots", "dots")])
def test_the_figures_in_view_come_first(
    talk: Sandbox, context: BrowserContext, heading: str, first: str
) -> None:
    talk.edit("figures/dots.py", "points.txt", "table.txt")
    talk.make("dots")
    with previewing(talk, "--jobs", "1") as preview:
        preview.diary.unlink()
        shown = window(context, preview, heading)
        before = shown.picture
        talk.write("data/table.txt", "5 6 7")  # from which both are made
        expect(shown.slide.locator("img")).not_to_have_attribute("src", before)
        until(lambda: len(preview.ran()) == 4)
        assert preview.diary.read_text().split()[0] == first


def test_the_page_lists_how_each_figure_stands_and_leads_to_it(
    talk: Sandbox, preview: Preview, context: BrowserContext, gate: Gate
) -> None:
    shown = window(context, preview)
    summary, panel = shown.page.locator(".lectern-chip button"), shown.page.locator(".lectern-panel")
    expect(summary).to_have_text("2 fresh")
    expect(panel).to_be_hidden()
    summary.click()
    expect(panel).to_be_visible()
    held(talk, gate)
    expect(summary).to_have_text("1 computing · 1 fresh")
    expect(panel.locator("li", has_text="bars").locator(".computing")).to_have_text(re.compile(r"\d+ s"))
    talk.edit(BARS, gate.code, "1 / 0")
    expect(summary).to_have_text("1 failed · 1 fresh")
    shown.stands("bars", "failed")
    panel.locator("li", has_text="bars").get_by_role("button").click()
    shown.shows("Bars")


def test_a_figure_that_is_new_to_the_deck_is_made_and_shown(
    talk: Sandbox, preview: Preview, context: BrowserContext, gate: Gate
) -> None:
    shown = window(context, preview, "Last")
    talk.figure("new", (talk.root / BARS).read_text().replace("bars {step}", "new {step}"))
    held(talk, gate, "figures/new.py")
    talk.edit("slides/mechinterp.md.j2", "$x^2$", "[[ figures.new ]]")
    shown.stands("new", "computing")
    shown.shows("x")
    gate.open()
    expect(shown.slide.locator('img[data-figure="new"]')).to_be_visible()
    assert shown.kept
    assert preview.ran() == ["new compute", "new draw"]


def test_a_figure_that_fails_to_draw_is_tried_once(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    talk.write("data/table.txt", "7 8")
    talk.edit(BARS, "    figure = Figure", "    1 / 0\n    figure = Figure")
    shown.says("ZeroDivisionError")
    talk.edit("slides/mechinterp.md.j2", "There are", "Here are")
    shown.shows("Here are")
    shown.stands("bars", "failed")
    assert preview.ran().count("bars draw") == 1
