"""The shapes of canonical trees: taking terms, factors, powers and conditions apart, without building anything that could simplify."""

from __future__ import annotations

from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from handgrad.catalogue.elementary import sign_of
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    And,
    Call,
    Cases,
    Compare,
    Condition,
    Delta,
    Entry,
    Expr,
    Index,
    IndexCompare,
    Literal,
    Mul,
    Node,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Size,
    VectorCall,
    affine,
    shift,
)
from handgrad.rules.order import sort_key

ONCE = Fraction(1)


def coefficient(e: Expr) -> tuple[Fraction, Expr]:
    """The rational coefficient of a canonical term, and the rest."""
    if isinstance(e, Number):
        return e.value, ONE
    if isinstance(e, Mul) and isinstance(e.factors[0], Number):
        rest = e.factors[1:]
        return e.factors[0].value, rest[0] if len(rest) == 1 else Mul(rest)
    return ONCE, e


def scaled(c: Fraction, e: Expr) -> Expr:
    """The canonical term with this coefficient; `e` has none."""
    if c is ONCE or c == 1:
        return e
    if e is ZERO or not c:
        return ZERO
    if e is ONE:
        return Number(c)
    return Mul((Number(c), *(e.factors if isinstance(e, Mul) else (e,))))


def factors(e: Expr) -> tuple[Expr, ...]:
    """The factors of a canonical product; of anything else, itself."""
    return e.factors if isinstance(e, Mul) else (e,)


def terms(e: Expr) -> tuple[Expr, ...]:
    """The terms of a canonical sum, a number before a sum multiplied in; of anything else, itself."""
    c, rest = coefficient(e)
    if not isinstance(rest, Add):
        return (e,)
    return rest.terms if c is ONCE or c == 1 else tuple(scaled(c * d, t) for d, t in map(coefficient, rest.terms))


def base_and_exponent(e: Expr) -> tuple[Expr, Expr]:
    """A factor as a power."""
    return (e.base, e.exponent) if isinstance(e, Pow) else (e, ONE)


def is_indicator(e: Node) -> bool:
    """Whether the node is 1 where a condition holds, else 0."""
    return isinstance(e, Cases) and e.otherwise is ZERO and len(e.branches) == 1 and e.branches[0][0] is ONE


def is_call(e: Node, function: str) -> bool:
    """Whether the node is a call of the function."""
    return isinstance(e, Call) and e.function == function


def indicator(condition: Condition) -> Cases:
    """1 where the condition holds, else 0."""
    return Cases(((ONE, condition),), ZERO)


def is_positive(e: Expr, known: frozenset[str] = frozenset()) -> bool:
    """Whether the node is positive wherever it is real, by its shape and the names `known` to be positive alone."""
    match e:
        case Call("pi", ()):
            return True
        case Call(name, _):
            return sign_of(name) == "positive"
        case Number(value):
            return value > 0
        case Size() | VectorCall("softmax"):
            return True
        case Entry(name, _):
            return name in known
        case Reduce("sum", _, (body,)):
            return is_positive(body, known)
        case Pow(base, exponent):
            return is_positive(base, known) or isinstance(exponent, Number) and exponent.value.denominator == 2
        case Add(below) | Mul(below):
            return all(is_positive(b, known) for b in below)
    return False


def nests(e: Pow) -> bool:
    """Whether a power of the power is one power: its base is positive, or must be for a symbolic exponent to make sense."""
    return is_positive(e.base) or not isinstance(e.exponent, Number)


def is_even(e: Pow) -> bool:
    """Whether the exponent is an even number."""
    return isinstance(e.exponent, Number) and e.exponent.value.denominator == 1 and e.exponent.value % 2 == 0


def exp_argument(e: Expr) -> Expr | None:
    """The u of exp(u), or of the exp(u)^-1 that stands for exp(-u), with its sign."""
    match e:
        case Call("exp", (u,)):
            return u
        case Pow(Call("exp", (u,)), exponent) if exponent is MINUS_ONE:
            return scaled(*_opposite(u))
    return None


def _opposite(u: Expr) -> tuple[Fraction, Expr]:
    c, rest = coefficient(u)
    return -c, rest


def truth(condition: Condition) -> bool | None:
    """Whether the condition is true or false by its numbers alone."""
    match condition:
        case Compare(operator, Number(a), Number(b)):
            return bool(COMPARE[operator](a, b))
        case IndexCompare(operator, Literal(n), Literal(m)):
            return bool(COMPARE[operator](n, m))
        case IndexCompare(operator, a, b) if a is b:
            return operator in ("<=", ">=", "==")
        case And(below):
            known = [truth(c) for c in below]
            return False if False in known else None if None in known else True
        case Or(below):
            known = [truth(c) for c in below]
            return True if True in known else None if None in known else False
        case Not(below_one):
            inner = truth(below_one)
            return None if inner is None else not inner
    return None


COMPARE: dict[str, Any] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


def delta(left: Index, right: Index) -> Expr:
    """The canonical Kronecker delta: 1 or 0 where the indices are the same or differ by a constant."""
    a, b = affine(left), affine(right)
    if left is right:
        return ONE
    if a is not None and b is not None:
        difference = shift((*a[0], *((-f, atom) for f, atom in b[0])), a[1] - b[1])
        if isinstance(difference, Literal):
            return ONE if difference.value == 0 else ZERO
    first, second = sorted((left, right), key=sort_key)
    return Delta(first, second)
