"""The places of a formula where something else might stand, and what a formula becomes when one of them is changed.

A `Place` is a node with its way up to the whole. `values` are the places that count as a value (no index, no label); `scaled` are those
whose factor is the factor of everything round it up to the next sum: there a sign or a missing 2 is looked for, once.

    [place.put(doubled(place.node)) for place in scaled(tree)]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from handgrad.checking.naming import TRANSPOSED
from handgrad.reading.surface import (
    FIELDS,
    Applied,
    Array,
    Bars,
    Big,
    Braced,
    Decimal,
    Derivative,
    Factor,
    Fraction,
    Group,
    Nabla,
    Piecewise,
    Product,
    Root,
    Scripted,
    Span,
    Sum,
    Surface,
    Symbol,
    Term,
    with_field,
    with_node,
)
from handgrad.records import dataclass

# ---------------------------------------------------------------- places


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a formula, and where it stands: what is above it, in which field, and at which position there."""

    node: Surface
    above: Place | None = None
    field: str = ""
    at: tuple[int, ...] = ()

    def put(self, new: Surface) -> Surface:
        """The whole formula with `new` in this place."""
        if self.above is None:
            return new
        held = _held(getattr(self.above.node, self.field), self.at, new)
        return self.above.put(with_field(self.above.node, self.field, held))

    @property
    def depth(self) -> int:
        """How many nodes stand above it."""
        return 0 if self.above is None else self.above.depth + 1

    def within(self, kind: type | tuple[type, ...]) -> bool:
        """Whether it stands somewhere in a node of the kind."""
        return self.above is not None and (isinstance(self.above.node, kind) or self.above.within(kind))


def _held(value: Any, at: tuple[int, ...], new: Surface) -> Any:
    if isinstance(value, (Term, Factor)):
        return with_node(value, new)
    if not at:
        return new
    first, *rest = at
    return (*value[:first], _held(value[first], tuple(rest), new), *value[first + 1:])


def below(place: Place) -> Iterator[Place]:
    """The places directly below one, all of them."""
    for field in FIELDS[type(place.node)]:
        if field != "span":
            yield from _spread(place, field, (), getattr(place.node, field))


def _spread(above: Place, field: str, at: tuple[int, ...], value: Any) -> Iterator[Place]:
    if isinstance(value, (Term, Factor)):
        yield Place(value.node, above, field, at)
    elif isinstance(value, tuple):
        for n, item in enumerate(value):
            yield from _spread(above, field, (*at, n), item)
    elif hasattr(value, "span"):
        yield Place(value, above, field, at)


def everywhere(tree: Surface) -> Iterator[Place]:
    """Every place of a formula, those further up first."""
    todo = [Place(tree)]
    while todo:
        place = todo.pop()
        yield place
        todo.extend(reversed(list(below(place))))


VALUES = {
    Scripted: ("base", "sup"), Sum: ("terms",), Product: ("factors",), Fraction: ("numerator", "denominator"), Group: ("items",), Bars: ("body",),
    Root: ("body",), Applied: ("arguments",), Big: ("body",), Piecewise: ("rows",), Array: ("rows",), Braced: ("body",), Derivative: ("body",),
}


@lru_cache(256)
def values(tree: Surface) -> tuple[Place, ...]:
    """The places where a value stands, those further up first: no index, no label, nothing inside a name."""
    found: list[Place] = []
    todo = [Place(tree)]
    while todo:
        place = todo.pop()
        found.append(place)
        if not is_name(place.node):
            kept = VALUES.get(type(place.node), ())
            todo.extend(reversed([p for p in below(place) if p.field in kept and not _is_condition(p)]))
    return tuple(found)


def _is_condition(place: Place) -> bool:
    return place.above is not None and isinstance(place.above.node, Piecewise) and place.at[-1] == 1


def is_name(node: Surface) -> bool:
    """Whether a node is the name of a quantity: with indices and labels, without a power; a derivative of a name too."""
    match node:
        case Symbol():
            return True
        case Scripted(_, base, _, sup, _):
            return is_name(base) and not isinstance(base, (Derivative, Nabla)) and not is_power(sup)
        case Derivative(_, body, _):
            return is_name(body)
        case Nabla():
            return True
    return False


def is_power(sup: Surface | None) -> bool:
    """Whether what stands above a base is an exponent: a number or a formula, not a label or a letter."""
    return isinstance(sup, (Decimal, Sum, Fraction, Product))


def is_transposed(node: Surface) -> bool:
    """Whether a node is something with a `T` above it."""
    return isinstance(node, Scripted) and isinstance(node.sup, Symbol) and node.sup.name in TRANSPOSED


# ---------------------------------------------------------------- scaling

PASSING = (Product, Group, Big, Braced, Fraction, Derivative)


def passes(place: Place) -> bool:
    """Whether a factor here is a factor of what stands above it."""
    above = place.above
    if above is None:
        return False
    if isinstance(above.node, Sum):
        return len(above.node.terms) == 1
    if isinstance(above.node, Big) and above.node.kind not in ("sum", "mean"):
        return False
    return isinstance(above.node, PASSING)


def scaled(tree: Surface) -> Iterator[Place]:
    """The places whose factor is nobody else's: the whole, the terms of sums, arguments, cells and cases."""
    return (p for p in values(tree) if not passes(p) and not (p.field == "base" and isinstance(p.node, Symbol)))


def innermost(place: Place) -> Place:
    """Where a factor goes that has letters bound by the sums below: inside them."""
    while True:
        inner = [p for p in below(place) if p.field == "body" and isinstance(place.node, (Big, Braced))]
        if isinstance(place.node, Sum) and len(place.node.terms) == 1 or isinstance(place.node, Group) and len(place.node.items) == 1:
            inner = list(below(place))
        elif isinstance(place.node, Product):
            inner = [p for p in below(place) if isinstance(p.node, Big)]
        if not inner:
            return place
        place = inner[-1]


# ---------------------------------------------------------------- making


def number(span: Span, text: str) -> Decimal:
    """A whole number that was not on the page."""
    return Decimal(span, text)


def negative(node: Surface) -> Surface:
    """The node with the other sign, by its own sign if it has one."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        term = node.terms[0]
        return replace(node, terms=(replace(term, sign=-term.sign),)) if term.sign > 0 else term.node
    return Sum(node.span, (Term(-1, bracketed(node), node.span),))


def bracketed(node: Surface) -> Surface:
    """The node as a factor: in parentheses if it is a sum."""
    return Group(node.span, "(", (node,)) if isinstance(node, Sum) else node


def product(*nodes: Surface) -> Surface:
    """The product of the nodes, products among them taken apart."""
    made: list[Factor] = []
    for node in nodes:
        own = node.factors if isinstance(node, Product) else (Factor("", bracketed(node)),)
        glue = "*" if made and isinstance(own[0].node, (Decimal, Group)) and isinstance(made[-1].node, (Decimal, Symbol, Scripted)) else ""
        made += [Factor(glue, own[0].node), *own[1:]] if made else own
    return made[0].node if len(made) == 1 else Product(nodes[0].span, tuple(made))


def multiplied(node: Surface, factor: Surface, front: bool = False) -> Surface:
    """The node times a factor; the sign of a single negative term stays in front."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        term = node.terms[0]
        return replace(node, terms=(replace(term, node=multiplied(term.node, factor, front)),))
    if isinstance(node, Decimal) and node.text in ("1", "1.0"):
        return factor
    return product(factor, node) if front or isinstance(node, (Big, Piecewise)) else product(node, factor)


def divided(node: Surface, factor: Surface) -> Surface:
    """The node over a factor."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        term = node.terms[0]
        return replace(node, terms=(replace(term, node=divided(term.node, factor)),))
    return Fraction(node.span, node, factor)


def inverse(node: Surface) -> Surface:
    """One over the node."""
    return Fraction(node.span, number(node.span, "1"), node)


def without(node: Product, start: int, end: int) -> Surface:
    """The product without its factors from one to another."""
    kept = [*node.factors[:start], *node.factors[end:]]
    if not kept:
        return number(node.span, "1")
    if kept[0].operator == "/":
        kept = [Factor("", number(node.span, "1")), *kept]
    kept[0] = replace(kept[0], operator="")
    return kept[0].node if len(kept) == 1 else replace(node, factors=tuple(kept))


def with_term(node: Surface, term: Term) -> Surface:
    """The sum of the node and a term."""
    own = node.terms if isinstance(node, Sum) else (Term(1, node, node.span),)
    return Sum(node.span, (*own, term))


def inner(node: Surface) -> Surface:
    """What stands in brackets or braces, without them."""
    while isinstance(node, Group) and len(node.items) == 1 or isinstance(node, Braced):
        node = node.items[0] if isinstance(node, Group) else node.body
    return node
