"""What the corpus generator knows about each token of its texts, as labels that are true or false of a token.

A label is of one of several kinds: the word, its class (part of speech, name, place), its gender, its position in the
sentence, the kind of sentence, and combinations of two: a word after a word, a class after a word, a class in a kind of
sentence. Labels are in Spanish, as the lecture shows them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from tokenizers import Tokenizer
from torch import Tensor

from mechinterp.model.language_model import Model
from mechinterp.text.corpus import N_CTX, SENTENCES, Corpus
from mechinterp.text.lexicon import words
from mechinterp.text.lexicon.adjectives import ADJECTIVES, CHARACTERS, MOODS, QUALITIES, Adjective
from mechinterp.text.lexicon.names import MEN, NAMES, WOMEN
from mechinterp.text.lexicon.nouns import (
    ABSTRACT,
    ANIMALS,
    BODY,
    FOODS,
    NATURE,
    NOUNS,
    PEOPLE,
    PLACES,
    THINGS,
    TIMES,
    Noun,
)
from mechinterp.text.lexicon.others import DAYS, MONTHS, NUMBERS
from mechinterp.text.lexicon.verbs import GIVING, VERBS, Verb
from mechinterp.text.lexicon.world import CITIES, COUNTRIES, TRADES
from mechinterp.text.tokenizer import BOS

TRIED = 100  # texts; if none of them fills the context, none will
ORDER = (  # of the kinds of labels, simplest first: it breaks ties between labels that are true of the same tokens
    "clase",
    "palabra",
    "género",
    "posición",
    "palabra tras palabra",
    "clase tras palabra",
    "clase en frase",
    "frase",
)


def _nouns(nouns: Iterable[Noun]) -> set[str]:
    return {word for noun in nouns for word in (noun.singular, noun.plural)}


def _adjectives(adjectives: Iterable[Adjective], *genders: bool) -> set[str]:
    return {a.form(feminine, plural) for a in adjectives for feminine in genders for plural in (False, True)}


def _verbs(verbs: Iterable[Verb]) -> set[str]:
    return {form for verb in verbs for form in (*astuple(verb), verb.future)}


def _of_gender(feminine: bool) -> set[str]:
    """Return nouns, and those forms of adjectives that only this gender has."""
    adjectives = _adjectives(ADJECTIVES, feminine) - _adjectives(ADJECTIVES, not feminine)
    return _nouns(noun for noun in NOUNS if noun.feminine == feminine) | adjectives


CLASSES: dict[str, set[str]] = {
    "nombre de mujer": set(WOMEN),
    "nombre de hombre": set(MEN),
    "nombre de persona": set(NAMES),
    "lugar": _nouns(PLACES),
    "objeto": _nouns(THINGS),
    "comida o materia": _nouns(FOODS),
    "animal": _nouns(ANIMALS),
    "persona sin nombre": _nouns(PEOPLE),
    "idea": _nouns(ABSTRACT),
    "naturaleza": _nouns(NATURE),
    "tiempo": _nouns(TIMES),
    "parte del cuerpo": _nouns(BODY),
    "oficio": {word for trade in TRADES for word in (trade.feminine, trade.masculine)},
    "herramienta": {trade.tool.split()[1] for trade in TRADES},
    "estado de ánimo": _adjectives(MOODS, False, True),
    "carácter": _adjectives(CHARACTERS, False, True),
    "cualidad": _adjectives(QUALITIES, False, True),
    "verbo de dar": _verbs(GIVING),
    "otro verbo": _verbs(VERBS) - _verbs(GIVING),
    "ciudad": {*CITIES, *(country.capital for country in COUNTRIES)},
    "país": {country.name for country in COUNTRIES},
    "lengua": {country.language for country in COUNTRIES},
    "continente": {country.continent for country in COUNTRIES},
    "día de la semana": set(DAYS),
    "mes": set(MONTHS),
    "número": set(NUMBERS),
    "artículo": set(words("el la un una los las unos unas")),
    "preposición": set(words("a al de del en con por sin antes para desde hasta entre sobre")),
    "pronombre": set(words("le se lo él ella alguien su sus ya")),
    "ordinal": set(words("primero primera segundo segunda")),
    "conjunción": set(words("y e que cuando como porque donde mientras pero aunque")),
    "coma": {","},
    "punto": {"."},
}
GENDERS: dict[str, set[str]] = {
    "femenino": {
        *WOMEN,
        *(trade.feminine for trade in TRADES),
        *_of_gender(True),
        *words("la una las unas ella primera segunda"),
    },
    "masculino": {
        *MEN,
        *(trade.masculine for trade in TRADES),
        *_of_gender(False),
        *words("el un los unos él primero segundo"),
    },
}
KINDS = {
    "indirect_object": "frase de regalo",
    "two_gifts": "frase de dos regalos",
    "giver_by_trade": "regalo de un oficio",
    "receiver_by_order": "regalo al primero o al segundo",
    "named_twice": "lista con un nombre dos veces",
    "named_once": "lista con un nombre una vez",
    "possession": "frase de quién tiene qué",
    "everyday": "frase cotidiana",
    "impersonal": "frase sin nombres",
    "repetition": "palabras que se repiten",
    "sequence": "días, meses o números seguidos",
    "fact": "frase de geografía",
    "two_hops": "geografía en dos pasos",
    "origin": "frase de dónde es alguien",
    "tool": "frase de un oficio",
}


class Label(NamedTuple):
    """A property that a token may have."""

    kind: str
    name: str


@dataclass(frozen=True, eq=False)
class Labelled:
    """Texts, and the labels that are true of each of their tokens."""

    tokens: Int[Tensor, "text pos"]
    labels: list[Label]
    true: Bool[Tensor, "text pos label"]

    def to(self, device: torch.device) -> Labelled:
        """Return the same on a device."""
        return Labelled(self.tokens.to(device), self.labels, self.true.to(device))


def labelled_texts(tokenizer: Tokenizer, n_ctx: int, n_texts: int, seed: int, rarest: int = 50) -> Labelled:
    """Return labelled texts of the generator that fill the context, each after the beginning-of-text token.

    A label that is true of fewer than `rarest` tokens is left out. Raises ValueError where texts are too short to fill
    the context, or the tokenizer lacks that token.
    """
    if (bos := tokenizer.token_to_id(BOS)) is None:
        raise ValueError(f"the lecture's texts begin with {BOS}, which this model's tokenizer does not know")
    corpus, rows, names, tried = Corpus(seed), [], [], 0
    while len(rows) < n_texts:
        if tried == TRIED and not rows:
            raise ValueError(
                f"expected a context that {SENTENCES} sentences fill, got {n_ctx} tokens: none of {tried} texts did"
            )
        tried += 1
        row = [(bos, frozenset[Label]())]
        for _ in range(SENTENCES):
            row += labelled_sentence(tokenizer, *corpus.kind_and_sentence())
        if len(row) >= n_ctx:
            rows.append([token for token, _ in row[:n_ctx]])
            names.append([labels for _, labels in row[:n_ctx]])
    counts = Counter(label for row in names for found in row for label in found)
    kept = (label for label, count in counts.items() if count >= rarest)
    labels = sorted(kept, key=lambda label: (ORDER.index(label.kind), label.name))
    index = {label: i for i, label in enumerate(labels)}
    true = torch.zeros(n_texts, n_ctx, len(labels), dtype=torch.bool)
    for i, row in enumerate(names):
        for j, found in enumerate(row):
            true[i, j, [index[label] for label in found if label in index]] = True
    return Labelled(torch.tensor(rows), labels, true)


def labelled_split(model: Model, n_trained: int, n_tested: int, seed: int) -> tuple[Labelled, Labelled]:
    """Return texts that fill the model's context, to train on, and others, of the next seed, to measure on.

    Of a long context, as much as the lecture's own model has.
    """
    tokenizer, n_ctx = model.tokenizer, min(model.config.n_ctx, N_CTX)
    trained = labelled_texts(tokenizer, n_ctx, n_trained, seed)
    tested = labelled_texts(tokenizer, n_ctx, n_tested, seed + 1)
    return trained.to(model.device), tested.to(model.device)


def labelled_sentence(
    tokenizer: Tokenizer, kind: str, sentence: str
) -> Iterator[tuple[int, frozenset[Label]]]:
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


def _labels(sentence: list[str], kind: str) -> list[frozenset[Label]]:
    """Return the labels of each word of a sentence."""
    named: list[str] = []
    found = []
    for i, word in enumerate(sentence):
        before, after = sentence[i - 1] if i else "", sentence[i + 1] if i + 1 < len(sentence) else ""
        classes = _among(word, CLASSES)
        labels = {Label("palabra", f"«{word}»"), Label("frase", kind)}
        labels |= {Label("clase", name) for name in classes}
        labels |= {Label("género", name) for name in _among(word, GENDERS)}
        labels |= {Label("clase en frase", f"{name} en {kind}") for name in classes}
        labels |= {Label("posición", f"tras {name}") for name in _among(before, CLASSES)}
        labels.add(Label("posición", f"tras «{before}»" if before else "primera palabra"))
        if before:
            labels.add(Label("palabra tras palabra", f"«{before} {word}»"))
            labels |= {Label("clase tras palabra", f"{name} tras «{before}»") for name in classes}
        if word in NAMES:
            labels.add(Label("posición", _order(word, named)))
            named.append(word)
        if after in NAMES:
            labels.add(Label("posición", "ante un nombre de persona"))
        if "le" in sentence[:i] and word == "a" and after in NAMES:
            labels.add(Label("posición", "ante el destinatario"))
        found.append(frozenset(labels))
    return found


def _among(word: str, groups: dict[str, set[str]]) -> list[str]:
    """Return the groups that a word belongs to, capitalised or not; a name, such as «Rosa», is no common word."""
    spellings = {word} if word in NAMES else {word, word.lower()}
    return [name for name, members in groups.items() if spellings & members]


def _order(name: str, named: list[str]) -> str:
    if name in named:
        return "nombre repetido"
    return ("primer nombre", "segundo nombre", "tercer nombre o posterior")[min(len(set(named)), 2)]
