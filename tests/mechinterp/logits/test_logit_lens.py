from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from mechinterp import load_model
from mechinterp.logits.logit_lens import logit_lens
from mechinterp.model.language_model import Model


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with torch.no_grad():
        yield load_model()


@pytest.fixture(scope="module")
def tokens(model: Model) -> torch.Tensor:
    return torch.randint(model.config.d_vocab, (2, 9), generator=torch.Generator().manual_seed(0))


def test_there_is_a_stage_before_the_first_layer_and_one_after_each(
    model: Model, tokens: torch.Tensor
) -> None:
    assert logit_lens(model, tokens).shape == (model.config.n_layers + 1, 2, 9, model.config.d_vocab)


def test_the_last_stage_is_the_model_s_own_answer(model: Model, tokens: torch.Tensor) -> None:
    torch.testing.assert_close(logit_lens(model, tokens)[-1], model(tokens), atol=1e-4, rtol=1e-4)


def test_the_first_stage_reads_the_embeddings_normalised_by_their_own_scale(
    model: Model, tokens: torch.Tensor
) -> None:
    transformer, config = model.transformer, model.config
    assert transformer.W_pos is not None
    embedded = transformer.W_E[tokens] + transformer.W_pos[:9]
    final = transformer.ln_final
    normalized = functional.layer_norm(embedded, (config.d_model,), final.w, final.b, config.eps)
    expected = normalized @ transformer.W_U + transformer.b_U
    torch.testing.assert_close(logit_lens(model, tokens)[0], expected, atol=1e-4, rtol=1e-4)


def test_each_stage_is_what_the_model_says_without_its_later_layers(
    model: Model, tokens: torch.Tensor
) -> None:
    stages = logit_lens(model, tokens)
    for kept in range(model.config.n_layers + 1):
        config = replace(model.config, n_layers=kept)
        stopped = replace(model.transformer, config=config, blocks=model.transformer.blocks[:kept])
        torch.testing.assert_close(stages[kept], stopped(tokens), atol=1e-4, rtol=1e-4)
    assert all((stages[i] - stages[i + 1]).abs().max() > 0.1 for i in range(model.config.n_layers))
