"""What ablated heads write keeps the sentence and forgets who is who."""

import torch

from mechinterp import load_model
from mechinterp.attention.heads import all_heads
from mechinterp.interventions.ablation import run_without
from mechinterp.interventions.paths import MLP
from mechinterp.ioi.prompts import Corruption, corrupted, prompts
from mechinterp.ioi.reference import other_names
from tests.mechinterp.planted_ioi import Plan, planted_model


def test_it_is_the_mean_over_versions_with_other_names() -> None:
    model = load_model()
    asked = prompts(model, 4, seed=3)
    found = other_names(model, asked, n=3, seed=5)
    name = "blocks.1.attn.hook_z"
    each = [
        model.transformer.cache(corrupted(model, asked, Corruption.STRANGERS, seed))[name]
        for seed in (5, 6, 7)
    ]
    torch.testing.assert_close(found[name], sum(each) / 3)


def test_with_everything_removed_nothing_of_the_answer_is_left() -> None:
    model = planted_model(Plan())
    asked = prompts(model, 30, seed=3)
    everything = [*all_heads(model.transformer), *map(MLP, range(model.config.n_layers))]
    logits, _ = run_without(model.transformer, asked.tokens, everything, other_names(model, asked))
    whole = asked.logit_diff(model(asked.tokens)).mean()
    assert asked.logit_diff(logits).mean().abs() < 0.05 * whole
