"""A transformer small enough to be worked out on paper."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mechinterp.model.transformer import Block, Config, Norm, Transformer


def row(*tokens: int) -> Tensor:
    return torch.tensor([tokens])


def test_a_transformer_by_hand() -> None:
    """One layer of two heads and two neurons, followed through every step.

    The tokens are embedded as a, b and c: orthogonal, of mean 0 and mean square 1. So layer norm leaves each as it
    is; of a mixture αa + βb + γc it makes the same over √(α² + β² + γ²); and x · a is 4α. Positions are embedded as
    multiples of (1, 1, 1, 1), which layer norm takes away. All vectors below are (α, β, γ).
    """
    a, b, c = basis = torch.tensor([[1.0, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
    ones = torch.ones(4)

    def first_column(*columns: list[float]) -> Tensor:
        """Return one (4, 4) matrix a head that reads into its first dimension alone."""
        return torch.stack([torch.tensor(column)[:, None] * torch.eye(4)[0] for column in columns])

    block = Block(
        ln1=Norm(ones, 0 * ones),
        W_Q=torch.zeros(2, 4, 4),
        b_Q=torch.tensor([[0.0] * 4, [math.log(3), 0, 0, 0]]),
        W_K=first_column([0.0, 0, 0, 0], [1.0, 1, 0, 0]),  # the second head's key: 2 for a, 0 for b and c
        b_K=torch.zeros(2, 4),
        W_V=first_column([0.0, 1, 0, -1], [1.0, 1, 0, 0]),  # values: 2, 0, −2 and 2, 0, 0 for a, b, c
        b_V=torch.zeros(2, 4),
        W_O=torch.stack([torch.eye(4)[0][:, None] * b, torch.eye(4)[0][:, None] * c]),
        b_O=torch.zeros(4),
        ln2=Norm(ones, 0 * ones),
        W_in=torch.stack([a, -c], dim=1),
        b_in=torch.zeros(2),
        W_out=torch.stack([-3 * c, 5 * a]),
        b_out=torch.zeros(4),
    )
    transformer = Transformer(
        config=Config(
            **{"n_layers": 1, "n_heads": 2, "d_model": 4, "d_head": 4, "d_mlp": 2, "d_vocab": 3, "n_ctx": 3},
            activation="relu",
            eps=0.0,
        ),
        W_E=basis,
        W_pos=torch.arange(3.0)[:, None] * ones,
        blocks=[block],
        ln_final=Norm(3 * ones, 2 * ones),
        W_U=basis.T,
        b_U=torch.tensor([0.0, 0, 1]),
    )
    logits, cache = transformer.run_with_cache(row(0, 1, 2))

    def holds(name: str, expected: list[list[float]]) -> None:
        torch.testing.assert_close(cache[f"blocks.0.{name}"][0], torch.tensor(expected), msg=name)

    def mixes(name: str, expected: list[list[float]]) -> None:
        torch.testing.assert_close(
            cache[f"blocks.0.{name}"][0] @ basis.T / 4, torch.tensor(expected), msg=name
        )

    # Scores: 0 in the first head. In the second, q · k / √d_head = ln 3 · 2 / 2 = ln 3 where the source is a, else 0.
    # So the first attends to all alike; the second to a three times as much as to another.
    torch.testing.assert_close(
        cache["blocks.0.attn.hook_pattern"][0],
        torch.tensor(
            [
                [[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]],
                [[1, 0, 0], [3 / 4, 1 / 4, 0], [3 / 5, 1 / 5, 1 / 5]],
            ]
        ),
    )
    # First head: 2; (2 + 0) / 2; (2 + 0 − 2) / 3. Second: 2; (3·2 + 0) / 4; (3·2 + 0 + 0) / 5.
    torch.testing.assert_close(
        cache["blocks.0.attn.hook_z"][0, :, :, 0], torch.tensor([[2, 2], [1, 3 / 2], [0, 6 / 5]])
    )
    # The first writes along b, the second along c, each into a stream that held its token.
    mixes("hook_resid_mid", [[1, 2, 2], [0, 1 + 1, 3 / 2], [0, 0, 1 + 6 / 5]])
    # Scales: √(1 + 4 + 4); √(4 + 9/4); 11/5.
    holds("ln2.hook_scale", [[3], [5 / 2], [11 / 5]])
    mixes("ln2.hook_normalized", [[1 / 3, 2 / 3, 2 / 3], [0, 4 / 5, 3 / 5], [0, 0, 1]])
    # One neuron reads 4α, the other −4γ, which is never positive.
    holds("mlp.hook_pre", [[4 / 3, -8 / 3], [0, -12 / 5], [0, -4]])
    holds("mlp.hook_post", [[4 / 3, 0], [0, 0], [0, 0]])
    # 4/3 · −3 = −4 along c.
    mixes("hook_resid_post", [[1, 2, 2 - 4], [0, 2, 3 / 2], [0, 0, 11 / 5]])
    # Over the scales 3, 5/2, 11/5; times the weight 3; times 4 by the unembedding, to which ln_final's bias is
    # orthogonal; plus the bias (0, 0, 1).
    torch.testing.assert_close(
        logits, torch.tensor([[[4, 8, -8 + 1], [0, 48 / 5, 36 / 5 + 1], [0, 0, 12 + 1]]]), atol=1e-5, rtol=0
    )
