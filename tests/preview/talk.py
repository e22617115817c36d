"""A small lecture to preview."""

import shutil
from pathlib import Path

from tests.conftest import Sandbox

DECK = """
---
marp: true
theme: plain
lang: en
title: Talk
author: Nobody
math: katex
paginate: true
bibliography: refs.bib
---

# First

[[ cite("doe2020") ]] begins.

![](dot.svg)

---

# Second

* one
* two
* three

<!-- Remember the second -->

---

# Bars

[[ figures.bars ]]

[% claim figures.bars.claims.few %]
There are [[ figures.bars.count ]] bars.
[% endclaim %]

---

# Dots

[[ figures.dots ]]

---

# Last

$x^2$
"""

FIGURE = '''
"""Some bars."""
import os
from pathlib import Path
from matplotlib.figure import Figure
from helpers.scale import scaled
from lectern.figure import Claim, Result

def compute(table=Path("data/table.txt")):
    noted("compute")
    numbers = [scaled(int(word)) for word in table.read_text().split()]
    claims = {"few": Claim("bars", len(numbers), at_most=5)}
    return Result(data={"numbers": numbers}, values={"count": len(numbers)}, claims=claims, alt="Bars")

def draw(data, color="black"):
    noted("draw")
    figure = Figure(figsize=(2, 1))
    figure.subplots().bar(range(len(data["numbers"])), data["numbers"], color=color)
    return figure

def noted(step):
    with open("../diary", "a") as diary:  # steps run in the project's folder
        diary.write(f"bars {step}\\n")
'''
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle r="9" fill="{}"/></svg>'


def write_talk(root: Path) -> Sandbox:
    """Write the lecture: five slides, two figures with a helper module and a data file each, a theme, a bibliography."""
    talk = Sandbox(root)
    talk.deck(DECK)
    talk.write(
        "slides/plain.css", "/* @theme plain */\n@import 'default';\nsection { color: rgb(1, 2, 3); }\n"
    )
    talk.write("slides/refs.bib", "@misc{doe2020, author={Doe, Jane}, title={T}, year=2020}")
    talk.write("slides/dot.svg", DOT.format("red"))
    talk.write("helpers/scale.py", "def scaled(number):\n    return number\n")
    talk.write("data/table.txt", "1 2 3")
    talk.write("data/points.txt", "4 5")
    talk.figure("bars", FIGURE)
    talk.figure(
        "dots",
        FIGURE,
        **{
            "table.txt": "points.txt",
            "bars {step}": "dots {step}",
            "from helpers.scale": "from helpers.other",
        },
    )
    talk.write("helpers/other.py", "def scaled(number):\n    return number\n")
    return talk


def copied(made: Path, to: Path) -> Sandbox:
    shutil.copytree(made, to)
    return Sandbox(to)
