"""From the save until the change is seen in the preview, in a real browser, against Marp CLI's own preview."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.browsing import Shown, browser, marp_watching, previewed
from benchmarks.measure import build, copy_of_project, report, seconds
from benchmarks.prose_edit import SENTENCE, markdown_of, write_word
from lectern.making.sidecar import read_sidecar
from lectern.project import ENGINE_ROOT

TIMES = 20


@dataclass(frozen=True)
class Edit:
    """A change of a figure's script, different each time: a text, and its replacement with a number in it."""

    what: str
    figure: str
    old: str
    new: str
    computes: bool  # or only draws

    def make(self, root: Path, number: int) -> float:
        """Make the change for the nth time, and return when."""
        script = Path("figures", f"{self.figure}.py")
        text = (ENGINE_ROOT / script).read_text(encoding="utf-8")
        assert self.old in text, f"{script}: {self.old}"
        began = time.time()
        (root / script).write_text(text.replace(self.old, self.new.format(number)), encoding="utf-8")
        return began


EDITS = (
    Edit(
        "compute of a small figure",
        "induction_emergence",
        '"induction": induction}',
        '"induction": induction + {}}}',
        True,
    ),
    Edit("compute of a model's figure", "attention_pattern", "seed=1_000_000", "seed=2_{:06}", True),
    Edit(
        "restyle of a model's figure",
        "attention_pattern",
        '"…a", fontsize=15',
        '"…a", fontsize=15.{:02}',
        False,
    ),
)


def prose(root: Path, ours: Shown, deck: Path, marp: Shown) -> dict[str, list[float]]:
    """Return the seconds from the save of a sentence until it is seen, alternately in both previews."""
    waits: dict[str, list[float]] = {"preview": [], "marp -w": []}
    shown = {"preview": (ours, root / "slides" / "mechinterp.md.j2"), "marp -w": (marp, deck)}
    for turn in range(TIMES + 1):
        for name, (page, path) in shown.items():
            word = f"edición{turn}"
            saved = write_word(path, word)
            took = page.word(word) - saved
            ours.rest()
            if turn:
                waits[name].append(took)
    return waits


def figure(root: Path, edit: Edit, shown: Shown) -> tuple[list[float], list[float]]:
    """Return the seconds from each save until the new picture is seen, and the same without compute and draw."""
    waits, overheads = [], []
    for turn in range(TIMES + 1):
        before = shown.pictures()
        saved = edit.make(root, turn + 1)
        took = shown.picture(before) - saved
        shown.rest()
        sidecar = read_sidecar(root / "img" / f"{edit.figure}.json")
        assert sidecar
        spent = sidecar.seconds["draw"] + (sidecar.seconds["compute"] if edit.computes else 0)
        if turn:
            waits.append(took)
            overheads.append(took - spent)
    return waits, overheads


def print_medians(title: str, took: list[float], overhead: list[float]) -> None:
    """Print the medians of an edit."""
    print(
        f"\n{title}\n  {statistics.median(took):.3f} s, without compute and draw {statistics.median(overhead):.3f} s"
    )


def main() -> None:
    """Measure."""
    with copy_of_project() as root, browser(root / ".lectern") as page:
        seconds(build(root, "--formats", "html"), root)
        alone = root / "alone" / "alone.md"
        alone.parent.mkdir()
        alone.write_text(markdown_of(root).replace('src="img/', 'src="../img/'), encoding="utf-8")
        with previewed(root) as (address, _):
            with marp_watching(alone, root) as peer:
                waits = prose(root, Shown(page(), address, SENTENCE), alone, Shown(page(), peer, SENTENCE))
            report("A prose edit until it is seen", waits, wanted="at most 0.15; at most 0.25 s")
            for edit in EDITS:
                took, overhead = figure(root, edit, Shown(page(), address, f'data-figure="{edit.figure}"'))
                print_medians(f"An edit until the new picture is seen: {edit.what}", took, overhead)


if __name__ == "__main__":
    main()
