"""The linear approximation of patching: right for small differences, and where it has to be exact."""

import pytest
import torch

from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.interventions.attribution_patching import attribute_heads, attribute_positions
from mechinterp.model.transformer import Transformer
from tests.mechinterp.interventions.test_activation_patching import metric_at, prompts
from tests.mechinterp.random_models import random_transformer

END = torch.tensor([5, 4, 5])


def nearly_alike(transformer: Transformer, by: float) -> Transformer:
    """Bring all token embeddings to within a small distance of one of them."""
    transformer.W_E = transformer.W_E[:1] + by * transformer.W_E
    return transformer


@pytest.mark.parametrize("place", [Place.RESID_PRE, Place.ATTN_OUT, Place.MLP_OUT])
def test_for_small_differences_it_is_what_patching_gives(place: Place) -> None:
    transformer = nearly_alike(random_transformer(), 1e-4)
    base, source = prompts(1)
    metric = metric_at(END)
    exact = patch_positions(transformer, base, source, place, metric)
    found = attribute_positions(transformer, base, source, place, metric)
    change = exact - _base(transformer, base)[:, None, None]
    torch.testing.assert_close(found, change, atol=1e-6, rtol=1e-2)


@pytest.mark.parametrize("part", Part)
def test_for_small_differences_heads_are_too(part: Part) -> None:
    transformer = nearly_alike(random_transformer(), 1e-4)
    base, source = prompts(2)
    metric = metric_at(END)
    change = patch_heads(transformer, base, source, part, metric) - _base(transformer, base)[:, None, None]
    torch.testing.assert_close(
        attribute_heads(transformer, base, source, part, metric), change, atol=1e-6, rtol=1e-2
    )


def test_for_large_differences_it_is_not() -> None:
    transformer = random_transformer()
    base, source = prompts(3)
    metric = metric_at(END)
    change = patch_heads(transformer, base, source, Part.Q, metric) - _base(transformer, base)[:, None, None]
    found = attribute_heads(transformer, base, source, Part.Q, metric)
    assert (found - change).abs().max() > 0.1 * change.abs().max()


def _base(transformer: Transformer, base: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(3)
    resid = transformer.cache(base)["blocks.2.hook_resid_post"][rows, END]
    return metric_at(END).measure(transformer, resid[:, None], rows)


def test_prompts_of_another_shape_are_refused() -> None:
    """Also where their difference could be taken: one prompt against several."""
    base, source = prompts(1)
    message = rf"expected prompts of the same shape, got \({len(base)}, \d+\) and \(1, \d+\)"
    with pytest.raises(ValueError, match=message):
        attribute_heads(random_transformer(), base, source[:1], Part.Z, metric_at(END))
