"""Find checkpoints: those that come with the lecture, in a folder, or on the Hugging Face hub.

Nothing is loaded here: a name is resolved to files, and what is not a checkpoint is refused with the reason and a
remedy.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from mechinterp.model import hub
from mechinterp.model.files import CONFIG, files_in

BUNDLED = "bundled"
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
# A name on the hub, with or without an organisation, and a branch, tag or commit: no path leads out of the cache.
HUB_ID = re.compile(r"(?P<name>\w[\w.-]*(/\w[\w.-]*)?)(@(?P<revision>[\w+-]+([./][\w+-]+)*))?", re.ASCII)


class Checkpoint(NamedTuple):
    """What a name means."""

    name: str  # fit for a folder
    files: list[Path]
    exact: str  # the name that means these files for good: on the hub, that of a commit
    place: str  # the name by which a process finds them in whatever folder and environment it runs


def bundled() -> dict[str, Path]:
    """Return the checkpoints that come with the lecture: the lecture's model, and others trained to compare it with."""
    others = sorted(path.parent for path in WEIGHTS.glob(f"*/{CONFIG}"))
    return {BUNDLED: WEIGHTS} | {f"{BUNDLED}-{folder.name}": folder for folder in others}


def find(name_or_path: str, quiet: bool = False) -> Checkpoint:
    """Return the checkpoint that `name_or_path` names; unless `quiet`, a download is shown.

    Raises ValueError where there is no such checkpoint, or it lacks a file.
    """
    folder = folder_of(name_or_path, quiet)
    files = files_in(folder)
    if _bundled(name_or_path):
        return Checkpoint(name_or_path, files, name_or_path, name_or_path)
    commit = hub.commit_at(folder)
    is_path = Path(name_or_path).expanduser().is_dir()
    said = (commit or folder.name) if is_path else name_or_path
    return Checkpoint(said.replace("/", "--"), files, commit or name_or_path, str(folder))


def folder_of(name_or_path: str, quiet: bool = False) -> Path:
    """Return the folder of a checkpoint; one on the hub is downloaded into Hugging Face's own cache."""
    if found := _bundled(name_or_path):
        return found
    if name_or_path.startswith(f"{BUNDLED}-"):
        raise ValueError(f"no model {name_or_path} comes with the lecture: there are {', '.join(bundled())}")
    path = Path(name_or_path).expanduser()
    if name_or_path and path.is_dir():
        return path.resolve()
    named = HUB_ID.fullmatch(name_or_path)
    if path.exists() or not named:
        raise ValueError(
            f"there is no folder {name_or_path}: name one with a checkpoint in it, or a hub id, "
            "ORGANISATION/NAME or ORGANISATION/NAME@REVISION"
        )
    return hub.folder_of(named["name"], named["revision"] or hub.MAIN, quiet)


def _bundled(name: str) -> Path | None:
    """Return the folder of a checkpoint that comes with the lecture; None for any other name.

    Which others there are is not looked up: a figure made on one of them may read that one alone.
    """
    if name == BUNDLED:
        return WEIGHTS
    folder = WEIGHTS / name.removeprefix(f"{BUNDLED}-")
    comes = name == f"{BUNDLED}-{folder.name}" and (folder / CONFIG).is_file()
    return folder if comes else None
