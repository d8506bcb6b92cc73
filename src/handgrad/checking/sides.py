"""On which side of a kink a page is: where it shows z₁ = 0.3 and has h₁ = max(0, z₁), its further lines may go on with the branch z₁ > 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache

from handgrad.catalogue import entries, functions
from handgrad.checking.chains import Chain
from handgrad.checking.indexed import Opaque
from handgrad.checking.naming import name_of, occurrences
from handgrad.checking.scopes import Scope
from handgrad.checking.shown import shown
from handgrad.checking.vocabulary import call_of, known_function
from handgrad.expr import Call, Cases
from handgrad.reading.surface import Applied, Bars, Compared, Decimal, Piecewise, Surface, spelled, walk
from handgrad.trees import subtrees

BENT = frozenset(("abs", "max", "min", "sign", "clip"))         # elementary functions with a kink
KINKED = BENT | {entry.name for entry in entries() if entry.facet.kinks}
OPPOSITE = {"<": ">=", ">": "<=", "<=": ">", ">=": "<"}
MOST = 12       # facts


def signs(chains: Sequence[Chain], scope: Scope) -> tuple[str, ...]:
    """The facts `z > 0` and `z < 0` that the numbers of a page say of what stands in a function with a kink."""
    kinked = {own for chain in chains for link in chain.links for node in walk(link.side.tree) for own in _inside(node)}
    found: dict[str, str] = {}
    for chain in chains:
        head, number = chain.head.side.tree, shown(chain.links[-1].side.tree)
        name = name_of(head)
        if name is None or number is None or not number.value or name.own not in kinked or len(found) >= MOST:
            continue
        with suppress(Opaque):
            fact = f"{scope.interpreter().text(head)} {'>' if number.value > 0 else '<'} 0"
            if found.setdefault(spelled(head), fact) != fact:       # shown on both sides, as before and after a step
                return ()
    return tuple(found.values())


def cases(bodies: Iterable[Surface]) -> list[Surface]:
    """The conditions of the cases that definitions are made of, those of `max(0, u)` among them, and their opposites."""
    found = {spelled(c): c for body in bodies for node in walk(body) for c in _conditions(node)}
    outside = [Compared(c.span, OPPOSITE[c.operator], c.left, c.right) for c in found.values() if isinstance(c, Compared) and c.operator in OPPOSITE]
    return [*found.values(), *outside]


def _conditions(node: Surface) -> Iterator[Surface]:
    if isinstance(node, Piecewise):
        yield from (c for _, c in node.rows if c is not None)
    called = call_of(node)
    if called is not None and spelled(called[0]) == "max" and len(called[1]) == 2:
        zero, other = sorted(called[1], key=lambda a: spelled(a) != "0")
        if spelled(zero) == "0":
            yield Compared(node.span, ">", other, zero)
    elif called is not None and spelled(called[0]).lower() == "relu" and len(called[1]) == 1:
        yield Compared(node.span, ">", called[1][0], Decimal(node.span, "0"))


def _inside(node: Surface) -> Iterator[str]:
    """The names in the argument of a function with a kink."""
    call = call_of(node)
    function = name_of(call[0]) if call is not None else None
    bent = isinstance(node, (Bars, Piecewise)) or isinstance(node, Applied) and (spelled(node.function).lower() in KINKED) \
        or function is not None and (function.own.lower() in KINKED or known_function(function.own) in KINKED)
    if bent:
        yield from (name.own for _, name in occurrences(node))


def kinked(node: object) -> bool:
    """Whether a part of a formula is made of cases, or a function with a kink."""
    return isinstance(node, Cases) or (isinstance(node, Call) and _has_kink(node.function))


@cache
def _has_kink(function: str) -> bool:
    """Whether a function is made of cases or of something with a kink."""
    if function in BENT:
        return True
    found = functions().get(function)
    return found is not None and any(kinked(part) for part in subtrees(found.body))
