import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lectern.errors import SetupError
from lectern.marp import browser
from lectern.marp.renderer import Contents, Renderer
from lectern.project import ENGINE_ROOT
from tests.preview.running import until

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
def test_where_the_cache_cannot_be_written_chromium_is_unpacked_elsewhere(tmp_path: Path) -> None:
    cache, spare = tmp_path / "cache", tmp_path / "spare"
    cache.write_text("in the way")
    with pytest.raises(
        SetupError, match=r"Chromium could not be unpacked: Error: ENOTDIR.*\n  → install Chrome"
    ):
        browser.bundled_chromium(cache)
    environment = browser.bundled_chromium(cache, spare)
    assert environment["CHROME_PATH"] == str(spare / "chromium/chromium")
    assert [path.name for path in spare.iterdir()] == ["chromium"]
    assert cache.read_text() == "in the way"
    shutil.rmtree(spare)


@linux_only
@pytest.mark.heavy
def test_unpacking_ends_with_who_waits_for_it(tmp_path: Path) -> None:
    """What an earlier one that was killed left half unpacked is deleted."""
    (tmp_path / "chromium.999999999").mkdir()
    (tmp_path / f"chromium.{os.getpid()}").mkdir()
    code = "import sys; from pathlib import Path; from lectern.marp import browser; browser.bundled_chromium(Path(sys.argv[1]))"
    waiting = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ENGINE_ROOT)
    until(
        lambda: any(path.name.startswith("chromium.") and any(path.iterdir()) for path in tmp_path.iterdir())
    )
    waiting.kill()
    waiting.wait()
    until(lambda: [path.name for path in tmp_path.iterdir()] == [f"chromium.{os.getpid()}"])


@linux_only
@pytest.mark.heavy
def test_a_half_unpacked_chromium_is_unpacked_again(tmp_path: Path) -> None:
    (tmp_path / "chromium").mkdir()
    (tmp_path / "chromium" / "fonts").mkdir()
    assert Path(browser.bundled_chromium(tmp_path)["CHROME_PATH"]).stat().st_size > 100_000_000
    shutil.rmtree(tmp_path / "chromium")
