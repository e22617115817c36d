"""What a card says of a feature, on cases so small that it is known."""

from __future__ import annotations

import pytest
import torch

from mechinterp import load_model
from mechinterp.model.language_model import Model
from mechinterp.sae.feature_card import (
    FEWEST,
    clearest_feature,
    direct_logits,
    top_excerpts,
    words_of_classes,
)
from mechinterp.sae.interpretability import Match
from mechinterp.sae.labels import CLASSES, Label, Labelled
from tests.mechinterp.sae.random_saes import random_sae


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def excerpts(f: list[list[float]], tokens: list[list[int]], n: int, before: int = 1, after: int = 1) -> list:
    found = top_excerpts(torch.tensor(f), torch.tensor(tokens), n, before, after)
    assert all(len(e.tokens) == len(e.f) for e in found)
    return [(e.tokens.tolist(), e.f.tolist()) for e in found]


def test_excerpts_stand_round_the_greatest_of_their_text_the_greatest_first() -> None:
    f = [[0.0, 1, 0, 0.5, 0], [0, 0, 0.25, 3, 0], [0, 0, 2, 0, 1]]
    tokens = [[0, 11, 12, 13, 14], [0, 21, 22, 23, 24], [0, 31, 32, 33, 34]]
    assert excerpts(f, tokens, 3) == [
        ([22, 23, 24], [0.25, 3, 0]),
        ([31, 32, 33], [0, 2, 0]),
        ([11, 12], [1, 0]),  # without the beginning
    ]
    assert excerpts(f, tokens, 2) == excerpts(f, tokens, 3)[:2]
    assert excerpts(f, tokens, 1, before=0, after=0) == [([23], [3])]
    assert excerpts(f, tokens, 1, before=9, after=9) == [([21, 22, 23, 24], [0, 0.25, 3, 0])]


def test_the_beginning_is_no_place_to_fire() -> None:
    assert excerpts([[9.0, 0, 1], [0, 2, 0]], [[0, 1, 2], [0, 3, 4]], 2) == [
        ([3, 4], [2, 0]),
        ([1, 2], [0, 1]),
    ]


def test_what_reads_alike_is_shown_once_and_leaves_room() -> None:
    f = [[0.0, 3, 0], [0, 2, 0], [0, 1, 0]]
    tokens = [[0, 7, 8], [0, 7, 8], [0, 5, 6]]
    assert excerpts(f, tokens, 2) == [([7, 8], [3, 0]), ([5, 6], [1, 0])]


def test_where_it_does_not_fire_nothing_is_shown() -> None:
    assert excerpts([[0.0, 3, 0], [5, 0, 0]], [[0, 7, 8], [0, 5, 6]], 2) == [([7, 8], [3, 0])]
    assert excerpts([[0.0, 0, 0]], [[0, 7, 8]], 2) == []


def test_direct_logits_are_those_of_the_direction_up_to_scale_and_offset() -> None:
    sae = random_sae("standard")
    W_U = torch.randn(6, 30, generator=torch.Generator().manual_seed(1))
    found = direct_logits(sae, W_U)
    assert found.shape == (15, 30)
    torch.testing.assert_close(found.mean(-1), torch.zeros(15), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.std(-1), torch.ones(15))
    for feature in range(15):
        plain = [
            sum(sae.W_dec[feature, i].item() * W_U[i, word].item() for i in range(6)) for word in range(30)
        ]
        scale = (plain[1] - plain[0]) / (found[feature, 1] - found[feature, 0]).item()
        assert scale > 0
        offset = plain[0] - scale * found[feature, 0].item()
        assert [scale * x + offset for x in found[feature].tolist()] == pytest.approx(plain, abs=1e-4)


def test_classes_are_of_words_that_are_one_token(model: Model) -> None:
    found = words_of_classes(model)
    assert "coma" not in found  # a class of one
    assert {"animal", "objeto", "nombre de mujer"} <= set(found)
    for name, words in found.items():
        assert len(words) >= FEWEST
        assert {model.string(int(word)).strip() for word in words} <= CLASSES[name]


LABELS = [Label("clase", "artículo"), Label("palabra", "«un»"), Label("posición", "tras artículo")]
NO_TEXTS = torch.zeros(1, 2, dtype=torch.long)
KNOWN = Labelled(NO_TEXTS, LABELS, torch.zeros(1, 2, 3, dtype=torch.bool))


def matched(label: list[int], score: list[float]) -> Match:
    """A match in which precision and recall are both the F1."""
    return Match(torch.tensor(label), torch.zeros(len(label)), torch.tensor(score), torch.tensor(score))


def test_the_clearest_feature_raises_a_class_most_of_those_that_mean_more_than_a_word(model: Model) -> None:
    words = words_of_classes(model)
    logits = torch.zeros(6, model.config.d_vocab)
    logits[0, words["animal"]] = 9.0  # means too little
    logits[1, words["objeto"]] = 8.0  # means a word
    logits[2, words["animal"]] = 3.0
    logits[3, words["objeto"]] = 4.0  # this one
    logits[4, words["lugar"][0]] = 50.0  # one word only, less on average
    logits[5, words["animal"]] = 7.0  # was not judged
    match = matched([0, 1, 2, 2, 0, -1], [0.79, 1.0, 0.9, 0.8, 1.0, 0.0])
    assert len(words["lugar"]) > 50 / 4
    card = clearest_feature(logits, match, KNOWN, model)
    assert (card.feature, card.meaning, card.raised) == (3, "tras artículo", "objeto")
    assert card.f1 == pytest.approx(0.8)
    assert torch.equal(card.words, words["objeto"])


def test_where_none_means_more_than_a_word_there_is_no_card(model: Model) -> None:
    logits = torch.ones(2, model.config.d_vocab)
    with pytest.raises(ValueError, match=r"more than a single word \(F1 ≥ 0\.8\), found none"):
        clearest_feature(logits, matched([1, 0], [1.0, 0.7]), KNOWN, model)
