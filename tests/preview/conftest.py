from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.conftest import Sandbox
from tests.preview.running import PATIENCE, Gate, Preview, previewing
from tests.preview.talk import copied, write_talk

expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lecture with its figures made."""
    talk = write_talk(tmp_path_factory.mktemp("made") / "talk")
    talk.make("bars", "dots")
    return talk.root


@pytest.fixture
def talk(made: Path, tmp_path: Path) -> Sandbox:
    return copied(made, tmp_path / "talk")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


@pytest.fixture
def preview(talk: Sandbox) -> Iterator[Preview]:
    with previewing(talk, "--jobs", "1") as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser window whose pages complain of nothing, and ask nobody but the preview."""
    context = browser.new_context(viewport={"width": 960, "height": 540})
    said: list[str] = []
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on(
        "request",
        lambda request: (
            said.append(request.url[:100])
            if not request.url.startswith(("http://127.0.0.1:", "data:"))
            else None
        ),
    )
    yield context
    context.close()
    assert said == []
