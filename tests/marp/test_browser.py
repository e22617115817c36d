import platform
import shutil
import sys
from pathlib import Path

import pytest

from lectern.errors import SetupError
from lectern.marp import browser
from lectern.marp.renderer import Contents, Renderer

linux_only = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="the bundled Chromium is for x86-64 Linux",
)


def test_a_chosen_browser_comes_first_then_one_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROME_PATH", raising=False)
    assert browser.installed_browser() is None
    program = tmp_path / "chromium"
    program.write_text("")
    program.chmod(0o755)
    assert browser.installed_browser() == str(program)
    monkeypatch.setenv("CHROME_PATH", "/chosen")
    assert browser.installed_browser() == "/chosen"


def test_without_any_browser_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "PACKAGE", tmp_path / "none")
    with pytest.raises(
        SetupError, match=r"no browser was found.*\n.*install Chrome, Chromium, Edge or Firefox"
    ):
        browser.bundled_chromium(tmp_path)


@linux_only
@pytest.mark.heavy
@pytest.mark.browser
def test_the_bundled_chromium_is_unpacked_once_and_prints(tmp_path: Path) -> None:
    environment = browser.bundled_chromium(tmp_path)
    binary = Path(environment["CHROME_PATH"])
    unpacked = binary.stat().st_mtime_ns
    assert browser.bundled_chromium(tmp_path) == environment
    assert binary.stat().st_mtime_ns == unpacked
    assert not list(tmp_path.glob("chromium.*"))
    with Renderer(tmp_path) as renderer:
        pdf = renderer.convert("# One\n\n---\n\n# Two", Contents({}, {}), ".pdf", ("--pdf",), environment)
    assert pdf.startswith(b"%PDF")


@linux_only
@pytest.mark.heavy
def test_a_half_unpacked_chromium_is_unpacked_again(tmp_path: Path) -> None:
    (tmp_path / "chromium").mkdir()
    (tmp_path / "chromium" / "fonts").mkdir()
    assert Path(browser.bundled_chromium(tmp_path)["CHROME_PATH"]).stat().st_size > 100_000_000
    shutil.rmtree(tmp_path / "chromium")
