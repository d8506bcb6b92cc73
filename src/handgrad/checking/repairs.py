"""Misreadings that a page reader makes, undone: each a reading at a cost, offered only where it makes the whole link hold.

They change what was read, never what was meant: a derivative sign that got a letter too many, an x in an exponent that was read as a 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.naming import identifier, occurrences
from handgrad.checking.vocabulary import Vocabulary
from handgrad.reading.surface import Decimal, Derivative, Factor, Group, Product, Scripted, Sum, Surface, Symbol, rebuilt, spelled, substituted, walk
from handgrad.reading.typesetting import unicode
from handgrad.records import dataclass

LIKE_LETTERS = {"2": "xzw", "1": "li", "5": "s", "0": "o", "9": "qg", "6": "b", "8": "B", "3": "z"}     # digits, and letters read for them


@dataclass(frozen=True, slots=True)
class Repair:
    """A repaired formula: how it is read, and what was taken for what."""

    tree: Surface
    read: str
    shown: str
    cost: float


def repairs(tree: Surface, beside: Surface, words: Vocabulary) -> list[Repair]:
    """The repairs of one misreading in a formula, the cheapest first; `beside` is what stands on the left."""
    return sorted((*_operators(tree, words), *_exponents(tree, beside)), key=lambda r: r.cost)


def _operators(tree: Surface, words: Vocabulary) -> Iterator[Repair]:
    """`∂ξ/∂w {…}` for `∂/∂w {…}`, where nothing on the page says what the ξ is."""
    for node in walk(tree):
        if not isinstance(node, Product):
            continue
        for n, factor in enumerate(node.factors[:-1]):
            sign, following = factor.node, node.factors[n + 1]
            if not isinstance(sign, Derivative) or not isinstance(sign.body, Symbol) or not isinstance(following.node, Group) or following.operator:
                continue
            own = identifier(sign.body)
            if own in words.assigned or own in words.bare or own in words.functions or own in words.calls:
                continue
            applied = replace(sign, body=following.node, span=(sign.span[0], following.node.span[1]))
            rest = (*node.factors[:n], Factor(factor.operator, applied), *node.factors[n + 2:])
            mended: Surface = applied if len(rest) == 1 else replace(node, factors=rest)
            without = unicode(replace(sign, body=Symbol(sign.body.span, "")))
            yield Repair(tree=substituted(tree, node, mended), read=without.replace(" ", ""), shown=unicode(sign), cost=1.0)


def _exponents(tree: Surface, beside: Surface) -> Iterator[Repair]:
    """`e^2` for `e^x`, wherever it stands in the formula."""
    letters = [n.name for part in (tree, beside) for node in walk(part) if isinstance(node, Scripted) and _is_e(node)
               for n, _ in _letters(node)]
    exponents = [node.sup for node in walk(tree) if isinstance(node, Scripted) and _is_e(node) and node.sup is not None]
    digits = {n.text for sup in exponents for n in walk(sup) if isinstance(n, Decimal)}
    for digit in sorted(digits):
        for letter in dict.fromkeys(x for x in letters if x in LIKE_LETTERS.get(digit, "")):
            mended = _with_letter(tree, digit, letter)
            yield Repair(mended, f"e^{letter}", f"e^{digit}", 1.0)


def _letters(node: Scripted) -> Iterator[tuple[Symbol, str]]:
    if node.sup is not None:
        for found, _ in occurrences(node.sup):
            if isinstance(found, Symbol):
                yield found, spelled(found)


def _is_e(node: Scripted) -> bool:
    return isinstance(node.base, Symbol) and node.base.name == "e" and not node.sub


def _with_letter(node: Surface, digit: str, letter: str) -> Surface:
    """The formula with a letter for the digit in all exponents of e that are the digit or its negative."""
    if isinstance(node, Scripted) and _is_e(node) and node.sup is not None:
        return replace(node, sup=_exponent(node.sup, digit, letter))
    return rebuilt(node, lambda child: _with_letter(child, digit, letter))


def _exponent(sup: Surface, digit: str, letter: str) -> Surface:
    if isinstance(sup, Decimal) and sup.text == digit:
        return Symbol(sup.span, letter)
    if isinstance(sup, (Sum, Group)):
        return rebuilt(sup, lambda child: _exponent(child, digit, letter))
    return sup
