"""A name given afterwards to a part of a formula: with `ℓ = log(1 + e^{-y w x})` and then `m = y w x`, ℓ is a function of m."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from handgrad.checking.definitions import Stated
from handgrad.checking.naming import occurrences
from handgrad.reading.surface import Applied, Factor, Product, Sum, Surface, rebuilt, spelled


def through(definitions: dict[str, Stated], differentiated: Mapping[str, set[str]]) -> dict[str, Stated]:
    """The definitions with later names in place of what they stand for, where the page differentiates by them."""
    found = dict(definitions)
    by = frozenset[str]().union(*differentiated.values())
    for key, outer in definitions.items():
        for inner in definitions.values():
            if inner.name.own in by and inner is not outer and inner.link.side.span > outer.link.side.span and isinstance(inner.body, (Applied, Product, Sum)):
                body = _named(found[key].body, inner)
                if not _names(body) & _names(inner.body):           # else only a part of how the one depends on the other would be named
                    found[key] = replace(found[key], body=body)
    return found


def _names(node: Surface) -> set[str]:
    return {name.whole for _, name in occurrences(node)}


def _named(node: Surface, inner: Stated) -> Surface:
    """The formula with the name where its body stands, alone or as a run of factors."""
    if spelled(node) == spelled(inner.body):
        return inner.head
    if isinstance(node, Product) and isinstance(inner.body, Product):
        wanted = [spelled(f.node) for f in inner.body.factors]
        own = [spelled(f.node) for f in node.factors]
        for start in range(len(own) - len(wanted) + 1):
            if own[start:start + len(wanted)] == wanted:
                rest = (*node.factors[:start], Factor(node.factors[start].operator, inner.head), *node.factors[start + len(wanted):])
                return replace(node, factors=rest) if len(rest) > 1 else inner.head
    return rebuilt(node, lambda child: _named(child, inner))
