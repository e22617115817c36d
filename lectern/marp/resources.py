"""The files that a rendered page loads.

lectern/marp/page.cjs finds the same URLs, and puts the files in their place.
"""

from __future__ import annotations

import base64
import html
import mimetypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lectern.errors import DeckError, reason

# In HTML, nothing that scripts and comments load can be embedded; what style elements and other tags load can.
PARTS = re.compile(
    r"""<script\b.*?</script>|<!--.*?-->"""
    r"""|<style\b[^>]*>(?P<css>.*?)</style>"""
    r"""|(?P<tag><[a-z][^'">]*(?:(?:"[^"]*"|'[^']*')[^'">]*)*>)""",
    re.DOTALL | re.IGNORECASE,
)
MEDIA = re.compile(r"<(?:img|video|audio|source|track|embed)\b", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""\s([^\s=>"'/]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
# In a srcset: a URL, and the condition for it.
CANDIDATE = re.compile(r"\s*,?\s*([^\s,]\S*[^\s,]|[^\s,])(?:\s[^,]*)?")
# A URL in quotes may hold anything but these; without, parentheses and quotes are escaped.
CSS_URL = re.compile(
    r"""url\(\s*(?:(&quot;|"|')((?:\\.|(?!\1)[^\\\n])*)\1|((?:\\.|[^"'()\\])*?))\s*\)""", re.IGNORECASE
)
CSS_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|(.))", re.IGNORECASE)

LONGEST_SHOWN = 200  # characters of a URL in a message

mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("image/svg+xml", ".svg")


def urls_in(text: str) -> Iterator[str]:
    """Yield the URLs that a slide, or CSS, loads, in order: a slide begins with a tag, which CSS does not."""
    if not text.startswith("<"):
        yield from _urls_in_css(text)
        return
    for part in PARTS.finditer(text):
        if part["css"]:
            yield from _urls_in_css(part["css"])
        elif part["tag"]:
            yield from _urls_in_tag(part["tag"])


def _urls_in_tag(tag: str) -> Iterator[str]:
    is_media = MEDIA.match(tag)
    if not is_media and "url(" not in tag:
        return
    for name, quoted in ATTRIBUTE.findall(tag):
        value = html.unescape(quoted[1:-1] if quoted[0] in "\"'" else quoted)
        match name.lower():
            case "style":
                yield from _urls_in_css(value)
            case "src" | "poster" if is_media:
                yield value
            case "srcset" if is_media:
                yield from CANDIDATE.findall(value)


def _urls_in_css(css: str) -> Iterator[str]:
    for _, quoted, bare in CSS_URL.findall(css):
        yield css_unescaped(quoted or bare)


def css_unescaped(text: str) -> str:
    r"""Return what a CSS string means: `\28` and `\(` are a parenthesis."""
    return CSS_ESCAPE.sub(lambda match: _character(match[1]) if match[1] else match[2], text)


def _character(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"


def is_local(url: str) -> bool:
    """Whether a URL means a file: relative, absolute or `file:`, and not a place in the page itself."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:  # brackets that are not an address
        return False
    return scheme in ("", "file") and not url.startswith(("#", "//")) and bool(url)


def file_of(url: str, folder: Path) -> Path:
    """Return the file that a local URL means on a page of `folder`; raise DeckError where it cannot mean one."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    drive = parts.scheme == "file" and sys.platform == "win32"  # file:///C:/x means C:/x
    try:
        return (folder / (path.lstrip("/") if drive else path)).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a cycle of links, a NUL
        raise DeckError(f"{shown(url)} is not a path: {reason(error)}", remedy="show another file") from error


def shown(url: str) -> str:
    """Return a URL as a message shows it."""
    return url if len(url) <= LONGEST_SHOWN else f"{url[:LONGEST_SHOWN]}…"


def data_uri(path: Path) -> str:
    """Return the file as a data URI."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def absolute_css(css: str, folder: Path) -> str:
    """Return CSS with its local URLs absolute: a theme's paths start at the theme, not at the deck."""

    def absolute(match: re.Match[str]) -> str:
        url = css_unescaped(match[2] or match[3] or "")
        try:
            return f"url('{file_of(url, folder).as_uri()}')" if is_local(url) else match[0]
        except DeckError:  # reported where a slide uses it
            return match[0]

    return CSS_URL.sub(absolute, css)
