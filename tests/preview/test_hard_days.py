"""The preview stays true whatever editors, git and the network do, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.conftest import Sandbox
from tests.preview.running import Gate, Preview, previewing, until
from tests.preview.talk import DECK, DOT
from tests.preview.window import window

pytestmark = [pytest.mark.heavy, pytest.mark.browser]
SOURCE = "slides/mechinterp.md.j2"


def renamed_into_place(path: Path, old: str, new: str) -> None:
    """Save as editors do that write a new file and rename it."""
    text = path.read_text()
    assert old in text
    beside = path.with_name("4913")
    beside.write_text(text.replace(old, new))
    path.replace(path.with_name(f"{path.name}~"))
    beside.replace(path)


def test_editors_that_save_by_renaming_are_followed(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    for before, after in (("There", "Here"), ("Here", "Where")):
        renamed_into_place(talk.root / SOURCE, f"{before} are", f"{after} are")
        shown.shows(f"{after} are 3")
    renamed_into_place(talk.root / "data/table.txt", "1 2 3", "1 2")
    shown.shows("Where are 2")
    shown.says_nothing()


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_another_branch_is_shown_as_a_whole(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview, "Bars")
    talk.write(".gitignore", ".lectern\nimg\n")
    for command in (
        ["init", "-b", "main"],
        ["add", "."],
        ["commit", "-m", "One"],
        ["checkout", "-b", "other"],
    ):
        git(talk.root, *command)
    talk.edit(SOURCE, "There are", "Here are")
    shutil.move(talk.root / "slides/dot.svg", talk.root / "slides/spot.svg")
    talk.edit(SOURCE, "dot.svg", "spot.svg")
    talk.write("data/table.txt", "1 2 3 4")
    shutil.move(talk.root / "helpers/scale.py", talk.root / "helpers/size.py")
    talk.edit("figures/bars.py", "helpers.scale", "helpers.size")
    git(talk.root, "add", ".")
    git(talk.root, "commit", "-m", "Two")
    shown.shows("Here are 4")
    for branch, text in (("main", "There are 3"), ("other", "Here are 4"), ("main", "There are 3")):
        git(talk.root, "checkout", branch)
        shown.shows(text)
        shown.stands("bars", "fresh")
        shown.says_nothing()
    assert shown.kept


def test_files_that_go_and_come_back(talk: Sandbox, preview: Preview, context: BrowserContext) -> None:
    shown = window(context, preview, "Bars")
    for path, message in {
        SOURCE: "cannot read the deck",
        "slides/dot.svg": "there is no file dot.svg",
        "slides/plain.css": "there is no theme 'plain'",
        "slides/refs.bib": "slides/refs.bib",
        "figures/bars.py": "bars",
        "helpers/scale.py": "scale",
        "data/table.txt": "data/table.txt",
        "slides": "cannot read the deck",
        "figures": "bars",
    }.items():
        gone = talk.root.parent / "gone"
        shutil.move(talk.root / path, gone)
        shown.says(message)
        shown.shows("There are 3")
        shutil.move(gone, talk.root / path)
        shown.says_nothing()
    talk.edit(SOURCE, "There are", "Here are")
    shown.shows("Here are 3")
    talk.edit("figures/bars.py", '"count": len(numbers)', '"count": 2 * len(numbers)')
    shown.shows("Here are 6")
    assert shown.kept


def test_pictures_that_were_deleted_are_made_again(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    shutil.rmtree(talk.root / "img")
    until((talk.root / "img/dots.json").exists)
    until((talk.root / "img/bars.json").exists)
    shown.stands("bars", "fresh")
    talk.edit(SOURCE, "There are", "Here are")
    shown.shows("Here are 3")
    shown.says_nothing()


def test_two_browsers_follow_each_on_its_slide(
    talk: Sandbox, preview: Preview, browser: Browser, context: BrowserContext
) -> None:
    other = browser.new_context()
    one, two = window(context, preview, "Second"), window(other, preview, "Bars")
    talk.deck("".join(DECK).replace("* two", "* zwei").replace("There are", "Here are"))
    one.shows("Second", "zwei")
    two.shows("Here are 3")
    other.close()


def test_a_page_finds_the_preview_again_and_shows_the_newest(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Second")
    preview.process.kill()
    expect(shown.page.locator(".lectern-chip")).to_have_text("not connected")
    talk.edit(SOURCE, "* two", "* zwei")
    with previewing(talk, port=preview.port) as again:
        assert again.address == preview.address
        shown.shows("Second", "zwei")
        expect(shown.page.locator(".lectern-chip")).to_have_text("2 fresh")
        talk.edit(SOURCE, "* zwei", "* deux")
        shown.shows("deux")
        assert shown.kept


def test_a_machine_that_slept_shows_what_was_saved_meanwhile(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Second")
    asleep = [preview.process.pid, *preview.descendants()]
    for pid in asleep:
        os.kill(pid, signal.SIGSTOP)
    talk.edit(SOURCE, "* two", "* zwei")
    for pid in asleep:
        os.kill(pid, signal.SIGCONT)
    shown.shows("Second", "zwei")
    talk.edit(SOURCE, "* zwei", "* deux")
    shown.shows("deux")
    assert shown.kept


def test_a_browser_is_opened_where_one_is_asked_for(talk: Sandbox, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "opened")
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    program.chmod(0o755)
    with previewing(talk, "--open", BROWSER=f"{program} %s") as preview:
        assert (tmp_path / "opened").read_text() == f"{preview.address}\n"


def test_what_figures_and_builds_write_is_no_edit(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Bars")
    talk.write("data/table.txt", "1 2")
    shown.shows("There are 2")
    shown.stands("bars", "fresh")
    told = shown.revision
    talk.write("dist/mechinterp.html", "<p>")
    talk.write(".lectern/anything", "x")
    talk.write("slides/.mechinterp.md.j2.swp", "x")
    renamed_into_place(talk.root / SOURCE, "There are", "Here are")
    shown.shows("Here are 2")
    assert shown.revision == told + 1


def gone(pids: set[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running(talk: Sandbox, gate: Gate, context: BrowserContext, number: int) -> None:
    with previewing(talk) as preview:
        window(context, preview)
        talk.edit("figures/bars.py", '    noted("compute")', f'    noted("compute")\n    {gate.code}')
        until(preview.ran)
        started = preview.descendants()
        assert len(started) >= 3  # Node, the parent of workers, a worker
        preview.process.send_signal(number)
        code = preview.process.wait(20)
        until(lambda: gone(started))
        assert code == (0 if number != signal.SIGKILL else -number)
        assert "Traceback" not in "".join(preview.said)


def test_a_taken_port_leads_to_the_next_and_is_said(talk: Sandbox, preview: Preview) -> None:
    with previewing(talk, port=preview.port) as second:
        assert second.port > preview.port
        assert second.printed[0] == f"port {preview.port} is taken: this is {second.port}\n"


def test_the_picture_of_another_slide_is_not_waited_for(
    talk: Sandbox, preview: Preview, context: BrowserContext
) -> None:
    shown = window(context, preview, "Last")
    talk.write("slides/dot.svg", DOT.format("blue"))
    talk.edit(SOURCE, "$x^2$", "$y^2$")
    shown.shows("y")
    assert shown.kept
