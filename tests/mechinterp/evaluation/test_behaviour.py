"""The bundled model does what the lecture says of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mechinterp import load_model
from mechinterp.evaluation import behaviour
from mechinterp.evaluation.behaviour import PERIOD, SEED, behaviours, repetition_loss
from mechinterp.evaluation.bounds import Behaviour
from mechinterp.evaluation.handwritten import answers, sentences
from mechinterp.ioi.prompts import ENGLISH, prompts
from mechinterp.model import language_model
from mechinterp.model.checkpoints import WEIGHTS, bundled
from mechinterp.model.transformer import Tap, Transformer, no_tap
from mechinterp.text.lexicon.names import NAMES
from mechinterp.text.prompts import repeated_random_tokens

MEGABYTES = 8


@pytest.fixture(scope="module")
def measured() -> list[Behaviour]:
    return behaviours(load_model(), n=300)


@pytest.mark.heavy
def test_the_bundled_model_does_all_that_is_asked_of_it(measured: list[Behaviour]) -> None:
    assert len(measured) == 21
    assert [one.name for one in measured if not one.holds] == []


@pytest.mark.heavy
@pytest.mark.parametrize("name", [name for name in bundled() if name != "bundled"])
def test_the_models_to_compare_it_with_do_the_task_as_well(name: str) -> None:
    """Else another solution would only be a worse one."""
    model = load_model(name)
    asked = prompts(model, 300, seed=SEED)
    assert (asked.logit_diff(model(asked.tokens)) > 0).float().mean() >= 0.97
    assert (answers(model, sentences("ioi")).difference > 0).float().mean() >= 0.9


@pytest.mark.heavy
def test_a_model_that_is_not_trained_does_none_of_it() -> None:
    model = load_model()
    generator = torch.Generator().manual_seed(0)
    for _, tensor in model.transformer.parameters():
        tensor.copy_(0.05 * torch.randn(tensor.shape, generator=generator))
    assert [one.name for one in behaviours(model, n=50) if one.required is not None and one.holds] == []


def test_the_repetition_loss_is_that_of_a_loop() -> None:
    model = load_model()
    found = repetition_loss(model, 3, 7)
    tokens = repeated_random_tokens(model, 3, PERIOD, 7)
    log_probs = model(tokens).log_softmax(-1)
    for row in range(3):
        start = 1 + PERIOD
        losses = [-log_probs[row, p, tokens[row, p + 1]].item() for p in range(start, tokens.shape[1] - 1)]
        assert len(losses) == PERIOD - 1
        assert found[row].item() == pytest.approx(sum(losses) / len(losses), abs=1e-5)


@pytest.mark.heavy
def test_memory_says_how_it_is_measured_and_not_what() -> None:
    model = load_model()
    few = replace(
        model, transformer=replace(model.transformer, memory=3 * model.config.bytes_of_activations(50))
    )
    for whole, parts in zip(behaviours(model, n=20), behaviours(few, n=20), strict=True):
        assert (parts.name, parts.where, parts.n) == (whole.name, whole.where, whole.n)
        assert (parts.mean, parts.spread) == pytest.approx((whole.mean, whole.spread), abs=1e-4)


@pytest.mark.heavy
def test_no_logits_are_computed_but_where_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """At all positions of all prompts they are what takes most memory in a model of 50,257 tokens."""
    largest = 0

    def forward(self: Transformer, tokens: Tensor, tap: Tap = no_tap) -> Tensor:
        nonlocal largest
        logits = usual(self, tokens, tap)
        largest = max(largest, logits.nbytes)
        return logits

    usual = Transformer.forward
    monkeypatch.setattr(Transformer, "forward", forward)
    model = load_model()
    monkeypatch.setattr(behaviour, "language_of", lambda _: ENGLISH)  # as for a model of that size
    behaviours(replace(model, transformer=replace(model.transformer, memory=2**22)), n=40)
    assert 0 < largest < 2**22


def test_a_model_is_measured_on_as_many_prompts_as_it_can_afford(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "FLOPS", 0)
    monkeypatch.setattr(behaviour, "language_of", lambda _: ENGLISH)
    assert {one.n for one in behaviours(load_model())} == {language_model.AT_LEAST}


def test_every_name_of_the_corpus_is_one_token() -> None:
    model = load_model()
    assert len(NAMES) >= 100
    assert all(model.has_token(name) for name in NAMES)


@pytest.mark.parametrize("folder", bundled().values())
def test_the_files_are_small_and_a_history_reaches_the_end(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) <= MEGABYTES * 2**20
    history = json.loads((folder / "history.json").read_text())
    assert history[-1]["ioi_accuracy"] > 0.95
    assert history[0]["induction_score"] < 0.2 < 0.8 < history[-1]["induction_score"]


def test_its_card_says_what_is_measured() -> None:
    card = (WEIGHTS / "README.md").read_text()
    for word in (
        "## Data",
        "## Training",
        "## Measured behaviour",
        "chosen",
        "## Limits",
        "IOI, logit difference",
    ):
        assert word in card
