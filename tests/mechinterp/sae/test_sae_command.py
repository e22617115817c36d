"""python -m mechinterp.sae: trains, is interrupted, resumes, and says what is wrong in one paragraph."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from mechinterp.model.loading import load_model
from mechinterp.sae import __main__ as command
from mechinterp.sae import texts
from mechinterp.sae.autoencoder import GatedSAE, JumpReLUSAE, StandardSAE, TopKSAE
from mechinterp.sae.checkpoint import load_sae
from mechinterp.sae.training import Run
from tests.mechinterp.commands import finished, interrupted

HOOK = "blocks.1.hook_resid_post"
SMALL = ("--steps", "12", "--d-sae", "24")
KINDS = {
    "l1": StandardSAE,
    "gated": GatedSAE,
    "jumprelu": JumpReLUSAE,
    "topk": TopKSAE,
    "batchtopk": JumpReLUSAE,
}


@pytest.fixture(scope="module", autouse=True)
def few_texts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(texts, "DRAWN", 40)
        patched.setattr(texts, "TESTED", 16)
        patched.setattr(command, "SAVE_EVERY", 5)
        patched.setenv("COLUMNS", "120")
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained SAE and its state, which no test changes."""
    folder = tmp_path_factory.mktemp("trained")
    before = signal.getsignal(signal.SIGINT)
    assert train(folder / "sae", "--k", "3") == 0
    assert signal.getsignal(signal.SIGINT) is before  # what Ctrl-C does is as before
    return folder


def train(folder: Path, *more: str) -> int:
    return command.main(["--out", str(folder), *SMALL, *more])


def interrupted_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Have Ctrl-C come in the middle of a step: the parameters have changed, and the step is not counted yet."""
    steps = itertools.count()
    zero_grad = torch.optim.Adam.zero_grad

    def interrupted(optimizer: torch.optim.Adam) -> None:
        if next(steps) == step:
            signal.raise_signal(signal.SIGINT)
        zero_grad(optimizer)

    monkeypatch.setattr(torch.optim.Adam, "zero_grad", interrupted)


def same(one: Path, other: Path) -> bool:
    first, second = load_sae(one).sae, load_sae(other).sae
    return all(
        torch.equal(getattr(first, n), getattr(second, n)) for n in ("W_enc", "b_enc", "W_dec", "b_dec")
    )


@pytest.mark.heavy
@pytest.mark.parametrize("architecture", KINDS)
def test_it_writes_an_sae_and_says_what_it_is_worth(
    architecture: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    option = ("--k", "3") if "topk" in architecture else ("--coefficient", "0.5")
    assert train(tmp_path / "sae", "--architecture", architecture, *option) == 0
    found = load_sae(tmp_path / "sae", "bundled", HOOK)
    assert type(found.sae) is KINDS[architecture]
    assert (found.sae.d_model, found.sae.d_sae) == (load_model().config.d_model, 24)
    shown = capsys.readouterr().out
    for row in ("FVU", "L0", "dead", "loss recovered, from zero", "from mean", "interpretable"):
        assert row in shown
    if architecture == "topk":
        assert found.sae.k == 3  # type: ignore[attr-defined]
        assert "TopK(k=3) at blocks.1.hook_resid_post, from step 0 of 12" in shown
        assert "3.00" in shown  # L0


@pytest.mark.heavy
def test_interrupted_in_a_step_it_resumes_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    more = ("--k", "3", "--hook", "blocks.0.hook_mlp_out")
    assert train(tmp_path / "whole", *more) == 0
    with monkeypatch.context() as patched:
        patched.setattr(command, "budget", lambda *_: "")  # it takes steps of its own
        interrupted_at(patched, 7)
        assert train(tmp_path / "sae", *more) == 130
    assert "interrupted: the same command resumes from the last step" in capsys.readouterr().err
    assert not (tmp_path / "sae").exists()
    assert train(tmp_path / "sae", *more) == 0
    assert "from step 8 of 12" in capsys.readouterr().out  # the step that had begun was finished
    assert same(tmp_path / "whole", tmp_path / "sae")
    assert train(tmp_path / "sae", *more) == 0  # it can be measured again
    assert "from step 12 of 12" in capsys.readouterr().out
    assert same(tmp_path / "whole", tmp_path / "sae")


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--architecture", "batchtopk"], "is of a run with another architecture: choose another folder"),
        (["--k", "4"], "is of a run with another k: choose another folder"),
        (["--architecture", "l1", "--coefficient", "1"], "of a run with another architecture"),
        (["--hook", "blocks.0.hook_resid_post"], "is of a run with another hook"),
        (["--seed", "1"], "is of a run with another seed, texts"),
    ],
)
def test_another_run_does_not_resume_from_a_state(
    arguments: list[str], message: str, trained: Path, capsys: pytest.CaptureFixture
) -> None:
    more = () if "l1" in arguments else ("--k", "3")
    files = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    assert train(trained / "sae", *more, *arguments) == 1
    assert message in capsys.readouterr().err
    assert {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--architecture", "l1", "--k", "3"],
            "--k does not apply to l1, whose sparsity is set by --coefficient",
        ),
        (["--coefficient", "3"], "--coefficient does not apply to topk, whose sparsity is set by --k"),
        (["--k", "0"], "expected --k of at least 1, got 0"),
        (["--k", "25"], "expected k from 1 to the 24 features of the dictionary, got 25"),
        (["--d-sae", "0"], "expected --d-sae of at least 1, got 0"),
        (["--steps", "-2"], "expected --steps of at least 1, got -2"),
        (["--seed", "-1"], "expected --seed of at least 0, got -1"),
        (
            ["--architecture", "gated", "--coefficient", "nan"],
            "expected a --coefficient of at least 0, got nan",
        ),
        (
            ["--architecture", "gated", "--coefficient", "-1"],
            "expected a --coefficient of at least 0, got -1.0",
        ),
        (["--hook", "blocks.9.hook_mlp_out"], "this model has no hook point blocks.9.hook_mlp_out"),
        (["--hook", "blocks.0.attn.hook_pattern"], "expected a vector for each position"),
        (["--texts", "not-there.txt"], "No such file or directory: 'not-there.txt'"),
        (["--model", "not/there/at/all"], "there is no folder not/there/at/all"),
        pytest.param(
            ["--architecture", "l1", "--coefficient", "1e7", "--steps", "200"],
            "all 24 features are dead after 200 steps",
            marks=pytest.mark.heavy,
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_paragraph(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert train(tmp_path / "sae", *arguments) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert message in errors
    assert not (tmp_path / "sae").exists()


def test_a_folder_with_anything_else_in_it_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert train(tmp_path) == 1
    assert "holds more than an SAE (notes.txt): choose another folder" in capsys.readouterr().err
    assert train(tmp_path / "notes.txt") == 1
    assert "notes.txt is not a folder" in capsys.readouterr().err
    (tmp_path / "sae").mkdir()
    (tmp_path / "sae" / "cfg.json").write_text("somebody's")
    assert train(tmp_path / "sae") == 1
    assert "holds an SAE, but there is no" in capsys.readouterr().err
    assert (tmp_path / "sae" / "cfg.json").read_text() == "somebody's"


def broken(monkeypatch: pytest.MonkeyPatch, at: int, harm: Callable[[Run], object]) -> None:
    """Do harm to a run before it takes a step."""
    advance = Run.advance

    def harmed(run: Run) -> dict[str, float]:
        if run.step == at:
            harm(run)
        return advance(run)

    monkeypatch.setattr(Run, "advance", harmed)


@pytest.mark.heavy
def test_nan_in_the_vectors_loses_nothing(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        nan = torch.full((4, load_model().config.d_model), torch.nan)
        broken(patched, 7, lambda run: patched.setattr(command.Activations, "batch", lambda *_: nan))
        assert train(tmp_path / "sae", "--k", "3") == 1
    assert (
        "error: expected finite vectors at step 7, got NaN or infinity in 4 of 4" in capsys.readouterr().err
    )
    assert train(tmp_path / "sae", "--k", "3") == 0
    assert "from step 7 of 12" in capsys.readouterr().out
    assert same(trained / "sae", tmp_path / "sae")


@pytest.mark.heavy
def test_a_run_that_diverged_does_not_replace_its_last_good_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        broken(patched, 7, lambda run: run.parameters["b_dec"].data.fill_(torch.inf))
        assert train(tmp_path / "sae", "--k", "3") == 1
    assert "error: training diverged before step 8" in capsys.readouterr().err
    assert train(tmp_path / "sae", "--k", "3") == 0
    assert "from step 5 of 12" in capsys.readouterr().out


@pytest.mark.heavy
def test_a_file_of_text_serves_and_has_no_labels(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "text").write_text("Ana fue a la tienda.\nJuan le dio un libro a Ana.\n" * 400)
    assert train(tmp_path / "sae", "--k", "3", "--texts", str(tmp_path / "text")) == 0
    shown = capsys.readouterr().out
    assert "12 steps of 512 activations, from 6,912 tokens of text: about 0." in shown
    assert "loss recovered" in shown
    assert "interpretable" not in shown
    held_out = (tmp_path / "sae" / "texts.txt").read_text()
    assert "Ana fue a la tienda." in held_out
    assert held_out.strip() in (tmp_path / "text").read_text()
    (tmp_path / "text").write_text("Ana fue a la tienda.")
    assert train(tmp_path / "other", "--k", "3", "--texts", str(tmp_path / "text")) == 1
    assert "give more text" in capsys.readouterr().err


@pytest.mark.heavy
def test_a_model_in_a_folder_serves(
    checkpoint: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = checkpoint("gpt2")
    (tmp_path / "text").write_text("Ana fue a la tienda. " * 200)
    arguments = ("--model", str(folder), "--texts", str(tmp_path / "text"), "--k", "3")
    assert train(tmp_path / "sae", *arguments) == 0
    assert load_sae(tmp_path / "sae", load_model(str(folder)).name, HOOK).sae.d_model == 32
    assert train(tmp_path / "other", "--model", str(folder)) == 1  # it knows no <|endoftext|>
    assert "give --texts FILE" in capsys.readouterr().err


@pytest.mark.heavy
def test_the_command_can_be_interrupted_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Ana fue a la tienda. " * 3000)
    arguments = ("--out", str(tmp_path / "sae"), "--d-sae", "64", "--steps", "40", "--k", "4")
    arguments += ("--texts", str(tmp_path / "text"))
    code, errors = interrupted("mechinterp.sae", arguments, "from step 0 of 40")
    assert code == 130
    assert "the same command resumes from the last step" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "sae").exists()
    assert "loss recovered" in finished("mechinterp.sae", arguments)
    assert {path.name for path in tmp_path.iterdir()} == {"sae", "sae.state", "text"}
    assert load_sae(tmp_path / "sae").sae.d_sae == 64


@pytest.mark.heavy
def test_vectors_far_from_zero_are_no_harder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is trained is how they differ; where they are goes into b_dec, and features fire as without it."""
    assert train(tmp_path / "near", "--k", "3") == 0
    with monkeypatch.context() as patched:
        batch = command.Activations.batch
        patched.setattr(command.Activations, "batch", lambda *arguments: batch(*arguments) + 1000)
        assert train(tmp_path / "far", "--k", "3") == 0
    near, far = (load_sae(tmp_path / name).sae for name in ("near", "far"))
    torch.testing.assert_close(far.W_dec, near.W_dec, atol=1e-2, rtol=1e-2)
    torch.testing.assert_close(far.b_dec, near.b_dec + 1000, atol=1e-1, rtol=0)
