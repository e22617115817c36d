"""A device that every machine has: its tensors compute on the CPU, and refuse what a GPU would refuse.

What code takes for granted of where its tensors lie does not show on a machine that has only a CPU. A tensor on this
device holds one of the CPU and computes with it, but will not meet others of the CPU, take numbers from the CPU's
generators, or be read by NumPy, as on CUDA; and it is never of double precision, as on Apple's MPS. What both
allow is allowed: numbers without dimensions, and indices, may lie on the CPU, and copies go both ways.

It is a backend of PyTorch's own kind (PrivateUse1), so that gradients, optimizers and what makes tensors know it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import backend_registration

NAME = "standin"
aten = torch.ops.aten
COPIES = {aten.copy_, aten._to_copy, aten._copy_from}
INDEXED = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_, aten._unsafe_index}
# Where even a number without dimensions has to be on the device.
STRICT = {
    aten.cat,
    aten.stack,
    aten.gather,
    aten.index_select,
    aten.scatter,
    aten.scatter_add,
    aten.scatter_add_,
}
PRODUCTS = {aten.mm, aten.bmm, aten.addmm, aten.baddbmm, aten.dot, aten.mv}
# These make an empty tensor first and resize it, which a tensor that holds another one cannot follow.
RESIZED = (
    *("arange", "arange.start", "arange.start_step", "linspace", "logspace", "eye", "eye.m"),
    *("randperm", "randperm.generator", "tril_indices", "triu_indices"),
)


class NotOnDeviceError(RuntimeError):
    """Tensors of two devices met, or a tensor met what its device does not have."""


class OnDevice(Tensor):
    """A tensor on the stand-in device, and the CPU's tensor that it computes with."""

    inner: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, inner: Tensor) -> OnDevice:
        if inner.dtype == torch.float64:
            raise NotOnDeviceError("this device has no double precision")
        made = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device(NAME, 0),
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(op, *args, **(kwargs or {}))

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError("a tensor of this device cannot be read by NumPy: copy it to the CPU first")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.numpy()

    def tolist(self) -> Any:
        return self.inner.tolist()

    def __deepcopy__(self, memo: Any) -> OnDevice:
        return OnDevice(self.inner.clone())

    def __repr__(self, **_: Any) -> str:
        return f"OnDevice({self.inner!r})"

    def __format__(self, how: str) -> str:
        return self.inner.__format__(how)


@contextmanager
def stand_in() -> Iterator[torch.device]:
    """Make the stand-in device, for the rest of this process; while it is used, gradients take no further threads."""
    _register()
    with torch.autograd.set_multithreading_enabled(False), _Detours():
        yield torch.device(NAME, 0)


class _Detours(TorchFunctionMode):
    """Does otherwise what goes round a registered device: lists of numbers become tensors on the CPU, then copies."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if function is torch.tensor:
            device = kwargs.pop("device", None)
            made = function(_mapped(lambda x: x if x.dim() else x.item(), args[0]), *args[1:], **kwargs)
            return made if device is None else made.to(device)
        if function is Tensor.new_tensor and isinstance(args[0], OnDevice):
            return torch.tensor(args[1], **{"dtype": args[0].dtype, **kwargs}).to(args[0].device)
        if function in (Tensor.__getitem__, Tensor.__setitem__) and isinstance(args[0], OnDevice):
            args = (args[0], _in_place_of_lists(args[1]), *args[2:])
        if function is Tensor.quantile and isinstance(args[0], OnDevice):
            return _computed(aten.quantile.default, *args, **kwargs)  # else it changes a shape in place
        return function(*args, **kwargs)


def _in_place_of_lists(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(_in_place_of_lists, index))
    return torch.tensor(index) if isinstance(index, list | range) else index


@functools.cache
def _register() -> tuple[torch.library.Library, ...]:
    """Make the device known. It is never the one that code takes by itself."""

    class Module(backend_registration._DummyBackendModule):
        def is_available(self) -> bool:
            return False

    backend_registration._setup_privateuseone_for_python_backend(NAME, backend_module=Module())
    everything, own = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
    everything.fallback(_computed, "PrivateUse1")
    for name in RESIZED:
        own.impl(name, functools.partial(_computed, _overload(name)), "PrivateUse1")
    return everything, own


def _overload(name: str) -> Any:
    packet, _, overload = name.partition(".")
    return getattr(getattr(aten, packet), overload or "default")


def _computed(op: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what an operation gives, having refused what a GPU would: see the module's docstring."""
    given = list(_leaves((args, kwargs)))
    own = {id(x.inner): x for x in given if isinstance(x, OnDevice)}
    target = kwargs.get("device")
    stays = bool(own) if target is None else torch.device(target).type == NAME
    _refuse(op, args, given, stays)
    args, kwargs = _mapped(lambda x: x.inner if isinstance(x, OnDevice) else x, (args, kwargs))
    if target is not None:
        kwargs["device"] = torch.device("cpu")
    found = op(*args, **kwargs)
    assert all(x.shape == x.inner.shape for x in own.values()), f"{op} changes a tensor's shape in place"
    same = {id(x): x for x in given if isinstance(x, Tensor)} | own

    def placed(x: Tensor) -> Tensor:
        if id(x) in same:  # changed in place
            return same[id(x)]
        return OnDevice(x) if stays else x

    return _mapped(placed, found)


def _refuse(op: Any, args: Any, given: list[Any], stays: bool) -> None:
    packet: Callable[..., Any] = op.overloadpacket
    ours = [x for x in given if isinstance(x, OnDevice)]
    if stays and any(isinstance(x, torch.Generator) for x in given):
        raise NotOnDeviceError(f"{op} on this device, with a generator of the CPU")
    if packet in COPIES:
        if any(x is torch.float64 for x in given):
            raise NotOnDeviceError("this device has no double precision, not even on the way to the CPU")
        return
    if packet in PRODUCTS and ours and not ours[0].is_floating_point():
        raise NotOnDeviceError(f"{op} of whole numbers on this device")
    if packet in INDEXED:
        others = list(_leaves((args[0], args[2:])))
        if not isinstance(args[0], OnDevice):
            raise NotOnDeviceError(f"{op}: a tensor of the CPU, with indices on this device")
    else:
        others = given
    plain = [x for x in others if isinstance(x, Tensor) and not isinstance(x, OnDevice)]
    if ours and any(x.dim() or packet in STRICT for x in plain):
        raise NotOnDeviceError(f"{op}: tensors of this device and of the CPU")


def _leaves(tree: Any) -> Iterator[Any]:
    """Yield what lists, tuples and dicts hold."""
    if isinstance(tree, list | tuple | dict):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from _leaves(item)
    else:
        yield tree


def _mapped(change: Callable[[Tensor], Any], tree: Any) -> Any:
    """Return lists, tuples and dicts with the tensors in them changed."""
    if isinstance(tree, dict):
        return {name: _mapped(change, item) for name, item in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)([_mapped(change, item) for item in tree])
    return change(tree) if isinstance(tree, Tensor) else tree
