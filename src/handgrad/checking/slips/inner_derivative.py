"""S105, the derivative of what stands inside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from handgrad.checking.edits import Context, Edit, Slip, farther
from handgrad.checking.parts import free_letters, is_call, key, names_in, plain
from handgrad.checking.places import Place, bracketed, inner, innermost, is_name, is_power, multiplied, number, product, scaled, values
from handgrad.checking.removals import removals
from handgrad.reading.surface import Applied, Bars, Decimal, Derivative, Factor, Group, Nabla, Product, Root, Scripted, Sum, Surface, Symbol, Term, walk

FEW = 12


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    derived = context.left is None or isinstance(context.left, (Derivative, Nabla))
    found = [(factor, cost if derived else cost + 1.2) for factor, cost in _factors(tree, context)]
    for place in scaled(tree):
        if isinstance(inner(place.node), Decimal) and (place.above is not None or not context.numeric):
            continue
        for factor, cost in found:
            yield _one(place, factor, context, cost)


def _one(place: Place, factor: Surface, context: Context, cost: float) -> Edit:
    aim = innermost(place) if free_letters(factor, frozenset(context.letters)) - frozenset(context.free) else place
    return Edit("inner_derivative", aim, multiplied(aim.node, factor), place.node.span, cost + farther(place),
                ("the derivative of what is inside, ", factor, ", is missing"))


def _factors(tree: Surface, context: Context) -> Iterator[tuple[Surface, float]]:
    """What may be missing: derivatives that are known; 1 − h where h stands there; h(1 − h), 1 − h² and f′(u) of what is known."""
    yield from ((factor, 0.1) for factor in _closing(tree, context.left))
    yield from ((factor, 0.3) for factor in _called(tree, context))
    yield from ((factor, 0.4) for factor in _inside(tree, context.left))
    for n, factor in enumerate(context.factors):
        if isinstance(inner(factor), Derivative) or _is_primed(factor):
            yield factor, 0.2 + 0.05 * n
        elif _is_rest(factor):
            yield factor, 0.3 + 0.05 * n
    standing = {key(name): name for name in _bases(tree, context)}
    for name in standing.values():
        yield _rest(name), 0.3
        yield _rest(powered_two(name)), 0.9
    if not context.numeric:
        for n, name in enumerate(context.names[:FEW]):
            yield product(name, _rest(name)), 0.7 + 0.06 * n
            yield _rest(powered_two(name)), 1.1 + 0.06 * n


def _closing(tree: Surface, left: Surface | None) -> Iterator[Surface]:
    """What closes the chain between the left side and a derivative that stands there: for ∂J/∂a and ∂s/∂z, ∂J/∂s and ∂z/∂a."""
    if not isinstance(left, Derivative) or len(left.by) != 1:
        return
    for node in walk(tree):
        if isinstance(node, Derivative) and len(node.by) == 1 and is_name(node.body) and key(node.body) != key(node.by[0]):
            if key(node.body) != key(left.body):
                yield Derivative(node.span, left.body, (node.body,), left.partial)
            if key(node.by[0]) != key(left.by[0]):
                yield Derivative(node.span, node.by[0], left.by, left.partial)


def _inside(tree: Surface, left: Surface | None) -> Iterator[Surface]:
    """The derivatives, by what the left side differentiates by, of what stands in brackets, under roots and in functions."""
    if not isinstance(left, Derivative) or len(left.by) != 1:
        return
    wanted = name_base(left.by[0])
    seen: set[str] = set()
    for place in values(tree):
        node = place.node
        if not place.within(Derivative) and _is_inside(place) and key(node) not in seen and _uses(node, wanted):
            seen.add(key(node))
            yield Derivative(node.span, bracketed(node), left.by, left.partial)
    yield from _entries(tree, left, wanted)


def _is_inside(place: Place) -> bool:
    """Whether a part of a formula may be an inner function: what stands in brackets, under a root or in a function, and a power."""
    node = place.node
    if isinstance(node, Scripted):
        return is_power(node.sup) or isinstance(node.base, Symbol) and node.base.name == "e"
    return isinstance(node, (Root, Applied, Bars)) or isinstance(node, (Sum, Product)) and place.field in ("items", "arguments")


def _uses(node: Surface, wanted: str) -> bool:
    return any(isinstance(n, (Symbol, Scripted)) and name_base(n) == wanted for n in walk(node))


def _entries(tree: Surface, left: Derivative, wanted: str) -> Iterator[Surface]:
    """The derivatives of the other entries of what the left side differentiates by: ∂w_k/∂w_i for ∂J/∂w_i."""
    found = {key(name): name for place in names_in(tree) if name_base(name := plain(place.node)[0]) == wanted and not place.within(Derivative)}
    yield from (Derivative(name.span, name, left.by, left.partial) for text, name in found.items() if text != key(left.by[0]))


def name_base(node: Surface) -> str:
    """The spelling of a name without its indices."""
    return key(node.base) if isinstance(node, Scripted) else key(node)


def _called(tree: Surface, context: Context) -> Iterator[Surface]:
    """The derivatives of the functions that are called with what the left side differentiates by: ∂g(w, x)/∂w for ∂J/∂w."""
    left = context.left
    if not isinstance(left, Derivative) or len(left.by) != 1:
        return
    seen: set[str] = set()
    for node in (*context.products, *(n for n in walk(tree) if isinstance(n, Product))):
        for first, second in pairwise(node.factors):
            if is_call(first.node, second) and isinstance(second.node, Group) and any(key(item) == key(left.by[0]) for item in second.node.items):
                call = Product((first.node.span[0], second.node.span[1]), (Factor("", first.node), second))
                if key(call) not in seen:
                    seen.add(key(call))
                    yield Derivative(call.span, call, left.by, left.partial)


def _is_primed(factor: Surface) -> bool:
    head = factor.factors[0].node if isinstance(factor, Product) else factor
    return isinstance(head, Scripted) and head.primes > 0


def _is_rest(factor: Surface) -> bool:
    """Whether a factor is one minus something."""
    body = inner(factor)
    return isinstance(body, Sum) and len(body.terms) == 2 and key(body.terms[0].node) == "1" and body.terms[1].sign < 0


def _bases(tree: Surface, context: Context) -> Iterator[Surface]:
    """What the formula multiplies: names; with numbers, those between 0 and 1; calls such as σ(z)."""
    if context.numeric:
        yield from (node for node in walk(tree) if isinstance(node, Decimal) and node.text.startswith(("0.", ".")))
        return
    yield from (plain(place.node)[0] for place in names_in(tree))
    for node in walk(tree):
        if isinstance(node, Product):
            for first, second in pairwise(node.factors):
                if is_call(first.node, second) and len(node.factors) > 1:
                    yield Product((first.node.span[0], second.node.span[1]), (Factor("", first.node), second))


def powered_two(name: Surface) -> Surface:
    """The square of a name."""
    base = name if not isinstance(name, Scripted) or name.sup is None else Group(name.span, "(", (name,))
    two = number(name.span, "2")
    return Scripted(base.span, base.base, base.sub, two, base.primes) if isinstance(base, Scripted) else Scripted(base.span, base, (), two)


def _rest(name: Surface) -> Surface:
    """One minus a value, in parentheses."""
    span = name.span
    return Group(span, "(", (Sum(span, (Term(1, number(span, "1"), span), Term(-1, name, span))),))


def _commits(tree: Surface, context: Context) -> Iterator[Edit]:
    for removal in removals(tree):
        node = removal.node
        if _is_rest(node) or isinstance(node, Derivative) or _is_primed(node) or context.numeric and _is_complement(node, tree):
            yield Edit("inner_derivative", removal.place, removal.left, node.span, farther(removal.place),
                       ("the factor ", node, ", the derivative inside, is left out"))


def _is_complement(node: Surface, tree: Surface) -> bool:
    """Whether a decimal and another one in the formula add up to 1, as h and 1 − h do."""
    own = inner(node)
    if not isinstance(own, Decimal):
        return False
    whole = [n.text for n in walk(tree) if isinstance(n, Decimal) and n is not own]
    return any(adds_to_one(own.text, other) for other in whole)


def adds_to_one(a: str, b: str) -> bool:
    """Whether two decimals as they are shown add up to 1."""
    places = max(len(text.partition(".")[2]) for text in (a, b))
    return sum(_scaled(text, places) for text in (a, b)) == int("1" + "0" * places)


def _scaled(text: str, places: int) -> int:
    whole, _, digits = text.partition(".")
    return int((whole or "0") + digits.ljust(places, "0"))


SLIP = Slip(
    code="S105", kind="inner_derivative", title="the derivative of what is inside is missing", frequency=9,
    looks="The outer function is differentiated and the inner one is left as it is: ∂σ(g)/∂w without ∂g/∂w, (h − t)·x without h(1 − h).",
    why="The chain rule multiplies by the derivative of the inner function: ∂f(g)/∂w = f′(g) · ∂g/∂w.",
    fine="The inner derivative is 1 where the inner function is the variable itself, or the variable and a constant.",
    wrong=r"\frac{\partial E}{\partial w} = (h - t) h x",
    right=r"\frac{\partial E}{\partial w} = (h - t) h (1 - h) x",
    hint="is every inner function differentiated?", edits=_edits, commits=_commits)
