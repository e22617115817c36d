"""Tokens as labels: what each kind looks like on an axis."""

import pytest

from figures.style.tokens import bold, label, printable


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (" María", "María"),
        ("<|endoftext|>", "BOS"),
        (" ", "␣"),
        ("\n\n", "⏎⏎"),
        ("\ufffd", "·"),  # half a letter
        ("」", "·"),  # not in the fonts
        (" internationalisation", "internation…"),
        ("$$", r"\$\$"),  # no formula
        ("…", "…"),
    ],
)
def test_a_token_is_shown_so_that_it_can_be_read(token: str, shown: str) -> None:
    assert label(token) == shown


def test_in_bold_no_other_font_stands_in() -> None:
    assert printable("María ב ⏎") == "María ב ⏎"
    assert bold("María ב $") == r"María · \$"


def test_a_text_keeps_its_length() -> None:
    text = "una frase más larga que cualquier token"
    assert printable(text) == text
