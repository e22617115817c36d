"""The stand-in device refuses what a GPU would: else a test on it would prove nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from mechinterp.interventions.ablation import Ablation, instead_of
from mechinterp.interventions.activation_patching import ablate_heads
from mechinterp.interventions.metrics import logit_diff
from mechinterp.model.devices import moved
from tests.mechinterp.random_models import random_transformer
from tests.stand_in import NotOnDeviceError, stand_in

X = torch.arange(12.0).view(3, 4)
ROWS = torch.arange(3)


@pytest.fixture
def device() -> Iterator[torch.device]:
    with stand_in() as found:
        yield found


REFUSED: dict[str, Callable[[Tensor], object]] = {
    "a sum with a tensor of the CPU": lambda x: x + torch.ones(4),
    "a product with one": lambda x: x @ torch.ones(4, 2),
    "a choice from one": lambda x: torch.where(x > 0, x, torch.zeros(4)),
    "a number of the CPU among stacked ones": lambda x: torch.stack([x.sum(), torch.ones(())]),
    "gathering by indices of the CPU": lambda x: x.gather(1, torch.zeros(3, 1, dtype=torch.long)),
    "a tensor of the CPU at indices of the device": lambda x: torch.ones(9)[x.argmax(1)],
    "putting values into a tensor of the CPU": lambda x: torch.zeros(3).index_put_([ROWS], x[:, 0]),
    "adding to a tensor of the CPU in place": lambda x: torch.zeros(3, 4).add_(x),
    "numbers from a generator of the CPU": lambda x: torch.randn(
        3, generator=torch.Generator(), device=x.device
    ),
    "double precision": lambda x: x.double(),
    "double precision on the way": lambda x: x.to("cpu", torch.float64),
    "products of whole numbers": lambda x: x.long() @ x.long().T,
}
NOT_READ: dict[str, Callable[[Tensor], object]] = {
    "numpy": lambda x: x.numpy(),
    "asarray": np.asarray,
    "array of a row": lambda x: np.array(x[0]),
}
ALLOWED: dict[str, Callable[[Tensor], object]] = {
    "a number of the CPU": lambda x: x + torch.ones(()),
    "indices of the CPU": lambda x: x[ROWS, torch.tensor([0, 3, 1])],
    "lists as indices": lambda x: x[[2, 0]][:, range(2)],
    "copies": lambda x: torch.zeros(3, 4).copy_(x) + x.cpu(),
    "double precision on the CPU": lambda x: x.cpu().double(),
    "reading numbers": lambda x: (x.tolist(), x[1, 2].item(), f"{x.sum():.2f}", bool((x > 3).any())),
    "changes in place": lambda x: x.clone().clamp_(max=5).masked_fill_(x > 2, 0),
    "quantiles": lambda x: x.quantile(x.new_tensor([0.1, 0.9]), dim=0),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_gpu_refuses_is_refused(name: str, device: torch.device) -> None:
    REFUSED[name](X)  # on the CPU it is fine
    with pytest.raises(NotOnDeviceError):
        REFUSED[name](X.to(device))


@pytest.mark.parametrize("name", NOT_READ)
def test_numpy_does_not_read_it(name: str, device: torch.device) -> None:
    with pytest.raises(TypeError, match="copy it to the CPU first"):
        NOT_READ[name](X.to(device))


@pytest.mark.parametrize("name", ALLOWED)
def test_what_a_gpu_allows_gives_what_it_gives_on_the_cpu(name: str, device: torch.device) -> None:
    found, expected = ALLOWED[name](X.to(device)), ALLOWED[name](X)
    if isinstance(expected, Tensor):
        assert isinstance(found, Tensor)
        found, expected = found.tolist(), expected.tolist()
    assert found == expected


def test_gradients_and_an_optimizer_stay_on_it(device: torch.device) -> None:
    def learned(at: torch.device) -> Tensor:
        W = torch.full((4, 2), 0.5).to(at).requires_grad_()
        optimizer = torch.optim.Adam([W], fused=True)
        (X.to(at) @ W).square().sum().backward()
        assert W.grad is not None
        assert W.grad.device == at
        optimizer.step()
        return W.detach()

    assert torch.equal(learned(device).cpu(), learned(torch.device("cpu")))


def test_it_is_no_device_that_code_would_take_by_itself(device: torch.device) -> None:
    assert not torch.accelerator.is_available()
    assert torch.zeros(2).device.type == "cpu"


@pytest.mark.parametrize("left", ["weights", "right"])
def test_an_analysis_with_one_tensor_left_on_the_cpu_is_refused(left: str, device: torch.device) -> None:
    """Which tensor it is does not matter; and with none left, the analysis is computed."""
    transformer = moved(random_transformer(dtype=torch.float32), device)
    tokens, ends, right = (x.to(device) for x in (torch.arange(12).view(2, 6), ROWS[:2] + 3, ROWS[:2]))

    def ablated() -> Tensor:
        instead = instead_of(transformer, tokens, Ablation.MEAN)
        return ablate_heads(transformer, tokens, instead, logit_diff(right, right + 5, ends))

    assert ablated().device == device
    if left == "weights":
        transformer.blocks[1].b_in = transformer.blocks[1].b_in.cpu()
    else:
        transformer.ln_final.w = transformer.ln_final.w.cpu()
    with pytest.raises(NotOnDeviceError):
        ablated()
