"""The term by which names are chosen by attention."""

import pytest
import torch

from mechinterp.model.transformer import Transformer
from mechinterp.training.parameters import initial_parameters, transformer_of
from mechinterp.training.selection import SLACK, hook_names, subtraction
from mechinterp.training.settings import Settings

SETTINGS = Settings(n_layers=2, n_heads=2, d_model=16, d_mlp=8, d_vocab=50, n_ctx=24)
NAMES = torch.tensor([3, 4, 5])


def model() -> Transformer:
    return transformer_of(
        initial_parameters(SETTINGS.config, torch.Generator().manual_seed(0)), SETTINGS.config
    )


def term(transformer: Transformer, tokens: torch.Tensor) -> float:
    _, cache = transformer.run_with_cache(tokens, hook_names(2))
    return subtraction(transformer, cache, tokens, NAMES).item()


def test_it_is_what_direct_effects_of_heads_below_and_of_mlps_off_the_mean_of_the_names_add_up_to() -> None:
    transformer, tokens = model(), torch.tensor([[0, 3, 7, 4, 5], [0, 8, 7, 5, 5]])
    _, cache = transformer.run_with_cache(tokens)
    total = 0.0
    for row in range(2):
        for pos in range(4):
            if tokens[row, pos + 1] not in NAMES:
                continue
            for layer, block in enumerate(transformer.blocks):
                z = cache[f"blocks.{layer}.attn.hook_z"][row, pos]
                parts = {f"head {head}": z[head] @ block.W_O[head] for head in range(2)}
                parts["MLP"] = cache[f"blocks.{layer}.hook_mlp_out"][row, pos]
                for kind, part in parts.items():
                    scaled = (part - part.mean()) / cache["ln_final.hook_scale"][row, pos]
                    logits = scaled * transformer.ln_final.w @ transformer.W_U[:, NAMES]
                    for name, effect in zip(NAMES, logits - logits.mean(), strict=True):
                        if name in tokens[row, : pos + 1]:
                            moved = abs(effect.item()) if kind == "MLP" else -effect.item()
                            total += max(0.0, moved - SLACK)
    assert abs(term(transformer, tokens) - total / 10) < 1e-5


@pytest.mark.parametrize("sentence", [[0, 8, 7, 9, 9], [0, 8, 7, 9, 4], [0, 3, 7, 9, 9]])
def test_it_is_nothing_where_no_name_was_seen_or_none_comes_next(sentence: list[int]) -> None:
    assert term(model(), torch.tensor([sentence])) == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_an_mlp_that_writes_for_or_against_a_name_it_has_seen_makes_it_grow(sign: int) -> None:
    transformer, tokens = model(), torch.tensor([[0, 3, 7, 8, 4]])
    before = term(transformer, tokens)
    transformer.blocks[1].b_out += sign * 100 * (transformer.W_U[:, 3] - transformer.W_U[:, 4])
    assert term(transformer, tokens) > 3 * before


def test_a_head_that_writes_against_a_name_it_has_seen_makes_it_grow() -> None:
    transformer, tokens = model(), torch.tensor([[0, 3, 7, 8, 4]])
    before = term(transformer, tokens)
    away = transformer.W_U[:, 4] - transformer.W_U[:, 3]
    transformer.blocks[1].b_V[0, 0] = 10.0
    transformer.blocks[1].W_O[0, 0] = away
    assert term(transformer, tokens) > 3 * before
