"""The files that a rendered page loads."""

from __future__ import annotations

import base64
import html
import mimetypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Marp writes attributes in double quotes and escapes quotes in them; raw HTML in a deck may use single ones.
ATTRIBUTE = re.compile(
    r"""(<(?:img|video|audio|source|track|embed)\b[^>]*?\s(?:src|poster)=)("[^"]*"|'[^']*')"""
)
CSS_URL = re.compile(r"""url\(\s*(&quot;|"|'|)([^"'()]*?)\1\s*\)""")

mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("image/svg+xml", ".svg")


def urls_in(text: str) -> Iterator[str]:
    """Yield the URLs that HTML or CSS loads: media elements and CSS `url(…)`, in order, data URIs aside."""
    for match in ATTRIBUTE.finditer(text):
        yield html.unescape(match[2][1:-1])
    for match in CSS_URL.finditer(text):
        yield html.unescape(match[2])


def is_local(url: str) -> bool:
    """Whether a URL means a file: relative, absolute or `file:`, and not a place in the page itself."""
    return urlsplit(url).scheme in ("", "file") and not url.startswith(("#", "//")) and bool(url)


def file_of(url: str, folder: Path) -> Path:
    """Return the file that a local URL means on a page of `folder`."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    drive = parts.scheme == "file" and sys.platform == "win32"  # file:///C:/x means C:/x
    return (folder / (path.lstrip("/") if drive else path)).resolve()


def data_uri(path: Path) -> str:
    """Return the file as a data URI."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def absolute_css(css: str, folder: Path) -> str:
    """Return CSS with its local URLs absolute: a theme's paths start at the theme, not at the deck."""
    return CSS_URL.sub(
        lambda match: f"url('{file_of(match[2], folder).as_uri()}')" if is_local(match[2]) else match[0], css
    )
