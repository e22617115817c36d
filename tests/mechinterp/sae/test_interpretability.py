"""Features as detectors of labels, on texts in which everything is known."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import torch
from torch import Tensor

from mechinterp import load_model
from mechinterp.sae.interpretability import RAREST, best_labels, f1, interpretable_share
from mechinterp.sae.labels import Label, Labelled, labelled_texts

TEXTS, POS = 80, 11
FIRST, SECOND = slice(0, TEXTS // 2), slice(TEXTS // 2, TEXTS)


def at(*positions: int, texts: slice = slice(None)) -> Tensor:
    """Where something is: at these positions of these texts."""
    found = torch.zeros(TEXTS, POS, dtype=torch.bool)
    for position in positions:
        found[texts, position] = True
    return found


def known(*true: Tensor, kinds: Iterable[str] = ()) -> Labelled:
    kinds = list(kinds) or ["clase"] * len(true)
    labels = [Label(kind, str(i)) for i, kind in enumerate(kinds)]
    return Labelled(torch.zeros(TEXTS, POS, dtype=torch.long), labels, torch.stack(true, dim=-1))


def features(*f: Tensor) -> Tensor:
    return torch.stack([one.float() for one in f], dim=-1)


def test_a_perfect_detector() -> None:
    labelled = known(at(1, 2), at(3, 4), at(5))
    match = best_labels(features(at(3, 4), 7 * at(5).float()), labelled)
    assert match.label.tolist() == [1, 2]
    assert match.precision.tolist() == match.recall.tolist() == match.f1.tolist() == [1, 1]


def test_precision_and_recall_of_half_a_detector_and_of_one_that_fires_too_often() -> None:
    labelled = known(at(1, 2, 3, 4))
    match = best_labels(features(at(1, 2), at(1, 2, 3, 4, 5, 6, 7, 8), at(4, 5)), labelled)
    assert match.precision.tolist() == pytest.approx([1, 0.5, 0.5])
    assert match.recall.tolist() == pytest.approx([0.5, 1, 0.25])
    assert match.f1.tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3])


def test_the_threshold_is_the_one_that_detects_best() -> None:
    everywhere = torch.ones(TEXTS, POS)
    weakly = [torch.where(at(1), 5.0, 5.0 * weak * everywhere) for weak in (0.0, 0.05, 0.15, 0.3, 0.9)]
    match = best_labels(features(*weakly), known(at(1)))
    assert match.share.tolist() == pytest.approx([0.0, 0.1, 0.2, 0.4, 0.0])
    assert match.f1.tolist() == pytest.approx([1, 1, 1, 1, 2 * 0.1 / 1.1])


def test_the_greatest_value_is_that_of_the_first_half() -> None:
    f = at(1).float() + 0.15 * at(2).float() + 99 * at(1, texts=SECOND).float()
    match = best_labels(features(f), known(at(1)))
    assert match.share.item() == pytest.approx(0.2)
    assert match.f1.item() == 1  # 0.2 of 100 would be above what fires in the first half only


def test_what_is_chosen_on_one_half_is_measured_on_the_other() -> None:
    a, b = at(1, 2), at(5, 6)
    by_chance = at(1, 2, texts=FIRST) | at(5, 6, texts=SECOND)
    elsewhere = at(1, 2, texts=FIRST) | at(1, 8, 9, 10, texts=SECOND)
    match = best_labels(features(by_chance, elsewhere), known(a, b))
    assert match.label.tolist() == [0, 0]
    assert match.f1.tolist() == pytest.approx([0, 2 * 0.25 * 0.5 / 0.75])


def test_what_occurs_too_rarely_is_not_judged() -> None:
    assert RAREST == 25
    enough, rare = (at(1, texts=slice(0, n)) | at(1, texts=slice(40, 40 + n)) for n in (25, 24))
    match = best_labels(features(enough, rare), known(enough))
    assert match.label.tolist() == [0, -1]  # though the label fits it well
    assert match.f1.tolist() == [1, 0]
    match = best_labels(features(enough, rare), known(rare))
    assert match.label.tolist() == [-1, -1]


def test_what_fires_too_rarely_in_the_second_half_is_not_judged_by_it() -> None:
    f = at(1, 2, texts=FIRST) | at(1, texts=slice(40, 44))
    match = best_labels(features(f), known(f | at(1, 2)))
    assert match.label.tolist() == [-1]
    assert match.f1.tolist() == match.precision.tolist() == [0]


def test_of_labels_that_are_true_of_the_same_tokens_the_simplest_is_preferred() -> None:
    same = at(1, 2)
    labelled = known(at(7), same, same, same, kinds=("clase", "clase", "palabra", "frase"))
    f = features(same, at(1, 2, 3))
    assert best_labels(f, labelled).label.tolist() == [1, 1]
    assert best_labels(f, labelled, {"frase", "palabra"}).label.tolist() == [2, 2]


def test_only_labels_of_the_kinds_asked_for_are_tried() -> None:
    labelled = known(at(1, 2), at(1, 2, 3), kinds=("clase", "frase"))
    f = features(at(1, 2))
    assert best_labels(f, labelled, ["frase"]).label.tolist() == [1]
    assert best_labels(f, labelled, ["frase"]).precision.tolist() == [1]
    assert best_labels(f, labelled, ["palabra"]).label.tolist() == [-1]


def test_the_token_for_the_beginning_is_left_out() -> None:
    labelled = known(at(0, 1))
    match = best_labels(features(at(1), at(0), at(0, 1)), labelled)
    assert match.f1.tolist() == [1, 0, 1]


def test_the_harmonic_mean() -> None:
    found = f1(torch.tensor([1.0, 0.5, 0.0, 0.0]), torch.tensor([1.0, 0.25, 1.0, 0.0]))
    assert found.tolist() == pytest.approx([1, 1 / 3, 0, 0])


def test_the_share_is_of_live_features_and_rare_ones_count_as_without_a_label() -> None:
    perfect, half, dead = at(1, 2), at(1), torch.zeros(TEXTS, POS)
    rare, beginning = at(1, 2, texts=slice(0, 3)), at(0)
    labelled = known(perfect)
    assert interpretable_share(features(perfect, half, dead, rare, beginning), labelled) == pytest.approx(
        1 / 3
    )
    assert interpretable_share(features(perfect), labelled) == 1
    assert interpretable_share(features(dead, beginning), labelled) == 0


def test_an_f1_of_eight_tenths_is_enough() -> None:
    label = at(1, 2, 3, 4, 5, 6)
    enough, too_little = at(1, 2, 3, 4), at(1, 2, 3)  # F1 8/10 and 2/3
    assert best_labels(features(enough, too_little), known(label)).f1.tolist() == pytest.approx([0.8, 2 / 3])
    just_above = at(1, 2, 3, 4) | at(5, texts=slice(0, None, 4))
    assert interpretable_share(features(just_above, too_little), known(label)) == 0.5


def test_features_that_fire_at_random_mean_nothing() -> None:
    labelled = labelled_texts(load_model().tokenizer, 64, 120, seed=0)
    draw = torch.Generator().manual_seed(0)
    f = torch.rand(120, 64, 60, generator=draw)
    density = torch.logspace(-1.5, -0.3, 60)
    f = (f - 1 + density).relu()
    match = best_labels(f, labelled)
    assert (match.label >= 0).all()
    assert interpretable_share(f, labelled) == 0
    # The control can fail: the same labels, detected, count.
    common = labelled.true.sum((0, 1)).topk(10).indices
    assert interpretable_share(labelled.true[..., common].float(), labelled) == 1
