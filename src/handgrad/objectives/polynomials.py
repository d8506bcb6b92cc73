"""Signs of rational functions: a quotient of polynomials that are evidently nowhere negative, as they stand or as a parabola in the score without roots.

Square roots of one base are taken out first: they are positive, and do not change a sign.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from handgrad.derivation.signs import Signs
from handgrad.expr import Entry, Expr, Number, Pow, number
from handgrad.rules.algebra import product, total
from handgrad.rules.canonical import canonical
from handgrad.rules.ratio import Ratio, ratio
from handgrad.rules.shapes import terms
from handgrad.trees import subtrees


def rational_nonnegative(signs: Signs, formula: Expr, score: str) -> bool:
    """Whether the formula, written out, is evidently such a quotient."""
    whole = canonical(_without_roots(signs.inlined(canonical(formula))))
    found = ratio(whole)
    if found is None or not found.denominator:
        return False
    return any(all(_evident(signs, found, sign * side, score) for side in (found.numerator, found.denominator)) for sign in (1, -1))


def _without_roots(e: Expr) -> Expr:
    """The formula times so odd a power of each square root in it that none is left."""
    for base in dict.fromkeys(n.base for n in subtrees(e) if isinstance(n, Pow) and _is_half(n.exponent)):
        most = max((n.exponent.value for n in subtrees(e) if isinstance(n, Pow) and n.base is base and _is_half(n.exponent)), key=abs)  # type: ignore[attr-defined]
        e = total(*(product(term, Pow(base, number(abs(Fraction(most))))) for term in terms(e)))
    return e


def _is_half(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 2


def _evident(signs: Signs, found: Ratio, polynomial: Any, score: str) -> bool:
    """Whether a polynomial is evidently nowhere negative."""
    if _sum_of_such(signs, found, polynomial):
        return True
    place = next((n for n, atom in enumerate(found.atoms.atoms) if isinstance(atom, Entry) and atom.name == score), None)
    if place is None or polynomial.degrees()[place] != 2:
        return False
    generator = found.atoms.generator(found.atoms.atoms[place])
    at = {n: polynomial.compose(*(generator * 0 + n if k == place else found.atoms.generator(atom) for k, atom in enumerate(found.atoms.atoms)))
          for n in (-1, 0, 1)}
    leading, linear, rest = (at[1] + at[-1]) / 2 - at[0], (at[1] - at[-1]) / 2, at[0]
    return all(_sum_of_such(signs, found, part) for part in (leading, rest, 4 * leading * rest - linear**2))


def _sum_of_such(signs: Signs, found: Ratio, polynomial: Any) -> bool:
    """Whether each term is: its coefficient positive, and each name to an even power or itself nowhere negative."""
    for exponents, coefficient in polynomial.to_dict().items():
        if coefficient < 0 or any(power % 2 and not signs.nonnegative(atom) for power, atom in zip(exponents, found.atoms.atoms, strict=False)):
            return False
    return True
