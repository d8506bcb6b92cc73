"""S115, another function or another derivative than the one that belongs there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from handgrad.checking.edits import Context, Edit, Slip, edit, farther
from handgrad.checking.parts import FUNCTIONS, chunk, chunks, is_call, key, plain, powered
from handgrad.checking.places import Place, inner, values
from handgrad.reading.surface import Applied, Bars, Decimal, Factor, Fraction, Group, Product, Scripted, Sum, Surface, Symbol, Term

ALIKE = (("sigma", "tanh"), ("sin", "cos"), ("max", "min"), ("sigma", "ReLU"), ("tanh", "ReLU"), ("sinh", "cosh"), ("log", "exp"), ("log_2", "log"))


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place in values(tree):
        yield from _rest(place)
        yield from _named(place)
        yield from _primed(place)
        yield from _derived(place)


def _rest(place: Place) -> Iterator[Edit]:
    """`1 + h` for `1 − h`, `1 − h` for `1 − h²`, and the other way round."""
    node = place.node
    if not isinstance(node, Sum) or len(node.terms) != 2 or key(node.terms[0].node) != "1":
        return
    first, second = node.terms
    if second.sign > 0 and _beside(place, second.node):
        made = Sum(node.span, (first, replace(second, sign=-1)))
        # a sign, too; but h(1 + h) is the derivative remembered wrongly, and says so
        yield Edit("wrong_function", place, made, node.span, -2.0, ("the derivative has ", made, ", not ", node))
    base, sup = plain(second.node)
    if second.sign < 0 and isinstance(sup, Decimal) and sup.text == "2":
        made = Sum(node.span, (first, replace(second, node=base)))
        yield Edit("wrong_function", place, made, node.span, -1.0, "the derivative of the sigmoid has no square")
        sigmoid = Product(node.span, (Factor("", base), Factor("", Group(node.span, "(", (made,)))))
        yield Edit("wrong_function", *_outside(place, sigmoid), node.span, 0.3, "that is the derivative of tanh: the sigmoid has h(1 − h)")
    elif second.sign < 0 and sup is None:
        made = Sum(node.span, (first, replace(second, node=powered(base, Decimal(node.span, "2")))))
        yield Edit("wrong_function", place, made, node.span, -0.8, "the derivative of tanh has a square: 1 − t²")
        if _beside(place, base):
            yield Edit("wrong_function", *_without(place, base, made), node.span, 0.3, "that is the derivative of the sigmoid: tanh has 1 − t²")


def _holder(place: Place) -> tuple[Place, int] | None:
    """The product that a sum in parentheses is a factor of, and as which."""
    group = place.above
    if group is None or not isinstance(group.node, Group) or group.above is None or not isinstance(group.above.node, Product):
        return None
    return group.above, group.at[0]


def _beside(place: Place, node: Surface) -> bool:
    held = _holder(place)
    if held is None or not isinstance(held[0].node, Product):
        return False
    holder = held[0].node
    return any(key(chunk(holder, start, end)) == key(node) for start, end in chunks(holder))


def _without(place: Place, own: Surface, made: Surface) -> tuple[Place, Surface]:
    """The product that a sum stands in, with `made` for the sum and without the factor beside it."""
    held = _holder(place)
    assert held is not None and isinstance(held[0].node, Product)
    holder, n = held
    product = held[0].node
    start, end = next((s, e) for s, e in chunks(product) if key(chunk(product, s, e)) == key(own))
    kept = [replace(f, node=Group(f.node.span, "(", (made,))) if m == n else f for m, f in enumerate(product.factors) if not start <= m < end]
    kept[0] = replace(kept[0], operator="")
    return holder, kept[0].node if len(kept) == 1 else replace(product, factors=tuple(kept))


def _outside(place: Place, made: Surface) -> tuple[Place, Surface]:
    """Something in the place of a sum and of the parentheses round it."""
    above = place.above
    return (above, made) if above is not None and isinstance(above.node, Group) and len(above.node.items) == 1 else (place, made)


def _named(place: Place) -> Iterator[Edit]:
    """The name of a function that is like another."""
    for name, new, span, cost in _renamed(place):
        yield edit("wrong_function", place, new, cost, f"{name} is not the function that belongs there", span)


def _renamed(place: Place) -> Iterator[tuple[str, Surface, tuple[int, int], float]]:
    match place.node:
        case Applied(_, Symbol(_, name), arguments):
            for other in _like(name):
                yield name, _calling(place.node, other, arguments), place.node.function.span, 0.4
        case Product(_, factors):
            for n, (first, second) in enumerate(pairwise(factors)):
                if isinstance(first.node, Symbol) and is_call(first.node, second) and isinstance(second.node, Group):
                    for other in _like(first.node.name):
                        made = _calling(second.node, other, second.node.items)
                        kept = (*factors[:n], Factor(first.operator, made), *factors[n + 2:])
                        yield first.node.name, kept[0].node if len(kept) == 1 else replace(place.node, factors=kept), first.node.span, 0.4


def _like(name: str) -> list[str]:
    return [b if a == name else a for a, b in ALIKE if name in (a, b)]


def _calling(at: Surface, name: str, arguments: tuple[Surface, ...]) -> Surface:
    if name in FUNCTIONS:
        return Product(at.span, (Factor("", Symbol(at.span, name)), Factor("", Group(at.span, "(", arguments))))
    return Applied(at.span, Symbol(at.span, name), arguments)


def _primed(place: Place) -> Iterator[Edit]:
    """A function where its derivative belongs, and the derivative where it belongs."""
    if not isinstance(place.node, Product):
        return
    for n, (first, second) in enumerate(pairwise(place.node.factors)):
        if not is_call(first.node, second):
            continue
        head = first.node
        if isinstance(head, Scripted) and head.primes:
            made: Surface = replace(head, primes=head.primes - 1) if head.primes > 1 or head.sub or head.sup is not None else head.base
            said: tuple[str | Surface, ...] = (made, " belongs there, not its derivative")
        else:
            made = replace(head, primes=1) if isinstance(head, Scripted) else Scripted(head.span, head, (), None, 1)
            said = ("the derivative of ", head, " belongs there, not ", head, " itself")
        kept = (*place.node.factors[:n], replace(first, node=made), *place.node.factors[n + 1:])
        yield Edit("wrong_function", place, replace(place.node, factors=kept), head.span, 0.5 + farther(place), said)


def _derived(place: Place) -> Iterator[Edit]:
    """log u for 1/u, u for |u|, u/|u| for a number, exp for log: what is differentiated as something else."""
    span = place.node.span
    match place.node:
        case Applied(_, Symbol(_, "log" | "ln"), (argument,)):
            yield edit("wrong_function", place, Fraction(span, Decimal(span, "1"), argument), 0.8, "log u has the derivative 1/u")
        case Fraction(_, top, bottom) if key(top) == "1":
            yield edit("wrong_function", place, Fraction(span, Bars(span, "abs", inner(bottom)), bottom), 0.8,
                       "the derivative of a modulus is u over its modulus, not 1/u")
            yield edit("wrong_function", place, Applied(span, Symbol(span, "log"), (inner(bottom),)), 1.2, "log belongs there, not 1/u")
        case Bars(_, "abs", body):
            yield Edit("wrong_function", place, Group(span, "(", (body,)), span, 0.9 + farther(place), "the bars are too many")
        case Group(_, _, (Sum(_, (Term(), Term())) as body,)):
            yield edit("wrong_function", place, Bars(span, "abs", body), 1.2, "the bars are missing")


def _commits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place in values(tree):
        node = place.node
        if isinstance(node, Sum) and len(node.terms) == 2 and key(node.terms[0].node) == "1" and node.terms[1].sign < 0:
            made = Sum(node.span, (node.terms[0], replace(node.terms[1], sign=1)))
            yield Edit("wrong_function", place, made, node.span, 0.2, (made, " is taken for ", node))
        yield from _rest(place)
        yield from _named(place)


SLIP = Slip(
    code="S115", kind="wrong_function", title="another function", frequency=4,
    looks="σ(1 + σ) stands for σ(1 − σ), 1 − t for 1 − t², the derivative of tanh for that of the sigmoid, f for f′, 1/u for |u|/u.",
    why="σ′ = σ(1 − σ) and tanh′ = 1 − tanh²; the two are easily taken for one another.",
    fine="Functions that are equal are: (1 − t)(1 + t) is 1 − t².",
    wrong=r"\frac{\partial h}{\partial z} = h (1 + h)",
    right=r"\frac{\partial h}{\partial z} = h (1 - h)",
    hint="which function is differentiated here, and what is its derivative?", edits=_edits, commits=_commits)
