"""The card of a feature of a given SAE, on an SAE whose features are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechinterp import load_model
from mechinterp.model.language_model import Model
from mechinterp.sae import given_card as module
from mechinterp.sae.activations import activations
from mechinterp.sae.autoencoder import StandardSAE
from mechinterp.sae.given_card import WORDS, around, card, clearest_writer, firing, strength
from mechinterp.sae.shown import Given, Shown, shown
from mechinterp.text.corpus import draw_texts

HOOK = "blocks.2.hook_resid_post"
WRITER, DENSE, RARE = 2, 0, 1


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def on(model: Model) -> Shown:
    """An SAE with a feature that fires almost everywhere, one that fires once, and others; all write a token each."""
    text = " ".join(draw_texts(200, seed=5))
    d_model, W_U = model.config.d_model, model.transformer.W_U
    draw = torch.Generator().manual_seed(0)
    W_enc = torch.randn(d_model, 6, generator=draw)
    W_dec = torch.randn(6, d_model, generator=draw)
    for feature, weight in ((DENSE, 9.0), (RARE, 8.0), (WRITER, 3.0)):
        W_dec[feature] = weight * W_U[:, 40 + feature] + 0.3 * W_dec[feature]
    given = Given(StandardSAE(W_enc, torch.zeros(6), W_dec, torch.zeros(d_model)), HOOK, False, text)
    found = shown(model, given, seed=0)
    x = activations(model.transformer, found.tokens, HOOK)[:, 1:]
    ranked = (x @ W_enc).flatten(0, 1).sort(0, descending=True).values
    share = torch.tensor([len(ranked) // 2, 1] + [len(ranked) // 50] * 4)
    b_enc = -ranked[share, torch.arange(6)]
    return replace(found, given=replace(given, sae=replace(given.sae, b_enc=b_enc)))


def test_how_often_each_fires_is_counted(on: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    fires = on.features(on.tokens)[:, 1:] > 0
    for at_once in (1000, 3):
        monkeypatch.setattr(module, "AT_ONCE", at_once)
        found = firing(on)
        assert torch.equal(found.texts, fires.any(1).sum(0))
        torch.testing.assert_close(found.share, fires.float().mean((0, 1)))
        torch.testing.assert_close(strength(on, WRITER), on.features(on.tokens)[..., WRITER])


def test_the_rule_passes_over_what_is_dense_or_rare(on: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clearest_writer(on) == WRITER
    monkeypatch.setattr(module, "FEATURES_AT_ONCE", 1)
    assert clearest_writer(on) == WRITER
    monkeypatch.setattr(module, "LEAST_TEXTS", 1)
    assert clearest_writer(on) == RARE
    monkeypatch.setattr(module, "MOST_TOKENS", 0.9)
    assert clearest_writer(on) in (RARE, DENSE)
    monkeypatch.setattr(module, "MOST_TOKENS", 0.0)
    with pytest.raises(
        ValueError, match=r"at least 1 texts and on at most 0% of the tokens, found none: give"
    ):
        clearest_writer(on)


def test_texts_are_cut_around_where_it_fires_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SPAN", 5)
    monkeypatch.setattr(module, "BEFORE", 2)
    tokens = torch.arange(40).view(4, 10)
    fires = torch.zeros(4, 10)
    fires[1, 5], fires[2, 1], fires[3, 9], fires[0, 0] = 3.0, 2.0, 1.0, 9.0
    found = around(tokens, fires, 4)
    assert found.tolist() == [[10, 13, 14, 15, 16], [20, 21, 22, 23, 24], [30, 36, 37, 38, 39]]
    assert around(tokens, fires, 1).tolist() == found[:1].tolist()


def test_a_card_shows_the_feature_and_what_setting_it_does(model: Model, on: Shown) -> None:
    found = card(model, on, "Ana fue a", {"apagada": 0.0, "sin tocar": None, "arriba": 1.0}, seed=0)
    assert found["feature"] == WRITER
    assert found["raised"] == model.strings(on.raised([WRITER], WORDS)[0])
    assert found["words"][0][0] == found["raised"][0]
    assert max(found["excerpts"][0][1]) == pytest.approx(1)
    assert found["positive"].min() > 0
    first, second = found["written"]
    assert first == "Ana fue a"
    assert second.endswith(found["excerpts"][0][0][found["excerpts"][0][1].argmax()].strip())
    assert set(found["written"][first]) == {"apagada", "sin tocar", "arriba"}
    assert found["effect"]["raised"] > found["effect"]["untouched"]
