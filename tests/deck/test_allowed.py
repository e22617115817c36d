from pathlib import Path

import pytest

from lectern.deck.allowed import allowed_for
from lectern.deck.source import read_deck
from tests.conftest import Sandbox


def test_npms_packages_may_lie_behind_a_link(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages, elsewhere = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("elsewhere")
    (packages / "font.woff2").touch()
    (elsewhere / "font.woff2").touch()
    link = tmp_path_factory.mktemp("engine") / "node_modules"
    link.symlink_to(packages)
    monkeypatch.setattr("lectern.deck.allowed.PACKAGES", link)
    path: Path = sandbox.deck("# One")
    allowed = allowed_for(read_deck(path, path.name), sandbox.project)
    assert link / "font.woff2" in allowed
    assert packages / "font.woff2" in allowed
    assert elsewhere / "font.woff2" not in allowed
