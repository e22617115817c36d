"""What to install where a library that notebooks need is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from lectern.errors import SetupError


@contextlib.contextmanager
def needs(library: str) -> Iterator[None]:
    """Turn the failure to import a library into SetupError."""
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"exercises need the Python package {library}, and {error.name} is not installed here"
        raise SetupError(message, remedy="run `make exercises`, which installs it") from error
