"""The lecture's own figures: made from what is committed, used by the deck, the same bytes every time."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from build import DECK, fixtures
from lectern.deck.rendering import OpenDeck
from lectern.deck.source import read_deck
from lectern.making.request import Request, request_for
from lectern.progress import Progress
from lectern.project import ENGINE_ROOT, Project
from lectern.sources.catalogue import Catalogue
from lectern.sources.digests import Digests
from lectern.workshop import open_workshop
from mechinterp import load_model
from mechinterp.model.checkpoints import WEIGHTS
from mechinterp.sae.checkpoint import save_sae
from mechinterp.text.corpus import draw_texts
from tests.mechinterp.sae.random_saes import random_sae

LECTURE = Project(ENGINE_ROOT, fixtures())
HOOK = "blocks.1.hook_resid_post"

# Enough to go through every line of a script in little time.
SMALL = {
    "ablation_references": {"n_prompts": 8},
    "ablations": {"n_prompts": 8},
    "activation_patching": {"n_prompts": 8},
    "anthropic": {"d_sae": 128, "steps": 400, "n_texts": 300},
    "attention_pattern": {"n_prompts": 4},
    "dla_heads": {"n_prompts": 8},
    "facts_and_names": {"n_prompts": 40},
    "induction_steps": {"n_prompts": 4},
    "induction_staircase": {"n_prompts": 4, "n_draws": 2},
    "path_patching": {"n_prompts": 8},
    "ioi_circuit": {"n_prompts": 20},
    "logit_lens": {"n_prompts": 4},
    "positional_qk": {"n_prompts": 4},
    "polysemanticity": {"n_groups": 1, "n_restarts": 1},
    "qk_then_ov": {"n_prompts": 4},
    "repeated_seq": {"n_prompts": 4},
    "sae_activation": {"d_sae": 128, "steps": 400, "n_texts": 300},
    "sae_training": {"d_sae": 32, "steps": 20, "n_texts": 100, "n_tested": 60, "n_seeds": 2},
    "training_text": {"n": 600},
    "two_solutions": {"n_prompts": 8},
    "superposition": {"sparsities": (0.0, 0.9), "n_restarts": 1},
    "superposition_correlation": {"n_groups": 2, "n_restarts": 1},
    "superpositionhip": {"steps": 100, "n_runs": 1},
    "superposition_phases": {"side": 3, "n_restarts": 1, "n_sparsities": 8},
}


# Claims whose sentence is marked with another claim that it rests on.
SAID_WITH_ANOTHER = {"superposition": {"dense", "sparse"}}


# Shown on another model only: tests/mechinterp/ioi/test_published.py makes it; and where an SAE is given, below.
OF_ANOTHER_MODEL = {"ioi_literature", "given_feature"}


def every_name() -> list[str]:
    return sorted(Catalogue(LECTURE, Digests(Path("none"))))


def names() -> list[str]:
    return [name for name in every_name() if name not in OF_ANOTHER_MODEL]


@pytest.fixture
def lecture(tmp_path: Path) -> Project:
    """The lecture, with its outputs in another folder."""
    return Project(ENGINE_ROOT, fixtures(), made_in=tmp_path)


@pytest.mark.parametrize("name", names())
def test_the_committed_picture_is_what_the_script_makes(name: str, tmp_path: Path) -> None:
    """Else a fresh clone would have something to compute."""
    with open_workshop(LECTURE, Progress(), jobs=1) as workshop:
        state = workshop.states.of(Request(name))
    assert state.fresh, f"run `python build.py --only {name}`: {dict(state.stale)}"
    assert state.sidecar
    assert all(claim.holds for claim in state.sidecar.claims.values())


@pytest.mark.heavy
@pytest.mark.parametrize("name", names())
def test_a_figure_drawn_twice_is_the_same_bytes(name: str, lecture: Project) -> None:
    with open_workshop(lecture, Progress(), jobs=2) as workshop:
        script = workshop.catalogue.script(name)
        wanted = request_for(script, SMALL.get(name, {}))
        first = workshop.maker.make([wanted])[wanted]
        before = {
            path.suffix: path.read_bytes() for path in lecture.images.iterdir() if path.suffix != ".json"
        }
        assert set(before) == {".svg", ".png"}
        again = workshop.maker.make([wanted], force=True)[wanted]
    assert again.sidecar.data == first.sidecar.data
    assert before == {
        path.suffix: path.read_bytes() for path in lecture.images.iterdir() if path.suffix != ".json"
    }


@pytest.mark.parametrize("name", names())
def test_a_figure_says_what_it_claims_and_shows(name: str) -> None:
    with open_workshop(LECTURE, Progress(), jobs=1) as workshop:
        script = workshop.catalogue.script(name)
        state = workshop.states.of(request_for(script, {}))
    assert script.summary.endswith(".")
    assert state.sidecar
    assert state.sidecar.claims, "a figure of the lecture makes at least one claim"
    assert len(state.sidecar.alt) > 40
    assert state.sidecar.alt != script.summary


def test_the_deck_shows_every_figure_and_states_every_claim() -> None:
    deck = (ENGINE_ROOT / "slides/mechinterp.md.j2").read_text(encoding="utf-8")
    with open_workshop(LECTURE, Progress(), jobs=1) as workshop:
        for name in names():
            assert f"[[ figures.{name} ]]" in deck
            sidecar = workshop.states.of(request_for(workshop.catalogue.script(name), {})).sidecar
            assert sidecar
            unstated = {c for c in sidecar.claims if f"[% claim figures.{name}.claims.{c} %]" not in deck}
            assert unstated == SAID_WITH_ANOTHER.get(name, set())


def test_the_slide_of_positions_is_left_out_where_they_are_not_embedded() -> None:
    """Its figure is asked for under a condition alone, and the condition is that they are."""
    deck = read_deck(ENGINE_ROOT / DECK, DECK)
    with open_workshop(LECTURE, Progress(), jobs=1) as workshop:
        opened, figure = OpenDeck(deck, workshop), Request("positional_qk")
        assert figure not in opened.mentions()
        assert set(opened.beside(figure)) == {figure}
    before, after = deck.text.split("[[ figures.positional_qk ]]")
    assert before.rpartition("[% if ")[2].startswith("figures.transformer_decoder.embeds_positions %]\n---\n")
    assert after.index("[% endif %]\n---\n") < after.index("\n# ")


@pytest.mark.parametrize("name", every_name())
def test_scripts_read_top_to_bottom_in_a_minute(name: str) -> None:
    text = (ENGINE_ROOT / "figures" / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 90
    assert re.findall(r"^def (compute|report|draw)\(", text, re.MULTILINE) == ["compute", "report", "draw"]


def test_a_notebook_draws_what_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the README says it, with fewer models."""
    readme = (ENGINE_ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(from figures\.superposition import .*?)```", readme, re.DOTALL)
    few = code.replace("seed=3", "seed=3, n_restarts=1, sparsities=(0.0, 0.9)")
    assert few != code
    monkeypatch.chdir(ENGINE_ROOT)
    *statements, last = few.splitlines()
    found: dict[str, object] = {}
    exec("\n".join(statements), found)
    assert len(eval(last, found).axes) == 4


@pytest.mark.heavy
@pytest.mark.parametrize("where", ["bundled-seed-2", "folder"])
def test_a_figure_is_made_on_another_model_which_it_may_read_alone(where: str, tmp_path: Path) -> None:
    name = "bundled-seed-2" if where != "folder" else str(copied(WEIGHTS / "seed-2", tmp_path / "other"))
    chosen = fixtures() | {"model": replace(fixtures()["model"], chosen=name)}
    request = Request("transformer_decoder")
    with open_workshop(Project(ENGINE_ROOT, chosen, made_in=tmp_path), Progress(), jobs=1) as workshop:
        made = workshop.maker.make([request])[request]
    assert made.sidecar.values["n_layers"] >= 2


@pytest.mark.heavy
def test_figures_are_made_of_an_sae_and_checkpoints_that_are_given(tmp_path: Path) -> None:
    """And may read them alone; each picture lies in the folder of what it is made of."""
    text = " ".join(draw_texts(300, seed=3))
    save_sae(tmp_path / "mine", random_sae("topk", load_model().config.d_model, 64), "bundled", HOOK, text)
    run = [copied(WEIGHTS / f"seed-{step}", tmp_path / f"step{step}") for step in (3, 2)]
    values = {"sae": str(tmp_path / "mine"), "checkpoints": ",".join(map(str, run))}
    given = {name: replace(fixtures()[name], chosen=value) for name, value in values.items()}
    project = Project(ENGINE_ROOT, fixtures() | given, made_in=tmp_path)
    requests = [Request(name) for name in ("sae_activation", "induction_emergence", "given_feature")]
    with open_workshop(project, Progress(), jobs=1) as workshop:
        shown, along, feature = workshop.maker.make(requests).values()
    assert shown.stem == tmp_path / "img/mine/sae_activation"
    assert (shown.sidecar.values["is_given"], shown.sidecar.values["d_sae"]) == (True, 64)
    assert shown.sidecar.values["text"].startswith("Cuando María y Juan")
    assert feature.stem == tmp_path / "img/mine/given_feature"
    assert feature.sidecar.values["d_sae"] == 64
    assert len(feature.sidecar.claims) == 1
    assert along.stem == tmp_path / "img/step2-to-step3-in-2/induction_emergence"
    assert along.sidecar.values["induction"] == 2


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to
