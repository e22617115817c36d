"""Training an SAE: the same for the same seed, able to stop anywhere, and clear about what it cannot do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from mechinterp.sae.activations import Held
from mechinterp.sae.architectures import ARCHITECTURES, L1, Architecture, BatchTopK, Gated, JumpReLU, TopK
from mechinterp.sae.known_features import known_features
from mechinterp.sae.training import Run, Settings, begin, rescaled, resume, train
from tests.mechinterp.sae.random_saes import KINDS, random_sae

ALL: dict[str, Architecture] = {
    "l1": L1(coefficient=10.0),
    "gated": Gated(coefficient=1.0),
    "jumprelu": JumpReLU(coefficient=0.5),
    "topk": TopK(k=2),
    "batchtopk": BatchTopK(k=2),
}
# Features die quickly, so that they are resampled, or enter the auxiliary loss, within a few steps.
TINY = Settings(d_sae=20, steps=12, rate=0.05, seed=3, dead_after=2)
SOURCE = known_features(10, 6, sparsity=0.8, size=16)
FEW = known_features(10, 6, sparsity=0.8, size=3)  # in a batch, so that some features do not fire for steps


def advance(run: Run, steps: int) -> list[dict[str, float]]:
    return [run.advance() for _ in range(steps)]


def state(run: Run) -> dict[str, Tensor]:
    """All that a run goes on from."""
    found = {"unfired": run.unfired, **{name: t.detach() for name, t in run.parameters.items()}}
    for index, kept in run.optimizer.state_dict()["state"].items():
        found |= {f"{index}.{name}": value for name, value in kept.items()}
    return found


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def test_all_architectures_are_tested() -> None:
    assert {name: type(a) for name, a in ALL.items()} == ARCHITECTURES


@pytest.mark.parametrize("name", ALL)
def test_a_run_is_the_same_for_the_same_seed(name: str) -> None:
    one, same, other = (begin(ALL[name], replace(TINY, seed=seed), SOURCE) for seed in (3, 3, 4))
    assert advance(one, 12) == advance(same, 12)
    assert_same(state(one), state(same))
    advance(other, 12)
    assert not torch.equal(one.parameters["W_dec"], other.parameters["W_dec"])


@pytest.mark.parametrize("name", ALL)
def test_a_run_stopped_at_any_step_resumes_as_if_it_had_not_been(name: str, tmp_path: Path) -> None:
    whole = begin(ALL[name], TINY, FEW)
    measured = advance(whole, 12)
    for stop in (0, 1, 4, 7, 12):
        stopped = begin(ALL[name], TINY, FEW)
        assert advance(stopped, stop) == measured[:stop]
        stopped.save(tmp_path / "run")
        resumed = resume(tmp_path / "run", ALL[name], TINY, FEW)
        assert advance(resumed, 12 - stop) == measured[stop:]
        assert_same(state(whole), state(resumed))
    one, other = whole.finished(), resumed.finished()
    assert torch.equal(one.W_enc, other.W_enc)


@pytest.mark.parametrize("name", ["l1", "gated", "jumprelu"])
def test_the_runs_above_resample(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or stopping and going on would say nothing of it."""
    calls: list[int] = []
    run = begin(ALL[name], TINY, FEW)
    monkeypatch.setattr("mechinterp.sae.training.resample", lambda *a: calls.append(int(a[3].sum())))
    advance(run, 12)
    assert sum(calls) > 0


@pytest.mark.parametrize("name", ["topk", "batchtopk"])
def test_the_runs_above_have_dead_features_for_the_auxiliary_loss(name: str) -> None:
    run = begin(ALL[name], TINY, FEW)
    advance(run, 6)
    assert run.dead.any()


@pytest.mark.parametrize("name", [name for name in ALL if name != "l1"])
def test_after_every_step_the_decoder_has_norm_one(name: str) -> None:
    run = begin(ALL[name], TINY, SOURCE)
    for _ in range(12):
        run.advance()
        torch.testing.assert_close(run.parameters["W_dec"].detach().norm(dim=-1), torch.ones(20))


@pytest.mark.parametrize("name", ALL)
def test_finished_it_does_to_vectors_what_the_trained_one_does_to_scaled_ones(name: str) -> None:
    run = begin(ALL[name], TINY, Held(7 * SOURCE.batch(0), size=16))
    advance(run, 12)
    finished, x = run.finished(), 7 * SOURCE.batch(50)
    torch.testing.assert_close(finished.W_dec.norm(dim=-1), torch.ones(20))
    with torch.no_grad():
        trained = run.architecture.sae(run.parameters)
        if name == "batchtopk":  # in use it fires above one threshold, whatever else is in the batch
            trained = rescaled(finished, run.scale)
        f = trained.encode(run.scale * x) * run.parameters["W_dec"].norm(dim=-1)
        torch.testing.assert_close(finished.encode(x), f / run.scale)
        torch.testing.assert_close(finished.reconstruct(x), trained.reconstruct(run.scale * x) / run.scale)


@pytest.mark.parametrize("kind", KINDS)
@given(factor=st.floats(0.1, 10))
def test_a_rescaled_sae_does_to_longer_vectors_what_it_did_to_shorter_ones(kind: str, factor: float) -> None:
    sae, x = random_sae(kind), torch.randn(30, 6, generator=torch.Generator().manual_seed(2))
    longer = rescaled(sae, factor)
    torch.testing.assert_close(longer.encode(factor * x), factor * sae.encode(x), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        longer.reconstruct(factor * x), factor * sae.reconstruct(x), rtol=1e-4, atol=1e-4
    )


def test_vectors_are_scaled_to_a_squared_length_of_their_width() -> None:
    run = begin(TopK(k=2), TINY, Held(100 * SOURCE.batch(0), size=4096))
    x = run.scale * run.source.batch(9)
    assert x.square().sum(-1).mean().item() == pytest.approx(6, rel=0.05)


def test_what_a_step_tells_is_of_its_batch_before_it() -> None:
    run = begin(TopK(k=2), TINY, SOURCE)
    sae, x = run.architecture.sae(run.parameters), run.scale * SOURCE.batch(0)
    with torch.no_grad():
        error = (x - sae.reconstruct(x)).square().sum(-1).mean().item() / 6
        fired = (sae.encode(x) > 0).sum(-1).float().mean().item()
    assert run.advance() == pytest.approx({"error": error, "l0": fired})


def test_features_are_dead_once_they_have_not_fired_for_long() -> None:
    run = begin(TopK(k=2), replace(TINY, rate=1e-9), SOURCE)
    run.parameters["b_enc"].data[[4, 9]] = -100
    seen = torch.zeros(20)
    for step in range(5):
        seen += (run.architecture.sae(run.parameters).encode(run.scale * SOURCE.batch(step)) > 0).any(0)
        run.advance()
    assert run.unfired[[4, 9]].tolist() == [5, 5]
    assert torch.equal(run.unfired == 5, seen == 0)
    assert torch.equal(run.dead, run.unfired >= 2)


def test_rates_fall_lambda_rises_and_resampling_ends() -> None:
    it = Settings(steps=100, rate=1.0, warm_up=0.1, decay=0.3, dead_after=20, resample_until=0.6)
    assert [it.rate_at(step) for step in (0, 70, 85, 100)] == pytest.approx([1, 1, 0.5, 0])
    assert [it.warm_at(step) for step in (0, 5, 10, 50)] == [0, 0.5, 1, 1]
    assert [step for step in range(1, 101) if it.resamples_at(step)] == [20, 40, 60]


def test_watching_sees_each_step() -> None:
    seen: list[int] = []
    train(TopK(k=2), TINY, SOURCE, lambda run, measured: seen.append(run.step))
    assert seen == list(range(1, 13))


def test_a_state_that_is_damaged_or_of_other_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run"
    run = begin(ALL["topk"], TINY, SOURCE)
    advance(run, 2)
    run.save(path)
    with pytest.raises(ValueError, match="another rate: choose another folder"):
        resume(path, ALL["topk"], replace(TINY, rate=1.0), SOURCE)
    with pytest.raises(ValueError, match="another k: "):
        resume(path, TopK(k=3), TINY, SOURCE)
    with pytest.raises(ValueError, match="another architecture"):
        resume(path, BatchTopK(k=2), TINY, SOURCE)
    for told in ({}, {"run": "half a senten"}, {"run": "{}"}):
        save_file({"parameters.W_enc": torch.ones(2)}, tmp_path / "other", told)
        with pytest.raises(ValueError, match=r"other is damaged .*: delete it to start over"):
            resume(tmp_path / "other", ALL["topk"], TINY, SOURCE)
    (tmp_path / "other").unlink()
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"run is damaged .*: delete it to start over"):
        resume(path, ALL["topk"], TINY, SOURCE)
    assert [found.name for found in tmp_path.iterdir()] == ["run"]


def test_a_state_about_something_else_or_of_another_width_is_refused(tmp_path: Path) -> None:
    path, about = tmp_path / "run", {"hook": "a", "texts": "b"}
    begin(TopK(k=2), TINY, SOURCE, about).save(path)
    assert resume(path, TopK(k=2), TINY, SOURCE, about).about == about
    with pytest.raises(ValueError, match="of a run with another texts: choose another folder"):
        resume(path, TopK(k=2), TINY, SOURCE, about | {"texts": "c"})
    with pytest.raises(ValueError, match="of a run with another hook, texts: choose another folder"):
        resume(path, TopK(k=2), TINY, SOURCE)
    wider = known_features(10, 7, sparsity=0.8, size=16)
    with pytest.raises(ValueError, match=r"expected W_enc of shape \(7, 20\) in the state, got \(6, 20\)"):
        resume(path, TopK(k=2), TINY, wider, about)


class Given:
    """A source that gives what it is told."""

    def __init__(self, *batches: Tensor) -> None:
        self.batches = batches

    def batch(self, step: int) -> Tensor:
        return self.batches[min(step, len(self.batches) - 1)]


def test_vectors_that_an_sae_cannot_learn_from_are_refused() -> None:
    good, bad = SOURCE.batch(0), SOURCE.batch(1).clone()
    bad[2, 1], bad[5, 0] = torch.nan, torch.inf
    with pytest.raises(ValueError, match="expected finite vectors at step 1, got NaN or infinity in 2 of 16"):
        begin(TopK(k=2), TINY, Given(good, bad))
    with pytest.raises(ValueError, match="expected vectors of width 6 at step 1, got 5"):
        begin(TopK(k=2), TINY, Given(good, good[:, :5]))
    with pytest.raises(ValueError, match="expected vectors that differ, got the same one each time"):
        begin(TopK(k=2), TINY, Given(torch.ones(16, 6)))
    with pytest.raises(ValueError, match="expected k from 1 to the 20 features of the dictionary, got 21"):
        begin(TopK(k=21), TINY, SOURCE)
    run = begin(TopK(k=2), TINY, Given(*[good] * 8, good, bad))
    advance(run, 9)
    with pytest.raises(ValueError, match="expected finite vectors at step 9"):
        run.advance()


def test_an_sae_of_which_nothing_fires_is_refused() -> None:
    run = begin(L1(), TINY, SOURCE)
    advance(run, 2)
    run.parameters["b_enc"].data.fill_(-100)
    with pytest.raises(
        ValueError, match=r"all 20 features are dead after 2 steps of L1.*lower the sparsity coefficient"
    ):
        run.finished()


def test_the_gradient_of_a_constrained_decoder_is_freed() -> None:
    """It once remembered how it was made, of itself: each step then kept a decoder's worth of memory."""
    parameters = TopK(2).initial(4, 8, torch.Generator().manual_seed(0))
    W_dec = parameters["W_dec"].requires_grad_()
    W_dec.square().sum().backward()
    assert W_dec.grad is not None
    TopK(2).constrain_gradients(parameters)
    assert not W_dec.grad.requires_grad
    assert (W_dec.grad * W_dec).sum(-1).abs().max() < 1e-6
