"""Derivatives in the ring of normal forms, by the chain rule over the atoms. Of an abstract function its partial is an atom of its own."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from handgrad.expr import PI, Delta, Entry, Index, Letter, Literal, Node
from handgrad.verification.algebra import Atom, Beyond, Poly, Ratio, Ring
from handgrad.verification.sums import summed


def derived(ring: Ring, a: Ratio, by: Entry) -> Ratio:
    """The derivative of a ratio by an input."""
    top, bottom = a
    above, below = _slope(ring, top, by), _slope(ring, bottom, by)
    if below[0]:
        above = ring.added(above, ring.multiplied((-top, bottom), below))
    return ring.multiplied(above, (ring.one, bottom))


def _slope(ring: Ring, p: Poly, by: Entry) -> Ratio:
    total: Ratio = (ring.zero, ring.one)
    for number in ring.used(p) if p else ():
        inner = _atom_slope(ring, ring.atoms[number], number, by)
        if inner[0]:
            total = ring.added(total, ring.multiplied((p.derivative(number), ring.one), inner))
    return total


def _atom_slope(ring: Ring, atom: Atom, number: int, by: Entry) -> Ratio:
    match atom.kind:
        case "quantity":
            return _quantity_slope(ring, atom.data, by)
        case "power":
            inner = derived(ring, atom.data, by)
            return ring.multiplied((ring.generators[number] * fmpq(1, atom.unit), ring.one), inner)
        case "log":
            return ring.multiplied(_slope(ring, atom.data, by), ring.inverse((atom.data, ring.one)))
        case "function":
            return _function_slope(ring, atom, by)
        case _:
            _, letter, *body = atom.data
            return summed(ring, letter, derived(ring, (body[0], body[1]), by))


def _quantity_slope(ring: Ring, node: Node, by: Entry) -> Ratio:
    if node is by:
        return ring.unit
    if by.name not in node.tensors:
        return ring.zero, ring.one
    if not isinstance(node, Entry) or node.name != by.name or len(node.indices) != len(by.indices):
        raise Beyond
    product = ring.unit
    for one, other in zip(node.indices, by.indices, strict=True):
        product = ring.multiplied(product, _both_at(ring, one, other))
    return product


def _both_at(ring: Ring, one: Index, other: Index) -> Ratio:
    if one is other:
        return ring.unit
    if isinstance(one, Literal) and isinstance(other, Literal):
        return ring.zero, ring.one
    if not isinstance(one, (Letter, Literal)) or not isinstance(other, (Letter, Literal)):
        raise Beyond
    return ring.quantity(delta(one, other))


def delta(one: Index, other: Index) -> Delta:
    """The Kronecker delta of two indices in either order, as one node."""
    return Delta(*in_order(one, other))


def in_order(one: Index, other: Index) -> tuple[Index, Index]:
    """Two indices of which the order does not matter, always in the same one."""
    first, second = sorted((one, other), key=_order)
    return first, second


def _order(index: Any) -> tuple[str, str]:
    return type(index).__name__, index.name if isinstance(index, Letter) else repr(index)


def _function_slope(ring: Ring, atom: Atom, by: Entry) -> Ratio:
    name, *flat = atom.data
    arguments = tuple((flat[n], flat[n + 1]) for n in range(0, len(flat), 2))
    total: Ratio = (ring.zero, ring.one)
    for place, argument in enumerate(arguments):
        inner = derived(ring, argument, by)
        if inner[0]:
            total = ring.added(total, ring.multiplied(_partial(ring, name, arguments, place), inner))
    return total


def _partial(ring: Ring, name: str, arguments: tuple[Ratio, ...], place: int) -> Ratio:
    """The derivative of a function by one of its arguments."""
    match name:
        case "sin":
            return ring.function("cos", arguments)
        case "cos":
            top, bottom = ring.function("sin", arguments)
            return -top, bottom
        case "erf":
            ((top, bottom),) = arguments
            bell = ring.exponential((-ring.times(top, top), ring.times(bottom, bottom)))
            root = ring.real_power(ring.quantity(PI, positive=True), fmpq(-1, 2))
            return ring.multiplied(ring.multiplied(bell, root), ring.constant(fmpq(2)))
    called, _, orders = name.partition(":")
    counted = [int(n) for n in orders.split(",")] if orders else [0] * len(arguments)
    counted[place] += 1
    return ring.function(f"{called}:{','.join(map(str, counted))}", arguments)
