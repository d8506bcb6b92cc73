"""The truth about an entry of the catalogue: value and slopes of its definition in ball arithmetic, by dual numbers, to as many bits as the point needs.

A truth is two words, `high` the nearest double and `low` what is left, so that units of the last place of doubles can be told. At a kink the slope is
the one that the catalogue states.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import prod
from typing import Any

import numpy as np
from flint import arb, ctx

from handgrad.arithmetic import balls
from handgrad.catalogue import CatalogueEntry
from handgrad.expr import MINUS_ONE, ONE, Add, Call, Mul, mul
from handgrad.trees import replaced
from support_definitions import carried_out

PRECISIONS = (192, 640, 2304, 4608)
BITS = 72                               # of a truth that is known well enough
TINY = {"float32": -200, "float64": -1120}      # or an error below two to this
Dual = tuple[arb, "tuple[arb, ...] | None"]      # a value and its slopes, None of a constant


class Undecided(ArithmeticError):
    """A comparison that takes more bits."""


class Balls:
    """Dual numbers with balls. `tied` is true once two sides that are compared were equal."""

    def __init__(self) -> None:
        self.tied = False

    def number(self, value: Fraction) -> Dual:
        return arb(value.numerator)/arb(value.denominator), None

    def add(self, terms: Iterable[Dual]) -> Dual:
        value, slopes = arb(0), None
        for v, d in terms:
            value = value + v
            slopes = d if slopes is None else slopes if d is None else tuple(a + b for a, b in zip(slopes, d, strict=True))
        return value, slopes

    def total(self, terms: Iterable[Dual]) -> Dual:
        return self.add(terms)

    def mul(self, factors: Iterable[Dual]) -> Dual:
        value, slopes = arb(1), None
        for v, d in factors:
            if d is None and v == 0:
                return arb(0), None         # what 0 is multiplied with is not looked at: it has a value, found or not
            left = None if slopes is None else tuple(s*v for s in slopes)
            right = None if d is None else tuple(value*s for s in d)
            slopes = left if right is None else right if left is None else tuple(a + b for a, b in zip(left, right, strict=True))
            value = value*v
        return value, slopes

    def over(self, a: Dual, b: Dual) -> Dual:
        value = a[0]/b[0]
        if b[1] is None:
            return value, None if a[1] is None else tuple(s/b[0] for s in a[1])
        rest = tuple(-value*s for s in b[1]) if a[1] is None else tuple(s - value*t for s, t in zip(a[1], b[1], strict=True))
        return value, tuple(s/b[0] for s in rest)

    def power(self, base: Dual, exponent: Any) -> Dual:
        n = arb(exponent.numerator)/arb(exponent.denominator) if isinstance(exponent, Fraction) else exponent[0]
        whole = n.is_integer()
        value = base[0]**(n.unique_fmpz() if whole else n)
        if base[1] is None:
            return value, None
        slope = n*base[0]**(n.unique_fmpz() - 1 if whole else n - 1)
        return value, tuple(slope*s for s in base[1])

    def has(self, name: str) -> bool:
        return False

    def call(self, name: str, arguments: Sequence[Dual]) -> Dual:
        if name in ("max", "min"):
            first, second = arguments
            return first if self.compared(">=" if name == "max" else "<=", first[0], second[0]) else second
        v, d = arguments[0] if arguments else (arb(0), None)
        match name:
            case "pi":
                return arb.pi(), None
            case "exp":
                value = v.exp()
                slope = value
            case "log":
                value, slope = v.log(), 1/v
            case "sqrt":
                value = v.sqrt()
                slope = 1/(2*value)
            case "erf":
                value, slope = v.erf(), 2*(-v*v).exp()/arb.pi().sqrt()
            case "abs":
                above = self.compared(">=", v, arb(0))
                value, slope = abs(v), arb(0) if v == 0 else arb(1 if above else -1)
            case _:
                value, slope = map(balls.ball, balls.taylor(name, v, 1))
        return value, None if d is None else tuple(slope*s for s in d)

    def compared(self, operator: str, left: arb, right: arb) -> bool:
        apart = left - right
        if apart == 0:
            self.tied = True
            return operator in ("<=", ">=", "==")
        if apart.contains(0):
            raise Undecided
        return operator in (("<", "<=", "!=") if apart < 0 else (">", ">=", "!="))

    def cases(self, branches: Sequence[tuple[Callable[[], Any], str, Any, Any]], otherwise: Callable[[], Any]) -> Any:
        return next((value() for value, operator, left, right in branches if self.compared(operator, left[0], right[0])), None) or otherwise()

    def picked(self, values: Sequence[Any], label: Any) -> Any:
        return values[int(label)]

    def whole(self, value: Dual) -> Dual:
        return value


class Sizes(Balls):
    """Numbers with the largest of the terms of their outermost sum, instead of slopes; what a function gives is one term."""

    def number(self, value: Fraction) -> Dual:
        return self.whole(super().number(value))

    def add(self, terms: Iterable[Dual]) -> Dual:
        return self.total([self.whole(term) for term in terms])

    def total(self, terms: Iterable[Dual]) -> Dual:
        each = list(terms)
        return sum((v for v, _ in each), arb(0)), (max((s[0] for _, s in each if s), key=float),)

    def mul(self, factors: Iterable[Dual]) -> Dual:
        each = list(factors)
        value = prod((v for v, _ in each), start=arb(1))
        return value, (max((prod((abs(w) for m, (w, _) in enumerate(each) if m != n), start=s[0]) for n, (_, s) in enumerate(each) if s), key=float),)

    def over(self, a: Dual, b: Dual) -> Dual:
        assert a[1] is not None
        return a[0]/b[0], (a[1][0]/abs(b[0]),)

    def power(self, base: Dual, exponent: Any) -> Dual:
        return self.whole(super().power((base[0], None), exponent))

    def call(self, name: str, arguments: Sequence[Dual]) -> Dual:
        return self.whole(super().call(name, [(v, None) for v, _ in arguments]))

    def whole(self, value: Dual) -> Dual:
        return value[0], (abs(value[0]),)


@cache
def definition(of: CatalogueEntry) -> Any:
    """The definition; of 1 - sigmoid(x), of which no number of bits keeps the digits far out, sigmoid(-x), the same."""
    def turned(node: Any) -> Any:
        match node:
            case Add((one, Mul((minus, Call("sigmoid", (x,)))))) if one is ONE and minus is MINUS_ONE:
                return Call("sigmoid", (mul(MINUS_ONE, x),))
            case _:
                return None
    return replaced(of.function.body, turned)


def truth(of: CatalogueEntry, point: Mapping[str, Any], dtype: str) -> tuple[list[arb], list[tuple[arb, ...]], bool] | None:
    """The values and their slopes by the first argument at one point, whose arguments are numbers, or lists along the axis, and whether it may be a kink.

    None if they are not found.
    """
    first, body = of.function.parameters[0], definition(of)
    for ctx.prec in PRECISIONS:
        arithmetic = Balls()
        try:
            found = carried_out(of, _seeded(point, first), arithmetic, body)
            slopes = [v[1] for v in found] if isinstance(found, list) else [found[1]]
            if arithmetic.tied and first in of.partials and not of.is_vector:
                slopes = [_at_tie(of, point)]
        except (Undecided, balls.Unclear):
            continue
        values = [v[0] for v in found] if isinstance(found, list) else [found[0]]
        if all(_known(x, dtype) for x in values) and all(_known(s, dtype) for each in slopes if each for s in each):
            one = len(point[first]) if isinstance(point[first], list) else 1
            return values, [each or (arb(0),)*one for each in slopes], arithmetic.tied
    return None


def _seeded(point: Mapping[str, Any], first: str) -> dict[str, Any]:
    """The arguments as dual numbers; the entries of the first one are what is differentiated by."""
    found: dict[str, Any] = {}
    for name, x in point.items():
        if isinstance(x, list):
            found[name] = [(arb(v), tuple(arb(int(i == k)) for i in range(len(x))) if name == first else None) for k, v in enumerate(x)]
        else:
            found[name] = x if isinstance(x, int) else (arb(x), (arb(1),) if name == first else None)
    return found


def _at_tie(of: CatalogueEntry, point: Mapping[str, Any]) -> tuple[arb, ...]:
    """The slope that the catalogue states, which holds at kinks too."""
    stated = carried_out(of, {name: (arb(x), None) for name, x in point.items()}, Balls(), of.partials[of.function.parameters[0]])
    return (stated[0],)


def sizes(of: CatalogueEntry, formula: Any, point: Mapping[str, Any]) -> list[float] | None:
    """The largest of the terms that the formula sums, for each of its values; None where the balls do not reach it."""
    ctx.prec = PRECISIONS[1]
    one = Sizes()
    lists = {n: [one.whole((arb(v), None)) for v in x] for n, x in point.items() if isinstance(x, list)}
    given = {n: lists[n] if n in lists else x if isinstance(x, int) else one.whole((arb(x), None)) for n, x in point.items()}
    try:
        found = carried_out(of, given, one, formula)
    except (ArithmeticError, balls.Unclear):
        return None
    return [float(v[1][0].mid()) for v in (found if isinstance(found, list) else [found])]


def _known(x: arb, dtype: str) -> bool:
    """Whether the ball is small enough, of itself or beside the smallest number of the type."""
    return bool(x.is_finite()) and (x.rel_accuracy_bits() > BITS or bool(x.rad() < arb(2)**TINY[dtype]))


def words(x: arb) -> tuple[float, float]:
    """The nearest double and what is left."""
    high = float(x.mid())
    return (high, 0.0) if math.isinf(high) else (high, float((x - arb(high)).mid()))


def ulps(got: Any, high: Any, low: Any, dtype: str, measure: Any = None) -> Any:
    """The units in the last place of the truth, or of a larger measure, between what somebody has and the truth; infinite where a nan is.

    Past the largest number is infinity.
    """
    bits, top, least = (24, 128, -125) if dtype == "float32" else (53, 1024, -1021)
    got = np.asarray(got, float)
    measure = high if measure is None else measure
    exponent = np.where(np.isinf(measure), top, np.clip(np.frexp(np.where(np.isinf(measure), 1, measure))[1], least, top))
    past = np.abs(high) >= 2.0**top if top < 1024 else np.isinf(high)

    def scaled(x: Any) -> Any:
        x = np.asarray(x, float)
        beyond = np.isinf(x)
        return np.where(beyond, np.sign(x)*np.ldexp(1.0, np.clip(bits + top - exponent, None, 1000)), np.ldexp(np.where(beyond, 0, x), bits - exponent))

    exponent = np.where(past, top, exponent)
    with np.errstate(all="ignore"):
        is_ = scaled(got)
        should = np.where(past, np.sign(high)*2.0**bits, scaled(high))
        off = np.abs((is_ - should) - np.where(past, 0, np.ldexp(low, bits - exponent)))
    return np.where(np.isnan(got), np.inf, off)
