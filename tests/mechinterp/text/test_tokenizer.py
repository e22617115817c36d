"""Words as tokens: whole where they are common, else in pieces."""

import re

import pytest
import torch
from tokenizers import Tokenizer

from mechinterp.text.corpus import Corpus
from mechinterp.text.lexicon.names import NAMES
from mechinterp.text.lexicon.vocabulary import CERTAIN
from mechinterp.text.tokenizer import BOS, PIECES, tokenize, train_tokenizer
from tests.mechinterp.text import trained

TEXTS = ["Ana le dio pan a Juan. Juan le dio un libro a Ana.", "Ana le dio un libro a Juan."] * 3
ALPHABET = 257  # the bytes and the token for the beginning


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return trained.tokenizer()


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    return tokenizer.encode(text).tokens


def is_whole(tokenizer: Tokenizer, word: str) -> bool:
    return len(pieces(tokenizer, word)) == 1


def test_it_has_as_many_tokens_as_asked_for(tokenizer: Tokenizer) -> None:
    assert tokenizer.get_vocab_size() == trained.D_VOCAB
    assert sorted(tokenizer.get_vocab().values()) == list(range(trained.D_VOCAB))
    assert tokenizer.token_to_id(BOS) == 0


def test_every_name_and_every_certain_word_is_one_token(tokenizer: Tokenizer) -> None:
    assert [word for word in CERTAIN if not is_whole(tokenizer, word)] == []
    assert len({pieces(tokenizer, name)[0] for name in NAMES}) == len(NAMES)


def test_most_of_what_is_said_is_whole_words(tokenizer: Tokenizer) -> None:
    corpus = Corpus(1)  # of other sentences than those trained on
    used = re.findall(r"[^\W\d]+", " ".join(corpus.sentence() for _ in range(4000)))
    assert sum(is_whole(tokenizer, word) for word in set(used)) >= 1500
    assert sum(is_whole(tokenizer, word) for word in used) > 0.9 * len(used)


@pytest.mark.parametrize("word", ["murciélago", "Ñandú", "xilofonista", "güisqui", "日本", "Zürich"])
def test_an_unknown_word_is_put_together_from_pieces(tokenizer: Tokenizer, word: str) -> None:
    assert len(pieces(tokenizer, word)) > 1
    assert tokenizer.decode(tokenizer.encode(word).ids).strip() == word
    assert (
        tokenizer.decode(tokenizer.encode(f"Ana vio {word}, y se fue.").ids).strip()
        == f"Ana vio {word}, y se fue."
    )


def test_a_sentence_can_be_read_back(tokenizer: Tokenizer) -> None:
    corpus = Corpus(2)
    for text in (corpus.sentence() for _ in range(200)):
        assert tokenizer.decode(tokenizer.encode(text).ids).strip() == text


def test_a_word_is_the_same_token_at_the_beginning_and_within(tokenizer: Tokenizer) -> None:
    for name in NAMES:
        (token,) = tokenizer.encode(name).ids
        assert tokenizer.encode(f"Vino {name}").ids[-1] == token


def test_whole_words_need_no_merges() -> None:
    certain = ["murciélago", "xilofonista"]  # which no text contains, so that no merge leads to them
    with_them, without = train_tokenizer(TEXTS, 400, certain), train_tokenizer(TEXTS, 400)
    for word in certain:
        assert is_whole(with_them, word)
        assert len(pieces(without, word)) > len(word) / 2


def test_the_first_tokens_are_merged_from_pieces_and_the_others_are_words() -> None:
    merged = train_tokenizer(trained.texts(), PIECES).get_vocab()
    more = train_tokenizer(trained.texts(), PIECES + 3, ["seguro", "xilofonista"]).get_vocab()
    assert len(merged) == PIECES
    assert {token: at for token, at in more.items() if at < PIECES} == merged
    assert [more["Ġseguro"], more["Ġxilofonista"]] == [PIECES, PIECES + 1]
    assert len(more) == PIECES + 3


def test_of_the_other_words_the_most_frequent_are_whole_and_in_a_tie_the_first_of_the_alphabet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mechinterp.text.tokenizer.PIECES", ALPHABET)
    words = ("zeta", "alto", "beta", "omega")
    whole = []
    for n in range(5):
        learned = train_tokenizer(["zeta beta zeta alto omega; beta, zeta alto."], ALPHABET + n)
        whole.append([word for word in words if is_whole(learned, word)])
    assert whole == [[], ["zeta"], ["zeta", "alto"], ["zeta", "alto", "beta"], [*words]]


@pytest.mark.parametrize("d_vocab", [ALPHABET, 300, PIECES, 700])
def test_the_size_is_kept_to_however_many_words_are_certain(d_vocab: int) -> None:
    assert train_tokenizer(trained.texts()[:200], d_vocab, CERTAIN).get_vocab_size() == d_vocab


def test_texts_are_cut_to_the_context_after_the_token_for_the_beginning(tokenizer: Tokenizer) -> None:
    rows = tokenize(["Ana vio a Juan.", "Ana", "Luis le dio pan a Eva."], tokenizer, 5)
    expected = [[BOS, "ĠAna", "Ġvio", "Ġa", "ĠJuan"], [BOS, "ĠLuis", "Ġle", "Ġdio", "Ġpan"]]
    assert torch.equal(rows, torch.tensor([[tokenizer.token_to_id(t) for t in row] for row in expected]))
    exactly = tokenize(["Ana vio a Juan"], tokenizer, 5)
    assert exactly.shape == (1, 5)  # a text that just fills it is kept
