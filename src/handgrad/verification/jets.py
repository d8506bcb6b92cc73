"""Multi-dual numbers: a value together with its mixed derivatives by up to a few seeds.

A `Jet` holds one coefficient for each set of seeds, keyed by bit mask; the seeds square to zero, so the coefficient of a set is the
mixed derivative by its members. A value that depends on no seed stays a plain scalar. These are the derivatives that every rule is
checked against: they use the definition alone.
"""

from __future__ import annotations

from typing import Union

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear, Unreal


class Jet:
    """A value and the mixed derivatives that are not known to vanish."""

    __slots__ = ("parts",)

    def __init__(self, parts: dict[int, Scalar]) -> None:
        self.parts = parts

    def __add__(self, other: Value) -> Jet:
        total = dict(self.parts)
        if isinstance(other, Jet):
            for mask, x in other.parts.items():
                total[mask] = total[mask] + x if mask in total else x
        else:
            total[0] = total[0] + other
        return type(self)(total)

    __radd__ = __add__

    def __neg__(self) -> Jet:
        return type(self)({mask: -x for mask, x in self.parts.items()})

    def __sub__(self, other: Value) -> Jet:
        return self + (-other)

    def __rsub__(self, other: Value) -> Jet:
        return (-self) + other

    def __mul__(self, other: Value) -> Jet:
        if not isinstance(other, Jet):
            return type(self)({mask: x * other for mask, x in self.parts.items()})
        total: dict[int, Scalar] = {}
        for a, x in self.parts.items():
            for b, y in other.parts.items():
                if not a & b:
                    total[a | b] = total[a | b] + x * y if a | b in total else x * y
        return Jet(total)

    __rmul__ = __mul__


class Gradient(Jet):
    """A value and its first derivatives by many seeds, keyed by their numbers from 1."""

    __slots__ = ()

    def __mul__(self, other: Value) -> Jet:
        if not isinstance(other, Jet):
            return super().__mul__(other)
        a, b = self.parts[0], other.parts[0]
        total = {number: x * b for number, x in self.parts.items()}
        for number, y in other.parts.items():
            if number:
                total[number] = total[number] + a * y if number in total else a * y
        return Gradient(total)

    __rmul__ = __mul__


Value = Union[Scalar, Jet]


def plain(x: Value) -> Scalar:
    """The value without its derivatives."""
    return x.parts[0] if isinstance(x, Jet) else x


def coefficient(x: Value, mask: int) -> Scalar:
    """The mixed derivative by the seeds of the mask."""
    return x.parts.get(mask, balls.ZERO) if isinstance(x, Jet) else balls.ZERO if mask else x


def _order(x: Jet) -> int:
    if isinstance(x, Gradient):
        return 1
    seeds = 0
    for mask in x.parts:
        seeds |= mask
    return seeds.bit_count()


def composed(series: list[Scalar], x: Jet) -> Jet:
    """The function with these Taylor coefficients at the value of x, applied to x."""
    if isinstance(x, Gradient):
        return Gradient({number: part * series[1] for number, part in x.parts.items() if number} | {0: series[0]})
    nilpotent = Jet({mask: part for mask, part in x.parts.items() if mask})
    total = Jet({0: series[0]})
    power: Value = balls.ONE
    for c in series[1:]:
        power = nilpotent * power
        if not power.parts:
            break
        if not balls.vanishes(c):
            total = total + power * c
    return total


def applied(name: str, x: Value) -> Value:
    """An elementary function of a value."""
    if not isinstance(x, Jet):
        return balls.value(name, x)
    return composed(balls.taylor(name, x.parts[0], _order(x)), x)


def raised(base: Value, exponent: Value) -> Value:
    """The power of values."""
    if isinstance(exponent, Jet):
        return applied("exp", exponent * applied("log", base))
    if isinstance(base, Jet):
        return composed(balls.taylor_power(base.parts[0], exponent, _order(base)), base)
    return balls.power(base, exponent)


def joined(holding: Value, beyond: Value) -> Value:
    """The value on a boundary, from the branch that holds there and the one beyond it.

    Where the two have one value, each derivative is 0 if it is 0 on one side, else that of the branch that holds.
    """
    if not isinstance(holding, Jet) and not isinstance(beyond, Jet):
        return holding
    if balls.apart(plain(holding), plain(beyond)):
        raise Unreal("a jump: there is no derivative here")
    masks = {mask for x in (holding, beyond) if isinstance(x, Jet) for mask in x.parts if mask}
    parts = {0: plain(holding)}
    for mask in masks:
        one, other = coefficient(holding, mask), coefficient(beyond, mask)
        if not balls.vanishes(one) and not balls.vanishes(other):
            parts[mask] = one
    return type(holding if isinstance(holding, Jet) else beyond)(parts)


def _ahead(a: Value, b: Value) -> int:
    """The sign of a - b. One object is one number, even where its ball is wide."""
    left, right = plain(a), plain(b)
    order = 0 if left is right else balls.sign(left - right)
    if order is None:
        raise Unclear("a maximum that the precision does not decide")
    return order


def _slopes(a: Value, b: Value) -> list[tuple[Scalar, Scalar]]:
    masks = {mask for x in (a, b) if isinstance(x, Jet) for mask in x.parts if mask}
    return [(coefficient(a, mask), coefficient(b, mask)) for mask in masks]


def larger(a: Value, b: Value) -> Value:
    """The larger of two values. On a tie each derivative is 0 if it is 0 on one side."""
    order = _ahead(a, b)
    if order:
        return a if order > 0 else b
    if any(not (balls.vanishes(one) or balls.vanishes(other)) and balls.apart(one, other) for one, other in _slopes(a, b)):
        raise Unreal("a tie: the derivative is a matter of convention here")
    return joined(a, b)


def smaller(a: Value, b: Value) -> Value:
    """The smaller of two values."""
    order = _ahead(a, b)
    return larger(a, b) if order == 0 else a if order < 0 else b


def first_largest(values: list[Value], sign: int = 1) -> Value:
    """The largest of values, or with sign -1 the smallest. Of a tie the first one is taken, where derivatives do not tell which."""
    best = values[0]
    for v in values[1:]:
        order = _ahead(v, best)
        if order == sign:
            best = v
        elif order == 0 and any(balls.apart(one, other) for one, other in _slopes(v, best)):
            raise Unreal("a tie: the derivative is a matter of convention here")
    return best
