"""Finding a formula with free letters inside another one: the letters are the variables, sums and products match in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from handgrad.expr import Add, And, Bound, Index, Letter, Mul, Node, Or, parts
from handgrad.rules.order import own

Binding = Mapping[Letter, Index]


def match(pattern: Node, node: Node, variables: frozenset[Letter]) -> Binding | None:
    """The indices that turn the pattern into the node, None where there are none."""
    return next(_matches(pattern, node, variables, {}), None)


def _matches(pattern: Any, node: Any, variables: frozenset[Letter], found: Binding) -> Iterator[Binding]:
    if pattern is node and variables.isdisjoint(pattern.letters):
        yield found
    elif isinstance(pattern, Letter) and pattern in variables:
        yield from _bound(pattern, node, found)
    elif type(pattern) is type(node) and own(pattern) == own(node):
        below, other = [p for p, _ in parts(pattern)], [p for p, _ in parts(node)]
        if len(below) == len(other):
            yield from (_any_order if isinstance(pattern, (Add, Mul, And, Or)) else _in_order)(below, other, variables, found)


def _bound(variable: Letter, node: Any, found: Binding) -> Iterator[Binding]:
    known = found.get(variable)
    if known is node:
        yield found
    elif known is None and not isinstance(node, Bound) and node.loose == 0:
        yield {**found, variable: node}


def _in_order(patterns: list[Any], nodes: list[Any], variables: frozenset[Letter], found: Binding) -> Iterator[Binding]:
    if not patterns:
        yield found
        return
    for first in _matches(patterns[0], nodes[0], variables, found):
        yield from _in_order(patterns[1:], nodes[1:], variables, first)


def _any_order(patterns: list[Any], nodes: list[Any], variables: frozenset[Letter], found: Binding) -> Iterator[Binding]:
    if not patterns:
        yield found
        return
    for n, node in enumerate(nodes):
        for first in _matches(patterns[0], node, variables, found):
            yield from _any_order(patterns[1:], nodes[:n] + nodes[n + 1 :], variables, first)
