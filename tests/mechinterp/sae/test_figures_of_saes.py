"""What the lecture's figures of SAEs are made with: sources, texts, extremes and a control."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from mechinterp import load_model
from mechinterp.sae.activations import activations, held_activations
from mechinterp.sae.feature_card import extreme_words
from mechinterp.sae.interpretability import axes_as_features
from mechinterp.sae.labels import labelled_split, labelled_texts
from tests.mechinterp.architectures import write_tokenizer


def test_held_activations_are_those_of_all_positions_but_the_first() -> None:
    transformer = load_model().transformer
    tokens = torch.arange(12).view(3, 4)
    hook = "blocks.1.hook_resid_post"
    found = held_activations(transformer, tokens, hook, size=5, seed=2)
    assert torch.equal(found.vectors, activations(transformer, tokens, hook)[:, 1:].flatten(0, 1))
    assert found.batch(0).shape == (5, transformer.config.d_model)
    assert found.seed == 2


def test_texts_to_measure_on_are_not_those_to_train_on() -> None:
    model = load_model()
    trained, tested = labelled_split(model, 6, 4, seed=3)
    n_ctx = model.config.n_ctx
    assert torch.equal(trained.tokens, labelled_texts(model.tokenizer, n_ctx, 6, 3).tokens)
    assert torch.equal(tested.tokens, labelled_texts(model.tokenizer, n_ctx, 4, 4).tokens)
    assert not any(torch.equal(a, b) for a in trained.tokens for b in tested.tokens)


def test_extreme_words_run_from_the_most_raised_to_the_most_lowered() -> None:
    raised = torch.tensor([0.5, -2.0, 3.0, 0.0, -1.0, 2.0])
    assert extreme_words(raised, 2).tolist() == [2, 5, 4, 1]


def test_axes_as_features_say_on_which_side_of_the_mean_a_vector_is() -> None:
    x = torch.tensor([[[9.0, 9.0], [1.0, 4.0], [3.0, 4.0]]])  # means, without the first: 2 and 4
    found = axes_as_features(x)
    assert found[0, 1:].tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    assert (found >= 0).all()


def test_a_tokenizer_without_the_token_that_texts_begin_with_is_refused(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    with pytest.raises(
        ValueError, match=r"begin with <\|endoftext\|>, which this model's tokenizer does not know"
    ):
        labelled_texts(tokenizer, 20, 2, seed=0)
