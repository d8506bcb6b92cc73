"""What to look at in a model before a set of numbers is handed out: where it flattens, and where it bends.

Both are found in the definitions alone, once for all sets. A `Flat` is a value that may come to rest: it is looked at again with what it
is made of scaled up and down. A `Bend` is a difference that is 0 on a kink, a `Tie` some values of which two may be the greatest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handgrad import catalogue
from handgrad.axes import Model
from handgrad.expr import (
    ZERO,
    Abstract,
    And,
    Call,
    Cases,
    Compare,
    Condition,
    Derivative,
    Entry,
    Expr,
    Letter,
    Node,
    Not,
    Or,
    Reduce,
    Slice,
    VectorCall,
    mul,
    number,
    parts,
)
from handgrad.records import dataclass
from handgrad.trees import names, opened, replaced, subtrees

SCALES_UP, SCALES_DOWN = ("2", "16", "4096"), ("1/4", "1/64", "1/4096")


@dataclass(frozen=True, slots=True)
class Flat:
    """A value, and the same with what it depends on scaled up and down; `quantity` says how it is rounded (empty: by default)."""

    value: Expr
    up: tuple[Expr, ...]
    down: tuple[Expr, ...]
    quantity: str


@dataclass(frozen=True, slots=True)
class Bend:
    """A difference that is 0 on a kink."""

    difference: Expr


@dataclass(frozen=True, slots=True)
class Tie:
    """Values of which the greatest (`max`) or the least is taken; along an axis one value for each place of the letter."""

    kind: str
    values: tuple[Expr, ...]
    letter: Letter | None = None


def reachable(model: Model, of: str) -> tuple[str, ...]:
    """The definitions that a name is made of, itself among them, in the order of the model."""
    found: set[str] = set()
    todo = {of}
    while todo:
        found |= todo
        todo = {below for name in todo if name in model.definitions for below in names(model.definitions[name].body)} - found
    return tuple(name for name in model.definitions if name in found)


def leaning(model: Model, by: tuple[str, ...]) -> frozenset[str]:
    """The names that depend on one of those given, these among them."""
    found = set(by)
    grown = True
    while grown:
        further = {name for name, definition in model.definitions.items() if found & names(definition.body)} - found
        found, grown = found | further, bool(further)
    return frozenset(found)


# ---------------------------------------------------------------- flat places


def flats(model: Model, of: str) -> Iterator[Flat]:
    """The values that may come to rest: definitions made of one tensor, and activations wherever they are called."""
    for name in reachable(model, of):
        body = model.definitions[name].body
        if any(isinstance(n, (Derivative, Abstract)) for n in subtrees(body)):
            continue
        if len(names(body)) == 1:
            yield _flat(body, lambda factor, tree=body: _scaled_entries(tree, factor), name)
            continue
        for call in _calls(body):
            yield _flat(call, lambda factor, tree=call: _scaled_argument(tree, factor), name if call is body else "")


def _flat(value: Expr, scaled: Any, quantity: str) -> Flat:
    return Flat(value, tuple(scaled(number(s)) for s in SCALES_UP), tuple(scaled(number(s)) for s in SCALES_DOWN), quantity)


def _scaled_entries(tree: Expr, factor: Expr) -> Expr:
    scaled_tree: Expr = replaced(tree, lambda n: mul(factor, n) if isinstance(n, Entry) else None)
    return scaled_tree


def _scaled_argument(call: Call | VectorCall, factor: Expr) -> Expr:
    if isinstance(call, Call):
        return Call(call.function, (mul(factor, call.arguments[0]), *call.arguments[1:]))
    return VectorCall(call.kind, call.axis, mul(factor, call.body), call.at)


def _calls(node: Node) -> Iterator[Call | VectorCall]:
    if isinstance(node, (Call, VectorCall)):
        found = catalogue.entry(node.function if isinstance(node, Call) else node.kind)
        if found is not None and found.kind == "activation" and node.tensors:
            yield node
    for child in below(node):
        yield from _calls(child)


# ---------------------------------------------------------------- kinks and ties


def bends(model: Model, of: str, by: tuple[str, ...]) -> Iterator[Bend | Tie]:
    """The kinks and ties of all definitions that the name is made of, as far as they lean on what is differentiated by."""
    varied = leaning(model, by)
    for name in reachable(model, of):
        for found in dict.fromkeys(_bends(model.definitions[name].body)):
            trees = (found.difference,) if isinstance(found, Bend) else found.values
            if any(varied & names(tree) for tree in trees):
                yield found


def _bends(node: Any) -> Iterator[Bend | Tie]:
    match node:
        case Cases(branches, _):
            for _, condition in branches:
                yield from (Bend(c.left if c.right is ZERO else c.left - c.right) for c in _comparisons(condition))
        case Call("abs" | "sign", (argument,)):
            yield Bend(argument)
        case Call("clip", (argument, low, high)):
            yield Bend(argument - low)
            yield Bend(argument - high)
        case Call("max" | "min" as kind, arguments):
            yield Tie(kind, arguments)
        case Reduce("max" | "min" as kind, _, _):
            letter, (body,) = opened(node)
            yield Tie(kind, (body,), letter)
    definition = _definition(node)
    for child in below(node) if definition is None else (definition,):
        yield from _bends(child)


def _definition(node: Any) -> Expr | None:
    """What a call of a function of the catalogue stands for."""
    known = catalogue.functions()
    match node:
        case Call(name, arguments) if name in known:
            return known[name].at(arguments)
        case Reduce(name, axis, arguments) if name in known:
            return known[name].at(arguments, axis)
        case _:
            return None


def _comparisons(condition: Condition) -> Iterator[Compare]:
    match condition:
        case Compare(operator, _, _) if operator not in ("==", "!="):
            yield condition
        case And(inner) | Or(inner):
            for c in inner:
                yield from _comparisons(c)
        case Not(c):
            yield from _comparisons(c)


def below(node: Any) -> Iterator[Node]:
    """The parts of a node; those under a binder with a letter in place of the bound index."""
    if isinstance(node, (Reduce, VectorCall, Slice)):
        _, bodies = opened(node)
        yield from bodies if isinstance(bodies, tuple) else (bodies,)
    else:
        yield from (child for child, _ in parts(node))
