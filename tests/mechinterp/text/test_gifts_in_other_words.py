"""Gifts in other words: two of them, from somebody named by trade, to somebody named by order."""

import re

from mechinterp.text.lexicon.names import is_woman
from mechinterp.text.lexicon.world import TRADES
from tests.mechinterp.text.reading import NAME, any_of, by_order, drawn, names

TRADE_OF_WOMAN = {
    word: woman for trade in TRADES for woman, word in ((True, trade.feminine), (False, trade.masculine))
}


def test_of_two_gifts_the_second_goes_back_to_the_first_giver() -> None:
    for text in drawn("two_gifts"):
        a, b, again, answer = names(text)
        assert (a, b) == (answer, again), text
        assert a != b
        first, second = re.findall(rf"({NAME}) le \w+ ", text)
        assert (first, second) == (a, b), text


def test_of_two_trades_the_one_that_does_not_give_receives() -> None:
    order = set()
    for text in drawn("giver_by_trade"):
        a, b, receiver = names(text)
        found = re.match(rf"{a} era (\w+) [ye] {b} era (\w+)\. ", text) or re.match(
            rf"{a}, (\w+), .* con {b}, (\w+)\. ", text
        )
        assert found, text
        trades = dict(zip(found.groups(), (a, b), strict=True))
        for trade, name in trades.items():
            assert TRADE_OF_WOMAN[trade] == is_woman(name), text
        article, giver = re.search(rf"\b(el|la) ({any_of(trades)})", text).groups()
        assert {trades[giver], receiver} == {a, b}, text
        assert (article == "la") == is_woman(trades[giver]), text
        order.add(receiver == a)
    assert order == {True, False}


def test_the_receiver_by_order_is_the_first_or_the_second_of_the_scene() -> None:
    order = set()
    for text in drawn("receiver_by_order"):
        first, second, receiver = names(text)
        assert receiver in (first, second)
        called = by_order(receiver == first, receiver)
        assert re.search(rf" a {called}, a {receiver}[,.]".replace("a el ", "al "), text), text
        order.add(receiver == first)
    assert order == {True, False}
