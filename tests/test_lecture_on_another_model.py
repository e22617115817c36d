"""The whole lecture on a model whose circuit is known, and is not the lecture's own: its slides name what is there."""

import re
import shutil
from dataclasses import dataclass, replace

import pytest

from build import DECK, fixtures
from lectern.build import Built, build_deck
from lectern.deck.compared import Compared, compare
from lectern.deck.rendering import own_reading
from lectern.deck.source import read_deck
from lectern.deck.views import claims_of
from lectern.marp.renderer import Renderer
from lectern.progress import Progress
from lectern.project import ENGINE_ROOT, Project
from lectern.workshop import open_workshop
from mechinterp.attention.heads import Head
from tests.mechinterp.planted_gpt2 import write_as_gpt2
from tests.mechinterp.planted_ioi import Plan, planted_model

# Hugging Face's library, which writes the checkpoint, warns.
pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("default")]
PLAN = Plan(
    movers=(Head(4, 3), Head(4, 5)),
    negatives=(Head(5, 2),),
    inhibitors=(Head(3, 2), Head(3, 5)),
    duplicates=(Head(0, 1), Head(1, 4)),
    previous=(Head(0, 2), Head(1, 0)),
    inductions=(Head(2, 5),),
    others=("anywhere", "repeated", "names"),
    n_layers=6,
    n_heads=6,
    n_ctx=64,
    noise=0.01,
)


@dataclass
class Lecture:
    """The lecture on the planted model, and what it says otherwise than on the lecture's own."""

    built: Built
    compared: Compared

    def said(self, figure: str, claim: str) -> str:
        """Return the sentence that rests on a claim."""
        found = [s.sentence for s in self.built.stated if (s.claim.figure, s.claim.name) == (figure, claim)]
        (sentence,) = found
        return sentence


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Lecture:
    """Built beside the committed pictures: those that show no model are not made again."""
    folder = tmp_path_factory.mktemp("lecture")
    checkpoint, made_in = folder / "planted", folder / "made"
    checkpoint.mkdir()
    planted = planted_model(PLAN)
    write_as_gpt2(planted, checkpoint)
    planted.tokenizer.save(str(checkpoint / "tokenizer.json"))
    (made_in / "img").mkdir(parents=True)
    for file in (ENGINE_ROOT / "img").glob("*.*"):
        shutil.copy2(file, made_in / "img")
    chosen = fixtures() | {"model": replace(fixtures()["model"], chosen=str(checkpoint))}
    project = Project(ENGINE_ROOT, chosen, made_in=made_in, deck=ENGINE_ROOT / DECK)
    deck = read_deck(ENGINE_ROOT / DECK, DECK)
    with Renderer(project.cache) as renderer, open_workshop(project, Progress(), jobs=2) as workshop:
        built = build_deck(deck, workshop, renderer, project.out, ["html"])
        own = own_reading(deck, workshop)
    assert own
    return Lecture(built, compare(built.ready.rendered.markdown, built.stated, own.markdown, own.stated))


def test_every_claim_holds(lecture: Lecture) -> None:
    """They are stated so that they are true of any model that does the task by attention."""
    claims = claims_of(lecture.built.ready.figures.values())
    assert len(claims) > 40
    assert [str(claim) for claim in claims if not claim.claim.holds] == []


def test_the_slides_name_exactly_the_planted_heads(lecture: Lecture) -> None:
    heads = lecture.built.ready.figures
    (circuit,) = [made.sidecar.values for request, made in heads.items() if request.name == "ioi_circuit"]
    planted = {
        "movers": PLAN.movers,
        "inhibitors": PLAN.inhibitors,
        "negatives": PLAN.negatives,
        "backups": (),
    }
    planted["duplicates"] = (*PLAN.duplicates, *PLAN.inductions)
    assert {role: set(circuit[role]) for role in planted} == {
        role: {str(head) for head in named} for role, named in planted.items()
    }
    assert "L3H2 y L3H5" in lecture.said("ioi_circuit", "inhibited") or "L3H5 y L3H2" in lecture.said(
        "ioi_circuit", "inhibited"
    )
    assert "**L2H5**" in lecture.said("repeated_seq", "stripe")


def test_no_head_of_the_own_model_is_left_in_the_prose(lecture: Lecture) -> None:
    """«L0H1» explains the notation."""
    planted = {
        str(head)
        for heads in vars(PLAN).values()
        if isinstance(heads, tuple)
        for head in heads
        if isinstance(head, Head)
    }
    named = set(re.findall(r"L\d+H\d+", " ".join(s.sentence for s in lecture.built.stated)))
    assert named <= planted | {"L0H0", "L5H0"}, "first-token and current-token: heads that look anywhere"


def test_the_other_case_is_said_where_the_result_is_another(lecture: Lecture) -> None:
    assert "una de 2," in lecture.said("path_patching", "mover")
    assert "ninguna tanto" in lecture.said("attention_pattern", "no_current")
    assert "la única *induction head*" in lecture.said("induction_staircase", "needed")
    assert lecture.said("ablation_references", "agree").startswith("Aquí, apenas")
    markdown = lecture.built.ready.rendered.markdown.text
    assert "Escriben en contra: L5H2." in markdown
    assert "De relevo, al contrario que en él, ninguna." in markdown


def test_what_is_of_the_own_model_alone_is_left_out_and_reported(lecture: Lecture) -> None:
    assert {"Cómo se hizo este modelo", "La misma tarea, otra solución"} <= set(lecture.compared.left_out)
    assert "Qué se pierde sin las *induction heads*" in lecture.compared.added
    reworded = {(pair.here.claim.figure, pair.here.claim.name) for pair in lecture.compared.reworded}
    assert {("attention_pattern", "no_current"), ("path_patching", "mover")} <= reworded
    assert "María" not in lecture.built.ready.rendered.markdown.text.split("# Referencias")[0]
