import pytest
import torch

from mechinterp.superposition.model import Activation
from mechinterp.superposition.neurons import (
    features_per_neuron,
    in_order,
    represented_features,
    responses,
    turned_to_neurons,
)
from mechinterp.superposition.samplers import independent_features
from mechinterp.superposition.training import best_of, train


def test_responses_of_known_neurons_by_hand() -> None:
    W = torch.tensor([[2.0, 0.0, -5.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    found = responses(W, Activation.RELU)
    assert found.tolist() == [[2, 0, 0], [1, 1, 0], [0, 0, 0]]
    torch.testing.assert_close(features_per_neuron(found), torch.tensor([1.0, 2.0, 0.0]))
    assert represented_features(found) == 2  # the third only ever silences a neuron
    linear = features_per_neuron(responses(W, Activation.LINEAR))
    torch.testing.assert_close(linear[0], torch.tensor(29.0**2 / (2**4 + 5**4)))


def test_neurons_are_put_in_the_order_of_their_features() -> None:
    assert in_order(torch.tensor([[0.0, 0.1, 3.0], [2.0, 0.0, 0.0]])).tolist() == [
        [2, 0, 0],
        [0, pytest.approx(0.1), 3],
    ]


def test_turning_a_linear_layer_unmixes_neurons_and_changes_no_answer() -> None:
    mixed, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0)))
    W = mixed @ torch.diag(torch.tensor([0.9, 1.0, 1.1, 1.2]))
    turned = turned_to_neurons(W)
    torch.testing.assert_close(turned.T @ turned, W.T @ W)
    assert features_per_neuron(W).mean() > 1.5
    torch.testing.assert_close(features_per_neuron(turned), torch.ones(4), atol=1e-3, rtol=0)


@pytest.mark.heavy
def test_linear_neurons_mix_features_that_do_not_interfere_and_relu_neurons_do_not() -> None:
    absent = torch.full((16,), 0.5)
    kinds = {
        kind: best_of(train(independent_features(absent, 5), torch.ones(5), 16, 5, neurons=kind), 16)
        for kind in Activation
    }
    for models in kinds.values():
        assert models.loss.item() < 1e-4
    mixed = {kind: features_per_neuron(responses(models.W[0], kind)) for kind, models in kinds.items()}
    assert mixed[Activation.LINEAR].mean() > 1.7
    assert mixed[Activation.RELU].max() < 1.05


@pytest.mark.heavy
def test_more_features_than_neurons_make_neurons_polysemantic_only_where_sparse() -> None:
    importance = 0.8 ** torch.arange(10.0)
    sparsity = torch.tensor([0.5, 0.95]).repeat_interleave(8)
    sampler = independent_features(sparsity, 10)
    models = best_of(train(sampler, importance, 16, 5, neurons=Activation.RELU), 8)
    found = responses(models.W, Activation.RELU)
    dense, sparse = features_per_neuron(found).mean(-1)
    assert represented_features(found)[0] == 5
    assert dense < 1.2
    assert represented_features(found)[1] > 7
    assert sparse > 2
