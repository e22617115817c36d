"""Figures that a template names as constants: `figures.NAME`, and `figures.NAME(…)` with constant parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from jinja2 import nodes

from lectern.sources.catalogue import canonical

Named = tuple[str, dict[str, Any], int]  # name, parameters, line


def _figure_name(node: nodes.Node) -> str | None:
    """Return NAME of an expression `figures.NAME` or `figures["NAME"]`."""
    if not isinstance(node, (nodes.Getattr, nodes.Getitem)):
        return None
    if not isinstance(node.node, nodes.Name) or node.node.name != "figures":
        return None
    if isinstance(node, nodes.Getattr):
        return canonical(node.attr)
    return canonical(node.arg.value) if isinstance(node.arg, nodes.Const) else None


def figures_in(tree: nodes.Template) -> Iterator[Named]:
    """Yield (name, parameters, line) of each `figures.NAME` and `figures.NAME(…)` whose parts are constants."""
    called = set()
    for call in tree.find_all(nodes.Call):
        if name := _figure_name(call.node):
            called.add(id(call.node))
            with contextlib.suppress(nodes.Impossible):
                yield name, {pair.key: pair.value.as_const() for pair in call.kwargs}, call.lineno
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if (name := _figure_name(node)) and id(node) not in called:
            yield name, {}, node.lineno
