"""Models of the Hugging Face hub: those in its own cache, and others, which are downloaded into it.

The cache is laid out as models--ORGANISATION--NAME/{refs,snapshots}: refs/BRANCH holds a commit, and snapshots/COMMIT
its files. What a branch meant when it was downloaded it means from then on, so that nothing is asked of the network.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mechinterp.model.files import chosen, files_in

MAIN = "main"
BESIDES = {"tokenizer_config.json", "special_tokens_map.json"}  # small, and read by the bridge


def folder_of(name: str, revision: str = MAIN, quiet: bool = False) -> Path:
    """Return the folder with a revision's files in the cache; what is missing of them is downloaded first.

    Unless `quiet`, standard error tells of a download; on a terminal, also how far it is. Raises ValueError where it
    fails, or the repository is no checkpoint.
    """
    if find_spec("huggingface_hub") is None:
        raise ValueError(f"to load {name} from the hub, install transformer_lens: make hub")
    return _cached(name, revision) or _downloaded(name, revision, quiet)


def commit_at(folder: Path) -> str | None:
    """Return NAME@COMMIT where a folder holds that commit in a cache of the hub; None for any other folder."""
    repository = folder.parent.parent.name
    if folder.parent.name != "snapshots" or not repository.startswith("models--"):
        return None
    return f"{repository.removeprefix('models--').replace('--', '/', 1)}@{folder.name}"


def _cache() -> Path:
    """Return the folder of the cache, which HF_HUB_CACHE or HF_HOME may name."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE).expanduser().resolve()


def _cached(name: str, revision: str) -> Path | None:
    """Return the folder of a revision that is completely in the cache."""
    repository = _cache() / f"models--{name.replace('/', '--')}"
    branch = repository / "refs" / revision
    commit = branch.read_text(encoding="utf-8").strip() if branch.is_file() else revision
    folder = repository / "snapshots" / commit
    try:
        files_in(folder)
    except (ValueError, OSError):
        return None
    return folder


def _downloaded(name: str, revision: str, quiet: bool) -> Path:
    """Download the files that are needed of a revision, and no others; return their folder."""
    cache = _cache()
    with _explained(name, revision):
        commit, sizes = _listed(name, revision)
    wanted = [*chosen(sizes, name), *sorted(BESIDES & sizes.keys())]
    folder = cache / f"models--{name.replace('/', '--')}" / "snapshots" / commit
    missing = [file for file in wanted if not (folder / file).exists()]
    size = sum(sizes[file] for file in missing)
    _check_room(name, size, cache)
    if not quiet:
        print(f"downloading {name}@{commit[:8]}, {_amount(size)}, to {cache}", file=sys.stderr, flush=True)
    with _explained(name, revision):
        _fetch(name, missing, commit, quiet)
    return folder


def _listed(name: str, revision: str) -> tuple[str, dict[str, int]]:
    """Return the commit that a revision is now, and the sizes of its files, in bytes."""
    from huggingface_hub import HfApi

    commit = HfApi().resolve_revision(name, revision=revision).resolved
    info = HfApi().model_info(name, revision=commit, files_metadata=True)
    return commit, {file.rfilename: file.size or 0 for file in info.siblings or []}


def _fetch(name: str, files: list[str], commit: str, quiet: bool) -> None:
    """Download files one after the other: threads that download would not end on Ctrl-C."""
    from huggingface_hub import hf_hub_download

    for file in files:
        hf_hub_download(name, file, revision=commit, tqdm_class=_bars(quiet))


def _check_room(name: str, size: int, cache: Path) -> None:
    there = next(folder for folder in (cache, *cache.parents) if folder.exists())
    if size > (free := shutil.disk_usage(there).free):
        raise ValueError(
            f"{name} takes {_amount(size)}, and {cache} has {_amount(free)} free: "
            "set HF_HOME to a folder on a larger disk"
        )


def _amount(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 5e7 else f"{size / 1e6:.1f} MB"


def _bars(quiet: bool) -> Any:
    """Return the class of the progress bars: the library's own, which show themselves on terminals only, or none."""
    from huggingface_hub.utils import tqdm

    class Hidden(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "disable": True})

    return Hidden if quiet else tqdm


@contextlib.contextmanager
def _explained(name: str, revision: str) -> Iterator[None]:
    """Turn whatever goes wrong into a ValueError with a remedy; the library writes no warnings of its own."""
    from huggingface_hub.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    except Exception as error:  # hub, network and disk errors are of several libraries
        raise ValueError(_said(error, name, revision)) from error
    finally:
        logging.set_verbosity(before)


def _said(error: Exception, name: str, revision: str) -> str:
    """Return what went wrong, and what to do; nothing of the request, which may hold a token."""
    from huggingface_hub import constants, errors

    page = f"{constants.ENDPOINT}/{name}"
    if isinstance(error, (errors.RevisionResolutionError, errors.LocalEntryNotFoundError)):
        error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if isinstance(error, errors.HFValidationError):
        return f"{name} is no folder, and on the Hugging Face hub no name is like that"
    if isinstance(error, errors.GatedRepoError):
        return (
            f"{name} is gated: accept its terms at {page}, then log in with `hf auth login`, or set HF_TOKEN"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"{name} is no folder, and there is no such model on the Hugging Face hub, or it is private: "
            "check the name; if it is private, log in with `hf auth login`, or set HF_TOKEN"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{name} has no revision {revision}: its branches and tags are listed at {page}/tree/main"
    if isinstance(error, errors.HfHubHTTPError):
        return _refused(error.response.status_code, name)
    if isinstance(error, OSError) and error.strerror:
        return (
            f"{name} cannot be downloaded to {_cache()} ({error.strerror}): "
            "set HF_HOME to a folder that can be written, on a disk with room for it"
        )
    return _unreachable(error, name)


def _refused(status: int, name: str) -> str:
    if status in (401, 403):
        return (
            f"the Hugging Face hub refuses access to {name} with the token that is set ({status}): "
            "log in again with `hf auth login`, or unset HF_TOKEN"
        )
    return (
        f"{name} could not be downloaded: the Hugging Face hub answers with error {status}; try again later"
    )


def _unreachable(error: Exception, name: str) -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        why, remedy = "HF_HUB_OFFLINE is set", "Unset it to download the model"
    else:
        why, remedy = type(error).__name__, "Check the name and the network, and try again"
    return (
        f"{name} is not a folder, and could not be downloaded from the Hugging Face hub ({why}); "
        f"nor is all of it in {_cache()}. {remedy}; "
        "the model 'bundled', which comes with the lecture, works offline"
    )
