from hypothesis import given
from hypothesis import strategies as st

from lectern.latest import Latest
from lectern.splice import splice

ITEMS = st.lists(st.integers(0, 2), max_size=8)


@given(before=ITEMS, after=ITEMS)
def test_what_was_told_makes_the_one_out_of_the_other(before: list[int], after: list[int]) -> None:
    first, last, between = splice(before, after)
    assert before[:first] + between + before[len(before) - last :] == after
    assert first + last <= min(len(before), len(after))


def test_only_what_is_new_is_told() -> None:
    before = list(range(500))
    assert splice(before, [*before[:250], -1, *before[251:]]) == (250, 249, [-1])
    assert splice(before, before) == (500, 0, [])


def test_of_the_items_of_the_last_sequence_nothing_is_asked_again() -> None:
    asked: list[str] = []

    def long(text: str) -> int:
        asked.append(text)
        return len(text)

    lengths = Latest(long)
    assert lengths(["a", "bb", "a"]) == [1, 2, 1]
    assert lengths(["bb", "ccc"]) == [2, 3]
    assert asked == ["a", "bb", "ccc"]
    assert lengths(["a"]) == [1]  # forgotten, as it was not in the last
    assert asked == ["a", "bb", "ccc", "a"]
