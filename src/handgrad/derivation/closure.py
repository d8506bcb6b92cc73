"""Which polynomial relation a function of one exponential has with its derivative, and the proof that a simpler one is impossible.

Let f be a rational function of E = exp(c x), so that f' = c E df/dE. At a pole of order k in some E that is neither 0 nor infinite, f'
has order k + 1; at E = 0 and at infinity it has at most order k. If f' = P(f) with P of degree d, then d k = k + 1 or d k <= k, so d is at
most 2; if f'^2 = P(f), then d k = 2 k + 2 or d k <= 2 k, so d is at most 4. A linear system therefore decides either question.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_poly

from handgrad.derivation.network import Network
from handgrad.derivation.signs import Signs
from handgrad.expr import Call, Entry, Expr, Number
from handgrad.rules.algebra import power, product, total_of
from handgrad.rules.ratio import ratio
from handgrad.rules.shapes import coefficient
from handgrad.trees import names

Rational = tuple[Any, Any, Fraction]         # numerator and denominator over E, and c


def relation_of(network: Network, of: Entry, x: Entry) -> tuple[int, Expr] | None:
    """The lowest power n (1 or 2) of f' that is a polynomial in f, with the polynomial; (0, f) where neither is; None where f is no such function."""
    if of.indices or x.indices:
        return None
    found = _over_exponential(Signs(network).inlined(of), x)
    if found is None:
        return None
    for n in (1, 2):
        coefficients = _solved(found, n)
        if coefficients is not None:
            return n, total_of(product(Number(c), power(of, Number(Fraction(j)))) for j, c in enumerate(coefficients))
    return 0, of


def _over_exponential(body: Expr, x: Entry) -> Rational | None:
    """The body as a fraction of one exponential exp(c x); None where it is none, or does not change."""
    r = ratio(body)
    if r is None or len(r.atoms.atoms) != 1 or names(body) != {x.name}:
        return None
    match r.atoms.atoms[0]:
        case Call("exp", (u,)):
            c, rest = coefficient(u)
            if rest is not x:
                return None
        case _:
            return None
    return _polynomial(r.numerator), _polynomial(r.denominator), c


def _polynomial(p: Any) -> Any:
    degree = max((int(exponents[0]) for exponents in p.to_dict()), default=0)
    coefficients = [fmpq(0)] * (degree + 1)
    for exponents, c in p.to_dict().items():
        coefficients[int(exponents[0])] = c
    return fmpq_poly(coefficients)


def _solved(f: Rational, n: int) -> list[Fraction] | None:
    """The coefficients of the polynomial in f, of degree 2 n at most, that f'^n is; None where there is none."""
    top, bottom, c = f
    slope = fmpq(c.numerator, c.denominator) * fmpq_poly([0, 1]) * (top.derivative() * bottom - top * bottom.derivative())
    degree = 2 * n
    # f' has the denominator bottom^2, so everything is multiplied by bottom^(2 n)
    columns = [*(top**j * bottom ** (degree - j) for j in range(degree + 1)), slope**n]
    height = max(p.degree() for p in columns) + 1
    rows = [[p[i] for p in columns] for i in range(height)]
    reduced, rank = fmpq_mat(rows).rref()
    pivots = [next(j for j in range(degree + 2) if reduced[i, j] != 0) for i in range(rank)]
    if degree + 1 in pivots:
        return None
    values = {j: reduced[i, degree + 1] for i, j in enumerate(pivots)}
    return [Fraction(int(v.p), int(v.q)) for v in (values.get(j, fmpq(0)) for j in range(degree + 1))]

