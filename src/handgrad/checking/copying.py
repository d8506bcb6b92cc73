"""Which number stands for which quantity where numbers are put into a formula as it is built: the third factor for the third factor.

    pairs(formula("x h (1 - h)"), formula("0.5 (0.68)(1 - 0.68)"), names.key)          # x: 0.5, h: 0.68, h: 0.68

Signs and brackets are no part of how a formula is built here: `−0.3` may stand for a name whose number is negative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from handgrad.checking.evaluation import number
from handgrad.reading.surface import Braced, Decimal, Fraction, Group, Product, Root, Scripted, Sum, Surface, spelled

KeyOf = Callable[[Surface], str | None]


class Different(Exception):
    """The numbers are not put into this formula as it is built."""


def pairs(formula: Surface, numbers: Surface, key_of: KeyOf) -> tuple[tuple[str, Decimal], ...] | None:
    """The quantities of a formula, each time that it names them, with the number in that place; None where the two are not built alike."""
    try:
        return tuple(_pairs(formula, numbers, key_of))
    except Different:
        return None


def _pairs(formula: Surface, numbers: Surface, key_of: KeyOf) -> Iterator[tuple[str, Decimal]]:
    formula, numbers = _bare(formula), _bare(numbers)
    key = key_of(formula)
    if key is not None:
        if not isinstance(numbers, Decimal):
            raise Different
        return iter(((key, numbers),))
    found = tuple(zip(_parts(formula), _parts(numbers), strict=False))
    if type(formula) is not type(numbers) or len(_parts(formula)) != len(_parts(numbers)):
        raise Different
    if not found and _said(formula) != _said(numbers):
        raise Different
    return chain.from_iterable(tuple(_pairs(*both, key_of)) for both in found)


def _bare(node: Surface) -> Surface:
    """What stands in brackets, behind a sign."""
    match node:
        case Group(_, _, (item,)) | Braced(_, item, _):
            return _bare(item)
        case Sum(_, (term,)):
            return _bare(term.node)
    return node


def _parts(node: Surface) -> tuple[Surface, ...]:
    """What a formula is built of; nothing where it is a whole."""
    match node:
        case Sum(_, terms):
            return tuple(t.node for t in terms)
        case Product(_, factors) if all(f.operator != "/" for f in factors):
            return tuple(f.node for f in factors)
        case Fraction(_, numerator, denominator):
            return numerator, denominator
        case Root(_, body, None):
            return (body,)
        case Scripted(_, base, (), sup) if sup is not None and not node.primes:
            return base, sup
    return ()


def _said(node: Surface) -> object:
    """What a whole says: two numbers may be written with a different number of zeros."""
    return number(node.text) if isinstance(node, Decimal) else spelled(node)
