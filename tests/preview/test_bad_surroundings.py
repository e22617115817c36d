"""The preview where something around it is not as it should be: a cache that cannot be written, a page of another Marp."""

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.conftest import Sandbox
from tests.preview.running import Preview, previewing
from tests.preview.window import window

pytestmark = [pytest.mark.heavy, pytest.mark.browser]
SOURCE = "slides/mechinterp.md.j2"


def test_a_cache_that_cannot_be_written_costs_time_only(talk: Sandbox, context: BrowserContext) -> None:
    cache = talk.root / ".lectern"
    if cache.exists():
        cache.rename(talk.root.parent / "kept")
    cache.write_text("in the way")
    with previewing(talk) as preview:
        shown = window(context, preview, "Bars")
        talk.edit(SOURCE, "There are", "Here are")
        shown.shows("Here are 3")
        talk.write("data/table.txt", "1 2")
        shown.shows("Here are 2")
        shown.stands("bars", "fresh")
        shown.says_nothing()
        assert preview.interrupt() == 0
        assert "Traceback" not in "".join(preview.said)
    assert cache.read_text() == "in the way"


def test_a_page_that_is_not_as_expected_is_loaded_once_and_says_so(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    window(context, preview).page.close()  # the deck is there

    def without_fragments(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("fragments", "pieces"))

    page = context.new_page()
    loads: list[str] = []
    page.on("domcontentloaded", lambda loaded: loads.append(loaded.url))
    page.route(preview.address, without_fragments)
    page.goto(preview.address)
    problems = page.locator(".lectern-problems")
    expect(problems).to_contain_text("Marp's page is not as the preview expects it")
    talk.edit(SOURCE, "# Last", "# Last [[ nothing ]]")
    expect(problems).to_contain_text("'nothing' is undefined")
    talk.edit(SOURCE, " [[ nothing ]]", " of all")
    expect(problems).not_to_contain_text("'nothing' is undefined")
    expect(problems).to_contain_text("Marp's page is not as the preview expects it")
    assert len(loads) == 1
