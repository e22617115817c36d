"""A two-layer, two-head micro-transformer whose patched and path-patched logits are worked out by hand.

With d_model = 2 and no epsilon, layer norm leaves of a vector x the sign of s = x₀ − x₁ alone: it gives (σ, −σ). So one
number s for each position says all. Queries and keys are zero: a head sees the mean z of σ over what comes before it,
itself included, and adds gain · z to s. The logit difference is 2σ of the last s.

  gains: layer 0: 2 and −8; layer 1: 7 and 1.  Tokens: a has s = 1, b has s = −1.

  base [a, a]      s = (1, 1), σ = (1, 1), z = (1, 1).
    layer 0        s = 1 + 2 − 8 = −5 at both, σ = (−1, −1).
    layer 1        z = −1 at the end: s = −5 − 7 − 1 = −13. Logit difference −2.
  source [b, a]    s = (−1, 1), z = (−1, 0).
    layer 0        s = (−1 − 2 + 8, 1 + 0 − 0) = (5, 1), σ = (1, 1).
    layer 1        z = 1 at the end: s = 1 + 7 + 1 = 9. Logit difference 2.
"""

import torch

from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head
from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.interventions.metrics import logit_diff
from mechinterp.interventions.path_patching import Between, Embedding, Final, HeadInput, patch_paths
from mechinterp.model.transformer import Block, Config, Norm, Transformer

BASE, SOURCE = torch.tensor([[0, 0]]), torch.tensor([[1, 0]])
METRIC = logit_diff(torch.tensor([0]), torch.tensor([1]), torch.tensor([1]))


def norm() -> Norm:
    return Norm(torch.ones(2), torch.zeros(2))


def block(*gains: float) -> Block:
    nothing = torch.zeros(2, 2, 1)
    return Block(
        ln1=norm(),
        W_Q=nothing,
        W_K=nothing,
        W_V=torch.tensor([[[1.0], [0.0]], [[1.0], [0.0]]]),
        W_O=torch.tensor([[[gain, 0.0]] for gain in gains]),
        b_Q=torch.zeros(2, 1),
        b_K=torch.zeros(2, 1),
        b_V=torch.zeros(2, 1),
        b_O=torch.zeros(2),
        ln2=norm(),
        W_in=torch.zeros(2, 1),
        b_in=torch.zeros(1),
        W_out=torch.zeros(1, 2),
        b_out=torch.zeros(2),
    )


TRANSFORMER = Transformer(
    config=Config(n_layers=2, n_heads=2, d_model=2, d_head=1, d_mlp=1, d_vocab=2, n_ctx=2, eps=0.0),
    W_E=torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
    W_pos=torch.zeros(2, 2),
    blocks=[block(2, -8), block(7, 1)],
    ln_final=norm(),
    W_U=torch.eye(2),
    b_U=torch.zeros(2),
)


def test_the_two_runs() -> None:
    for tokens, wanted in ((BASE, -2), (SOURCE, 2)):
        logits = TRANSFORMER(tokens)[0, 1]
        assert logits[0] - logits[1] == wanted


def test_one_position_of_the_residual_stream() -> None:
    found = patch_positions(TRANSFORMER, BASE, SOURCE, Place.RESID_PRE, METRIC)[0]
    # Layer 0: position 0 makes it the source run; position 1 is the same token in both.
    # Layer 1: s = (5, −5), z = 0 at the end, s = −5; and s = (−5, 1), z = 0, s = 1.
    assert found.tolist() == [[2, -2], [-2, 2]]


def test_one_head() -> None:
    found = patch_heads(TRANSFORMER, BASE, SOURCE, Part.Z, METRIC)[0]
    # 0.0: s = (1 − 2 − 8, 1 + 0 − 8) = (−9, −7), z = −1, s = −7 − 8 = −15.
    # 0.1: s = (1 + 2 + 8, 1 + 2 − 0) = (11, 3), z = 1, s = 3 + 8 = 11.
    # 1.0: s = −5 + 7 − 1 = 1.  1.1: s = −5 − 7 + 1 = −11.
    assert found.tolist() == [[-2, 2], [2, -2]]


def test_direct_paths_to_the_logits() -> None:
    senders = [Head(0, 0), Head(0, 1), Head(1, 0), Head(1, 1), Embedding()]
    found = patch_paths(TRANSFORMER, BASE, SOURCE, senders, [Final()], METRIC, Between.DIRECT)[0]
    # z at the end goes from 1 to 0 in layer 0, from −1 to 1 in layer 1. To s = −13 is added: −2 by 0.0, 8 by 0.1,
    # 14 by 1.0, 2 by 1.1; nothing by the embedding, for the last token is the same.
    assert found.tolist() == [-2, -2, 2, -2, -2]


def test_paths_to_the_values_of_one_head() -> None:
    values = [HeadInput(Head(1, 0), Input.V)]
    found = patch_paths(TRANSFORMER, BASE, SOURCE, [Head(0, 0), Head(0, 1)], values, METRIC, Between.DIRECT)[
        0
    ]
    # 0.0 changes s before layer 1 by (−4, −2): σ stays −1, s = −13. 0.1 changes it by (16, 8): 1.0 sees (11, 3) and
    # adds 7; 1.1 sees (−5, −5) still and adds −1: s = −5 + 7 − 1 = 1.
    assert found.tolist() == [-2, 2]


def test_paths_to_a_head_that_matters_too_little() -> None:
    values = [HeadInput(Head(1, 1), Input.V)]
    found = patch_paths(TRANSFORMER, BASE, SOURCE, [Head(0, 0), Head(0, 1)], values, METRIC, Between.DIRECT)[
        0
    ]
    # 0.1: 1.1 adds 1 instead of −1: s = −5 − 7 + 1 = −11.
    assert found.tolist() == [-2, -2]
