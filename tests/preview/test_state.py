import asyncio
import threading
from pathlib import Path

import pytest

from lectern.preview.pages import Pages, slides_of
from lectern.preview.state import KEPT, Feed, FigureState, Preview, Printing, Sent, message, sent


def pages(text: str = "x", **files: str) -> Pages:
    named = {name: Path(path) for name, path in files.items()}
    return Pages(slides_of([text, "same"], [["note"], []]), "p {}", named, ("", "", ""))


def test_a_change_is_told_once_and_what_is_as_it_was_is_not() -> None:
    feed = Feed()
    feed.change(problems=("a",))
    assert feed.now == (1, Preview(problems=("a",)))
    feed.change(problems=("a",))
    feed.change(pages=None, figures=())
    assert feed.now[0] == 1
    feed.change(pages=pages())
    feed.change(pages=pages())
    assert feed.now[0] == 2


def test_who_waits_is_told_by_another_thread() -> None:
    feed = Feed()

    async def waiting() -> tuple[int, Preview]:
        told = asyncio.ensure_future(feed.after(0))
        await asyncio.get_running_loop().run_in_executor(None, lambda: feed.change(problems=("a",)))
        return await asyncio.wait_for(told, 20)

    revision, preview = run(waiting())
    assert (revision, preview.problems) == (1, ("a",))
    feed.change(problems=())  # its loop has closed: nobody is told, nothing is raised


def run(coroutine):
    return asyncio.run(coroutine)


def test_who_comes_late_is_told_at_once() -> None:
    feed = Feed()
    feed.change(problems=("a",))
    feed.change(problems=("b",))
    assert run(feed.after(0))[1].problems == ("b",)


def test_who_no_longer_waits_is_forgotten() -> None:
    feed = Feed()

    async def leaving() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(feed.after(0), 0)

    run(leaving())
    threading.Thread(target=feed.change, kwargs={"problems": ("a",)}).start()
    assert not feed._listeners


def test_files_are_there_for_a_while_after_the_deck_lost_them() -> None:
    feed = Feed()
    feed.change(pages=pages(old="/old", both="/both"))
    for number in range(KEPT - 1):
        feed.change(pages=pages(str(number), both="/both"))
    assert feed.file("old") == Path("/old")
    feed.change(pages=pages("last", both="/both"))
    assert feed.file("old") is None
    assert feed.file("both") == Path("/both")
    assert feed.file("never") is None
    assert feed.file("/both") is None


def test_a_message_has_the_html_of_slides_that_were_not_sent() -> None:
    found = pages()
    new, old = found.slides
    told = message(3, Preview(found), Sent({old.id}), 0)
    assert told["revision"] == 3
    between = [
        {"id": new.id, "key": new.key, "title": "", "notes": ("note",), "html": "x"},
        {"id": old.id, "key": old.key, "title": "", "notes": ()},
    ]
    assert told["slides"] == {"first": 0, "last": 0, "between": between}


def test_a_message_has_only_the_slides_that_are_others_than_in_the_last() -> None:
    before = [f"slide {number}" for number in range(500)]
    after = [*before[:250], "edited", *before[251:]]

    def preview(texts: list[str]) -> Preview:
        return Preview(Pages(slides_of(texts, [[]] * len(texts)), "", {}, ("", "", "")))

    told = message(1, preview(after), sent(preview(before)), 0)
    assert (told["slides"]["first"], told["slides"]["last"]) == (250, 249)
    assert [slide["html"] for slide in told["slides"]["between"]] == ["edited"]
    assert len(str(told)) < 400
    moved = message(1, preview(before[1:] + before[:1]), sent(preview(before)), 0)
    assert all("html" not in slide for slide in moved["slides"]["between"])
    same = message(1, preview(before), sent(preview(before)), 0)
    assert same["slides"] == {"first": 500, "last": 0, "between": []}


def test_a_message_has_the_style_where_it_was_not_sent() -> None:
    found = pages()
    assert message(1, Preview(found), Sent(), 0)["css"] == "p {}"
    assert message(1, Preview(found), Sent({slide.id for slide in found.slides}), 0)["css"] == "p {}"
    told = message(1, Preview(found), Sent(found.ids), 0)
    assert "css" not in told
    assert all("html" not in slide for slide in told["slides"]["between"])
    assert "css" not in message(1, Preview(), Sent(), 0)


def test_a_message_tells_seconds_by_the_servers_clock() -> None:
    figures = (FigureState("a", "computing", 100.0, (2,)), FigureState("b", "fresh"))
    told = message(1, Preview(None, figures, ("wrong",), Printing("running", 90.0)), Sent(), 102.5)
    assert told["figures"] == [
        {"name": "a", "phase": "computing", "slides": (2,), "seconds": 2.5},
        {"name": "b", "phase": "fresh", "slides": (), "seconds": None},
    ]
    assert told["problems"] == ("wrong",)
    assert told["printing"] == {"phase": "running", "seconds": 12.5, "message": ""}
    assert told["slides"] is None
