"""The vocabulary of the lecture, counted in the deck's own text."""

import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import stop_words
from matplotlib.figure import Figure
from wordcloud import WordCloud

from figures.style.letters import letters
from figures.style.look import ACCENT, INK, SEMIBOLD, SIZE, lecture_style
from lectern.figure import Claim, Report

# What stands in the deck and is not its text: front matter, notes and HTML, template tags, formulas, code, links.
NOT_TEXT = re.compile(
    r"\A---.*?^---$|<!--.*?-->|<[^>]*>|\[%.*?%\]|\[\[.*?\]\]|\$\$.*?\$\$|\$.*?\$|`.*?`|\]\([^)]*\)",
    re.DOTALL | re.MULTILINE,
)
ENGLISH = re.compile(r"\*([^*\n]+)\*")  # the deck sets English terms in italics; each counts as one word
WORD = re.compile(r"[^\W\d_]{2,}")
# Verbs that stand in any text; the package of empty words has only auxiliary ones.
VERBS = re.compile(
    r"(aparec|aprend|atiend|cab|dic|escrib|hac|le|pid|pierd|pon|repit|respond|sab|sub|v)en?|"
    r"(baj|copi|esper|mir|pas|qued|quit|recuper|sum|tom)an?"
)


def compute(deck=Path("slides/mechinterp.md.j2"), n_terms=45) -> dict:
    """Count each term, all its forms together under the commonest one."""
    text = NOT_TEXT.sub(" ", deck.read_text(encoding="utf-8")).replace("**", "")
    english = ENGLISH.findall(text)
    silent = set(stop_words.get_stop_words("es"))
    words = [
        word
        for word in WORD.findall(ENGLISH.sub(" ", text))
        if word.lower() not in silent and not VERBS.fullmatch(word.lower())
    ]
    forms = defaultdict(Counter)
    for term in sorted([*english, *words], reverse=True):  # of equally common forms, the one in lower case
        forms[stem(term)][term] += 1
    counts = Counter({form.most_common(1)[0][0]: form.total() for form in forms.values()})
    frequent = dict(counts.most_common(n_terms))
    stems = {stem(term) for term in english}
    return {"counts": frequent, "english": [term for term in frequent if stem(term) in stems]}


def stem(term: str) -> str:
    """Return the term without case, accents and plural, in either language: «Dimensiones» is «dimensión»."""
    plain = unicodedata.normalize("NFKD", term.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"e?s?$", "", plain)


def report(data) -> Report:
    terms, counts = zip(*data["counts"].items(), strict=True)
    return Report(
        values={"top": terms[0], "top_count": counts[0]},
        claims={"top": Claim("apariciones del término más repetido", counts[0], at_least=10)},
        alt=f"Nube de {len(terms)} términos de la presentación; los mayores: {', '.join(terms[:5])}.",
    )


@lecture_style
def draw(data) -> Figure:
    width, height = (round(100 * inches) for inches in SIZE)
    cloud = WordCloud(
        font_path=str(SEMIBOLD),
        width=width,
        height=height,
        min_font_size=20,  # read from the back row
        max_font_size=115,
        prefer_horizontal=1,
        margin=7,
        random_state=0,
    ).generate_from_frequencies(data["counts"])
    figure = Figure()
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    for (term, _), size, (top, left), _, _ in cloud.layout_:
        color = ACCENT if term in data["english"] else INK
        axes.add_patch(letters(term, SEMIBOLD, size, left, top, color))
    return figure
