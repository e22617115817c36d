"""What is true of each token, on sentences of which it is known."""

from __future__ import annotations

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from mechinterp.sae.labels import (
    CLASSES,
    GENDERS,
    KINDS,
    ORDER,
    TRIED,
    Label,
    labelled_sentence,
    labelled_texts,
)
from mechinterp.text.corpus import Corpus
from mechinterp.text.lexicon.names import NAMES
from mechinterp.text.tokenizer import BOS
from tests.mechinterp.text import trained


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return trained.tokenizer()


@pytest.fixture(scope="module")
def bytewise() -> Tokenizer:
    """Every byte is a token, so that every word is several."""
    pieces = [BOS, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    made = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return made


def labels_of(tokenizer: Tokenizer, kind: str, sentence: str, word: int) -> set[Label]:
    """The labels of a word of a sentence of whose words each is one token, the stops too."""
    found = list(labelled_sentence(tokenizer, kind, sentence))
    assert len(found) == len(sentence.replace(".", " .").replace(",", " ,").split())
    return set(found[word][1])


def names(labels: set[Label], kind: str) -> set[str]:
    return {label.name for label in labels if label.kind == kind}


def test_every_kind_of_label_of_a_word(tokenizer: Tokenizer) -> None:
    assert labels_of(tokenizer, "possession", "Juan tiene una manzana.", 3) == {
        Label("palabra", "«manzana»"),
        Label("clase", "comida o materia"),
        Label("género", "femenino"),
        Label("frase", "frase de quién tiene qué"),
        Label("clase en frase", "comida o materia en frase de quién tiene qué"),
        Label("posición", "tras artículo"),
        Label("posición", "tras «una»"),
        Label("palabra tras palabra", "«una manzana»"),
        Label("clase tras palabra", "comida o materia tras «una»"),
    }


def test_the_first_word_follows_nothing(tokenizer: Tokenizer) -> None:
    assert labels_of(tokenizer, "possession", "Juan tiene una manzana.", 0) == {
        Label("palabra", "«Juan»"),
        Label("clase", "nombre de hombre"),
        Label("clase", "nombre de persona"),
        Label("género", "masculino"),
        Label("frase", "frase de quién tiene qué"),
        Label("clase en frase", "nombre de hombre en frase de quién tiene qué"),
        Label("clase en frase", "nombre de persona en frase de quién tiene qué"),
        Label("posición", "primera palabra"),
        Label("posición", "primer nombre"),
    }


def test_names_are_counted_and_what_is_repeated_is_no_new_one(tokenizer: Tokenizer) -> None:
    sentence = "Vinieron Ana, Juan, Ana, Marta, Pedro."
    expected = {
        1: "primer nombre",
        3: "segundo nombre",
        5: "nombre repetido",
        7: "tercer nombre o posterior",
        9: "tercer nombre o posterior",
    }
    for word, order in expected.items():
        found = names(labels_of(tokenizer, "named_twice", sentence, word), "posición")
        assert {name for name in found if "nombre" in name} == {order}
    after_a_repeated_one = labels_of(tokenizer, "named_once", "Vinieron Ana, Ana, Juan.", 5)
    assert Label("posición", "segundo nombre") in after_a_repeated_one


def test_what_stands_before_a_name_and_before_the_one_who_gets_it(tokenizer: Tokenizer) -> None:
    sentence = "Ana esperaba a Juan y Juan le dio un libro a Ana."
    before = [
        names(labels_of(tokenizer, "indirect_object", sentence, word), "posición") for word in range(12)
    ]
    assert [i for i, found in enumerate(before) if "ante un nombre de persona" in found] == [2, 4, 10]
    assert [i for i, found in enumerate(before) if "ante el destinatario" in found] == [10]
    assert "tras nombre de persona" in before[1]
    assert "tras nombre de mujer" in before[1]
    assert "tras nombre de mujer" not in before[4]


def test_capitals_at_the_beginning_do_not_matter(tokenizer: Tokenizer) -> None:
    small = labels_of(tokenizer, "tool", "Ayer la maestra usa una tiza.", 1)
    capital = labels_of(tokenizer, "tool", "La maestra usa una tiza.", 0)
    for kind in ("clase", "género"):
        assert names(small, kind) == names(capital, kind) != set()


@pytest.mark.parametrize(
    ("word", "classes", "genders"),
    [
        ("Madrid", {"ciudad"}, set()),
        ("Noruega", {"país"}, set()),
        ("suajili", {"lengua"}, set()),
        ("África", {"continente"}, set()),
        ("peces", {"animal"}, {"masculino"}),
        ("aguas", {"comida o materia"}, {"femenino"}),
        ("panadera", {"oficio"}, {"femenino"}),
        ("panadero", {"oficio"}, {"masculino"}),
        ("martillo", {"objeto", "herramienta"}, {"masculino"}),
        ("dará", {"verbo de dar"}, set()),
        ("leyendo", {"verbo de dar"}, set()),  # one may read to somebody
        ("nadaban", {"otro verbo"}, set()),
        ("furiosas", {"estado de ánimo"}, {"femenino"}),
        ("rojos", {"cualidad"}, {"masculino"}),
        ("verde", {"cualidad"}, set()),
        ("jueves", {"tiempo", "día de la semana"}, {"masculino"}),
        ("verdad", {"idea"}, {"femenino"}),
        ("unas", {"artículo"}, {"femenino"}),
        ("segundo", {"tiempo", "ordinal"}, {"masculino"}),
    ],
)
def test_a_word_is_of_all_classes_that_it_can_be(
    tokenizer: Tokenizer, word: str, classes: set[str], genders: set[str]
) -> None:
    *_, (_, found) = labelled_sentence(tokenizer, "impersonal", f"vio {word}")
    assert names(set(found), "clase") == classes
    assert names(set(found), "género") == genders


def test_a_name_is_no_noun_nor_adjective_that_is_spelled_like_it(tokenizer: Tokenizer) -> None:
    for name in NAMES:
        ((_, found),) = labelled_sentence(tokenizer, "everyday", name)
        assert len(names(set(found), "clase")) == 2, name  # a person's, and a woman's or a man's


def test_the_tokens_of_a_word_share_its_labels(tokenizer: Tokenizer, bytewise: Tokenizer) -> None:
    sentence = "María le dio una taza a Óscar."
    whole = [labels for _, labels in labelled_sentence(tokenizer, "indirect_object", sentence)]
    bytes_of = list(labelled_sentence(bytewise, "indirect_object", sentence))
    lengths = [len(f" {word}".encode()) for word in sentence[:-1].split()] + [1]
    assert len(bytes_of) == sum(lengths)
    at = iter(labels for _, labels in bytes_of)
    for labels, length in zip(whole, lengths, strict=True):
        assert [next(at) for _ in range(length)] == [labels] * length


def test_every_kind_of_sentence_has_a_name_and_every_kind_of_label_an_order() -> None:
    assert set(KINDS) == {kind.__name__ for kind in Corpus(0)._kinds}
    assert len(set(ORDER)) == len(ORDER)
    assert not GENDERS["femenino"] & GENDERS["masculino"]
    assert CLASSES["nombre de persona"] == CLASSES["nombre de mujer"] | CLASSES["nombre de hombre"]


def test_texts_begin_alike_and_nothing_is_true_of_their_beginning(tokenizer: Tokenizer) -> None:
    found = labelled_texts(tokenizer, 40, 8, seed=2, rarest=1)
    assert found.tokens.shape == (8, 40)
    assert (found.tokens[:, 0] == tokenizer.token_to_id(BOS)).all()
    assert not found.true[:, 0].any()
    assert found.true[:, 1:].any(-1).all()
    same, other = (labelled_texts(tokenizer, 40, 8, seed) for seed in (2, 3))
    assert torch.equal(found.tokens, same.tokens)
    assert not torch.equal(found.tokens, other.tokens)


def test_a_word_is_true_of_its_tokens_and_no_others(tokenizer: Tokenizer) -> None:
    found = labelled_texts(tokenizer, 40, 60, seed=0, rarest=5)
    for word, token in (("estaba", "Ġestaba"), ("Aparece", "ĠAparece"), (".", ".")):
        is_word = found.tokens == tokenizer.token_to_id(token)
        assert is_word.sum() >= 5
        assert torch.equal(found.true[..., found.labels.index(Label("palabra", f"«{word}»"))], is_word)


def test_labels_stand_in_their_order_and_rare_ones_are_left_out(tokenizer: Tokenizer) -> None:
    all_of_them = labelled_texts(tokenizer, 40, 20, seed=0, rarest=1)
    places = [(ORDER.index(label.kind), label.name) for label in all_of_them.labels]
    assert places == sorted(set(places))
    assert {label.kind for label in all_of_them.labels} == set(ORDER)
    counts = all_of_them.true.sum((0, 1)).tolist()
    assert min(counts) == 1
    often = labelled_texts(tokenizer, 40, 20, seed=0, rarest=12)
    assert often.labels == [
        label for label, count in zip(all_of_them.labels, counts, strict=True) if count >= 12
    ]
    kept = [all_of_them.labels.index(label) for label in often.labels]
    assert torch.equal(often.true, all_of_them.true[..., kept])


def test_a_context_that_no_text_fills_is_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match=rf"got 1024 tokens: none of {TRIED} texts did"):
        labelled_texts(tokenizer, 1024, 1, seed=0)
