import torch

from mechinterp import load_model


def test_a_loaded_model_asks_for_no_gradients() -> None:
    """So that an analysis need not say that it wants none."""
    logits, cache = load_model().run_with_cache(torch.tensor([[0, 1, 2]]))
    assert not logits.requires_grad
    assert not any(activation.requires_grad for activation in cache.values())
