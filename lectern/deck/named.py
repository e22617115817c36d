"""Figures that a template names as constants: `figures.NAME`, and `figures.NAME(…)` with constant parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterator
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
    """Yield (name, parameters, line) of each `figures.NAME` and `figures.NAME(…)` whose parts are constants.

    Those within a condition are left out: they may not be needed, nor possible.
    """
    within = {id(node) for branch in _branches(tree) for node in branch.find_all(nodes.Node)}
    yield from _named(tree, without=within)


def figures_by_condition(tree: nodes.Template) -> Iterator[list[Named]]:
    """Yield for each condition the figures that its first branch names: where one is needed, so are the others."""
    for condition in tree.find_all(nodes.If):
        yield [named for branch in condition.body for named in _named(branch)]


def _branches(tree: nodes.Template) -> Iterator[nodes.Node]:
    for condition in tree.find_all(nodes.If):
        yield from (*condition.body, *condition.elif_, *condition.else_)


def _named(tree: nodes.Node, without: Container[int] = ()) -> Iterator[Named]:
    called = set()
    for call in tree.find_all(nodes.Call):
        if name := _figure_name(call.node):
            called.add(id(call.node))
            if id(call.node) not in without:
                with contextlib.suppress(nodes.Impossible):
                    yield name, {pair.key: pair.value.as_const() for pair in call.kwargs}, call.lineno
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if (name := _figure_name(node)) and id(node) not in called and id(node) not in without:
            yield name, {}, node.lineno
