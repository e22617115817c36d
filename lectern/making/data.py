"""Plain data as bytes and back.

What `compute` returns is stored before `draw` sees it, so that a figure drawn from a fresh result and one drawn
from a stored result cannot differ. Plain means: None, booleans, numbers, strings, lists, tuples (read back as
lists), dicts with string keys, numpy arrays and torch tensors (read back as numpy arrays). Data without arrays
is JSON, other data an .npz file; numpy is loaded only for the latter.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


class NotPlainError(TypeError):
    """A value that is not plain data, with its place in the tree."""


def encode(tree: Any) -> bytes:
    """Return `tree` as bytes; raise NotPlainError, with the place, for anything not plain."""
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_flatten(tree, "data", arrays))
    if not arrays:
        return text.encode()
    import numpy as np

    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, tree=np.array(text), **arrays)
    return buffer.getvalue()


def decode(content: bytes) -> Any:
    """Return the tree that `encode` was given."""
    if not content.startswith(b"PK"):
        return _restore(json.loads(content), {})
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return _restore(json.loads(str(archive["tree"])), archive)


def digest(tree: Any) -> str:
    """Return a digest of the tree's values, dtypes and shapes."""
    arrays: dict[str, np.ndarray] = {}
    plain = _flatten(tree, "data", arrays)
    sha = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape}".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()[:16]


def digest_result(data: str, facts: Mapping[str, Any]) -> str:
    """Return a digest of a whole result, given that of its data, and the rest as JSON-like data."""
    return hashlib.sha256(json.dumps([data, facts], sort_keys=True).encode()).hexdigest()[:16]


def scalar(value: Any) -> Any:
    """Return numpy and torch scalars as Python numbers, anything else as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value


def _flatten(value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    value = scalar(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_flatten(item, f"{place}[{i}]", arrays) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise NotPlainError(f"{place} has keys that are no strings")
        return {"dict": {key: _flatten(item, f"{place}[{key!r}]", arrays) for key, item in value.items()}}
    array = _array(value)
    if array is None:
        raise NotPlainError(f"{place} is a {type(value).__module__}.{type(value).__qualname__}")
    arrays[f"array{len(arrays)}"] = array
    return {"array": f"array{len(arrays) - 1}"}


def _array(value: Any) -> np.ndarray | None:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    numpy = sys.modules.get("numpy")  # where it is not loaded, nothing is of its kind
    is_array = numpy is not None and isinstance(value, numpy.ndarray)
    return value if is_array and value.dtype.kind in "biufcU" else None


def _restore(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_restore(item, arrays) for item in value]
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]]
        return {key: _restore(item, arrays) for key, item in value["dict"].items()}
    return value
