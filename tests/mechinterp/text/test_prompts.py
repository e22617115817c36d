from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from mechinterp import load_model
from mechinterp.model.language_model import Model
from mechinterp.text.corpus import Corpus
from mechinterp.text.prompts import ordinary_text, random_tokens, repeated_random_tokens

KINDS = [ordinary_text, random_tokens, repeated_random_tokens]


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.mark.parametrize("make", KINDS)
def test_prompts_are_the_same_for_the_same_seed(model: Model, make: Callable[..., torch.Tensor]) -> None:
    assert torch.equal(make(model, 3, 8, 5), make(model, 3, 8, 5))
    assert not torch.equal(make(model, 3, 8, 5), make(model, 3, 8, 6))


@pytest.mark.parametrize("make", KINDS)
def test_every_prompt_begins_with_the_token_for_it_and_has_it_nowhere_else(
    model: Model, make: Callable[..., torch.Tensor]
) -> None:
    prompts = make(model, 50, 20, 0)
    assert (prompts[:, 0] == model.bos).all()
    assert (prompts[:, 1:] != model.bos).all()


@pytest.mark.parametrize("make", KINDS)
def test_prompts_differ_from_each_other(model: Model, make: Callable[..., torch.Tensor]) -> None:
    assert len({tuple(prompt) for prompt in make(model, 20, 15, 0).tolist()}) == 20


def test_random_tokens_are_as_many_as_said_and_spread_over_the_vocabulary(model: Model) -> None:
    prompts = random_tokens(model, 400, 40, 0)
    assert prompts.shape == (400, 41)
    d_vocab = model.config.d_vocab
    seen = prompts[:, 1:].unique()
    assert len(seen) > 0.98 * d_vocab  # five draws for each
    assert int(seen.max()) == d_vocab - 1


def test_repeated_random_tokens_are_a_block_and_the_same_again(model: Model) -> None:
    prompts = repeated_random_tokens(model, 10, 6, 0)
    assert prompts.shape == (10, 13)
    assert torch.equal(prompts[:, 1:7], prompts[:, 7:])
    assert not torch.equal(prompts[:, 1:4], prompts[:, 4:7])  # no shorter period


def test_without_a_token_for_the_beginning_a_prompt_is_what_was_drawn(model: Model) -> None:
    bare = replace(model, bos=None)
    assert random_tokens(bare, 2, 5, 0).shape == (2, 5)
    repeated = repeated_random_tokens(bare, 2, 5, 0)
    assert torch.equal(repeated[:, :5], repeated[:, 5:])


def test_ordinary_text_is_sentences_of_the_corpus_cut_to_length(model: Model) -> None:
    prompts = ordinary_text(model, 4, 25, seed=7)
    assert prompts.shape == (4, 25)
    corpus = Corpus(7)
    sentences = [corpus.sentence() for _ in range(40)]
    text = " ".join(sentences)
    at = 0
    for prompt in prompts.tolist():
        # A cut may split a letter of several bytes.
        read = model.tokenizer.decode(prompt[1:]).strip().rstrip("\ufffd")
        assert len(read) > 20
        at = text.index(read, at)
        assert any(sentence.startswith(read[:15]) for sentence in sentences)


@pytest.mark.parametrize(("make", "size", "got"), [(random_tokens, 10, 11), (repeated_random_tokens, 5, 11)])
def test_more_than_the_context_holds_is_refused(
    model: Model, make: Callable[..., torch.Tensor], size: int, got: int
) -> None:
    def holding(n_ctx: int) -> Model:
        config = replace(model.config, n_ctx=n_ctx)
        return replace(model, transformer=replace(model.transformer, config=config))

    assert make(holding(11), 2, size, 0).shape == (2, 11)
    with pytest.raises(ValueError, match=f"expected at most 10 tokens, got {got}"):
        make(holding(10), 2, size, 0)
