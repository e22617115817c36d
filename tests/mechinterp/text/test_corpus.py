"""What all kinds of sentences have in common."""

import itertools
import re
from collections import Counter

import pytest

from mechinterp.text.corpus import SENTENCES, Corpus, draw_texts, kept_apart
from mechinterp.text.lexicon.names import NAMES
from mechinterp.text.lexicon.others import DAYS, MONTHS, NUMBERS, ORDINALS
from tests.mechinterp.text.reading import KINDS, NAME, any_of, drawn, names

N_SENTENCES = 6000
SEQUENCE = any_of(DAYS + MONTHS + NUMBERS + ORDINALS)
OF_A_KIND = {
    "indirect_object": rf" a {NAME}( [^{{}}]+)?\.$",
    "two_gifts": rf"^{NAME} le .+ a {NAME},?( y|\. Después|, y luego| cuando|, pero)? .*{NAME} le .+ a {NAME}( .+)?\.$",
    "giver_by_trade": rf"^{NAME}( era \w+ [ye] {NAME} era \w+\. |, \w+, \w+ .+ con {NAME}, \w+\. Allí ).*\b(el|la) \w+ .+ a {NAME}( .+)?\.$",
    "receiver_by_order": rf"\. Allí alguien le \w+ .+ (al segundo|al primero|a la primera|a la segunda), a {NAME}(, .+)?\.$",
    "named_twice": rf"^[^.]+ {NAME}(, {NAME}){{2,5}}\. Aparece dos veces {NAME}\.$",
    "named_once": rf"^[^.]+ {NAME}, {NAME}, {NAME}\. Aparece una vez {NAME}\.$",
    "possession": rf"^{NAME} \w+ una? \w+(, | [ye] |\. ){NAME} \w+ una? \w+(, {NAME} \w+ una? \w+)?\. .*\.$",
    "everyday": r"^[A-ZÁÉÍÓÚ][^.{}]+\.$",
    "impersonal": r"^[A-ZÁÉÍÓÚ][^.{}]+\.$",
    "repetition": r"^(.+?)(?:, |\. |\.? )(?:.+[ ])?\1\.?$",
    "sequence": rf"(?i)^{SEQUENCE}(, {SEQUENCE}){{3,5}}\.$",
    "fact": r"^[A-ZÁÉÍÓÚ][\w ,]+\.$",
    "two_hops": r"^(La capital|La lengua|El país) .*\.$",
    "origin": rf"^{NAME} \w+ .*\.$",
    "tool": r"\b(usa|trabaja con|necesita|compró) una? \w+",
}


@pytest.fixture(scope="module")
def sentences() -> list[tuple[str, str]]:
    corpus = Corpus(0)
    return [corpus.kind_and_sentence() for _ in range(N_SENTENCES)]


def test_sentences_are_the_same_for_the_same_seed(sentences: list[tuple[str, str]]) -> None:
    same, other = Corpus(0), Corpus(1)
    assert [same.sentence() for _ in range(200)] == [text for _, text in sentences[:200]]
    assert [other.sentence() for _ in range(200)] != [text for _, text in sentences[:200]]


def test_texts_are_sentences_in_a_row(sentences: list[tuple[str, str]]) -> None:
    texts = draw_texts(3, seed=0)
    assert [" ".join(text for _, text in sentences[i : i + SENTENCES]) for i in (0, 5, 10)] == texts
    assert SENTENCES == 5


def test_every_kind_occurs_and_gifts_most_of_all(sentences: list[tuple[str, str]]) -> None:
    shares = Counter(kind for kind, _ in sentences)
    assert set(shares) == set(KINDS) == set(OF_A_KIND)
    assert min(shares.values()) > 0.01 * N_SENTENCES
    assert 0.3 < shares["indirect_object"] / N_SENTENCES < 0.4
    assert shares.most_common(1)[0][0] == "indirect_object"


@pytest.mark.parametrize("kind", OF_A_KIND)
def test_a_sentence_of_a_kind_is_complete(kind: str) -> None:
    for text in drawn(kind, 300):
        assert re.search(OF_A_KIND[kind], text), text


def test_an_everyday_sentence_is_on_one_person_and_an_impersonal_one_on_none() -> None:
    assert all(len(names(text)) == 1 for text in drawn("everyday"))
    # A word in a capital may look like a name: «Rosa».
    assert all(names(text.split(" ", 1)[-1]) == [] for text in drawn("impersonal"))


def test_nothing_is_left_to_fill_in_and_no_sign_stands_where_it_should_not(
    sentences: list[tuple[str, str]],
) -> None:
    wrong = re.compile(r"[{}_|]|  | [.,;:]|[.,;:]{2}|^ | $|[^\w]\.$|[^.]$")
    assert [text for _, text in sentences if wrong.search(text)] == []


def test_articles_are_contracted(sentences: list[tuple[str, str]]) -> None:
    assert [text for _, text in sentences if re.search(r"(?i)\b(a|de) el\b", text)] == []
    assert sum(re.search(r"\b(al|del) \w+", text) is not None for _, text in sentences) > 500


def test_and_is_spelled_by_the_sound_that_follows(sentences: list[tuple[str, str]]) -> None:
    assert [text for _, text in sentences if re.search(r"(?i)\by h?[ií](?!e)", text)] == []
    assert sum(re.search(rf"{NAME} e I", text) is not None for _, text in sentences) > 20


def test_a_capital_follows_each_full_stop() -> None:
    # But in lists of words, and where words have been replaced.
    corpus = Corpus(0)
    corpus.scrambled = 0.0
    drawn_from = [getattr(corpus, kind) for kind in KINDS if kind not in ("repetition", "sequence")]
    for kind in drawn_from:
        for text in (kind() for _ in range(150)):
            assert re.match(r"[A-ZÁÉÍÓÚ]", text), text
            assert not re.search(r"\. (?![A-ZÁÉÍÓÚ])", text), text


def test_every_name_occurs(sentences: list[tuple[str, str]]) -> None:
    assert {name for _, text in sentences for name in names(text)} == set(NAMES)


def test_about_one_pair_in_ten_is_kept_apart_whichever_comes_first() -> None:
    pairs = list(itertools.combinations(NAMES, 2))
    assert all(kept_apart(a, b) == kept_apart(b, a) for a, b in pairs)
    assert 0.08 < sum(kept_apart(a, b) for a, b in pairs) / len(pairs) < 0.12
    apart = Counter(name for pair in pairs if kept_apart(*pair) for name in pair)
    assert set(apart) == set(NAMES)  # so that each can be measured on


def test_names_kept_apart_never_meet_and_others_do(sentences: list[tuple[str, str]]) -> None:
    met = {pair for _, text in sentences for pair in itertools.combinations(sorted(set(names(text))), 2)}
    assert [pair for pair in met if kept_apart(*pair)] == []
    assert len(met) > 0.6 * len(list(itertools.combinations(NAMES, 2)))
