"""What a deck made with other fixtures says otherwise than the project's own."""

from lectern.deck.claims import NamedClaim, Stated
from lectern.deck.compared import compare, written
from lectern.deck.markdown import Markdown, split
from lectern.figure import Claim

CLAIM = Claim("n", 1, at_least=0)


def said(slide: int | None = None, **sentences: str) -> list[Stated]:
    return [Stated(NamedClaim("heads", name, CLAIM), text, slide) for name, text in sentences.items()]


def deck(*titles: str) -> Markdown:
    return split(
        "---\nmarp: true\n---\n\n" + "\n---\n".join(f"# {title}\n\nText\n" for title in titles), "deck.md"
    )


def test_slides_are_left_out_or_added_by_their_titles() -> None:
    found = compare(deck("One", "Literature"), [], deck("One", "Our training"), [])
    assert (found.left_out, found.added) == (("Our training",), ("Literature",))
    assert found.summary == "1 slide left out, 1 slide added"


def test_a_sentence_with_other_numbers_and_heads_has_the_same_words() -> None:
    here, own = said(3, mover="**L9H9** writes 2,1 of 3,5."), said(mover="**L2H1** writes 4,3 of 5,2.")
    found = compare(deck("One"), here, deck("One"), own)
    assert [pair.own for pair in found.renumbered] == ["**L2H1** writes 4,3 of 5,2."]
    assert not found.reworded


def test_a_sentence_with_other_words_reads_otherwise() -> None:
    here, own = said(3, mover="**L9H9** and L9H6 write 3 logits."), said(mover="**L2H1** writes 4 logits.")
    found = compare(deck("One"), here, deck("One"), own)
    assert [pair.here.slide for pair in found.reworded] == [3]
    assert found.summary == "1 sentence reads otherwise"


def test_the_other_case_of_a_condition_is_reported_on_both_sides() -> None:
    """Where a template states another claim, neither sentence is the other's."""
    here, own = said(2, no_backup="Nobody takes over."), said(backup="L2H2 takes over.")
    found = compare(deck("One"), here, deck("One"), own)
    assert [(pair.here.sentence, pair.own) for pair in found.reworded] == [("Nobody takes over.", "")]
    assert found.unsaid == ("L2H2 takes over.",)


def test_what_is_the_same_is_not_listed() -> None:
    same = said(1, mover="L2H1 writes.")
    found = compare(deck("One"), same, deck("One"), same)
    assert found.summary == "every sentence is the same"
    page = written(found, "deck.md", {"model": "gpt2"}, "1 of 1 claims hold", [])
    assert page.splitlines()[0] == "# deck.md with model gpt2"
    assert "##" not in page


def test_the_page_lists_everything_with_slides() -> None:
    here = said(4, mover="L9H9 writes 2 | 3.", new="It is new.")
    found = compare(
        deck("One", "New"), here, deck("One", "Old"), said(mover="L2H1 wrote 4.", gone="It was so.")
    )
    page = written(found, "deck.md", {"model": "gpt2"}, "1 of 2 claims hold", ["slide 4: «L9H9 …»"])
    for line in (
        "1 of 2 claims hold. Beside the lecture's own, as it was last made: 1 slide left out, 1 slide added, "
        "2 sentences read otherwise.",
        "- slide 4: «L9H9 …»",
        "- Old",
        "- New",
        "- It was so.",
        r"| 4 | L9H9 writes 2 \| 3. | L2H1 wrote 4. |",
        "| 4 | It is new. | (nothing) |",
    ):
        assert line in page.splitlines()


def test_a_sentence_of_the_notes_is_said_to_be_there() -> None:
    found = compare(deck("One"), said(mover="L9H9 writes."), deck("One"), said(mover="L2H1 wrote."))
    assert "| notes | L9H9 writes. | L2H1 wrote. |" in written(found, "deck.md", {}, "x", []).splitlines()
