"""What the generator of the corpus knows of each token, and which of it a feature says: interpretability as a number.

A label is something that is true or not of a token where it stands: its word, its class (part of speech, name, place),
its gender, its position in the sentence, or the kind of sentence. Against a label, a feature is a detector that fires
or not; its precision, recall and F1 are a detector's. For each feature the best label is chosen on one half of the texts
and measured on the other, so that among many labels none wins by chance.

What this cannot show: that the model uses a feature as what it is called. A feature without a label may still mean
something that nobody thought of; a label tells when a feature fires, not what it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from tokenizers import Tokenizer
from torch import Tensor

from mechinterp.training.corpus import Corpus
from mechinterp.training.lexicon import (
    ANIMALS,
    DAYS,
    GAVE,
    MEN,
    MOODS,
    NAMES,
    NUMBERS,
    PLACES,
    THINGS,
    TRADES,
    WOMEN,
    words,
)
from mechinterp.training.tokenizer import BOS

SENTENCES = 5  # in a text, as in training: enough to fill the context
SHARES = (0.0, 0.1, 0.2, 0.4)  # of a feature's greatest value, that are tried as thresholds
RAREST = 50  # tokens that a label has to be true of, in each half, to be judged by


def _nouns(pairs: tuple[tuple[str, str], ...], *articles: str) -> set[str]:
    return {noun for article, noun in pairs if article in articles or not articles}


FIRST_OF_PAIRS = {first for first, _ in TRADES + MOODS}
SECOND_OF_PAIRS = {second for _, second in TRADES + MOODS}
CLASSES: dict[str, set[str]] = {
    "nombre de mujer": set(WOMEN),
    "nombre de hombre": set(MEN),
    "nombre de persona": set(NAMES),
    "lugar": _nouns(PLACES),
    "objeto": _nouns(THINGS),
    "animal": _nouns(ANIMALS),
    "oficio": {word for pair in TRADES for word in pair},
    "estado de ánimo": {word for pair in MOODS for word in pair},
    "verbo de dar": set(GAVE),
    "otro verbo": set(
        words(
            "fueron estaban paseaban trabajaban volvieran salieran llegaron encontrarse encontraron volvieron "
            "pasaron hablaban esperaba volvió acompañó vio miraba estaba quedó sabía llegó era tiene es está fue "
            "compró trabaja perdió buscó dice Llamaron son Vinieron Aparece marcharse decir"
        )
    ),
    "día de la semana": set(DAYS),
    "número": set(NUMBERS),
    "artículo": set(words("el la un una los El La Los Un")),
    "preposición": set(words("a al de del en con por sin antes Al De En Por Antes")),
    "pronombre": set(words("le se lo él ella alguien su ya")),
    "ordinal": set(words("primero primera segundo segunda")),
    "conjunción": set(words("y e que cuando como porque donde Cuando Mientras Como")),
    "coma": {","},
    "punto": {"."},
}
GENDERS: dict[str, set[str]] = {
    "femenino": set(WOMEN)
    | _nouns(PLACES + THINGS + ANIMALS, "la", "una")
    | FIRST_OF_PAIRS
    | set(words("la una La ella primera segunda")),
    "masculino": set(MEN)
    | _nouns(PLACES + THINGS + ANIMALS, "el", "un")
    | SECOND_OF_PAIRS
    | set(words("el un El Un él primero segundo")),
}
KINDS = {
    "indirect_object": "frase de regalo",
    "giver_by_trade": "regalo de un oficio",
    "receiver_by_order": "regalo al primero o al segundo",
    "named_twice": "lista con un nombre dos veces",
    "named_once": "lista con un nombre una vez",
    "possession": "frase de quién tiene qué",
    "plain": "frase cotidiana",
    "sequence": "días o números seguidos",
}


@dataclass(frozen=True, eq=False)
class Labelled:
    """Texts, and what is true of each of their tokens."""

    tokens: Int[Tensor, "text pos"]
    labels: list[tuple[str, str]]  # kind and name
    true: Bool[Tensor, "text pos label"]


@dataclass(frozen=True, eq=False)
class Match:
    """The best label of each feature, and how well the feature detects it on texts it was not chosen on."""

    label: Int[Tensor, " d_sae"]  # −1 for a feature that fires too rarely to be judged
    share: Float[Tensor, " d_sae"]  # of its greatest value, above which the feature is said to fire
    precision: Float[Tensor, " d_sae"]
    recall: Float[Tensor, " d_sae"]

    @property
    def f1(self) -> Float[Tensor, " d_sae"]:
        """Return the harmonic mean of precision and recall."""
        return f1(self.precision, self.recall)


def labelled_texts(tokenizer: Tokenizer, n_ctx: int, n_texts: int, seed: int) -> Labelled:
    """Return texts of the generator that fill the context, each after the token for the beginning, with their labels."""
    corpus, rows, names = Corpus(seed), [], []
    while len(rows) < n_texts:
        row = [(tokenizer.token_to_id(BOS), frozenset[tuple[str, str]]())]
        for _ in range(SENTENCES):
            row += labelled_sentence(tokenizer, *corpus.kind_and_sentence())
        if len(row) >= n_ctx:
            rows.append([token for token, _ in row[:n_ctx]])
            names.append([labels for _, labels in row[:n_ctx]])
    labels = sorted({label for row in names for labels in row for label in labels})
    index = {label: i for i, label in enumerate(labels)}
    true = torch.zeros(n_texts, n_ctx, len(labels), dtype=torch.bool)
    for i, row in enumerate(names):
        for j, found in enumerate(row):
            true[i, j, [index[label] for label in found]] = True
    return Labelled(torch.tensor(rows), labels, true)


def labelled_sentence(
    tokenizer: Tokenizer, kind: str, sentence: str
) -> Iterator[tuple[int, frozenset[tuple[str, str]]]]:
    """Yield each token of a sentence with its labels; the tokens of a word have the labels of the word."""
    encoding = tokenizer.encode(sentence, add_special_tokens=False)
    spans = {}
    for word, (start, end) in zip(encoding.word_ids, encoding.offsets, strict=True):
        first, _ = spans.get(word, (start, end))
        spans[word] = first, end
    in_order = {word: sentence[start:end].strip() for word, (start, end) in spans.items()}
    labels = dict(zip(in_order, _labels(list(in_order.values()), KINDS[kind]), strict=True))
    for token, word in zip(encoding.ids, encoding.word_ids, strict=True):
        yield token, labels[word]


def _labels(sentence: list[str], kind: str) -> list[frozenset[tuple[str, str]]]:
    """Return the labels of each word of a sentence."""
    named: list[str] = []
    found = []
    for i, word in enumerate(sentence):
        before, after = sentence[i - 1] if i else "", sentence[i + 1] if i + 1 < len(sentence) else ""
        classes = _classes(word)
        labels = {("palabra", f"«{word}»"), ("frase", kind)}
        labels |= {("clase", name) for name in classes}
        labels |= {("género", name) for name, members in GENDERS.items() if word in members}
        labels |= {("clase en frase", f"{name} en {kind}") for name in classes}
        labels |= {("posición", f"tras {name}") for name in _classes(before)}
        labels.add(("posición", f"tras «{before}»" if before else "primera palabra"))
        if before:
            labels.add(("palabra tras palabra", f"«{before} {word}»"))
            labels |= {("clase tras palabra", f"{name} tras «{before}»") for name in classes}
        if word in NAMES:
            labels.add(("posición", _order(word, named)))
            named.append(word)
        if after in NAMES:
            labels.add(("posición", "ante un nombre de persona"))
        if "le" in sentence[:i] and word == "a" and after in NAMES:
            labels.add(("posición", "ante el destinatario"))
        found.append(frozenset(labels))
    return found


def _classes(word: str) -> list[str]:
    return [name for name, members in CLASSES.items() if word in members]


def _order(name: str, named: list[str]) -> str:
    if name in named:
        return "nombre repetido"
    return ("primer nombre", "segundo nombre", "tercer nombre o posterior")[min(len(set(named)), 2)]


def best_labels(
    f: Float[Tensor, "text pos d_sae"], labelled: Labelled, kinds: set[str] | None = None
) -> Match:
    """Return the best label of each feature, with the share of its greatest value above which it is said to fire.

    Both are those of greatest F1 on the first half of the texts; the second half measures. Only labels of the given
    kinds are tried, or all; the token for the beginning is left out.
    """
    half = len(f) // 2
    tried = torch.tensor([kinds is None or kind in kinds for kind, _ in labelled.labels])
    f, true = f[:, 1:], labelled.true[:, 1:] & tried
    greatest = f[:half].amax((0, 1))
    found = [_scores(f[:half] > share * greatest, true[:half]) for share in SHARES]
    best_f1, best = torch.stack([scores.f1 for scores in found]).flatten(0, 1).max(0)
    label = torch.where(best_f1 > 0, best % len(labelled.labels), -1)
    share = torch.tensor(SHARES)[best // len(labelled.labels)]
    measured = _scores(f[half:] > share * greatest, true[half:])
    chosen, judged = label.clamp(min=0)[None], label >= 0
    return Match(
        label,
        share,
        precision=measured.precision.gather(0, chosen)[0] * judged,
        recall=measured.recall.gather(0, chosen)[0] * judged,
    )


@dataclass(frozen=True, eq=False)
class _Scores:
    precision: Float[Tensor, "label d_sae"]
    recall: Float[Tensor, "label d_sae"]
    enough: Bool[Tensor, "label d_sae"]  # whether label and feature occur often enough to be judged

    @property
    def f1(self) -> Float[Tensor, "label d_sae"]:
        return self.enough * f1(self.precision, self.recall)


def _scores(fires: Bool[Tensor, "text pos d_sae"], true: Bool[Tensor, "text pos label"]) -> _Scores:
    detected, is_true = fires.flatten(0, 1).float(), true.flatten(0, 1).float()
    both = is_true.T @ detected
    n_detected, n_true = detected.sum(0), is_true.sum(0)[:, None]
    enough = (n_true >= RAREST) & (n_detected >= RAREST)
    return _Scores(both / n_detected.clamp_min(1), both / n_true.clamp_min(1), enough)


def f1(precision: Tensor, recall: Tensor) -> Tensor:
    """Return the harmonic mean of precision and recall; 0 where both are."""
    return 2 * precision * recall / (precision + recall).clamp_min(1e-12)
