"""Losses against plain loops, their gradients against differences and the papers' formulas."""

from __future__ import annotations

from collections.abc import Callable
from math import exp

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mechinterp.sae.architectures import (
    AUXILIARY,
    L1,
    Architecture,
    BatchTopK,
    Gated,
    JumpReLU,
    Parameters,
    TopK,
    auxiliary_loss,
)
from mechinterp.sae.autoencoder import JumpReLUSAE, TopKSAE

ALL: tuple[Architecture, ...] = (L1(), Gated(), JumpReLU(), TopK(k=3), BatchTopK(k=3))
ALIVE = torch.zeros(7, dtype=torch.bool)
Loop = Callable[[Parameters, Tensor, list[list[float]]], float]


def parameters_of(architecture: Architecture, seed: int = 0) -> Parameters:
    """Parameters of no special value, in double precision."""
    draw = torch.Generator().manual_seed(seed)
    fresh = architecture.initial(4, 7, draw)
    noise = {name: 0.3 * torch.randn(t.shape, generator=draw) for name, t in fresh.items()}
    return {name: (t + noise[name]).double().requires_grad_() for name, t in fresh.items()}


def batch(n: int = 5, seed: int = 1) -> Tensor:
    return 2 * torch.randn(n, 4, generator=torch.Generator().manual_seed(seed)).double()


def read(p: Parameters, row: list[float]) -> list[float]:
    """What each feature reads of a vector, before its bias."""
    W, b = p["W_enc"].tolist(), p["b_dec"].tolist()
    return [sum((row[d] - b[d]) * W[d][i] for d in range(4)) for i in range(7)]


def error_of(row: list[float], f: list[float], W_dec: list[list[float]], b_dec: list[float]) -> float:
    x_hat = [b_dec[d] + sum(f[i] * W_dec[i][d] for i in range(7)) for d in range(4)]
    return sum((row[d] - x_hat[d]) ** 2 for d in range(4))


def plain_loss(
    architecture: Architecture, p: Parameters, x: Tensor, warm: float, frozen: Parameters
) -> float:
    """The loss as the papers write it, feature by feature; of `frozen` is the decoder that a gate may not change."""
    W_dec, b_dec, b_enc = p["W_dec"].tolist(), p["b_dec"].tolist(), p["b_enc"].tolist()
    norms = [sum(w * w for w in row) ** 0.5 for row in W_dec]
    total = 0.0
    for row in x.tolist():
        plain = read(p, row)
        pre = [r + b for r, b in zip(plain, b_enc, strict=True)]
        if isinstance(architecture, L1):
            f = [max(v, 0) for v in pre]
            total += warm * architecture.coefficient * sum(v * n for v, n in zip(f, norms, strict=True))
        elif isinstance(architecture, Gated):
            r_mag, b_mag = p["r_mag"].tolist(), p["b_mag"].tolist()
            f = [max(plain[i] * exp(r_mag[i]) + b_mag[i], 0) * (pre[i] > 0) for i in range(7)]
            gates = [max(v, 0) for v in pre]
            total += warm * architecture.coefficient * sum(gates)
            total += error_of(row, gates, frozen["W_dec"].tolist(), frozen["b_dec"].tolist())
        elif isinstance(architecture, JumpReLU):
            thresholds = [exp(v) for v in p["log_threshold"].tolist()]
            fires = [v > t for v, t in zip(pre, thresholds, strict=True)]
            f = [v * on for v, on in zip(pre, fires, strict=True)]
            total += warm * architecture.coefficient * sum(fires)
        else:
            assert isinstance(architecture, TopK)
            cut = sorted(pre, reverse=True)[architecture.k - 1]
            f = [v if v >= cut and v > 0 else 0.0 for v in pre]
        total += error_of(row, f, W_dec, b_dec)
    return total / len(x)


@pytest.mark.parametrize("architecture", [a for a in ALL if not isinstance(a, BatchTopK)])
@pytest.mark.parametrize("warm", [0.0, 0.4, 1.0])
def test_a_loss_is_that_of_a_plain_loop(architecture: Architecture, warm: float) -> None:
    p, x = parameters_of(architecture), batch()
    found = architecture.loss(p, x, warm, ALIVE)
    assert found.total.item() == pytest.approx(plain_loss(architecture, p, x, warm, p))
    sae = architecture.sae(p)
    torch.testing.assert_close(found.f, sae.encode(x))
    assert found.error.item() == pytest.approx((x - sae.reconstruct(x)).square().sum(-1).mean().item())


@pytest.mark.parametrize("architecture", [L1(), Gated(), TopK(k=3)])
def test_gradients_are_those_of_differences(architecture: Architecture) -> None:
    p, x, step = parameters_of(architecture), batch(), 1e-6
    architecture.loss(p, x, 0.7, ALIVE).total.backward()
    frozen = {name: tensor.detach().clone() for name, tensor in p.items()}
    for name, tensor in p.items():
        assert tensor.grad is not None
        for index in range(0, tensor.numel(), 3):
            ends = []
            for side in (step, -step):
                moved = {n: t.detach().clone() for n, t in p.items()}
                moved[name].view(-1)[index] += side
                ends.append(plain_loss(architecture, moved, x, 0.7, frozen))
            slope = (ends[0] - ends[1]) / (2 * step)
            assert tensor.grad.reshape(-1)[index].item() == pytest.approx(slope, abs=1e-4), name


def test_the_gates_own_reconstruction_leaves_the_decoder_alone() -> None:
    """With magnitudes that never fire, nothing but b_dec is told, and the decoder learns nothing from the gates."""
    architecture = Gated(coefficient=0.0)
    p, x = parameters_of(architecture), batch()
    p["b_mag"].data.fill_(-1e3)
    architecture.loss(p, x, 1.0, ALIVE).total.backward()
    assert p["W_dec"].grad is not None
    assert not p["W_dec"].grad.any()
    assert p["W_enc"].grad is not None
    assert p["W_enc"].grad.any()


def test_the_straight_through_gradients_of_jumprelu_are_the_paper_s() -> None:
    """Rajamanoharan et al. 2024b: ∂JumpReLU/∂θ = −θ/ε K((z − θ)/ε), ∂H/∂θ = −1/ε K((z − θ)/ε), K a rectangle."""
    coefficient, bandwidth, threshold = 0.8, 0.2, 0.5
    architecture = JumpReLU(coefficient, bandwidth)
    z = [0.1, 0.41, 0.45, 0.55, 0.59, 0.61, 0.9]  # of which the second to the fifth are near 0.5
    one = torch.ones(1, 1, dtype=torch.float64)
    p = {
        "W_enc": one.clone(),
        "b_enc": torch.zeros(1, dtype=torch.float64),
        "W_dec": 3 * one,
        "b_dec": torch.zeros(1, dtype=torch.float64),
        "log_threshold": torch.tensor([threshold], dtype=torch.float64).log(),
    }
    p = {name: tensor.requires_grad_() for name, tensor in p.items()}
    x = torch.tensor(z, dtype=torch.float64)[:, None]
    architecture.loss(p, x, 1.0, torch.zeros(1, dtype=torch.bool)).total.backward()
    of_threshold = of_bias = 0.0
    for value in z:
        f = value if value > threshold else 0.0
        of_f = 2 * (3 * f - value) * 3
        near = abs(value - threshold) / bandwidth < 0.5
        of_threshold += (of_f * -threshold / bandwidth - coefficient / bandwidth) * near
        of_bias += of_f * (value > threshold)
    assert p["log_threshold"].grad is not None
    assert p["b_enc"].grad is not None
    assert p["log_threshold"].grad.item() == pytest.approx(threshold * of_threshold / len(z))
    assert p["b_enc"].grad.item() == pytest.approx(of_bias / len(z))


@given(seed=st.integers(0, 500), k=st.integers(1, 6))
def test_batchtopk_has_the_largest_of_the_batch_and_k_a_vector_on_average(seed: int, k: int) -> None:
    architecture = BatchTopK(k=k)
    p, x = parameters_of(architecture, seed), batch(8, seed)
    pre = architecture.sae(p).pre(x).detach()
    f = architecture.loss(p, x, 1.0, ALIVE).f
    largest = pre.flatten().sort(descending=True).values[: 8 * k].relu()
    assert torch.equal(f.flatten().sort(descending=True).values[: 8 * k], largest)
    assert (f > 0).sum() == (largest > 0).sum() <= 8 * k


def test_batchtopk_is_used_as_a_jumprelu_that_fires_as_often() -> None:
    architecture = BatchTopK(k=2)
    p = {name: tensor.detach().float() for name, tensor in parameters_of(architecture).items()}
    x = batch(400).float()
    sae = architecture.finished(p, x)
    assert isinstance(sae, JumpReLUSAE)
    torch.testing.assert_close(sae.encode(x), architecture.loss(p, x, 1.0, ALIVE).f)
    assert (sae.encode(x) > 0).sum() == 800
    fresh = batch(400, seed=9).float()
    assert (sae.encode(fresh) > 0).sum().item() / 400 == pytest.approx(2, abs=0.2)


def test_the_auxiliary_loss_is_what_the_dead_alone_leave() -> None:
    architecture = TopK(k=2)
    p, x = parameters_of(architecture), batch()
    sae = architecture.sae(p)
    assert isinstance(sae, TopKSAE)
    dead = torch.tensor([True, False, True, False, True, True, False])
    pre, x_hat = sae.pre(x).detach(), sae.reconstruct(x).detach()
    expected = 0.0
    for row in range(len(x)):
        strongest = sorted(dead.nonzero().flatten().tolist(), key=lambda i: -pre[row, i].item())[
            :2
        ]  # d_model / 2
        told = sum((pre[row, i].relu() * sae.W_dec[i] for i in strongest), torch.zeros(4))
        expected += (x[row] - x_hat[row] - told).square().sum().item() / len(x)
    found = architecture.loss(p, x, 1.0, dead)
    assert found.total.item() - found.error.item() == pytest.approx(AUXILIARY * expected)
    assert architecture.loss(p, x, 1.0, ALIVE).total.item() == pytest.approx(found.error.item())


@pytest.mark.parametrize("architecture", [TopK(k=2), BatchTopK(k=2)])
def test_the_auxiliary_loss_changes_dead_features_alone(architecture: TopK) -> None:
    p, x = parameters_of(architecture), batch()
    dead = torch.tensor([True, False, True, False, True, True, False])
    sae = architecture.sae(p)
    left = x - sae.reconstruct(x).detach()
    auxiliary_loss(sae, sae.pre(x), left, dead).backward()
    for name, per_feature in (
        ("W_enc", p["W_enc"].grad.T),
        ("W_dec", p["W_dec"].grad),
        ("b_enc", p["b_enc"].grad),
    ):  # type: ignore[union-attr]
        assert per_feature is not None
        assert not per_feature[~dead].any(), name
        assert per_feature[dead].any(), name


@pytest.mark.parametrize("architecture", ALL, ids=lambda a: type(a).__name__)
def test_at_the_start_each_feature_reads_what_it_writes(architecture: Architecture) -> None:
    p = architecture.initial(4, 7, torch.Generator().manual_seed(0))
    assert torch.equal(p["W_enc"], p["W_dec"].T)
    length = 0.1 if isinstance(architecture, L1) else 1.0
    torch.testing.assert_close(p["W_dec"].norm(dim=-1), torch.full((7,), length))


@pytest.mark.parametrize(
    "architecture", [a for a in ALL if not isinstance(a, L1)], ids=lambda a: type(a).__name__
)
def test_gradients_do_not_lengthen_the_decoder_and_steps_leave_its_norms_at_one(
    architecture: Architecture,
) -> None:
    p = parameters_of(architecture)
    with torch.no_grad():
        architecture.constrain(p)
    torch.testing.assert_close(p["W_dec"].norm(dim=-1), torch.ones(7).double())
    architecture.loss(p, batch(), 1.0, ALIVE).total.backward()
    architecture.constrain_gradients(p)
    grad = p["W_dec"].grad
    assert grad is not None
    assert grad.any()
    torch.testing.assert_close((grad * p["W_dec"]).sum(-1), torch.zeros(7).double(), atol=1e-12, rtol=0)


def test_norms_of_l1_are_free_and_moved_into_the_features_at_the_end() -> None:
    architecture = L1()
    p, x = parameters_of(architecture), batch()
    with torch.no_grad():
        before = p["W_dec"].clone()
        architecture.constrain(p)
        assert torch.equal(p["W_dec"], before)
        sae, finished = architecture.sae(p), architecture.finished(p, x)
    torch.testing.assert_close(finished.W_dec.norm(dim=-1), torch.ones(7).double())
    torch.testing.assert_close(finished.encode(x), sae.encode(x) * before.norm(dim=-1))
    torch.testing.assert_close(finished.reconstruct(x), sae.reconstruct(x))


@pytest.mark.parametrize("kind", [TopK, BatchTopK])
@pytest.mark.parametrize("k", [0, 8])
def test_k_that_the_dictionary_does_not_have_is_refused(kind: type[TopK], k: int) -> None:
    with pytest.raises(ValueError, match=f"expected k from 1 to the 7 features of the dictionary, got {k}"):
        kind(k=k).initial(4, 7, torch.Generator())
