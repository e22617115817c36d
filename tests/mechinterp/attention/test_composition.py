from dataclasses import replace
from statistics import mean, stdev

import pytest
import torch
from torch import Tensor

from mechinterp.attention.composition import Input, baseline, composition_score
from mechinterp.attention.heads import Head
from mechinterp.attention.qk_ov import ov_circuit, qk_circuit
from mechinterp.model.transformer import Config, Norm, Transformer
from mechinterp.training.parameters import initial_parameters, transformer_of

CONFIG = Config(n_layers=2, n_heads=4, d_model=32, d_head=8, d_mlp=4, d_vocab=5, n_ctx=4)
PAIRS = [(Head(0, i), Head(1, j)) for i in range(4) for j in range(3)]


def random_transformer(config: Config = CONFIG, seed: int = 0) -> Transformer:
    return transformer_of(initial_parameters(config, torch.Generator().manual_seed(seed)), config)


@pytest.mark.parametrize("into", Input)
def test_the_score_is_that_of_the_dense_matrices(into: Input) -> None:
    transformer = random_transformer()
    for sender, receiver in PAIRS:
        first = ov_circuit(transformer, sender).dense()
        qk, ov = qk_circuit(transformer, receiver).dense(), ov_circuit(transformer, receiver).dense()
        second = {Input.Q: qk, Input.K: qk.T, Input.V: ov}[into]
        norm = torch.linalg.matrix_norm
        expected = norm(first @ second) / (norm(first) * norm(second))
        found = composition_score(transformer, sender, receiver, into)
        assert found == pytest.approx(expected.item(), rel=1e-4)


def rank_one(written: Tensor, reads: dict[Input, Tensor]) -> Transformer:
    """Return a transformer whose head 0.0 writes in one direction, and whose head 1.0 reads one for each input."""
    config = replace(CONFIG, n_heads=1, d_head=1, d_model=4, normalization="rms")
    transformer = random_transformer(replace(config, d_head=4))
    transformer = replace(transformer, config=config)
    for block in transformer.blocks:
        block.ln1 = Norm(torch.ones(4), None)
    sender, receiver = transformer.blocks
    sender.W_V, sender.W_O = torch.ones(1, 4, 1), written.view(1, 1, 4)
    receiver.W_O = torch.ones(1, 1, 4)
    receiver.W_Q, receiver.W_K, receiver.W_V = (reads[into].view(1, 4, 1) for into in Input)
    return transformer


DIRECTION = torch.tensor([1.0, -2.0, 0.5, 3.0])
ACROSS = torch.tensor([2.0, 1.0, 6.0, -1.0])  # orthogonal to it


@pytest.mark.parametrize("into", Input)
def test_an_input_that_reads_exactly_what_is_written_scores_one_and_the_others_zero(into: Input) -> None:
    transformer = rank_one(3 * DIRECTION, {i: -2 * DIRECTION if i is into else ACROSS for i in Input})
    scores = {i: composition_score(transformer, Head(0, 0), Head(1, 0), i) for i in Input}
    assert scores == pytest.approx({i: float(i is into) for i in Input}, abs=1e-3)


def test_in_between_it_is_the_cosine_of_the_angle() -> None:
    reads = DIRECTION / DIRECTION.norm() + 2 * ACROSS / ACROSS.norm()
    transformer = rank_one(DIRECTION, dict.fromkeys(Input, reads))
    assert composition_score(transformer, Head(0, 0), Head(1, 0), Input.K) == pytest.approx(5**-0.5, rel=1e-4)


@pytest.mark.parametrize(("sender", "receiver"), [(Head(1, 2), Head(1, 3)), (Head(1, 0), Head(0, 1))])
def test_a_sender_that_is_not_earlier_is_refused(sender: Head, receiver: Head) -> None:
    with pytest.raises(ValueError, match=f"expected a head of a later layer than {sender}, got {receiver}"):
        composition_score(random_transformer(), sender, receiver, Input.Q)


@pytest.mark.parametrize("d_model", [32, 128])
def test_heads_that_have_learned_nothing_score_about_one_over_the_root_of_the_model_s_width(
    d_model: int,
) -> None:
    transformer = random_transformer(replace(CONFIG, d_model=d_model, d_head=d_model // 4))
    found = baseline(transformer, Head(0, 1), Head(1, 2), Input.K)
    assert found.mean == pytest.approx(d_model**-0.5, rel=0.1)
    assert 0 < found.spread < found.mean / 3


@pytest.mark.parametrize("into", Input)
def test_the_baseline_is_all_other_pairs_of_the_two_layers(into: Input) -> None:
    transformer, pair = random_transformer(), (Head(0, 1), Head(1, 2))
    scores = [
        composition_score(transformer, Head(0, i), Head(1, j), into)
        for i in range(4)
        for j in range(4)
        if (i, j) != (1, 2)
    ]
    found = baseline(transformer, *pair, into)
    assert (found.mean, found.spread) == pytest.approx((mean(scores), stdev(scores)))
