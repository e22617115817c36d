import itertools
import random
import re

import pytest

from mechinterp.text.corpus import (
    ASIDES,
    HELD_OUT_TEMPLATES,
    OPENINGS,
    TEMPLATES,
    TIES,
    Corpus,
    ioi,
    kept_apart,
    spell,
)
from mechinterp.text.lexicon import (
    ANIMALS,
    DAYS,
    GAVE,
    MEN,
    MOODS,
    NAMES,
    NUMBERS,
    PLACES,
    THINGS,
    TRADES,
    WOMEN,
    at,
    is_woman,
    of,
    to,
)

N_SENTENCES = 5000
KINDS = {
    "indirect_object": r" le \w+ una? \w+ a \w+[ .]",
    "giver_by_trade": r"era (la|el) \w+ [ye] \w+ era (la|el) \w+\.",
    "receiver_by_order": r"alguien le .* (al segundo|al primero|a la primera|a la segunda), a \w+",
    "named_twice": r"\. Aparece dos veces \w+\.$",
    "named_once": r"\. Aparece una vez \w+\.$",
    "possession": r" tiene una? \w+[,.]",
    "plain": r"estaba \w+ en|fue al? .* [ye] compró|trabaja en|perdió|volvió del? (la )?\w+ \w+\.$",
    "sequence": rf"(?i)^({'|'.join(DAYS + NUMBERS)}), ",
}


def any_of(words: tuple[str, ...] | list[str]) -> str:
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"


NAME = rf"\b{any_of(NAMES)}\b"
PLACE = any_of([at(place) for place in PLACES])
ASIDE = re.compile(any_of(ASIDES).replace(r"\{C\}", NAME).replace(r"\{at\}", PLACE) + " ")
TIE = re.compile(rf", {any_of(TIES)} {NAME},")
OPENING = re.compile(rf"^{any_of([opening.strip() for opening in OPENINGS])},? ")


# What a template's signs are filled in with.
FILLED = {
    sign: re.compile(rf"\b{any_of(words)}\b")
    for sign, words in {
        "le {gave}": [f"le {gave}" for gave in GAVE],
        "{thing}": [" ".join(thing) for thing in THINGS],
        "{to}": [to(place) for place in PLACES],
        "{of}": [of(place) for place in PLACES],
        "{at}": [at(place) for place in PLACES],
    }.items()
} | {"{name}": re.compile(rf"{NAME}|\b(la|el) (primer|segund)[ao]\b|\bella\b|\bél\b|\{{[ABS]\}}")}


def without_others(text: str) -> str:
    """Return a sentence without what is said of a third person, and without when it happened."""
    return OPENING.sub("", TIE.sub("", ASIDE.sub("", text)))


def skeleton(text: str) -> str:
    """Return what a sentence or a template has of the latter, with a sign for each thing that is filled in."""
    text = without_others(text)
    for sign, filled in FILLED.items():
        text = filled.sub(sign, text)
    text = re.sub(r"\be (?=\{name\})", "y ", text)
    return text.lower()


def drawn(kind: str, n: int = 400, seed: int = 0) -> list[str]:
    corpus = Corpus(seed)
    return [spell(getattr(corpus, kind)()) for _ in range(n)]


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    corpus = Corpus(0)
    return [corpus.sentence() for _ in range(N_SENTENCES)]


def test_sentences_are_the_same_for_the_same_seed(sentences: list[str]) -> None:
    same, other = Corpus(0), Corpus(1)
    assert [same.sentence() for _ in range(100)] == sentences[:100]
    assert [other.sentence() for _ in range(100)] != sentences[:100]


def test_there_are_enough_names_and_each_is_a_woman_s_or_a_man_s() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 60
    assert not set(WOMEN) & set(MEN)
    assert is_woman("Inés")
    assert not is_woman("Andrés")


def test_every_name_occurs(sentences: list[str]) -> None:
    assert {name for text in sentences for name in re.findall(NAME, text)} == set(NAMES)


def test_about_one_pair_in_ten_is_kept_apart_whichever_comes_first() -> None:
    pairs = list(itertools.combinations(NAMES, 2))
    assert all(kept_apart(a, b) == kept_apart(b, a) for a, b in pairs)
    assert 0.08 < sum(kept_apart(a, b) for a, b in pairs) / len(pairs) < 0.12


def test_names_kept_apart_never_meet_and_the_others_do(sentences: list[str]) -> None:
    met = {
        pair for text in sentences for pair in itertools.combinations(sorted(set(re.findall(NAME, text))), 2)
    }
    assert not [pair for pair in met if kept_apart(*pair)]
    assert len(met) > 0.9 * sum(not kept_apart(a, b) for a, b in itertools.combinations(NAMES, 2))


def test_templates_are_held_out_from_training() -> None:
    assert len(set(TEMPLATES)) == len(TEMPLATES) >= 12
    assert len(set(HELD_OUT_TEMPLATES)) == len(HELD_OUT_TEMPLATES) >= 12
    assert not set(map(skeleton, TEMPLATES)) & set(map(skeleton, HELD_OUT_TEMPLATES))


def test_every_template_names_two_people_and_the_giver_and_stops_before_the_answer() -> None:
    for template in TEMPLATES + HELD_OUT_TEMPLATES:
        assert [template.count(field) for field in ("{A}", "{B}", "{S}", "{gave}", "{thing}")] == [1] * 5
        assert template.index("{A}") < template.index("{B}") < template.index("{S}")
        assert template.endswith(" le {gave} {thing} a")


def test_sentences_are_of_all_templates_for_training_and_of_no_other() -> None:
    found = {skeleton(text) for text in drawn("indirect_object", 2500)}
    found = {re.sub(r" a \{name\}( [^{}]*)?\.$", " a", text) for text in found}
    assert found == set(map(skeleton, TEMPLATES))


def test_templates_held_out_occur_in_no_sentence(sentences: list[str]) -> None:
    held_out, trained = ([skeleton(t) for t in templates] for templates in (HELD_OUT_TEMPLATES, TEMPLATES))
    found = [skeleton(text) for text in sentences]
    assert not [text for text in found if any(template in text for template in held_out)]
    assert sum(any(template in text for template in trained) for text in found) > N_SENTENCES / 4


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_sentence_is_complete(kind: str) -> None:
    for text in drawn(kind):
        assert re.search(KINDS[kind], text), text
        assert re.search(r"[^\W\d_]\.$", text), text
        assert "{" not in text
        assert not re.search(r"  | [.,]|\.\.|,,|,\.|\ba el\b|\bde el\b", text), text


def test_every_kind_of_sentence_occurs(sentences: list[str]) -> None:
    # In this order: a gift matches the first, and also what trades and orders are in.
    order = [kind for kind in KINDS if kind != "indirect_object"] + ["indirect_object"]
    found = [next(kind for kind in order if re.search(KINDS[kind], text)) for text in sentences]
    shares = {kind: found.count(kind) / N_SENTENCES for kind in KINDS}
    assert min(shares.values()) > 0.02
    assert max(shares, key=lambda kind: shares[kind]) == "indirect_object"


def test_a_gift_goes_to_the_other_of_the_two() -> None:
    called: dict[str, int] = {}
    for text in drawn("indirect_object", 1500):
        names = re.findall(NAME, without_others(text))
        a, b, receiver = names[0], names[1], names[-1]
        giver = b if receiver == a else a
        assert receiver in (a, b)
        how = re.search(r"(?i)\b((la|el) (primer|segund)[ao]|ella|él|\w+) le ", without_others(text))
        assert how, text
        woman = is_woman(giver)
        order = "primer" if giver == a else "segund"
        assert how[1] in {
            giver,
            f"la {order}a" if woman else f"el {order}o",
            "ella" if woman else "él",
        }, text
        if how[1] in ("ella", "él"):
            assert is_woman(a) != is_woman(b), text  # or it would not say who gives
        called[how[1]] = called.get(how[1], 0) + 1
    assert {"la primera", "el primero", "la segunda", "el segundo", "ella", "él"} < set(called)


def test_a_third_person_is_often_named_too() -> None:
    texts = drawn("indirect_object")
    assert sum(ASIDE.search(text) is not None for text in texts) > 0.2 * len(texts)
    assert sum(TIE.search(text) is not None for text in texts) > 0.08 * len(texts)
    # It is never one of the two.
    for text in texts:
        third = set(re.findall(NAME, text)) - set(re.findall(NAME, without_others(text)))
        assert bool(third) == (without_others(text) != OPENING.sub("", text)), text


def test_the_receiver_by_order_is_the_first_or_the_second_of_the_scene() -> None:
    for text in drawn("receiver_by_order"):
        first, second, receiver = re.findall(NAME, text)
        order = "primer" if receiver == first else "segund"
        assert receiver in (first, second)
        called = f"a la {order}a, a {receiver}" if is_woman(receiver) else f"al {order}o, a {receiver}"
        assert called in text


def test_trades_agree_with_who_has_them_and_the_other_one_receives() -> None:
    trades = {word: woman for pair in TRADES for word, woman in zip(pair, (True, False), strict=True)}
    for text in drawn("giver_by_trade"):
        found = re.search(
            r"(\w+) era (\w+) (\w+) [ye] (\w+) era (\w+) (\w+)\. .*, (\w+ \w+) le .* a (\w+)", text
        )
        assert found, text
        a, its_a, trade_a, b, its_b, trade_b, giver, receiver = found.groups()
        for name, article, trade in ((a, its_a, trade_a), (b, its_b, trade_b)):
            assert is_woman(name) == (article == "la") == trades[trade]
        assert {f"{its_a} {trade_a}": b, f"{its_b} {trade_b}": a}[giver] == receiver


def test_moods_and_trades_of_everyday_sentences_agree() -> None:
    feminine = {pair[0] for pair in MOODS + TRADES}
    masculine = {pair[1] for pair in MOODS + TRADES}
    checked = set()
    for text in drawn("plain", 1500):
        if found := re.search(rf"({NAME}) (?:estaba|es) (\w+)", text):
            assert found[2] in (feminine if is_woman(found[1]) else masculine), text
            checked.add(found[2])
        if found := re.search(r"\b(la|el) (\w+) volvió .* (\w+)\.$", text):
            assert {found[2], found[3]} <= (feminine if found[1] == "la" else masculine), text
        if found := re.search(r"perdió (una?) \w+ .* y (la|lo) buscó", text):
            assert (found[1] == "una") == (found[2] == "la"), text
            checked.add(found[2])
    assert feminine | masculine | {"la", "lo"} == checked


def test_words_of_the_corpus_have_the_article_of_their_gender() -> None:
    assert {article for article, _ in PLACES} == {"el", "la"}
    assert {article for article, _ in THINGS + ANIMALS} == {"un", "una"}
    place = {noun: (article, noun) for article, noun in PLACES}
    assert (to(place["mercado"]), of(place["mercado"]), at(place["mercado"])) == (
        "al mercado",
        "del mercado",
        "en el mercado",
    )
    assert (to(place["tienda"]), of(place["tienda"])) == ("a la tienda", "de la tienda")


def test_and_is_spelled_by_the_sound_that_follows() -> None:
    assert spell("Ana y Inés fueron, y Irene y Juan") == "Ana e Inés fueron, e Irene y Juan"
    assert spell("Ayala y Iago") == "Ayala y Iago"  # which does not begin with the vowel
    assert spell("hay Inés") == "hay Inés"


def test_no_sentence_has_and_before_the_same_sound(sentences: list[str]) -> None:
    assert not [text for text in sentences if re.search(r"\by H?[IÍ]", text)]
    written = [text for text in sentences if re.search(r"\be [A-Z]", text)]
    assert len(written) > 20
    assert all(re.search(r"\be I", text) for text in written)
    assert not [text for text in sentences if re.search(r"\be [^I]", text)]


def test_lists_name_who_is_in_them_twice_or_once() -> None:
    for kind, times in (("named_twice", 2), ("named_once", 1)):
        answers = set()
        for text in drawn(kind):
            *listed, answer = re.findall(NAME, text)
            assert listed.count(answer) == times, text
            assert [name for name in set(listed) if listed.count(name) == times] == [answer], text
            answers.add(listed.index(answer))
        assert {0, 1} < answers  # its place gives nothing away


def test_animals_belong_to_who_has_them() -> None:
    for text in drawn("possession"):
        has = dict(re.findall(rf"({NAME}) tiene (una? \w+)[,.]", text))
        if again := re.search(rf"(La|El) (\w+) es de ({NAME})\.$", text):
            assert has[again[3]] == f"{'una' if again[1] == 'La' else 'un'} {again[2]}"
        else:
            again = re.search(rf"Como ({NAME}) tiene (una? \w+), está en casa\.$", text)
            assert again, text
            assert text.count(f"{again[1]} tiene {again[2]}") == 2


def test_days_and_numbers_come_in_their_order() -> None:
    begins = set()
    for text in drawn("sequence"):
        words = text.removesuffix(".").lower().split(", ")
        whole = DAYS if words[0] in DAYS else NUMBERS
        start = whole.index(words[0])
        assert tuple(words) == whole[start : start + len(words)]
        assert len(words) >= 4
        begins.add(words[0])
    assert {"lunes", "jueves", "uno", "siete"} <= begins


def test_a_prompt_stops_before_the_one_who_does_not_give() -> None:
    template = "{A} y {B} fueron {to} y {S} le {gave} {thing} a"
    for giver, answer in (("Ana", "Juan"), ("Juan", "Ana")):
        text, found = ioi(template, "Ana", "Juan", giver, random.Random(0))
        assert found == answer
        assert re.fullmatch(rf"Ana y Juan fueron al? .+ y {giver} le \w+ una? \w+ a", text)
    called, found = ioi(template, "Ana", "Juan", "Ana", random.Random(0), "la primera")
    assert found == "Juan"
    assert " y la primera le " in called
