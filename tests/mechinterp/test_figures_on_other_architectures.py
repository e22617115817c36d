"""The lecture's figures on small random checkpoints of other architectures: made, or refused with the reason.

A random model has found no circuit, so that claims do not hold: but whatever it computes can be drawn.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from lectern.figure import Claim, Report, stored
from lectern.progress import Progress
from lectern.workshop import open_workshop
from mechinterp import load_model
from mechinterp.model.language_model import Model
from tests.figures.test_figures import LECTURE, OF_ANOTHER_MODEL, SMALL
from tests.mechinterp.architectures import SUPPORTED, write_checkpoint

OTHERS = [name for name in SUPPORTED if not name.startswith("gpt2")]
THOROUGHLY = ("phi", "bloom")  # layers in parallel and rotary positions, and ALiBi: all figures are made
FEW = (
    "activation_patching",
    "logit_lens",
    "path_patching",
    "positional_qk",
    "qk_then_ov",
    "transformer_decoder",
)
BRIEFLY = {name: {"d_sae": 32, "steps": 20, "n_texts": 60} for name in ("anthropic", "sae_activation")}
BRIEFLY["sae_activation"] |= {"sae": None}  # none is given: it trains its own

# What a figure may say that it lacks.
LACKS = {
    "anthropic": "expected a feature that means more than a single word",
    "ioi_circuit": "expected .* to do the task, got a mean difference of -",
    "path_patching": "expected a name mover after the first layer",
}
NO_W_POS = "the positional QK circuit needs embedded positions .* and this model has none"


def figures_of_the_model() -> list[str]:
    with open_workshop(LECTURE, Progress(), jobs=1) as workshop:
        catalogue = workshop.catalogue
        asking = {name for name in catalogue if "model" in catalogue.asked_fixtures(name)}
    return sorted(asking - OF_ANOTHER_MODEL)


def made(name: str, model: Model) -> Report:
    """Make a figure in its three steps; return its report."""
    script = import_module(f"figures.{name}")
    data = stored(script.compute(model=model, **SMALL.get(name, {}) | BRIEFLY.get(name, {})))
    report, figure = script.report(data), script.draw(data)
    assert isinstance(figure, Figure)
    assert figure.axes
    return report


@pytest.fixture(scope="module", params=OTHERS)
def architecture(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, write_checkpoint(request.param, folder, n_ctx=72, words=True)


@pytest.mark.heavy
@pytest.mark.filterwarnings("default")
def test_every_figure_is_made_or_says_what_it_lacks(architecture: tuple[str, Path]) -> None:
    name_of_architecture, folder = architecture
    model = load_model(str(folder))
    embedded = model.transformer.W_pos is not None
    for name in figures_of_the_model() if name_of_architecture in THOROUGHLY else FEW:
        lacks = LACKS.get(name, "nothing" if name != "positional_qk" or embedded else NO_W_POS)
        report, said = None, ""
        try:
            report = made(name, model)
        except ValueError as error:
            said = str(error)
        if report is None:
            assert re.search(lacks, said), f"{name}: {said}"
            assert "\n" not in said
            continue
        assert lacks != NO_W_POS
        assert report.alt
        assert all(isinstance(claim, Claim) for claim in report.claims.values())
