import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from mechinterp import load_model
from mechinterp.ioi import prompts as ioi
from mechinterp.model.language_model import Model
from mechinterp.text.corpus import kept_apart
from mechinterp.text.lexicon.names import NAMES
from mechinterp.text.templates import HELD_OUT_TEMPLATES
from tests.mechinterp.architectures import write_tokenizer
from tests.mechinterp.random_models import random_transformer
from tests.mechinterp.text import trained
from tests.mechinterp.text.reading import pattern_of

NAME = re.compile(rf"\b({'|'.join(NAMES)})\b")


TEMPLATE = "{A} y {B} {went} {to} y {S} le {gave} {object} a"


@pytest.fixture(scope="module")
def model() -> Model:
    """A model that knows the words of the corpus, and has learned nothing."""
    return Model("random", random_transformer(d_vocab=trained.D_VOCAB, n_ctx=64), trained.tokenizer(), 0)


@pytest.fixture(scope="module")
def prompts(model: Model) -> ioi.Prompts:
    return ioi.prompts(model, 80, seed=0)


def people(text: str) -> tuple[str, str, str]:
    """Return the two people of a prompt in their order, and the giver: the three names in it."""
    first, second, giver = NAME.findall(text)
    return first, second, giver


def test_the_answer_is_the_one_who_does_not_give(model: Model, prompts: ioi.Prompts) -> None:
    assert len(prompts) == len(prompts.texts) == len(prompts.tokens) == 80
    for text, io, subject in zip(prompts.texts, prompts.io.tolist(), prompts.subject.tolist(), strict=True):
        first, second, giver = people(text)
        assert first != second
        assert giver in (first, second)
        assert model.string(subject).strip() == giver
        assert model.string(io).strip() == (second if giver == first else first)


def test_positions_point_at_the_words_they_are_named_for(model: Model, prompts: ioi.Prompts) -> None:
    assert set(prompts.positions) == {"IO", "S1", "S2", "END"}
    for row, text in enumerate(prompts.texts):
        tokens = prompts.tokens[row]
        at = {name: int(positions[row]) for name, positions in prompts.positions.items()}
        first, second, giver = people(text)
        word = {name: model.string(int(tokens[position])).strip() for name, position in at.items()}
        receiver = second if giver == first else first
        assert word == {"IO": receiver, "S1": giver, "S2": giver, "END": "a"}
        assert max(at["IO"], at["S1"]) < at["S2"] < at["END"]
        assert (at["S1"] < at["IO"]) == (giver == first)
        assert model.tokenizer.decode(tokens[1 : at["END"] + 1].tolist()).strip() == text


def test_the_giver_is_named_first_about_as_often_as_second(prompts: ioi.Prompts) -> None:
    first = (prompts.positions["S1"] < prompts.positions["IO"]).float().mean()
    assert 0.3 < first < 0.7


def test_a_prompt_is_of_a_held_out_template_and_stops_where_the_answer_comes(prompts: ioi.Prompts) -> None:
    held_out = [pattern_of(template) for template in HELD_OUT_TEMPLATES]
    for text in prompts.texts:
        assert any(pattern.match(text) for pattern in held_out), text
        assert re.search(r" le \w+ una? \w+ a$", text), text


def test_prompts_are_spelled_like_the_corpus(model: Model) -> None:
    texts = ioi.prompts(model, 200, seed=0).texts
    assert any(re.search(r"\be I", text) for text in texts)
    assert not [text for text in texts if re.search(r"\by I", text)]
    assert not [text for text in texts if re.search(r"(^|\. )[a-záéíóú]", text)]


def test_names_are_one_token_and_pairs_those_that_training_keeps_apart(
    model: Model, prompts: ioi.Prompts
) -> None:
    for text in prompts.texts:
        first, second, _ = people(text)
        assert model.has_token(first)
        assert model.has_token(second)
        assert kept_apart(first, second)
    assert len({people(text)[:2] for text in prompts.texts}) > 40


def test_names_of_several_tokens_are_left_out(model: Model) -> None:
    kept = {"Ana", "Juan", "Pedro", *(name for name in NAMES if name[0] in "CLM")}

    class Knows(Model):
        def has_token(self, word: str) -> bool:
            return word in kept

    few = Knows(model.name, model.transformer, model.tokenizer, model.bos)
    found = {name for text in ioi.prompts(few, 60, seed=0).texts for name in people(text)}
    assert found <= kept
    assert len(found) > 10


def test_other_templates_can_be_asked_for(model: Model) -> None:
    for text in ioi.prompts(model, 5, seed=0, templates=[TEMPLATE]).texts:
        first, second, giver = people(text)
        assert re.fullmatch(rf"{first} [ye] {second} \w+ al? .* [ye] {giver} le \w+ una? \w+ a", text)


def test_prompts_are_the_same_for_the_same_seed(model: Model, prompts: ioi.Prompts) -> None:
    assert ioi.prompts(model, 80, seed=0).texts == prompts.texts
    assert ioi.prompts(model, 80, seed=1).texts != prompts.texts


@torch.no_grad()
def test_what_fills_up_a_prompt_changes_no_answer(model: Model, prompts: ioi.Prompts) -> None:
    logits = model(prompts.tokens)
    end = prompts.positions["END"]
    assert len(end.unique()) > 3  # there is something to fill up
    for row in range(0, len(prompts), 8):
        alone = model(torch.tensor([model.tokenize(prompts.texts[row])]))
        assert alone.shape[1] == end[row] + 1
        torch.testing.assert_close(logits[row, end[row]], alone[0, -1], atol=1e-4, rtol=1e-4)


def test_the_logit_difference_is_that_of_a_loop(prompts: ioi.Prompts) -> None:
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(
        *prompts.tokens.shape, 1 + int(prompts.io.max() + prompts.subject.max()), generator=draw
    )
    found = prompts.logit_diff(logits)
    assert found.shape == (len(prompts),)
    for row in range(len(prompts)):
        end = logits[row, int(prompts.positions["END"][row])]
        assert found[row] == end[prompts.io[row]] - end[prompts.subject[row]]


def test_a_model_that_knows_no_name_as_one_token_is_refused(model: Model, tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    spelling = replace(model, tokenizer=Tokenizer.from_file(str(tmp_path / "tokenizer.json")))
    with pytest.raises(ValueError, match=rf"one token of {model.name}, got 0 of {len(NAMES)}"):
        ioi.prompts(spelling, 1, seed=0)


def test_prompts_longer_than_the_context_are_refused(model: Model) -> None:
    short = replace(model, transformer=replace(model.transformer, config=replace(model.config, n_ctx=8)))
    with pytest.raises(ValueError, match=r"expected prompts of at most 8 tokens, got \d\d"):
        ioi.prompts(short, 10, seed=0)


@pytest.mark.parametrize("how", ioi.Corruption)
def test_a_corrupted_prompt_differs_in_its_names_alone(
    model: Model, prompts: ioi.Prompts, how: ioi.Corruption
) -> None:
    changed = ioi.corrupted(model, prompts, how)
    names = {model.token(name) for name in NAMES}
    for row, (before, after) in enumerate(zip(prompts.tokens.tolist(), changed.tolist(), strict=True)):
        where = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        s2 = prompts.positions["S2"][row].item()
        io, s = prompts.io[row].item(), prompts.subject[row].item()
        assert all(after[i] in names for i in where)
        if how is ioi.Corruption.SWAPPED:
            assert where == [s2]
            assert after[s2] == io
        elif how is ioi.Corruption.UNREPEATED:
            assert where == [s2]
            assert after[s2] not in (io, s)
        else:
            assert len({after[i] for i in where}) == len(where) == 3
            assert not {after[i] for i in where} & {io, s}


def test_when_the_other_gives_the_lecture_s_model_answers_the_other_way() -> None:
    model = load_model()
    assert all(model.has_token(name) for name in NAMES)
    prompts = ioi.prompts(model, 80, seed=0)
    swapped = ioi.corrupted(model, prompts, ioi.Corruption.SWAPPED)
    assert (prompts.logit_diff(model(prompts.tokens)) > 0).float().mean() > 0.95
    assert (prompts.logit_diff(model(swapped)) < 0).float().mean() > 0.95


def test_aligned_prompts_have_their_names_at_the_same_places(prompts: ioi.Prompts) -> None:
    found = ioi.aligned(prompts)
    assert 1 <= len(found) < len(prompts)
    for at in found.positions.values():
        assert (at == at[0]).all()
    assert found.texts[0] == prompts.texts[0]


def test_the_metric_is_the_logit_difference(model: Model, prompts: ioi.Prompts) -> None:
    logits, cache = model.run_with_cache(prompts.tokens)
    end = cache[f"blocks.{model.config.n_layers - 1}.hook_resid_post"][
        torch.arange(len(prompts)), prompts.positions["END"]
    ]
    measured = prompts.metric.measure(model.transformer, end[:, None], torch.arange(len(prompts)))
    torch.testing.assert_close(measured, prompts.logit_diff(logits), atol=1e-4, rtol=1e-4)


def test_a_sentence_of_one_s_own_comes_with_its_answer_and_another_name() -> None:
    model = load_model()
    assert ioi.example(model).answer == "María"
    own = ioi.example(model, "Ana vio a Luis, y Luis saludó a", "Ana", "Luis")
    assert (own.answer, own.subject) == ("Ana", "Luis")
    with pytest.raises(ValueError, match="the word that should come next"):
        ioi.example(model, "Ana vio a Luis, y Luis saludó a", "Ana")
