"""What is measured on has not been trained on."""

import random

from mechinterp.text.corpus import Corpus, ioi
from mechinterp.text.lexicon.others import WHEN
from mechinterp.text.phrases import spell, with_capitals
from mechinterp.text.templates import GIFT_MEASURED, GIFTS, HELD_OUT_TEMPLATES, JOINS, SCENES, TEMPLATES
from tests.mechinterp.text.reading import pattern_of

N_SENTENCES = 1500
HELD_OUT = [template.removesuffix(GIFT_MEASURED) for template in HELD_OUT_TEMPLATES]


def filled(template: str, seed: int) -> str:
    text, _ = ioi(template, "Irene", "Juan", "Juan", random.Random(seed))
    return spell(with_capitals(text))


def said(template: str) -> set[str]:
    """Return a template once for each time that it may begin its second sentence with."""
    return {template.replace("{when}", when, 1) for when in WHEN}


def test_no_scene_with_its_join_is_both_trained_on_and_held_out() -> None:
    assert len(set(TEMPLATES)) == len(TEMPLATES) > 500
    assert len(set(HELD_OUT)) == len(HELD_OUT) > 50
    assert not set(TEMPLATES) & set(HELD_OUT)


def test_no_time_that_is_filled_in_makes_a_held_out_template_of_another() -> None:
    trained, held_out = (set().union(*map(said, templates)) for templates in (TEMPLATES, HELD_OUT))
    assert trained & held_out == set()


def test_all_joins_and_gifts_that_are_measured_are_trained_on_and_whole_scenes_are_held_out_too() -> None:
    for join in JOINS:
        assert any(template.endswith(join) for template in TEMPLATES)
    assert GIFT_MEASURED.replace("object", "thing") in GIFTS
    never = [scene for scene in SCENES if not any(template.startswith(scene) for template in TEMPLATES)]
    assert all(f"{scene} {{S}}" in HELD_OUT for scene in never)
    assert "Cuando {A} y {B} {went} {to}," in never  # the scene of the prompt that the lecture analyses


def test_what_finds_a_held_out_template_finds_all_its_sentences() -> None:
    for template in HELD_OUT_TEMPLATES:
        pattern = pattern_of(template)
        assert all(pattern.match(filled(template, seed)) for seed in range(20)), template


def test_no_sentence_is_of_a_held_out_template() -> None:
    corpus = Corpus(0)
    texts = [spell(corpus.indirect_object()) for _ in range(N_SENTENCES)]
    trained = [
        pattern_of(f"{{A}} y {{B}} {{were_doing}} {{at}}{join}") for join in (" y {S}", ", pero {S}", ". {S}")
    ]
    assert any(pattern.search(text) for text in texts for pattern in trained)  # so one would be found
    held_out = [pattern_of(template) for template in HELD_OUT_TEMPLATES]
    assert [text for text in texts if any(pattern.search(text) for pattern in held_out)] == []
