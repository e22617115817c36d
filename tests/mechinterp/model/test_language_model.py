from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from mechinterp.model.gpt2 import assemble, shapes
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Config

BOS = 0
N_CTX = 8


def tokenizer() -> Tokenizer:
    """Return a byte-level tokenizer in which, apart from bytes, only « cat» is a token.

    By itself it puts the token for the beginning in front, as some do: a model must not end up with two.
    """
    pieces = ["<s>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "Ġc", "Ġca", "Ġcat"]
    merges = [("Ġ", "c"), ("Ġc", "a"), ("Ġca", "t")]
    made = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    made.add_special_tokens(["<s>"])
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", BOS)])
    return made


def tiny_model(bos: int | None = BOS) -> Model:
    config = Config(n_layers=1, n_heads=2, d_model=4, d_head=2, d_mlp=3, d_vocab=260, n_ctx=N_CTX)
    generator = torch.Generator().manual_seed(0)
    tensors = {name: torch.randn(shape, generator=generator) for name, shape in shapes(config, tied=True)}
    return Model("tiny", assemble(tensors, config), tokenizer(), bos)


def ids(*pieces: str) -> list[int]:
    return [tokenizer().token_to_id(piece) for piece in pieces]


def test_prompts_begin_with_the_token_for_the_beginning() -> None:
    tokens = tiny_model().tokens(["a cat", "b cat"])
    assert tokens.tolist() == [ids("<s>", "a", "Ġcat"), ids("<s>", "b", "Ġcat")]
    assert tokens.dtype == torch.int64


def test_a_single_prompt_is_a_batch_of_one() -> None:
    model = tiny_model()
    assert model.tokens("a cat").tolist() == model.tokens(["a cat"]).tolist() == [ids("<s>", "a", "Ġcat")]


def test_a_model_trained_without_a_beginning_gets_none() -> None:
    model = tiny_model(bos=None)
    assert model.tokens("a cat").tolist() == [ids("a", "Ġcat")]
    assert model.tokenize("a cat") == ids("a", "Ġcat")


def test_prompts_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected prompts of the same number of tokens, got \[2, 4\]"):
        tiny_model().tokens(["abc", "a", "def"])


def test_prompts_longer_than_the_context_are_refused() -> None:
    model = tiny_model()
    assert model.tokens("a" * (N_CTX - 1)).shape == (1, N_CTX)
    with pytest.raises(ValueError, match="expected at most 8 tokens, got 9"):
        model.tokens("a" * N_CTX)  # the beginning counts


def test_a_text_of_any_length_can_be_tokenized() -> None:
    assert tiny_model().tokenize("a" * 20) == ids("<s>", *["a"] * 20)
    assert tiny_model().tokenize("") == [BOS]


def test_tokens_are_shown_as_text() -> None:
    model = tiny_model()
    assert model.strings(model.tokens("a cats")[0]) == ["<s>", "a", " cat", "s"]
    assert model.string(BOS) == "<s>"


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="<>"), max_size=20))
def test_the_strings_of_a_text_make_up_the_text(text: str) -> None:
    model = tiny_model()
    assert "".join(model.strings(torch.tensor(model.tokenize(text)))[1:]) == text


@pytest.mark.parametrize("word", ["cat", " cat", "cat "])
def test_the_token_of_a_word_is_the_one_after_a_space(word: str) -> None:
    model = tiny_model()
    assert [model.token(word)] == ids("Ġcat")
    assert model.has_token(word)


def test_a_word_of_several_tokens_is_refused_with_its_pieces() -> None:
    model = tiny_model()
    with pytest.raises(
        ValueError, match=r"expected 'dog' to be one token of tiny, got 4: \['Ġ', 'd', 'o', 'g'\]"
    ):
        model.token("dog")
    assert not model.has_token("dog")
    assert not model.has_token("cats")


def test_log_probabilities_of_what_came_next_are_those_of_a_loop() -> None:
    model = tiny_model()
    tokens = torch.randint(model.config.d_vocab, (2, 5), generator=torch.Generator().manual_seed(0))
    logits = model(tokens)
    found = model.log_probs_of_next(tokens)
    assert found.shape == (2, 4)
    for batch in range(2):
        for pos in range(4):
            numbers = logits[batch, pos].tolist()
            total = sum(math.exp(number) for number in numbers)
            expected = math.log(math.exp(numbers[tokens[batch, pos + 1]]) / total)
            assert found[batch, pos].item() == pytest.approx(expected, abs=1e-4)


def test_a_model_runs_its_transformer() -> None:
    model = tiny_model()
    tokens = model.tokens("a cats")
    logits = model.transformer.forward(tokens)
    assert torch.equal(model(tokens), logits)
    cached, cache = model.run_with_cache(tokens, ["hook_embed"])
    assert torch.equal(cached, logits)
    assert list(cache) == ["hook_embed"]
    assert torch.equal(cache["hook_embed"], model.transformer.W_E[tokens])


def test_log_probabilities_are_those_of_each_batch_s_own_tap() -> None:
    model = tiny_model()
    tokens = torch.randint(model.config.d_vocab, (5, 6), generator=torch.Generator().manual_seed(0))
    expected = model.log_probs_of_next(tokens)
    model.transformer.memory = 1  # one prompt at a time
    seen = []

    def tap_for(some):
        def tap(name, x):
            assert len(x) == len(some)
            return 2 * x if some.tolist() == [3] else x

        seen.append(some.tolist())
        return tap

    found = model.log_probs_of_next(tokens, tap_for)
    assert seen == [[0], [1], [2], [3], [4]]
    same = [0, 1, 2, 4]
    torch.testing.assert_close(found[same], expected[same])
    assert not torch.allclose(found[3], expected[3])


def test_the_logits_of_what_comes_next_are_the_last_ones() -> None:
    model = tiny_model()
    tokens = model.tokens("a cats")
    torch.testing.assert_close(model.next_logits(tokens), model(tokens)[:, -1])
