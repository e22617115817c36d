import pytest
import torch

from mechinterp.ioi.prompts import Prompts, aligned, prompts
from mechinterp.logits.direct_attribution import bias, by_component
from mechinterp.model.language_model import Model
from mechinterp.text.templates import HELD_OUT_TEMPLATES
from tests.mechinterp.random_models import random_transformer
from tests.mechinterp.text import trained


@pytest.fixture(scope="module")
def model() -> Model:
    return Model("random", random_transformer(d_vocab=trained.D_VOCAB, n_ctx=64), trained.tokenizer(), 0)


@pytest.fixture(scope="module")
def asked(model: Model) -> Prompts:
    return aligned(prompts(model, 20, seed=0, templates=[HELD_OUT_TEMPLATES[4]]))


@torch.no_grad()
def test_what_the_reader_reads_of_all_components_is_the_logit_difference(
    model: Model, asked: Prompts
) -> None:
    logits, cache = model.run_with_cache(asked.tokens)
    reader = asked.reader(model.transformer)
    read = sum(by_component(model.transformer, cache, reader).values())
    read = read + bias(model.transformer, reader, asked.io, asked.subject)
    torch.testing.assert_close(read, asked.logit_diff(logits), atol=1e-3, rtol=1e-3)
