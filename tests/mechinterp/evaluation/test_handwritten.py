"""Sentences written by hand, and what a model says to them."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import torch

from mechinterp.evaluation.handwritten import FILE, Sentence, answers, kinds, sentences
from mechinterp.model.language_model import Model
from mechinterp.text.corpus import Corpus, kept_apart
from mechinterp.text.lexicon.names import NAMES
from mechinterp.text.lexicon.world import COUNTRIES
from mechinterp.text.templates import TEMPLATES
from tests.mechinterp.random_models import random_transformer
from tests.mechinterp.text import trained
from tests.mechinterp.text.reading import names, pattern_of

ALL = [sentence for kind in kinds() for sentence in sentences(kind)]
IOI = sentences("ioi")


@pytest.fixture(scope="module")
def model() -> Model:
    transformer = random_transformer(d_vocab=trained.D_VOCAB, n_ctx=100)
    return Model("random", transformer, trained.tokenizer(), 0)


def test_the_file_is_read_whole_and_in_order() -> None:
    assert kinds() == ["ioi", "induction", "fact", "list", "possession"]
    rows = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert [
        f"{s.kind} | {s.prompt.replace(' ', '␣', s.prompt[0] == ' ')} | {s.answer} | {s.foil}" for s in ALL
    ] == rows
    assert sentences("poems") == []


@pytest.mark.parametrize(
    ("kind", "least"), [("ioi", 80), ("induction", 20), ("fact", 30), ("list", 10), ("possession", 10)]
)
def test_there_are_enough_of_each_kind_and_none_twice(kind: str, least: int) -> None:
    asked = sentences(kind)
    assert len({sentence.prompt for sentence in asked}) == len(asked) >= least


def test_a_prompt_stops_before_a_word_and_another_would_fit() -> None:
    for sentence in ALL:
        assert re.search(r"(\w|\w,)$", sentence.prompt), (
            sentence
        )  # and not with a space, which the word begins with
        assert not re.search(r"  |␣", sentence.prompt), sentence
        assert sentence.answer.isalpha(), sentence
        assert sentence.foil.isalpha(), sentence
        assert sentence.answer != sentence.foil, sentence


def test_in_each_gift_the_one_who_gets_it_is_named_once_and_the_giver_twice() -> None:
    for sentence in IOI:
        named = Counter(names(sentence.prompt))
        assert {sentence.answer, sentence.foil} <= set(NAMES), sentence
        assert (named[sentence.answer], named[sentence.foil]) == (1, 2), sentence
        assert sentence.prompt.endswith(" a"), sentence


def test_the_giver_is_named_first_about_as_often_as_second() -> None:
    first = [
        names(sentence.prompt).index(sentence.foil) < names(sentence.prompt).index(sentence.answer)
        for sentence in IOI
    ]
    assert 0.35 < sum(first) / len(first) < 0.65


def test_everybody_occurs_and_many_pairs_that_training_keeps_apart() -> None:
    assert {sentence.answer for sentence in IOI} | {sentence.foil for sentence in IOI} == set(NAMES)
    assert sum(kept_apart(sentence.answer, sentence.foil) for sentence in IOI) >= 5


def test_what_is_said_again_was_said_before() -> None:
    for sentence in sentences("induction"):
        words = re.findall(r"\w+", sentence.prompt.lower())
        followed = [words[i + 3] for i in range(len(words) - 3) if words[i : i + 3] == words[-3:]]
        assert followed == [sentence.answer], sentence
        assert sentence.foil in words, sentence


def test_facts_are_of_the_world_and_a_foil_is_of_the_answer_s_kind() -> None:
    kinds_of = [
        {country.name for country in COUNTRIES},
        {country.capital for country in COUNTRIES},
        {country.language for country in COUNTRIES},
    ]
    for sentence in sentences("fact"):
        assert any({sentence.answer, sentence.foil} <= kind for kind in kinds_of), sentence


def test_who_has_what_is_asked_of_two_that_are_named() -> None:
    for sentence in sentences("possession"):
        assert {sentence.answer, sentence.foil} <= set(re.findall(r"\w+", sentence.prompt)), sentence


def test_the_corpus_contains_none_of_the_gifts() -> None:
    corpus = Corpus(0)
    prompts = {sentence.prompt.strip() for sentence in IOI}
    for text in (corpus.indirect_object() for _ in range(2000)):
        end = text.rindex(" a ") + 2
        assert text[:end] not in prompts, text


def test_the_four_that_the_lecture_asks_are_of_a_scene_that_is_held_out() -> None:
    scene = "Cuando {A} y {B} {went} {to}, {S}"
    asked = [sentence.prompt for sentence in IOI if pattern_of(scene).match(sentence.prompt)]
    assert asked == [sentence.prompt for sentence in IOI[:4]]
    assert not any(template.startswith(scene) for template in TEMPLATES)
    assert {names(prompt)[0] for prompt in asked} == {"María", "Juan"}
    assert kept_apart("María", "Juan")


@torch.no_grad()
def test_the_answers_are_those_of_a_loop(model: Model) -> None:
    asked = [*IOI[:12], *sentences("fact")[:6], *sentences("list")[:3]]
    found = answers(model, asked)
    assert found.sentences == asked
    assert (
        len({len(model.tokenize(sentence.prompt)) for sentence in asked}) > 5
    )  # there is something to fill up
    for i, sentence in enumerate(asked):
        probability = model(torch.tensor([model.tokenize(sentence.prompt)]))[0, -1].softmax(-1)
        answer, foil = (model.tokenizer.encode(word).ids[0] for word in (sentence.answer, sentence.foil))
        assert found.probability[i].item() == pytest.approx(probability[answer].item(), rel=1e-6)
        expected = (probability[answer] / probability[foil]).log().item()
        assert found.difference[i].item() == pytest.approx(expected, abs=1e-6)


def test_a_word_of_several_tokens_counts_by_its_first(model: Model) -> None:
    asked = [Sentence("x", "Ana vio", "murciélagos", "zarigüeyas")]
    first, second = (model.tokenizer.encode(word).ids for word in ("murciélagos", "zarigüeyas"))
    assert min(len(first), len(second)) > 1
    log_probs = model(torch.tensor([model.tokenize("Ana vio")]))[0, -1].log_softmax(-1)
    expected = (log_probs[first[0]] - log_probs[second[0]]).item()
    assert answers(model, asked).difference.item() == pytest.approx(expected)


def test_the_beginning_of_the_text_is_not_taken_for_the_answer() -> None:
    transformer = random_transformer(d_vocab=trained.D_VOCAB, n_ctx=100)
    bare = Model("random", transformer, trained.tokenizer(), None)
    log_probs = bare(torch.tensor([bare.tokenize("Ana vio a")]))[0, -1].log_softmax(-1)
    expected = (log_probs[bare.token("Juan")] - log_probs[bare.token("Eva")]).item()
    found = answers(bare, [Sentence("x", "Ana vio a", "Juan", "Eva")])
    assert found.difference.item() == pytest.approx(expected)


def test_a_prompt_longer_than_the_context_is_refused() -> None:
    short = Model("short", random_transformer(d_vocab=trained.D_VOCAB, n_ctx=16), trained.tokenizer(), 0)
    assert len(answers(short, [Sentence("x", "Ana le dio pan a", "Juan", "Ana")]).difference) == 1
    with pytest.raises(ValueError, match="at most 16 tokens"):
        answers(short, IOI[:6])


def test_the_gifts_fit_into_the_context_of_the_lecture_s_model() -> None:
    assert max(len(trained.tokenizer().encode(sentence.prompt).ids) for sentence in ALL) < 64
