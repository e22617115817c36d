"""The vocabulary of the lecture, counted in the deck's own text."""

import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import stop_words
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from wordcloud import WordCloud

from figures.style.look import ACCENT, INK, SEMIBOLD, SIZE, lecture_style
from lectern.figure import Claim, Result

# What stands in the deck and is not its text: front matter, notes and HTML, template tags, formulas, code, links.
NOT_TEXT = re.compile(
    r"\A---.*?^---$|<!--.*?-->|<[^>]*>|\[%.*?%\]|\[\[.*?\]\]|\$\$.*?\$\$|\$.*?\$|`.*?`|\]\([^)]*\)",
    re.DOTALL | re.MULTILINE,
)
ENGLISH = re.compile(r"\*([^*\n]+)\*")  # the deck sets English terms in italics; each counts as one word
WORD = re.compile(r"[^\W\d_]{2,}")


def compute(deck=Path("slides/mechinterp.md.j2"), n_terms=45) -> Result:
    counts, english = count_terms(deck.read_text(encoding="utf-8"))
    frequent = dict(counts.most_common(n_terms))
    top, top_count = counts.most_common(1)[0]
    return Result(
        data={"counts": frequent, "english": sorted(english & set(frequent))},
        values={"top": top, "top_count": top_count, "n_terms": len(frequent)},
        claims={"top": Claim("apariciones del término más repetido", top_count, at_least=10)},
        alt=f"Nube de {len(frequent)} términos de la presentación; los mayores: {', '.join([*frequent][:5])}.",
    )


def count_terms(deck: str) -> tuple[Counter[str], set[str]]:
    """Return how often each term occurs, all its forms together under the commonest, and which are English."""
    text = NOT_TEXT.sub(" ", deck).replace("**", "")
    terms = ENGLISH.findall(text)
    silent = set(stop_words.get_stop_words("es"))
    words = [word for word in WORD.findall(ENGLISH.sub(" ", text)) if word.lower() not in silent]
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for term in sorted([*terms, *words], reverse=True):  # of equally common forms, the one in lower case
        forms[stem(term)][term] += 1
    name = {key: form.most_common(1)[0][0] for key, form in forms.items()}
    return Counter({name[key]: form.total() for key, form in forms.items()}), {
        name[stem(term)] for term in terms
    }


def stem(term: str) -> str:
    """Return the term without case, accents and plural, in either language: «Dimensiones» is «dimensión»."""
    plain = unicodedata.normalize("NFKD", term.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"e?s?$", "", plain)


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
    figure = Figure(figsize=SIZE)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    for (term, _), size, (top, left), _, _ in cloud.layout_:
        letters = TextPath((0, 0), term, size, prop=FontProperties(fname=SEMIBOLD))
        ink = letters.get_extents()
        place = Affine2D().translate(-ink.x0, -ink.y1).scale(1, -1).translate(left, top)
        axes.add_patch(
            PathPatch(place.transform_path(letters), color=ACCENT if term in data["english"] else INK, lw=0)
        )
    return figure
