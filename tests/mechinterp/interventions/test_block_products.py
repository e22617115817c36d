"""What a block computes fast is what it computes where it is written to be read."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechinterp.interventions.block_products import normalized
from mechinterp.model.transformer import Norm, no_tap
from tests.mechinterp.random_models import random_transformer

CONFIG = random_transformer().config


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("normalization", ["layer", "rms"])
def test_a_normalisation_is_the_one_that_is_written_out(normalization: str, biased: bool) -> None:
    config = replace(CONFIG, normalization=normalization, eps=0.1)  # large enough to be seen
    draw = torch.Generator().manual_seed(0)
    w, b, x = (torch.randn(*shape, config.d_model, generator=draw) for shape in ((), (), (3, 2)))
    norm = Norm(w, b if biased else None)
    torch.testing.assert_close(normalized(x + 1, norm, config), norm.forward(x + 1, config, "", no_tap))
