"""Which number stands for which name where a page puts numbers into a formula: `b + w x` beside `-0.36 + (-0.1)(0.18)`.

Factors may stand in another order than in the formula; the assignment is the first that agrees with itself over the whole page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import permutations

from handgrad.reading.surface import Decimal, Group, Product, Sum, Surface

Naming = Callable[[Surface], str | None]
Assignment = dict[str, Fraction]
MOST_FACTORS, MOST_TRIED = 4, 20_000


def number(node: Surface) -> Fraction | None:
    """The number that a side, or a factor in parentheses, is."""
    match node:
        case Decimal(_, text) if len(text) < 400:
            return Fraction(text)
        case Group(_, _, (item,)):
            return number(item)
        case Sum(_, (term,)):
            size = number(term.node)
            return None if size is None else term.sign * size
    return None


def alternatives(formula: Surface, numbers: Surface, naming: Naming) -> Iterator[tuple[Assignment, ...]]:
    """For each term of the formula with numbers in its place the assignments that it may mean, the one in order first."""
    formula, numbers = bare(formula), bare(numbers)
    if isinstance(formula, Sum) and isinstance(numbers, Sum) and len(formula.terms) == len(numbers.terms):
        for a, b in zip(formula.terms, numbers.terms, strict=True):
            yield from _term(a.sign, a.node, b.sign, b.node, naming)
        return
    yield from _term(1, formula, 1, numbers, naming)


def bare(node: Surface) -> Surface:
    """What stands in parentheses that nothing needs."""
    while isinstance(node, Group) and len(node.items) == 1:
        node = node.items[0]
    return node


def _term(sign: int, formula: Surface, shown_sign: int, numbers: Surface, naming: Naming) -> Iterator[tuple[Assignment, ...]]:
    name, value = naming(bare(formula)), number(numbers)
    if name is not None and value is not None:
        yield ({name: sign * shown_sign * value},)
        return
    if isinstance(formula, Product) and isinstance(numbers, Product) and len(formula.factors) == len(numbers.factors) <= MOST_FACTORS:
        names = [naming(bare(f.node)) for f in formula.factors]
        values = [number(f.node) for f in numbers.factors]
        if all(names) and all(v is not None for v in values):
            turned = sign * shown_sign
            found = []
            for order in permutations([v for v in values if v is not None]):
                given = dict(zip([n for n in names if n], (turned * order[0], *order[1:]) if turned < 0 else order, strict=True))
                if given not in found:
                    found.append(given)
            yield tuple(found)


def assigned(choices: Sequence[tuple[Assignment, ...]], known: Mapping[str, Fraction], shown: Mapping[str, frozenset[Fraction]]) -> Assignment:
    """The first assignment in which each name has one number; a name in `shown` is a result, and may have any number shown for it."""
    tried = 0

    def below(place: int, found: Assignment) -> Assignment | None:
        nonlocal tried
        if place == len(choices):
            return found
        for choice in choices[place]:
            tried += 1
            if tried > MOST_TRIED:
                return None
            if all(_agrees(name, value, found, shown) for name, value in choice.items()):
                whole = below(place + 1, {**found, **{n: v for n, v in choice.items() if n not in shown}})
                if whole is not None:
                    return whole
        return None

    return below(0, dict(known)) or dict(known)


def _agrees(name: str, value: Fraction, found: Mapping[str, Fraction], shown: Mapping[str, frozenset[Fraction]]) -> bool:
    if name in shown:
        return not shown[name] or value in shown[name]
    return found.get(name, value) == value
