import io
import re

import pytest

from lectern.making.request import Request
from lectern.preview.look import Look
from lectern.preview.pages import Pages, slides_of
from lectern.preview.terminal import Terminal, summary

PAGES = Pages(slides_of(["one", "two"], [[], []]), "", {}, ("", "", ""))
A, B = Request("a"), Request("b")
FRESH = Look(PAGES, {}, frozenset(), (A, B), ())
STALE = Look(PAGES, {A: "inputs"}, frozenset({B}), (A, B), ())
WRONG = Look(None, {}, frozenset(), (A, B), ("deck.md, line 3: it is wrong\n  → mend it",))


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (FRESH, "2 slides, 2 figures fresh"),
        (STALE, "2 slides, 0 figures fresh, 2 to make"),
        (WRONG, "the last good deck, 2 figures fresh, 1 to fix"),
    ],
)
def test_a_look_in_a_few_words(look: Look, said: str) -> None:
    assert summary(look) == said


def said_of(looks: list[Look], stream: io.StringIO) -> str:
    terminal = Terminal("http://here/", stream)
    for look in looks:
        terminal.say(look, 0.0123)
    terminal.close()
    return stream.getvalue()


def test_in_a_file_what_is_as_it_was_is_said_once() -> None:
    lines = said_of([FRESH, FRESH, STALE, FRESH], io.StringIO()).splitlines()
    assert [line.split("  ")[1] for line in lines] == [summary(FRESH), summary(STALE), summary(FRESH)]
    assert re.fullmatch(r"\d\d:\d\d:\d\d  2 slides, 2 figures fresh  12 ms  http://here/", lines[0])


def test_an_error_is_printed_once_and_that_it_is_fixed() -> None:
    text = said_of([WRONG, WRONG, FRESH], io.StringIO())
    assert text.count("it is wrong\n  → mend it\n") == 1
    assert text.index("it is wrong") < text.index("fixed\n")


def test_on_a_screen_one_line_is_kept_up_to_date_and_errors_stay() -> None:
    text = said_of([FRESH, FRESH, WRONG, WRONG, FRESH], Screen())
    lines = text.split("\n")
    assert len(lines) == 5
    assert "it is wrong" in lines[0].rpartition("\r\033[K")[2]
    assert lines[1] == "  → mend it"
    assert lines[2].endswith("\033[Kfixed")
    assert lines[3].count("\r\033[K") == 1
    assert lines[4] == ""
