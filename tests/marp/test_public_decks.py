"""Small decks with what public Marp decks use, against what Marp CLI itself makes of them."""

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lectern.build import build_deck
from lectern.deck.options import DeckOptions
from lectern.deck.source import read_deck
from lectern.marp.renderer import Renderer
from lectern.progress import Progress
from lectern.project import ENGINE_ROOT, Project
from lectern.workshop import open_workshop

pytestmark = pytest.mark.heavy

CORPUS = Path(__file__).with_name("corpus")
PICTURES = ("pic.png", "p(1).png", "gr\u00f6\u00dfe.png", "a space.png")
SECTION = re.compile(r"<section\b[^>]*>")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """The page of each deck as it is built here, and as Marp CLI makes it."""
    folder = tmp_path_factory.mktemp("corpus")
    decks, out = folder / "decks", folder / "out"
    shutil.copytree(CORPUS, decks)
    for name in PICTURES:
        (decks / name).write_bytes(name.encode())
    (decks / "crlf.md").write_bytes((CORPUS / "crlf.md").read_bytes().replace(b"\n", b"\r\n"))
    script = Path(__file__).with_name("corpus.cjs")
    subprocess.run(["node", script, decks, folder / "marp"], cwd=ENGINE_ROOT, check=True, capture_output=True)
    (decks / "bom.md").write_bytes(b"\xef\xbb\xbf" + (CORPUS / "bom.md").read_bytes())
    project = Project(folder / "project")
    found = {}
    with open_workshop(project, Progress(), jobs=1) as workshop, Renderer(folder / "cache") as renderer:
        for path in sorted(decks.glob("*.md")):
            options = DeckOptions(html=path.name.startswith("html-request"), emoji="twemoji")
            build_deck(read_deck(path, path.name, options), workshop, renderer, out, ("html",))
            ours, theirs = (folder / side / f"{path.stem}.html" for side in ("out", "marp"))
            found[path.stem] = ours.read_text(encoding="utf-8"), theirs.read_text(encoding="utf-8")
    return found


def facts(page: str) -> dict[str, object]:
    """Return what a page shows, wherever its files come from."""
    slides, _, rest = page.partition('<div class="bespoke-marp-note"')
    slides = re.sub(r"<script\b.*?</script>|<style\b.*?</style>", "", slides, flags=re.DOTALL)
    tags = SECTION.findall(slides)
    return {
        "slides": slides.count("<svg data-marpit-svg"),
        "images": len(re.findall(r"<(?:img|source|video)\b", slides)),
        "alt": re.findall(r'<img\b[^>]*?\balt="([^"]*)"', slides),
        "backgrounds": slides.count("<figure style="),
        "formulas": slides.count('class="katex"') + slides.count("<mjx-container"),
        "fragments": slides.count("data-marpit-fragment="),
        "headings": re.findall(r"<h[1-6]\b[^>]*>", slides),
        "classes": [re.findall(r'\sclass="([^"]*)"', tag) for tag in tags],
        "pages": [re.findall(r'\sdata-marpit-pagination="(\d+)"', tag) for tag in tags],
        "themes": [re.findall(r'\sdata-theme="([^"]*)"', tag) for tag in tags],
        "sizes": re.findall(r'viewBox="0 0 (\d+ \d+)"', slides),
        "notes": [words(note) for note in rest.split("bespoke-marp-note")] if rest else [],
        "text": words(slides.partition("<body")[2]),
        "title": re.findall(r"<title>(.*?)</title>", page),
    }


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup.partition("<script")[0])).split())


@pytest.mark.parametrize("name", sorted(path.stem for path in CORPUS.glob("*.md")))
def test_a_deck_comes_out_as_from_marp_itself(pages: dict[str, tuple[str, str]], name: str) -> None:
    ours, theirs = map(facts, pages[name])
    assert ours == theirs
    assert theirs["slides"]


def test_every_picture_is_in_the_page(pages: dict[str, tuple[str, str]]) -> None:
    for name, (ours, theirs) in pages.items():
        assert not re.search(r'(?:src|srcset|poster)="(?!data:|https?:)[^"]', ours), name
        assert ours.count("data:image/png") >= len(re.findall(r'src="[^":]*\.png"', theirs)), name


def test_the_corpus_has_what_public_decks_have(pages: dict[str, tuple[str, str]]) -> None:
    found = [facts(theirs) for _, theirs in pages.values()]
    for kind in ("images", "backgrounds", "formulas", "fragments", "notes"):
        assert any(fact[kind] for fact in found), kind
