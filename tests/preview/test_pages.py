from pathlib import Path

import pytest

from lectern import kept
from lectern.preview.pages import Pages, read_pages, slides_of, write_pages

SLIDE = '<svg><section id="{n}" data-marpit-pagination="{n}" data-marpit-pagination-total="9">{text}</section></svg>'


def slide(text: str, number: int = 1, notes: tuple[str, ...] = ()) -> tuple[str, str]:
    found = slides_of([SLIDE.format(n=number, text=text)], [notes])[0]
    return found.id, found.key


def test_a_slides_key_is_the_same_wherever_it_stands_and_its_id_is_not() -> None:
    one, two = slide("x", 1), slide("x", 2)
    assert one[1] == two[1]
    assert one[0] != two[0]
    claim = '<span data-claim="{}">x</span>'
    assert slide(claim.format(1))[1] == slide(claim.format(2))[1]


@pytest.mark.parametrize(
    "other", ["y", "<b>x</b>", '<a data-page="2">x</a>', '<p id="two">x</p>', "<p>2</p>"]
)
def test_a_slides_key_changes_with_its_content(other: str) -> None:
    same = other.replace("2", "1").replace("two", "one").replace("y", "x").replace("<b>x</b>", "x")
    assert slide(other)[1] != slide(same)[1]


def test_scripts_are_not_what_a_slide_says() -> None:
    assert slide("x<script>1</script>")[1] == slide("x<script>2</script>")[1]


def test_a_slide_knows_its_title_and_its_figures() -> None:
    text = '<h2 id="a">Q &amp; <em>A</em></h2><img data-figure="a"><img data-figure="b&amp;c"><img data-figure="a">'
    found = slides_of([text, "no heading"], [["note"], []])
    assert found[0].title == "Q & A"
    assert found[0].figures == ("a", "b&c")
    assert found[0].notes == ("note",)
    assert found[1].title == ""


def pages() -> Pages:
    slides = slides_of(["<section>á</section>", "<section>b</section>"], [["note"], []])
    return Pages(slides, "p {}", {"1/dot.svg": Path("/x/dot.svg")}, ("<head><style>", "</style>", "</html>"))


def test_pages_that_were_kept_are_read_as_they_were(tmp_path: Path) -> None:
    write_pages(tmp_path / "folder" / "pages.json", pages())
    assert read_pages(tmp_path / "folder" / "pages.json") == pages()


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b"\xff",
        b"{}",
        b'{"slides": [[1, []]], "css": "", "files": {}, "shell": ["", "", ""]}',
        b'{"slides": [], "css": "", "files": [], "shell": ["", "", ""]}',
        b'{"slides": [], "css": "", "files": {}, "shell": ["", ""]}',
    ],
)
def test_pages_of_another_form_are_none(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "pages.json"
    kept.write(path, damaged, print)
    assert read_pages(path) is None


def test_pages_with_a_flipped_byte_are_none(tmp_path: Path) -> None:
    path = tmp_path / "pages.json"
    write_pages(path, pages())
    path.write_bytes(path.read_bytes().replace(b"note", b"nose"))
    assert read_pages(path) is None


def test_pages_that_cannot_be_kept_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    write_pages(tmp_path / "file" / "pages.json", pages())
    assert read_pages(tmp_path / "file" / "pages.json") is None


def test_pages_that_were_never_kept_are_none(tmp_path: Path) -> None:
    assert read_pages(tmp_path / "gone.json") is None


def test_a_page_has_its_head_first_and_its_style_by_name() -> None:
    page = pages().page("<script></script>")
    assert page.startswith('<head><script></script><style id="lectern-style">p {}</style><section>á')
