"""Setting a feature, by hand; and what is read of a steered model, against plain loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mechinterp import load_model
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Transformer
from mechinterp.sae.autoencoder import SAE, StandardSAE
from mechinterp.sae.steering import (
    ablate_feature,
    add_feature,
    continuations,
    mass_on,
    set_feature,
    steered_texts,
    steering_effect,
)
from tests.mechinterp.random_models import random_transformer
from tests.mechinterp.sae.random_saes import KINDS, random_sae

HOOK = "blocks.1.hook_resid_post"
WORDS = torch.tensor([3, 4, 11])


def double(sae: SAE) -> SAE:
    return replace(sae, **{name: value.double() for name, value in vars(sae).items() if name != "k"})


def tokens(texts: int = 6, length: int = 8) -> Tensor:
    return torch.randint(0, 20, (texts, length), generator=torch.Generator().manual_seed(1))


def random_model(transformer: Transformer | None = None) -> Model:
    return Model("random", transformer or random_transformer(), load_model().tokenizer, 0)


def axes() -> StandardSAE:
    """An SAE whose features are the positive parts of the axes."""
    return StandardSAE(torch.eye(3), torch.zeros(3), torch.eye(3), torch.zeros(3))


def test_a_feature_that_is_set_is_what_it_was_set_to() -> None:
    x = torch.tensor([[[9.0, 9, 9], [1, 2, -3], [0, -4, 5]]])
    steered = set_feature(axes(), 1, 7.0)(x)
    assert steered.tolist() == [[[9, 9, 9], [1, 7, -3], [0, -4 + 7, 5]]]  # what no feature tells stays: −4
    assert axes().encode(steered)[0, 1].tolist() == [1, 7, 0]
    assert x[0, 1].tolist() == [1, 2, -3]  # not in place


def test_it_is_added_in_its_direction_whatever_its_length() -> None:
    sae = StandardSAE(
        W_enc=torch.tensor([[1.0], [0.0]]),
        b_enc=torch.tensor([-1.0]),
        W_dec=torch.tensor([[3.0, 4.0]]),
        b_dec=torch.tensor([2.0, 0.0]),
    )
    x = torch.tensor([[[0.0, 0.0], [5.0, 1.0]]])  # f = (5 − 2) − 1 = 2
    assert set_feature(sae, 0, 2.5)(x)[0, 1].tolist() == [5 + 0.5 * 3, 1 + 0.5 * 4]


def test_a_direction_is_added_as_strongly_as_is_asked_whatever_fires() -> None:
    sae = StandardSAE(torch.eye(2), torch.zeros(2), torch.tensor([[3.0, 4.0], [0.0, 1.0]]), torch.zeros(2))
    x = torch.tensor([[[1.0, 1.0], [5.0, 1.0], [-5.0, 0.0]]])
    assert add_feature(sae, 0, 2.0)(x).tolist() == [[[1, 1], [5 + 6, 1 + 8], [-5 + 6, 8]]]
    assert add_feature(sae, 1, -1.5)(x).tolist() == [[[1, 1], [5, -0.5], [-5, -1.5]]]
    assert x[0, 1].tolist() == [5, 1]  # not in place


@pytest.mark.parametrize("kind", KINDS)
def test_adding_what_a_feature_lacks_is_setting_it(kind: str) -> None:
    sae, x = random_sae(kind), torch.randn(1, 2, 6, generator=torch.Generator().manual_seed(5))
    f = sae.encode(x)[0, 1]
    for feature in range(15):
        added = add_feature(sae, feature, 4.0 - f[feature].item())(x)
        torch.testing.assert_close(added, set_feature(sae, feature, 4.0)(x))


@pytest.mark.parametrize("kind", KINDS)
def test_setting_a_feature_to_what_it_fires_changes_nothing(kind: str) -> None:
    sae, x = random_sae(kind), torch.randn(1, 2, 6, generator=torch.Generator().manual_seed(3))
    f = sae.encode(x)[0, 1]
    assert (f > 0).any()
    for feature in range(15):
        torch.testing.assert_close(set_feature(sae, feature, f[feature].item())(x), x)
        moved = set_feature(sae, feature, f[feature].item() + 1)(x) - x
        torch.testing.assert_close(moved[0, 1], sae.W_dec[feature])


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_position_is_left_and_ablating_is_setting_to_nothing(kind: str) -> None:
    sae, x = random_sae(kind), torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(4))
    for feature in range(15):
        steered = set_feature(sae, feature, 8.0)(x)
        assert torch.equal(steered[:, 0], x[:, 0])
        assert not torch.isclose(steered[:, 1:], x[:, 1:]).all(-1).any()
        without = ablate_feature(sae, feature)(x)
        assert torch.equal(without, set_feature(sae, feature, 0.0)(x))
        silent = sae.encode(x)[..., feature] == 0
        assert torch.equal(without[silent], x[silent])


@pytest.mark.parametrize("feature", [-1, 15])
def test_a_feature_that_is_not_there_is_refused(feature: int) -> None:
    with pytest.raises(ValueError, match=f"expected a feature from 0 to 14, got {feature}"):
        set_feature(random_sae("topk"), feature, 1.0)
    with pytest.raises(ValueError, match=f"expected a feature from 0 to 14, got {feature}"):
        add_feature(random_sae("topk"), feature, 1.0)


def test_the_mass_on_words_is_the_sum_of_their_probabilities() -> None:
    transformer = random_transformer()
    hooks = {HOOK: set_feature(double(random_sae("standard", d_model=16)), 2, 4.0)}
    for of in ({}, hooks):
        probabilities = transformer.run_with_hooks(tokens(), of).softmax(-1)
        plain = sum(probabilities[..., word] for word in WORDS.tolist())
        torch.testing.assert_close(mass_on(transformer, tokens(), WORDS, of), plain)
    assert not torch.allclose(
        mass_on(transformer, tokens(), WORDS, {}), mass_on(transformer, tokens(), WORDS, hooks)
    )


def effect_by_hand(transformer: Transformer, sae: SAE, feature: int) -> dict[str, float]:
    """Every number of an effect, by loops over texts and positions."""
    texts = tokens()
    f = sae.encode(transformer.cache(texts, [HOOK])[HOOK])
    places = [(text, pos) for text in range(texts.shape[0]) for pos in range(1, texts.shape[1])]
    most = [max(f[text, pos, i].item() for text, pos in places) for i in range(sae.d_sae)]

    def mean(value: float | None, of: int, where: Callable[[float], bool]) -> float:
        hooks = {} if value is None else {HOOK: set_feature(sae, of, value)}
        probabilities = transformer.run_with_hooks(texts, hooks).softmax(-1)
        chosen = [(text, pos) for text, pos in places if where(f[text, pos, feature].item())]
        masses = [sum(probabilities[text, pos, w].item() for w in WORDS.tolist()) for text, pos in chosen]
        return sum(masses) / len(masses)

    def silent(x: float) -> bool:
        return x == 0

    def firing(x: float) -> bool:
        return x > most[feature] / 2

    others = [mean(most[i], i, silent) for i in range(sae.d_sae) if i != feature and most[i] > 0]
    return {
        "untouched": mean(None, feature, silent),
        "raised": mean(most[feature], feature, silent),
        "raised_by_other": max(others),
        "firing": mean(None, feature, firing),
        "ablated": mean(0.0, feature, firing),
    }


@pytest.mark.parametrize("feature", [0, 5])
def test_an_effect_is_that_of_plain_loops_and_the_control_the_most_of_the_others(feature: int) -> None:
    transformer, sae = random_transformer(), double(random_sae("topk", d_model=16))
    found = steering_effect(
        random_model(transformer), HOOK, sae, feature, WORDS, tokens(), n_others=99, seed=0
    )
    assert vars(found) == pytest.approx(effect_by_hand(transformer, sae, feature))
    assert len(set(vars(found).values())) == 5
    few = [
        steering_effect(random_model(), HOOK, sae, feature, WORDS, tokens(), n_others=1, seed=seed)
        for seed in range(4)
    ]
    assert all(one.raised_by_other <= found.raised_by_other for one in few)
    assert len({one.raised_by_other for one in few}) > 1


def test_a_feature_without_an_effect_to_measure_is_refused() -> None:
    sae = double(random_sae("standard", d_model=16))

    def effect(b_enc: list[float]) -> object:
        changed = replace(sae, b_enc=torch.tensor(b_enc, dtype=torch.float64))
        return steering_effect(random_model(), HOOK, changed, 2, WORDS, tokens(), n_others=3, seed=0)

    with pytest.raises(
        ValueError, match="expected a feature that fires in these texts, got 2, which does not"
    ):
        effect([0.0, 0.0, -1e6] + [0.0] * 12)
    with pytest.raises(ValueError, match="expected feature 2 to be silent somewhere"):
        effect([0.0, 0.0, 1e6] + [0.0] * 12)
    with pytest.raises(ValueError, match="and another to fire as the control"):
        effect([-1e6, -1e6, 0.0] + [-1e6] * 12)


def test_a_control_of_no_feature_is_refused() -> None:
    sae = double(random_sae("topk", d_model=16))
    with pytest.raises(ValueError, match="at least one other feature as the control, got n_others = 0"):
        steering_effect(random_model(), HOOK, sae, 0, WORDS, tokens(), n_others=0, seed=0)


def biased(*probabilities: float) -> Transformer:
    """A transformer that says the same of every next token, whatever it reads."""
    transformer = random_transformer()
    transformer.W_U.zero_()
    transformer.b_U.copy_(torch.tensor([*probabilities, *[0.0] * (20 - len(probabilities))]).log())
    return transformer


def test_a_model_that_is_sure_says_what_it_is_sure_of() -> None:
    found = continuations(biased(0, 0, 1), torch.tensor([5, 6]), {}, n=3, length=4, seed=0)
    assert found.tolist() == [[2] * 4] * 3


def test_tokens_are_drawn_as_often_as_they_are_probable() -> None:
    found = continuations(biased(0.5, 0, 0.3, 0.2), torch.tensor([1]), {}, n=4000, length=2, seed=0)
    for column in found.T:
        often = torch.bincount(column, minlength=4) / 4000
        torch.testing.assert_close(often, torch.tensor([0.5, 0, 0.3, 0.2]), atol=0.03, rtol=0)
    assert 0.2 < (found[:, 0] == found[:, 1]).float().mean() < 0.5  # 0.38: each is drawn anew


def test_a_continuation_is_that_of_a_plain_loop() -> None:
    transformer, prompt = random_transformer(), torch.tensor([1, 8, 3])
    hooks = {HOOK: set_feature(double(random_sae("gated", d_model=16)), 1, 3.0)}
    draw = torch.Generator().manual_seed(7)
    rows = [prompt.tolist(), prompt.tolist()]
    for _ in range(5):
        numbers = torch.rand(2, 1, generator=draw).flatten().tolist()
        for row, number in zip(rows, numbers, strict=True):
            probabilities = transformer.run_with_hooks(torch.tensor([row]), hooks)[0, -1].softmax(-1)
            token, mass = 0, probabilities[0].item()
            while mass < number:
                token += 1
                mass += probabilities[token].item()
            row.append(token)
    found = continuations(transformer, prompt, hooks, n=2, length=5, seed=7)
    assert found.tolist() == [row[3:] for row in rows]


def test_the_same_seed_writes_the_same_text_and_hooks_change_it() -> None:
    transformer, prompt = random_transformer(), torch.tensor([1, 8, 3])

    def written(seed: int, value: float | None = None) -> list[list[int]]:
        sae = double(random_sae("standard", d_model=16))
        hooks = {} if value is None else {HOOK: set_feature(sae, 1, value)}
        return continuations(transformer, prompt, hooks, n=3, length=6, seed=seed).tolist()

    assert written(0) == written(0)
    assert written(0) != written(1)
    assert written(0) != written(0, 30.0)


def test_a_continuation_that_the_context_cannot_hold_is_refused() -> None:
    transformer, prompt = random_transformer(n_ctx=6), torch.tensor([1, 8, 3])
    assert continuations(transformer, prompt, {}, n=1, length=3, seed=0).shape == (1, 3)
    with pytest.raises(ValueError, match="of at most 6 tokens together, got 3 and 4"):
        continuations(transformer, prompt, {}, n=1, length=4, seed=0)


def test_steered_texts_are_told_under_the_names_of_their_values() -> None:
    model = load_model()
    sae = random_sae("standard", d_model=model.config.d_model)
    words = torch.tensor([model.token("Ana"), model.token("Juan")])
    values = {"abajo": -5.0, "sin tocar": None, "arriba": 20.0}
    found = steered_texts(model, HOOK, sae, 3, words, "Ayer Carmen", values, length=4, seed=2)
    assert list(found) == ["abajo", "sin tocar", "arriba"]
    prompt = torch.tensor(model.tokenize("Ayer Carmen"))
    for name, (mass, text) in found.items():
        value = values[name]
        hooks = {} if value is None else {HOOK: set_feature(sae, 3, value)}
        probabilities = model.transformer.run_with_hooks(prompt[None], hooks)[0, -1].softmax(-1)
        assert mass == pytest.approx(probabilities[words].sum().item(), abs=1e-6)
        (row,) = continuations(model.transformer, prompt, hooks, n=1, length=4, seed=2)
        assert text == model.tokenizer.decode(row.tolist(), skip_special_tokens=False)
    assert len({mass for mass, _ in found.values()}) == 3
