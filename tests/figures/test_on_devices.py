"""What figures compute of a model on another device than the CPU: nothing is refused there, and it is the same."""

from __future__ import annotations

import functools
import importlib
import inspect
from dataclasses import replace
from typing import Any

import pytest
import torch

from lectern.figure import stored
from lectern.sources.catalogue import Catalogue
from lectern.sources.digests import Digests
from mechinterp.model.devices import moved
from mechinterp.model.language_model import Model
from mechinterp.model.loading import load_model
from tests.figures.test_figures import LECTURE, OF_ANOTHER_MODEL, SMALL
from tests.same import assert_same, tolerance
from tests.stand_in import NAME

# Fewer than in the tests of figures: operations on the stand-in take several times as long.
SMALLER: dict[str, dict[str, Any]] = SMALL | {
    "anthropic": {"d_sae": 32, "steps": 60, "n_texts": 160},
    "ablation_references": {"n_prompts": 2},
    "ablations": {"n_prompts": 3},
    "activation_patching": {"n_prompts": 2},
    "facts_and_names": {"n_prompts": 20},
    "ioi_circuit": {"n_prompts": 5, "n_draws": 1},
    "path_patching": {"n_prompts": 4},
    "sae_activation": {"d_sae": 32, "steps": 5, "n_texts": 100},
    "sae_training": {"d_sae": 16, "steps": 3, "n_texts": 60, "n_tested": 40, "n_seeds": 1},
}
TRAINED_LONG = {"anthropic"}  # in which rounding grows from step to step


def of_models() -> list[str]:
    """Return the figures that are of a model."""
    catalogue = Catalogue(LECTURE, Digests(LECTURE.root / "none"))
    asking = {name for name in catalogue if "model" in catalogue.script(name).requests}
    return sorted(asking - OF_ANOTHER_MODEL)


def computed(name: str, model: Model) -> Any:
    torch.manual_seed(0)
    compute = importlib.import_module(f"figures.{name}").compute
    given = {"sae": None} if "sae" in inspect.signature(compute).parameters else {}
    return stored(compute(model=model, **given, **SMALLER.get(name, {})))


@functools.cache
def on_cpu() -> Model:
    return load_model(device="cpu")


@pytest.mark.heavy
@pytest.mark.parametrize("name", of_models())
def test_a_figure_is_the_same_on_every_device(name: str, gpu: torch.device) -> None:
    if gpu.type != NAME and name in TRAINED_LONG:
        pytest.skip("rounding grows over its training")
    model = replace(on_cpu(), transformer=moved(on_cpu().transformer, gpu))
    assert_same(computed(name, model), computed(name, on_cpu()), tolerance(gpu))
