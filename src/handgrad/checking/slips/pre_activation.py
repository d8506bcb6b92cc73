"""S114, a value before its activation and the one after it."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.checking.edits import Context, Edit, Slip, base_of, edit
from handgrad.checking.parts import all_names, is_call, key, names_in, plain, powered, replaced
from handgrad.checking.places import Place, values
from handgrad.reading.surface import Applied, Decimal, Factor, Group, Product, Scripted, Surface, Symbol, walk

PAIRS = frozenset((before, after) for before, afters in {
    "z": "h a o y s f theta sigma phi", "u": "o h", "net": "out o h a", "a": "h z", "in": "out", "s": "h"}.items() for after in afters.split())
ACTIVATIONS = frozenset("sigma tanh ReLU relu phi sigmoid softplus".split())


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    yield from _decimals(tree, context)
    pairs = list(_pairs(context))
    for place in all_names(tree):
        name, sup = plain(place.node)
        for one, other, cost in pairs:
            if key(one) == key(name):
                said = (name, " stands where ", other, " belongs: one of them is before the activation, the other after it")
                yield Edit("pre_activation", place, powered(other, sup), name.span, cost - 0.5, said)
                yield Edit("pre_activation", Place(tree), replaced(tree, name, other), place.node.span, cost - 0.4, said)
    yield from _activated(tree, context)


def _pairs(context: Context) -> Iterator[tuple[Surface, Surface, float]]:
    """Quantities before and after an activation, both ways round: those known, and those that are so called."""
    for before, after in context.activations:
        yield before, after, 0.0
        yield after, before, 0.0
    if not context.activations:
        for one in context.names:
            for other in context.names:
                if _is_pair(one, other) or _is_pair(other, one):
                    yield one, other, 0.2


def _is_pair(before: Surface, after: Surface) -> bool:
    first, second = _split(before), _split(after)
    return (first[0], second[0]) in PAIRS and (first[1] == second[1] or first[1] == second[0])


def _split(name: Surface) -> tuple[str, str]:
    """The base and the index of a name; an index that is the name of the unit, as in `z_{h_1}`, is whole."""
    if isinstance(name, Scripted):
        return key(name.base).removeprefix("\\"), ",".join(key(s) for s in name.sub)
    return key(name).removeprefix("\\"), ""


def _activated(tree: Surface, context: Context) -> Iterator[Edit]:
    """An activation that is forgotten, or that is too many."""
    functions = {key(f): f for whole in (*context.known, tree) for f in _functions(whole)}
    called = {p.above.node.span for p in values(tree) if p.above is not None and isinstance(p.above.node, (Group, Applied))}
    for place in values(tree):
        argument = _argument(place.node)
        if argument is not None:
            yield edit("pre_activation", place, argument, 0.9, "the activation is one too many")
    for place in names_in(tree):
        if place.above is not None and place.above.node.span in called and isinstance(place.above.node, Group) and len(place.above.node.items) == 1:
            continue
        for function in functions.values():
            yield edit("pre_activation", place, _call(function, place.node), 0.9, "the activation is missing")


def _functions(tree: Surface) -> Iterator[Surface]:
    for node in walk(tree):
        if isinstance(node, Applied) and isinstance(node.function, Symbol) and node.function.name in ACTIVATIONS:
            yield node.function
        if isinstance(node, Product):
            yield from (f.node for f, g in zip(node.factors, node.factors[1:], strict=False)
                        if isinstance(f.node, Symbol) and f.node.name in ACTIVATIONS and is_call(f.node, g))


def _argument(node: Surface) -> Surface | None:
    """The argument of a formula that is an activation of something, in parentheses."""
    match node:
        case Applied(_, Symbol(_, name), (argument,)) if name in ACTIVATIONS:
            return argument
        case Product(_, (first, second)) if is_call(first.node, second) and isinstance(first.node, Symbol) and first.node.name in ACTIVATIONS:
            return second.node
    return None


def _call(function: Surface, argument: Surface) -> Surface:
    span = argument.span
    if isinstance(function, Symbol) and function.name in ("sigma", "phi"):
        return Product(span, (Factor("", function), Factor("", Group(span, "(", (argument,)))))
    return Applied(span, function, (argument,))


def _decimals(tree: Surface, context: Context) -> Iterator[Edit]:
    """With numbers: the value of z for that of h."""
    if not context.numeric:
        return
    pairs = {(_own(a), _own(b)) for a, b, _ in _pairs(context)}
    for place in (p for p in values(tree) if isinstance(p.node, Decimal)):
        assert isinstance(place.node, Decimal)
        for name in (n for n, text in context.values.items() if text.lstrip("-−") == place.node.text):
            for other, text in context.values.items():
                if (name, other) in pairs or _is_told(name, other):
                    made = Decimal(place.node.span, text.lstrip("-−"))
                    yield Edit("pre_activation", place, made, place.node.span, 0.2, f"the value of {name} stands where that of {other} belongs")


def _own(name: Surface) -> str:
    return key(name).removesuffix("_")


def _is_told(one: str, other: str) -> bool:
    first, second = base_of(one), base_of(other)
    return one.partition("_")[2] == other.partition("_")[2] and bool({(first, second), (second, first)} & PAIRS)


SLIP = Slip(
    code="S114", kind="pre_activation", title="before or after the activation", frequency=4,
    looks="z stands where h = σ(z) belongs or the other way round: σ′ as z(1 − z), or the weighted sum handed on without its activation.",
    why="σ′(z) = σ(z)(1 − σ(z)) = h(1 − h) is written in the value after the activation; the next layer takes h, not z.",
    fine="σ(z)(1 − σ(z)) and h(1 − h) are the same; so is σ′(z).",
    wrong=r"\frac{\partial h_1}{\partial z_1} = z_1 (1 - z_1)",
    right=r"\frac{\partial h_1}{\partial z_1} = h_1 (1 - h_1)",
    hint="the value before the activation, or the one after it?", edits=_edits, commits=_edits)
