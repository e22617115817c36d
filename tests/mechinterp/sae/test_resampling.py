"""Dead features are begun anew where the others tell badly."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mechinterp.sae.architectures import L1, Architecture, Gated, JumpReLU, Parameters
from mechinterp.sae.resampling import ENCODER_NORM, resample

ALL: tuple[Architecture, ...] = (L1(), Gated(), JumpReLU())
DEAD = torch.tensor([False, True, False, False, True, False])


def trained(architecture: Architecture) -> tuple[Parameters, torch.optim.Optimizer]:
    """Parameters of which Adam knows something."""
    draw = torch.Generator().manual_seed(0)
    p = {name: t.requires_grad_() for name, t in architecture.initial(4, 6, draw).items()}
    optimizer = torch.optim.Adam(list(p.values()), fused=True)
    for _ in range(3):
        for parameter in p.values():
            parameter.grad = torch.randn(parameter.shape, generator=draw)
        optimizer.step()
    return p, optimizer


def vectors() -> Tensor:
    """Of ten vectors one is far longer than the others: nothing tells it well."""
    x = 0.01 * torch.randn(10, 4, generator=torch.Generator().manual_seed(1))
    x[3] = torch.tensor([0.0, 30.0, 40.0, 0.0])
    return x


def rows_of(name: str, tensor: Tensor) -> Tensor:
    return tensor.T if name == "W_enc" else tensor


@pytest.mark.parametrize("architecture", ALL, ids=lambda a: type(a).__name__)
def test_they_point_at_what_is_told_worst_and_the_living_are_left_alone(architecture: Architecture) -> None:
    p, optimizer = trained(architecture)
    before = {name: tensor.detach().clone() for name, tensor in p.items()}
    resample(architecture, p, optimizer, DEAD, vectors(), torch.Generator().manual_seed(0))
    for name, tensor in p.items():
        kept = ~DEAD if name != "b_dec" else slice(None)
        assert torch.equal(rows_of(name, tensor)[kept], rows_of(name, before[name])[kept]), name
    direction = vectors()[3] - before["b_dec"]
    direction /= direction.norm()
    living_W_dec = before["W_dec"][~DEAD].norm(dim=-1).mean()
    living_W_enc = before["W_enc"][:, ~DEAD].norm(dim=0).mean()
    torch.testing.assert_close(p["W_dec"][DEAD].detach(), (living_W_dec * direction).expand(2, -1))
    torch.testing.assert_close(
        p["W_enc"][:, DEAD].T.detach(), (ENCODER_NORM * living_W_enc * direction).expand(2, -1)
    )
    fresh = architecture.initial(4, 6, torch.Generator())
    for name in {"b_enc", "r_mag", "b_mag", "log_threshold"} & set(p):
        assert torch.equal(p[name][DEAD], fresh[name][DEAD]), name


@pytest.mark.parametrize("architecture", ALL, ids=lambda a: type(a).__name__)
def test_adam_forgets_the_dead_and_them_alone(architecture: Architecture) -> None:
    p, optimizer = trained(architecture)
    resample(architecture, p, optimizer, DEAD, vectors(), torch.Generator().manual_seed(0))
    for name, tensor in p.items():
        for kept in ("exp_avg", "exp_avg_sq"):
            known = rows_of(name, optimizer.state[tensor][kept])
            if name == "b_dec":
                assert known.all()
            else:
                assert not known[DEAD].any(), name
                assert known[~DEAD].all(), name


@pytest.mark.parametrize("architecture", ALL, ids=lambda a: type(a).__name__)
def test_they_fire_again(architecture: Architecture) -> None:
    p, optimizer = trained(architecture)
    p["b_enc"].data[DEAD] = -1e3
    x = vectors()
    with torch.no_grad():
        assert not (architecture.sae(p).encode(x)[:, DEAD] > 0).any()
        resample(architecture, p, optimizer, DEAD, x, torch.Generator().manual_seed(0))
        assert (architecture.sae(p).encode(x)[:, DEAD] > 0).any(0).all()


def test_vectors_are_drawn_by_the_square_of_their_loss() -> None:
    """Two vectors of which one is told half as well: its loss is 4 times the other's, and it is drawn 16 times as often."""
    d_sae, architecture = 4000, L1()
    p = {name: t.requires_grad_() for name, t in architecture.initial(2, d_sae, torch.Generator()).items()}
    p["W_dec"].data.zero_()
    x = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    dead = torch.ones(d_sae, dtype=torch.bool)
    resample(architecture, p, torch.optim.Adam(p.values()), dead, x, torch.Generator().manual_seed(0))
    assert (p["W_dec"][:, 0] > 0.5).float().mean().item() == pytest.approx(16 / 17, abs=0.015)


def test_where_all_are_dead_they_begin_with_length_one() -> None:
    p, optimizer = trained(Gated())
    resample(
        Gated(), p, optimizer, torch.ones(6, dtype=torch.bool), vectors(), torch.Generator().manual_seed(0)
    )
    torch.testing.assert_close(p["W_dec"].detach().norm(dim=-1), torch.ones(6))
    torch.testing.assert_close(p["W_enc"].detach().norm(dim=0), torch.full((6,), ENCODER_NORM))
