"""Rational functions over the names: numerator and denominator without common factor, by exact polynomial arithmetic.

Everything that is no sum, product or whole power counts as a name here. What would grow past a limit is refused with None.
"""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly_ctx

from handgrad.expr import Add, Expr, Mul, Number, Pow
from handgrad.records import dataclass
from handgrad.rules.algebra import power, product_of, total_of
from handgrad.rules.shapes import terms
from handgrad.trees import subtrees

MOST_ATOMS = 20
MOST_TERMS = 200
MOST_POWER = 4
MOST_EXPONENT = 1000


@dataclass(slots=True)
class Atoms:
    """The names of a rational function, each with its generator."""

    atoms: list[Expr]
    context: Any
    index: dict[Expr, int] = field(default_factory=dict)

    def generator(self, atom: Expr) -> Any:
        """The polynomial that is the atom alone."""
        return self.context.gen(self.index[atom])


@dataclass(frozen=True, slots=True)
class Ratio:
    """A numerator and a denominator over atoms."""

    numerator: Any
    denominator: Any
    atoms: Atoms


class TooLarge(Exception):
    """The polynomials would grow past the limit."""


def ratio(e: Expr, extra: tuple[Expr, ...] = ()) -> Ratio | None:
    """The canonical expression as a ratio without common factor; `extra` are further atoms to provide."""
    found: dict[Expr, None] = dict.fromkeys(extra)
    _collect(e, found)
    if len(found) > MOST_ATOMS:
        return None
    context = fmpq_mpoly_ctx.get(tuple(f"x{n}" for n in range(len(found))) or ("x0",), Ordering.lex)
    atoms = Atoms(list(found), context, {a: n for n, a in enumerate(found)})
    try:
        top, bottom = _convert(e, atoms)
    except TooLarge:
        return None
    return reduced_ratio(top, bottom, atoms)


def reduced_ratio(top: Any, bottom: Any, atoms: Atoms) -> Ratio | None:
    """The ratio in lowest terms, None for a zero denominator."""
    if not bottom:
        return None
    common = top.gcd(bottom)
    return Ratio(top / common, bottom / common, atoms) if top else Ratio(top, atoms.context.constant(1), atoms)


def _splits(e: Pow) -> bool:
    """Whether the power is one of a sum small enough to be multiplied out, or a whole power of an atom."""
    if not (isinstance(e.exponent, Number) and e.exponent.value.denominator == 1) or isinstance(e.base, Number):
        return False
    return abs(e.exponent.value) <= (MOST_POWER if isinstance(e.base, Add) else MOST_EXPONENT)


def _symbolic(e: Pow) -> tuple[Expr, Expr] | None:
    """The power b^(s + n) as b^s and b^n."""
    below = terms(e.exponent)
    whole = [t for t in below if isinstance(t, Number) and t.value.denominator == 1]
    if len(below) > 1 and whole:
        return Pow(e.base, total_of(t for t in below if t not in whole)), Pow(e.base, whole[0])
    return None


def _collect(e: Expr, found: dict[Expr, None]) -> None:
    match e:
        case Number():
            return
        case Add(below) | Mul(below):
            for b in below:
                _collect(b, found)
        case Pow(base, _) if _splits(e):
            _collect(base, found)
        case Pow() if (pieces := _symbolic(e)) is not None:
            for piece in pieces:
                _collect(piece, found)
        case Pow(base, exponent) if isinstance(exponent, Number) and exponent.value < 0:
            found[power(base, Number(abs(exponent.value)))] = None
        case _:
            found[e] = None


def _convert(e: Expr, atoms: Atoms) -> tuple[Any, Any]:
    one = atoms.context.constant(1)
    match e:
        case Number(value):
            return atoms.context.constant(fmpq(value.numerator, value.denominator)), one
        case Add(below):
            return _added([_convert(b, atoms) for b in below], one)
        case Mul(below):
            top, bottom = one, one
            for n, d in (_convert(b, atoms) for b in below):
                top, bottom = _bounded(top, n), _bounded(bottom, d)
            return top, bottom
        case Pow(base, Number(value)) if _splits(e):
            n, d = _convert(base, atoms)
            count = abs(int(value))
            up, down = _raised(n, count), _raised(d, count)
            return (up, down) if value > 0 else (down, up)
        case Pow() if (pieces := _symbolic(e)) is not None:
            return _convert(Mul(pieces), atoms)
        case Pow(base, Number(value)) if value < 0:
            return one, atoms.generator(power(base, Number(-value)))
        case _:
            return atoms.generator(e), one


def _added(pieces: list[tuple[Any, Any]], one: Any) -> tuple[Any, Any]:
    top, bottom = 0 * one, one
    for n, d in pieces:
        if d == bottom:
            top = top + n
            continue
        common = bottom.gcd(d)
        left, right = d / common, bottom / common
        top = _bounded(top, left) + _bounded(n, right)
        bottom = _bounded(bottom, left)
    return top, bottom


def _bounded(p: Any, q: Any) -> Any:
    if len(p) * len(q) > MOST_TERMS:
        raise TooLarge
    return p * q


def _raised(p: Any, count: int) -> Any:
    if count > MOST_POWER and len(p) > 1 or len(p) ** count > MOST_TERMS:
        raise TooLarge
    return p**count


def expression_of(p: Any, atoms: Atoms) -> Expr:
    """The polynomial as a canonical sum."""
    return total_of(_monomial(exponents, c, atoms) for exponents, c in p.to_dict().items())


def _monomial(exponents: tuple[int, ...], c: Any, atoms: Atoms) -> Expr:
    powers = [power(atoms.atoms[n], Number(Fraction(int(x)))) for n, x in enumerate(exponents) if x]
    return product_of([_number(c), *powers])


def _number(c: Any) -> Number:
    return Number(Fraction(int(c.p), int(c.q)))


def _factored(p: Any, atoms: Atoms, sign: int) -> list[Expr]:
    content, below = p.factor()
    return [power(_number(content), Number(Fraction(sign))), *(power(expression_of(f, atoms), Number(Fraction(sign * int(times)))) for f, times in below)]


def factored(e: Expr) -> Expr:
    """The expression as a product of the irreducible factors of its numerator and denominator; itself where that grows too large."""
    r = ratio(e)
    if r is None:
        return e
    return product_of([*_factored(r.numerator, r.atoms, 1), *_factored(r.denominator, r.atoms, -1)])


def both_forms(e: Expr) -> tuple[Expr, Expr]:
    """The expression in factors, and with its numerator as one sum over the factors of its denominator; itself where that grows too large."""
    r = ratio(e)
    if r is None:
        return e, e
    below = _factored(r.denominator, r.atoms, -1)
    return product_of([*_factored(r.numerator, r.atoms, 1), *below]), product_of([expression_of(r.numerator, r.atoms), *below])


def substituted(e: Expr, atom: Expr, step: int, value: Expr) -> Expr | None:
    """The expression with atom^step replaced by the value, in lowest terms and factored; None where other powers of the atom stand in it."""
    r = ratio(e, extra=(atom,))
    inner = ratio(value)
    if r is None or inner is None:
        return None
    pieces = [_stepped(p, r.atoms, atom, step) for p in (r.numerator, r.denominator)]
    if None in pieces:
        return None
    (top, first), (bottom, second) = pieces  # type: ignore[misc]
    if first != second and (first - second) % step:
        return None
    shifted = power(value, Number(Fraction((first - second) // step)))
    whole = product_of([_evaluated(top, value), power(_evaluated(bottom, value), Number(Fraction(-1))), shifted])
    return factored(whole)


def _stepped(p: Any, atoms: Atoms, atom: Expr, step: int) -> tuple[dict[int, Expr], int] | None:
    """The coefficients of the powers of atom^step, after the lowest power was taken out."""
    at = atoms.index[atom]
    collected: dict[int, list[Expr]] = {}
    for exponents, c in p.to_dict().items():
        rest = tuple(0 if n == at else x for n, x in enumerate(exponents))
        collected.setdefault(int(exponents[at]), []).append(_monomial(rest, c, atoms))
    lowest = min(collected, default=0)
    if any((x - lowest) % step for x in collected):
        return None
    return {(x - lowest) // step: total_of(c) for x, c in collected.items()}, lowest


def _evaluated(coefficients: dict[int, Expr], value: Expr) -> Expr:
    return total_of(product_of([c, power(value, Number(Fraction(x)))]) for x, c in coefficients.items())


def solved_for(name: Expr, body: Expr, atom: Expr) -> tuple[int, Expr] | None:
    """The step k and the value of atom^k, where the body is a fraction linear in atom^k with the given name."""
    r = ratio(body, extra=(atom,))
    if r is None or any(atom in subtrees(a) for a in r.atoms.atoms if a is not atom):
        return None
    for step in (1, 2):
        pieces = [_stepped(p, r.atoms, atom, step) for p in (r.numerator, r.denominator)]
        if None in pieces:
            continue
        (top, first), (bottom, second) = pieces  # type: ignore[misc]
        if (first - second) % step:
            continue
        ahead = (first - second) // step                   # the power of atom^step in front of the fraction
        top = {x + max(ahead, 0): c for x, c in top.items()}
        bottom = {x + max(-ahead, 0): c for x, c in bottom.items()}
        if max(top, default=0) > 1 or max(bottom, default=0) > 1:
            continue
        a, b = top.get(1, Number(Fraction(0))), top.get(0, Number(Fraction(0)))
        c, d = bottom.get(1, Number(Fraction(0))), bottom.get(0, Number(Fraction(0)))
        under = total_of([product_of([name, c]), product_of([Number(Fraction(-1)), a])])
        over = total_of([b, product_of([Number(Fraction(-1)), d, name])])
        if isinstance(under, Number) and not under.value:
            continue
        return step, factored(product_of([over, power(under, Number(Fraction(-1)))]))
    return None


