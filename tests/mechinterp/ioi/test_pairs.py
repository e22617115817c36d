import pytest
import torch

from mechinterp import load_model
from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.ioi.pairs import Pairs, pairs
from mechinterp.ioi.prompts import Corruption, Prompts, corrupted, prompts
from mechinterp.model.language_model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def asked(model: Model) -> Prompts:
    return prompts(model, 12, seed=0)


@pytest.fixture(scope="module")
def both(model: Model, asked: Prompts) -> Pairs:
    return pairs(model, asked, Corruption.SWAPPED)


def by_hand() -> Pairs:
    tokens = torch.zeros(2, 1, dtype=torch.long)
    return Pairs(tokens, tokens, torch.tensor([3.0, 5.0]), torch.tensor([-1.0, -3.0]))


def test_recovered_is_a_share_of_the_mean_distance() -> None:
    """The runs lie 4 and 8 apart, 6 on average."""
    assert by_hand().recovered(torch.tensor([2.0, 0.0])).tolist() == [0.5, 0.5]
    found = by_hand().recovered(torch.tensor([[-1.0, 2.0], [-3.0, 3.0]]))
    assert found.tolist() == [[0.0, 0.5], [0.0, 1.0]]


def test_changed_is_in_multiples_of_the_mean_clean_difference() -> None:
    assert by_hand().changed(torch.tensor([3.0, 5.0])).tolist() == [0.0, 0.0]
    assert by_hand().changed(torch.tensor([[[1.0]], [[-3.0]]])).tolist() == [[[-0.5]], [[-2.0]]]
    assert by_hand().changed(torch.zeros(2)).mean().item() == -1.0


@torch.no_grad()
def test_pairs_are_the_prompts_their_corruption_and_the_difference_on_each(
    model: Model, asked: Prompts, both: Pairs
) -> None:
    assert torch.equal(both.clean, asked.tokens)
    assert torch.equal(both.corrupted, corrupted(model, asked, Corruption.SWAPPED))
    torch.testing.assert_close(both.clean_diff, asked.logit_diff(model(both.clean)))
    torch.testing.assert_close(both.corrupted_diff, asked.logit_diff(model(both.corrupted)))


def test_the_stream_at_the_changed_name_brings_everything_back(
    model: Model, asked: Prompts, both: Pairs
) -> None:
    patched = patch_positions(model.transformer, both.corrupted, both.clean, Place.RESID_PRE, asked.metric)
    row = torch.arange(len(asked))
    whole = both.recovered(patched)[row, 0, asked.positions["S2"]]
    assert whole.mean().item() == pytest.approx(1.0, abs=1e-4)
    before = both.recovered(patched)[row, 0, asked.positions["S2"] - 1]
    assert before.mean().item() == pytest.approx(0.0, abs=1e-4)


def test_noising_all_of_the_difference_reverses_it(model: Model, asked: Prompts, both: Pairs) -> None:
    patched = patch_heads(model.transformer, both.clean, both.corrupted, Part.Z, asked.metric)
    assert both.changed(patched).shape == patched.shape
    swapped = both.changed(both.corrupted_diff).mean().item()
    assert swapped == pytest.approx(both.corrupted_diff.mean() / both.clean_diff.mean() - 1)
    assert swapped < -1.5
