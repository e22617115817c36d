"""The PDF is made in the background when the page asks for it, and stays out of the project."""

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Sandbox
from tests.preview.running import Preview, previewing, until
from tests.preview.window import window

pytestmark = [pytest.mark.heavy, pytest.mark.browser]
SOURCE = "slides/mechinterp.md.j2"


def test_an_edit_shows_while_the_pdf_is_printed_and_the_pdf_is_one(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    chip = shown.page.locator(".lectern-chip button")
    chip.click()
    button = shown.page.locator(".lectern-panel > button")
    expect(button).to_have_text("Make the PDF")
    button.click()
    expect(button).to_have_text(re.compile(r"^Making the PDF… \d+ s$"))
    expect(chip).to_contain_text("printing")
    talk.edit(SOURCE, "There are", "Here are")
    shown.shows("Here are 3")
    assert "Making" in button.inner_text()
    expect(button).to_have_text("Open the PDF")
    response = shown.page.request.get(preview.address + "lectern/pdf")
    assert response.headers["content-type"] == "application/pdf"
    assert response.body().startswith(b"%PDF-")
    assert b"%%EOF" in response.body()[-32:]
    assert not (talk.root / "dist").exists()
    assert preview.ran() == []


def test_a_pdf_that_cannot_be_made_says_why(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview)
    talk.edit(SOURCE, "# Last", "# Last [[ nothing ]]")
    shown.says("'nothing' is undefined")
    shown.page.locator(".lectern-chip button").click()
    button = shown.page.locator(".lectern-panel > button")
    button.click()
    expect(button).to_contain_text("Make the PDF again")
    expect(button).to_contain_text("'nothing' is undefined")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_pdf_that_is_printed_as_the_preview_ends(
    talk: Sandbox, context: BrowserContext, number: int
) -> None:
    with previewing(talk) as preview:
        shown = window(context, preview)
        shown.page.evaluate("() => fetch('/lectern/pdf', { method: 'POST' })")
        until(lambda: any("chrom" in command_of(pid) for pid in preview.descendants()))
        started = preview.descendants()
        preview.process.send_signal(number)
        preview.process.wait(20)
        until(lambda: not any(command_of(pid) for pid in started))


def command_of(pid: int) -> str:
    """Return the command line of a process; nothing for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
