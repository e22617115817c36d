"""What the analysis computes on another device than the CPU: nothing is refused there, and it is the same.

The figures, which call much of it, have the same test in tests/figures; here are architectures that they do not run on,
and functions that they do not call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mechinterp.attention.composition import Input, baseline, composition_score
from mechinterp.attention.heads import Head
from mechinterp.attention.qk_ov import (
    copying_score,
    embedding_at,
    full_ov_circuit,
    full_qk_circuit,
    positional_qk_circuits,
)
from mechinterp.evaluation.behaviour import behaviours
from mechinterp.interventions import patched_runs, path_patching, path_runs
from mechinterp.interventions.ablation import Ablation, instead_of, run_without
from mechinterp.interventions.activation_patching import (
    ablate_heads,
    patch_heads,
    patch_heads_and_positions,
    patch_positions,
)
from mechinterp.interventions.attention_without import attention_without
from mechinterp.interventions.attribution_patching import attribute_heads, attribute_positions
from mechinterp.interventions.metrics import Metric, logit_diff
from mechinterp.interventions.patched_runs import Part, Place
from mechinterp.interventions.paths import MLP, Between, Embedding, Final, HeadInput, Reading
from mechinterp.ioi.circuit import find_circuit
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.reference import other_names
from mechinterp.logits.direct_attribution import bias, by_component, by_head, logit_diff_reader
from mechinterp.model.devices import moved
from mechinterp.model.language_model import Model
from mechinterp.model.loading import load_model
from mechinterp.model.transformer import Transformer
from mechinterp.sae.activations import Activations
from mechinterp.sae.architectures import ARCHITECTURES, BatchTopK, TopK
from mechinterp.sae.autoencoder import SAE
from mechinterp.sae.checkpoint import load_sae, save_sae
from mechinterp.sae.metrics import (
    dead_share,
    density,
    density_histogram,
    fvu,
    l0,
    matching,
    mmcs,
    spliced_loss,
)
from mechinterp.sae.one_activation import through_given
from mechinterp.sae.report import report
from mechinterp.sae.shown import Given
from mechinterp.sae.steering import add_feature, continuations
from mechinterp.sae.surplus import surplus_cosines
from mechinterp.sae.texts import file_texts
from mechinterp.sae.training import Settings, begin, resume
from mechinterp.text.prompts import random_tokens
from mechinterp.training import run as model_training
from tests.mechinterp.planted_ioi import Plan, planted_model
from tests.mechinterp.random_models import SHAPES, random_transformer
from tests.mechinterp.sae.random_saes import KINDS, random_sae
from tests.mechinterp.training.test_run import NAMES, TINY
from tests.same import assert_same, tolerance

CLEAN = torch.tensor([[1, 2, 3, 4, 5], [7, 8, 9, 1, 2], [4, 4, 2, 2, 9]])
CORRUPTED = torch.tensor([[1, 2, 7, 4, 5], [7, 3, 9, 1, 8], [4, 4, 2, 1, 9]])
ENDS, RIGHT, WRONG = torch.tensor([4, 3, 4]), torch.tensor([3, 11, 0]), torch.tensor([9, 2, 17])
SENDERS = [Embedding(), Head(0, 1), MLP(0), Head(1, 3)]
RECEIVERS = [HeadInput(Head(2, 0), Input.Q), MLP(2), Final()]
HOOK = "blocks.1.hook_resid_post"


class Case:
    """The same transformer, prompts and metrics on some device."""

    def __init__(self, transformer: Transformer, device: torch.device) -> None:
        self.transformer, self.device = moved(transformer, device), device
        self.clean, self.corrupted, self.ends, self.right, self.wrong = (
            x.to(device) for x in (CLEAN, CORRUPTED, ENDS, RIGHT, WRONG)
        )
        self.runs = (self.transformer, self.corrupted, self.clean)
        self.metric = logit_diff(self.right, self.wrong, self.ends)
        self.two_read = Metric(
            torch.stack((self.ends, self.ends - 1), dim=1),
            lambda logits, _: logits.log_softmax(-1)[:, :, 3].sum(1),
        )


def runs(case: Case) -> Any:
    logits, cache = case.transformer.run_with_cache(case.clean)
    assert logits.device == case.device
    hooked = case.transformer.run_with_hooks(case.clean, {HOOK: lambda x: 2 * x})
    return logits, cache, hooked, case.transformer.next_logits(case.clean)


def patches(case: Case) -> Any:
    parallel = case.transformer.config.parallel
    places = [place for place in Place if not (parallel and place is Place.RESID_MID)]
    return (
        patch_positions(*case.runs, places[-1], case.two_read),
        patch_positions(*case.runs, places[0], case.metric, positions=case.ends[:, None]),
        [patch_heads(*case.runs, part, case.metric) for part in (Part.Q, Part.PATTERN)],
        patch_heads_and_positions(*case.runs, Part.V, case.two_read),
    )


def patches_one_by_one(case: Case) -> Any:
    return patched_runs.patch_heads(*case.runs, Part.Q, case.metric)


def paths(case: Case) -> Any:
    found = [
        path_patching.patch_paths(
            *case.runs, SENDERS, RECEIVERS, case.metric, between, positions=positions, reading=reading
        )
        for between, positions, reading in (
            (Between.MLPS, None, Reading.TOGETHER),
            (Between.DIRECT, case.ends, Reading.APART),
        )
    ]
    options = (SENDERS[1:2], RECEIVERS, case.metric, Between.MLPS)
    return found, [path_runs.patch_paths(*case.runs, *options, at) for at in (None, case.ends)]


def gradients(case: Case) -> Any:
    of_heads = [attribute_heads(*case.runs, part, case.metric) for part in Part]
    return of_heads, attribute_positions(*case.runs, Place.RESID_PRE, case.two_read)


def ablations(case: Case) -> Any:
    found = []
    for how in Ablation:
        instead = instead_of(case.transformer, case.clean, how)
        found.append(ablate_heads(case.transformer, case.clean, instead, case.metric))
        found.append(run_without(case.transformer, case.clean, [Head(0, 1), Head(0, 2), MLP(1)], instead)[0])
    cache = case.transformer.cache(case.clean)
    return found, attention_without(case.transformer, cache, Head(0, 1), Head(2, 0), case.ends)


def attributions(case: Case) -> Any:
    cache = case.transformer.cache(case.clean)
    reader = logit_diff_reader(case.transformer, case.right, case.wrong, case.ends)
    of_bias = bias(case.transformer, reader, case.right, case.wrong)
    return by_head(case.transformer, cache, reader), by_component(case.transformer, cache, reader), of_bias


def weights(case: Case) -> Any:
    pair = (case.transformer, Head(0, 1), Head(2, 3))
    full = full_ov_circuit(case.transformer, Head(1, 2), case.transformer.W_E)
    embedded = case.transformer.W_pos is not None
    positional = positional_qk_circuits(case.transformer, 6) if embedded else {}
    return (
        [(composition_score(*pair, into), baseline(*pair, into)) for into in Input],
        full_qk_circuit(case.transformer, Head(1, 2), case.transformer.W_E).dense(),
        copying_score(full, case.clean[0], 3),
        {str(head): circuit for head, circuit in positional.items()},
    )


ANALYSES = (runs, patches, patches_one_by_one, paths, gradients, ablations, attributions, weights)
CPU = torch.device("cpu")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda analysis: analysis.__name__)
def test_an_analysis_is_the_same_on_every_device(
    analysis: Callable[[Case], Any], shape: str, gpu: torch.device
) -> None:
    transformer = random_transformer(shape, dtype=torch.float32)
    found, expected = (analysis(Case(transformer, device)) for device in (gpu, CPU))
    assert_same(found, expected, 10 * tolerance(gpu))


# Features die quickly, so that they are resampled, or enter the auxiliary loss, within a few steps.
FEW_STEPS = Settings(d_sae=20, steps=8, rate=0.02, seed=3, dead_after=2)


def vectors_of(device: torch.device) -> Activations:
    """Return a source whose batches are small, so that some features do not fire for steps."""
    transformer = moved(random_transformer(n_layers=2, dtype=torch.float32), device)
    return Activations(transformer, CLEAN.to(device), HOOK, size=4, contexts=4)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_sae_is_trained_to_the_same_and_resumes(name: str, gpu: torch.device, tmp_path: Path) -> None:
    architecture = ARCHITECTURES[name](**({"k": 2} if issubclass(ARCHITECTURES[name], TopK) else {}))
    trained: list[SAE] = []
    for device in (gpu, CPU):
        source, path = vectors_of(device), tmp_path / f"{device.type}.state"
        run = begin(architecture, FEW_STEPS, source)
        for _ in range(5):
            run.advance()
        run.save(path)
        run = resume(path, architecture, FEW_STEPS, source)
        for _ in range(3):
            run.advance()
        trained.append(run.finished())
    assert trained[0].W_dec.device == gpu
    assert_same(*trained, within=10 * tolerance(gpu))


@pytest.mark.parametrize("kind", KINDS)
def test_an_sae_in_use_is_the_same(kind: str, gpu: torch.device, tmp_path: Path) -> None:
    of_cpu = random_sae(kind, d_model=16)
    save_sae(tmp_path / "sae", of_cpu.to(gpu), "a-model", HOOK)
    found, expected = (
        in_use(load_sae(tmp_path / "sae").sae.to(gpu), gpu),
        in_use(of_cpu, CPU),
    )
    assert_same(found, expected, 10 * tolerance(gpu))


def in_use(sae: SAE, device: torch.device) -> Any:
    transformer = moved(random_transformer(dtype=torch.float32), device)
    tokens = CLEAN.to(device)
    x = transformer.cache(tokens, [HOOK])[HOOK]
    f, true = sae.encode(x), torch.eye(16, device=device)[:7]
    hooks = {HOOK: add_feature(sae, 2, 3.0)}
    return {
        "f": f,
        "x_hat": sae.decode(f),
        "numbers": (l0(f), fvu(x, sae.decode(f)), dead_share(density(f)), mmcs(sae.W_dec, true)),
        "density": density_histogram(density(f), torch.tensor([-3.0, -1.0, 0.0], device=device)),
        "matching": (matching(sae.W_dec, true), surplus_cosines(sae.W_dec, true)),
        "loss": spliced_loss(transformer, tokens, HOOK, sae),
        "text": continuations(transformer, tokens[0], hooks, n=3, length=4, seed=1).tolist(),
    }


def test_what_reads_text_puts_tokens_where_the_model_is(gpu: torch.device, tmp_path: Path) -> None:
    model, other = bundled(CPU), bundled(gpu)
    (tmp_path / "text").write_text("Ayer Ana fue al mercado con Luis y con María. " * 400, encoding="utf-8")
    for made in (
        lambda model: model.tokens(["Ana vio a Luis", "Luis vio a Ana"]),
        lambda model: random_tokens(model, 3, 5, seed=1),
        lambda model: prompts(model, 4, seed=1).positions["S2"],
        lambda model: file_texts(model, tmp_path / "text").trained,
    ):
        assert made(other).device == gpu
        assert made(other).tolist() == made(model).tolist()


def test_log_probabilities_and_embeddings_are_the_same(gpu: torch.device) -> None:
    def found(model: Model) -> list[Tensor]:
        tokens = random_tokens(model, 4, 10, seed=2)
        return [model.log_probs_of_next(tokens), embedding_at(model, 1, tokens[0]), embedding_at(model, 1)]

    assert_same(found(bundled(gpu)), found(bundled(CPU)), tolerance(gpu))


@pytest.mark.heavy
def test_what_is_measured_of_a_model_is_the_same(gpu: torch.device) -> None:
    found, expected = (behaviours(bundled(device), n=2) for device in (gpu, CPU))
    assert_same(found, expected, tolerance(gpu))


@pytest.mark.heavy
def test_the_circuit_that_is_found_is_the_same(gpu: torch.device) -> None:
    planted = planted_model(Plan())
    found, expected = (circuit(on(planted, device)) for device in (gpu, CPU))
    assert expected[0]
    assert_same(found, expected, tolerance(gpu))


def circuit(model: Model) -> Any:
    asked = prompts(model, 6, seed=3)
    found = find_circuit(model, asked, other_names(model, asked))
    return [vars(verdict) for verdict in found.verdicts], list(found.control.values())


def test_the_lectures_model_is_trained_to_the_same(gpu: torch.device, tmp_path: Path) -> None:
    texts = torch.randint(1, 50, (40, 24), generator=torch.Generator().manual_seed(0))
    losses: dict[torch.device, list[float]] = {}
    for device in (gpu, CPU):
        run, path = model_training.begin(TINY, device), tmp_path / f"{device.type}.state"
        losses[device] = [run.advance(texts, NAMES, lambda _: {}) for _ in range(2)]
        run.save(path)
        run = model_training.resume(path, TINY, device)
        losses[device] += [run.advance(texts, NAMES, lambda _: {})]
    assert_same(losses[gpu], losses[CPU], tolerance(gpu))


@pytest.mark.heavy
def test_the_report_on_an_sae_is_the_same(gpu: torch.device, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Ayer Ana fue al mercado con Luis y con María. " * 400, encoding="utf-8")
    shown = []
    for device in (gpu, CPU):
        model = bundled(device)
        texts = file_texts(model, tmp_path / "text")
        source = Activations(model.transformer, texts.trained, HOOK, size=64, contexts=16)
        sae = begin(BatchTopK(4), Settings(d_sae=32), source).finished()
        shown.append([list(column.cells) for column in report(model, HOOK, sae, texts).columns])
    assert shown[0] == shown[1]


def test_an_sae_that_is_given_is_shown_the_same(gpu: torch.device) -> None:
    """It is loaded onto the CPU, and goes where the model is."""
    sae = random_sae("topk", d_model=bundled(CPU).config.d_model, d_sae=40)
    given = Given(sae, "blocks.2.hook_resid_post", False, "Ana fue al mercado y compró pan. " * 200)

    def passage(model: Model) -> Any:
        found = through_given(model, given, "Ana fue a la tienda", seed=0)
        return found.x, found.x_hat, found.fired, found.names, found.others, found.by_chance

    assert_same(passage(bundled(gpu)), passage(bundled(CPU)), 10 * tolerance(gpu))  # of hundreds


def bundled(device: torch.device) -> Model:
    return on(load_model(device="cpu"), device)


def on(model: Model, device: torch.device) -> Model:
    return replace(model, transformer=moved(model.transformer, device))
