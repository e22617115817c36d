"""The loss without all logits at once is cross-entropy, and so are its gradients."""

import pytest
import torch
from torch.nn import functional

from mechinterp.training import loss as module
from mechinterp.training.loss import next_token_loss


@pytest.mark.parametrize("rows", [1, 5, 7, 1000])
def test_it_and_its_gradients_are_those_of_cross_entropy(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", rows)
    draw = torch.Generator().manual_seed(rows)
    x = torch.randn(3, 8, 6, generator=draw, dtype=torch.float64, requires_grad=True)
    W_U = torch.randn(6, 11, generator=draw, dtype=torch.float64, requires_grad=True)
    tokens = torch.randint(11, (3, 8), generator=draw)
    expected = functional.cross_entropy((x @ W_U)[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    found = next_token_loss(x, W_U, tokens)
    torch.testing.assert_close(found, expected)
    for weight in (1.0, 3.0):
        gradients = torch.autograd.grad(weight * next_token_loss(x, W_U, tokens), (x, W_U))
        torch.testing.assert_close(
            gradients, torch.autograd.grad(weight * expected, (x, W_U), retain_graph=True)
        )


def test_the_last_position_has_nothing_to_predict() -> None:
    x, W_U = torch.randn(2, 4, 6), torch.randn(6, 11)
    tokens = torch.randint(11, (2, 4), generator=torch.Generator().manual_seed(0))
    changed = x.clone()
    changed[:, -1] += 1
    assert next_token_loss(changed, W_U, tokens) == next_token_loss(x, W_U, tokens)
