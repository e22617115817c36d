"""The words of the corpus are those that people use. Frequencies: Speer 2022 (wordfreq), on Zipf's scale of 1 to 8."""

from wordfreq import top_n_list, zipf_frequency

from mechinterp.text.lexicon.adjectives import ADJECTIVES
from mechinterp.text.lexicon.nouns import NOUNS
from mechinterp.text.lexicon.others import COMMON
from mechinterp.text.lexicon.verbs import VERBS
from tests.mechinterp.text.trained import tokenizer

COMMON_FROM = 3.0  # once in a million words


def test_nearly_every_word_of_the_corpus_is_common() -> None:
    bases = [noun.singular for noun in NOUNS] + [verb.infinitive for verb in VERBS]
    bases += [adjective.masculine for adjective in ADJECTIVES] + list(COMMON)
    rare = [word for word in bases if zipf_frequency(word, "es") < COMMON_FROM]
    assert len(rare) <= 0.01 * len(bases), rare


def test_most_of_ordinary_spanish_is_whole_words() -> None:
    words = [word for word in top_n_list("es", 2000) if word.isalpha() and len(word) > 1]
    weight = {word: 10 ** zipf_frequency(word, "es") for word in words}
    whole = {word for word in words if len(tokenizer().encode(word).ids) == 1}
    assert sum(weight[word] for word in whole) > 0.8 * sum(weight.values())
