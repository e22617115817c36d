"""`python build.py` with nothing to do, against doit and Snakemake on the same figures and files."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import build, copy_of_project, in_turn, peer, report, seconds
from build import fixtures
from lectern.making.request import Request
from lectern.making.sidecar import IMAGES, with_suffix
from lectern.progress import Progress
from lectern.project import Project
from lectern.workshop import open_workshop


def rules(root: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Return, for each figure and the deck, the files it is made from and the files it makes."""
    found = {}
    with open_workshop(Project(root, fixtures()), Progress(), jobs=1) as workshop:
        for name in workshop.catalogue:
            state = workshop.states.of(Request(name))
            assert state.compute is not None
            assert state.draw is not None
            reads = sorted(str(path) for path in state.compute.reads | state.draw.reads)
            found[name] = (reads, [str(with_suffix(state.stem, f)) for f in (*IMAGES, "json")])
    pictures = [path for _, targets in found.values() for path in targets]
    sources = [str(path) for path in sorted((root / "slides").iterdir())]
    found["deck"] = ([*sources, *pictures], [str(root / "dist" / f"mechinterp.{f}") for f in ("html", "pdf")])
    return found


def dodo(found: dict[str, tuple[list[str], list[str]]]) -> str:
    """Return these rules for doit."""
    tasks = [
        f"    yield {{'name': {name!r}, 'actions': ['true'], 'file_dep': {reads!r}, 'targets': {targets!r}}}\n"
        for name, (reads, targets) in found.items()
    ]
    return "def task_lecture():\n" + "".join(tasks)


def snakefile(found: dict[str, tuple[list[str], list[str]]]) -> str:
    """Return these rules for Snakemake."""
    blocks = [f"rule all:\n    input: {found['deck'][1]!r}\n"]
    blocks += [
        f"rule {name}:\n    input: {reads!r}\n    output: {targets!r}\n    shell: 'touch {{output}}'\n"
        for name, (reads, targets) in found.items()
    ]
    return "\n".join(blocks)


def main() -> None:
    """Measure."""
    with copy_of_project() as root:
        seconds(build(root), root)
        found = rules(root)
        (root / "dodo.py").write_text(dodo(found))
        (root / "Snakefile").write_text(snakefile(found))
        commands = {
            "build.py": build(root),
            "doit": [peer("doit"), "--file", root / "dodo.py", "--dir", root],
            "snakemake": [peer("snakemake"), "--cores", "1", "--quiet", "--snakefile", root / "Snakefile"],
        }
        for name in ("doit", "snakemake"):
            seconds(commands[name], root)
        seconds(build(root), root)
        report("Nothing to do", in_turn(commands, root), wanted="at most 1")


if __name__ == "__main__":
    main()
