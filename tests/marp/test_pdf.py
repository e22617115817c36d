import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lectern.errors import SetupError
from lectern.marp import pdf
from lectern.marp.node import ConversionError
from lectern.marp.page import Page
from lectern.marp.renderer import Contents, Slides

PAGE = Page(Slides(("one",), "", (), ()), Contents({}, {}), ())


@pytest.mark.parametrize(
    ("free", "remedy"),
    [(5 << 20, "there are 5 MB for temporary files: free space, or name"), (1 << 40, "install Chrome, ")],
)
def test_a_browser_that_fails_is_told_with_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, remedy: str
) -> None:
    def convert(*request: Any) -> bytes:
        raise ConversionError("Failed to launch\nthe browser", 2)

    monkeypatch.setattr(pdf, "printing_environment", lambda cache, spare: {"CHROME_PATH": "/a/browser"})
    monkeypatch.setattr(pdf, "bundled_chromium", lambda cache, spare: {"CHROME_PATH": "/another"})
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    renderer: Any = SimpleNamespace(folder=tmp_path, convert=convert)
    with pytest.raises(SetupError) as caught:
        pdf.print_pdf(renderer, "# One", PAGE, tmp_path)
    assert str(caught.value).startswith(
        "the PDF was not made. /a/browser: Failed to launch the browser; "
        f"/another: Failed to launch the browser\n  → {remedy}"
    )
