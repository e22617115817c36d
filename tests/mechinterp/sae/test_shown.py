"""A given SAE on a model: its texts, what it leaves, its control, and what its features write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mechinterp import load_model
from mechinterp.model.language_model import Model
from mechinterp.sae import shown as module
from mechinterp.sae.activations import activations
from mechinterp.sae.autoencoder import TopKSAE
from mechinterp.sae.checkpoint import save_sae
from mechinterp.sae.folder import TEXTS
from mechinterp.sae.metrics import fvu, l0
from mechinterp.sae.one_activation import NAMED, TOKENS, through_given
from mechinterp.sae.shown import Given, load, shown
from tests.mechinterp.sae.random_saes import random_sae

HOOK = "blocks.1.hook_resid_post"
TEXT = "Ana fue a la tienda y Juan le dio un libro. " * 60


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def given(model: Model) -> Given:
    return Given(random_sae("topk", d_model=model.config.d_model, d_sae=40), HOOK, False, TEXT)


def test_what_a_folder_holds_is_loaded(tmp_path: Path, model: Model) -> None:
    assert load("none") is None
    save_sae(tmp_path / "sae", random_sae("gated", d_model=model.config.d_model), "bundled", HOOK)
    found = load(str(tmp_path / "sae"))
    assert found is not None
    assert (found.hook, found.centred, found.text) == (HOOK, False, None)
    (tmp_path / "sae" / TEXTS).write_text("uno")
    found = load(str(tmp_path / "sae"))
    assert found is not None
    assert found.text == "uno"


def test_it_is_shown_on_the_text_beside_it(model: Model, given: Given) -> None:
    on = shown(model, given, seed=0)
    assert model.tokenizer.decode(on.tokens[0, 1:].tolist()).strip().startswith("Ana fue a la tienda")
    x = activations(model.transformer, on.tokens, HOOK)
    torch.testing.assert_close(on.mean, x[:, 1:].mean((0, 1)))
    assert on.fvu(given.sae) == pytest.approx(fvu(x[:, 1:], given.sae.reconstruct(x)[:, 1:]), rel=1e-5)
    assert on.l0() == pytest.approx(l0(given.sae.encode(x)[:, 1:]))


def test_without_text_the_model_writes_some(model: Model, given: Given) -> None:
    on, again = (shown(model, replace(given, text=None), seed=2) for _ in range(2))
    assert (on.tokens[:, 0] == model.bos).all()
    assert len({tuple(row) for row in on.tokens.tolist()}) > 1
    assert torch.equal(on.tokens, again.tokens)
    without = Model(model.name, model.transformer, model.tokenizer, None)
    with pytest.raises(ValueError, match=rf"does not know how a text begins, and there is no {TEXTS}"):
        shown(without, replace(given, text=None), seed=2)


def test_too_little_text_and_another_width_are_refused(model: Model, given: Given) -> None:
    with pytest.raises(ValueError, match=rf"tokens in {TEXTS} beside the SAE, .*: give more text"):
        shown(model, replace(given, text="Ana fue."), seed=0)
    with pytest.raises(
        ValueError, match=r"expected an SAE of width \d+ for blocks\.0\.mlp\.hook_post of bundled, got 144"
    ):
        shown(model, replace(given, hook="blocks.0.mlp.hook_post"), seed=0)


def test_a_centred_sae_is_compared_with_centred_activations(model: Model, given: Given) -> None:
    on = shown(model, replace(given, centred=True), seed=0)
    assert on.mean.mean().item() == pytest.approx(0, abs=1e-5)
    torch.testing.assert_close(
        on.vectors(on.tokens).mean(-1), torch.zeros(on.tokens.shape), atol=1e-4, rtol=0
    )


def test_the_control_has_as_many_directions_of_which_as_many_fire(model: Model, given: Given) -> None:
    on = shown(model, given, seed=0)
    control = on.at_random(seed=1)
    assert isinstance(control, TopKSAE)
    assert control.W_dec.shape == given.sae.W_dec.shape
    assert control.k == round(on.l0()) == 4
    torch.testing.assert_close(control.W_dec.norm(dim=-1), torch.ones(40))
    torch.testing.assert_close(control.reconstruct(on.mean[None])[0], on.mean)
    assert not torch.equal(control.W_dec, on.at_random(seed=2).W_dec)


def test_a_feature_raises_the_tokens_that_its_direction_writes(model: Model, given: Given) -> None:
    """Added to the stream that is read at the end, it changes the logits so, up to the norm's scale."""
    on = shown(model, given, seed=0)
    transformer, direction = model.transformer, given.sae.W_dec[7]
    config = replace(transformer.config, eps=0.0)
    base = torch.zeros(1, model.config.d_model)
    scale = (direction - direction.mean()).square().mean().sqrt()
    plain = transformer.ln_final.forward(base + direction, config, "ln_final", lambda _, x: x)
    logits = (plain - transformer.ln_final.b) @ transformer.W_U * scale
    torch.testing.assert_close(on.direct_logits([7])[0], logits[0], atol=1e-3, rtol=1e-3)
    assert on.raised([7, 3], 3).tolist() == [row.topk(3).indices.tolist() for row in on.direct_logits([7, 3])]


def test_an_activation_goes_through_a_given_sae(model: Model, given: Given) -> None:
    wide = replace(given.sae, k=9)  # type: ignore[call-arg]
    found = through_given(model, replace(given, sae=wide), "Ana fue a la tienda", seed=0)
    x = activations(model.transformer, model.tokens(model.spaced("Ana fue a la tienda")), HOOK)[0, -1]
    f = wide.encode(x)
    torch.testing.assert_close(found.x_hat, wide.reconstruct(x))
    assert found.fired == {i: f[i].item() for i in f.nonzero().flatten().tolist()}
    assert list(found.names) == sorted(found.fired, key=lambda i: -found.fired[i])[:NAMED]
    assert all(isinstance(name, list) and len(name) == TOKENS for name in found.names.values())
    assert found.left == pytest.approx(
        ((x - found.x_hat).norm() ** 2 / (x - found.mean).norm() ** 2).item(), rel=1e-4
    )
    assert found.others != found.by_chance


def test_it_is_measured_a_few_texts_at_a_time(
    model: Model, given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = shown(model, given, seed=0)
    monkeypatch.setattr(module, "AT_ONCE", 2)
    parts = shown(model, given, seed=0)
    torch.testing.assert_close(whole.mean, parts.mean)
    assert whole.fvu(given.sae) == pytest.approx(parts.fvu(given.sae), rel=1e-5)
    assert whole.l0() == pytest.approx(parts.l0())
