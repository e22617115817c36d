"""Hidden spaces turned to their neurons, several at once."""

import torch

from mechinterp.superposition.neurons import turned_to_neurons


def test_models_turned_together_are_models_turned_alone() -> None:
    W = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0))
    together = turned_to_neurons(W)
    for one, alone in zip(together, W, strict=True):
        torch.testing.assert_close(one, turned_to_neurons(alone))
        torch.testing.assert_close(one.T @ one, alone.T @ alone, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(one, one.T, atol=1e-5, rtol=1e-4)  # as a polar factor is
