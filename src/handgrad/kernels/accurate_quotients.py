"""The accurate forms of quotients: exponentials over their sums, what is divided by a norm or by a square.

Each function gives the right side of a formula that is its left side, else None; the statements stand with the names, in `accurate_forms`.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from handgrad.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Call,
    Cases,
    Compare,
    Entry,
    Expr,
    Mul,
    Number,
    Pow,
    Reduce,
    VectorCall,
    add,
    mul,
    negative,
)
from handgrad.kernels.rewriting import DIRECTION, UNIT, Setting, argument_of, place_in
from handgrad.trees import bind, opened, renamed

Power = tuple[Expr, Fraction]           # a base and its exponent


def quotient_of_exp(e: Any, setting: Setting) -> Expr | None:
    """exp(f at k) over the sum of exp(f), as a softmax."""
    if not isinstance(e, Mul):
        return None
    below = [f for f in e.factors if isinstance(f, Pow) and f.exponent is MINUS_ONE]
    above = [(f, x) for f in e.factors if (x := setting.exponent(f)) is not None]
    for divisor in below:
        total = setting.seen(divisor.base)
        if not (isinstance(total, Reduce) and total.kind == "sum"):
            continue
        letter, (body,) = opened(total)
        inner = setting.exponent(body)
        if inner is None:
            continue
        for factor, argument in above:
            at = place_in(inner, letter, argument)
            if at is not None:
                s = VectorCall("softmax", total.axis, bind(inner, letter), at)
                return mul(s, *(f for f in e.factors if f is not divisor and f is not factor))
    return None


def quotient_of_exp_over_axes(e: Any, setting: Setting) -> Expr | None:
    """exp(x), or a sum in which it is a factor, over a sum of exp(f) along several axes: the exponential of a difference."""
    for divisor in e.factors if isinstance(e, Mul) else ():
        logarithm = log_over_axes(divisor.base, setting) if isinstance(divisor, Pow) and divisor.exponent is MINUS_ONE else None
        for f in e.factors if logarithm is not None else ():
            found = _less(f, logarithm, setting)
            if found is not None:
                return mul(found, *(g for g in e.factors if g is not divisor and g is not f))
    return None


def _less(e: Any, logarithm: Any, setting: Setting) -> Expr | None:
    """The formula over the exponential of the logarithm, where an exponential takes it up."""
    e = setting.seen(e)
    if isinstance(e, Mul):
        found = next(((f, x) for f in e.factors if (x := _less(f, logarithm, setting)) is not None), None)
        return None if found is None else mul(found[1], *(f for f in e.factors if f is not found[0]))
    if isinstance(e, Reduce) and e.kind == "sum":
        letter, (body,) = opened(e)
        below = _less(body, logarithm, setting)
        return None if below is None else Reduce("sum", e.axis, (bind(below, letter),))
    argument = setting.exponent(e)
    return None if argument is None else Call("exp_difference", (argument, logarithm))


def log_over_axes(total: Any, setting: Setting, within: bool = False) -> Expr | None:
    """The logarithm of a sum of exponentials along two axes or more."""
    total = setting.seen(total)
    if not isinstance(total, Reduce) or total.kind != "sum":
        return setting.exponent(total) if within else None
    letter, (body,) = opened(total)
    below = setting.seen(body)
    inner = log_over_axes(below, setting, True) if within or isinstance(below, Reduce) else None
    return None if inner is None else Reduce("logsumexp", total.axis, (bind(inner, letter),))


def quotient_of_sinh(e: Any, setting: Setting) -> Expr | None:
    """(e^x - e^-x)/(e^x + e^-x), as tanh."""
    if isinstance(e, Mul) and len(e.factors) == 2 and isinstance(e.factors[1], Pow) and e.factors[1].exponent is MINUS_ONE:
        above, below = e.factors[0], e.factors[1].base
        if isinstance(above, Add) and isinstance(below, Add) and len(above.terms) == 2:
            x = setting.call(above.terms[0], "exp")
            if x is not None and above is add(Call("exp", (x,)), negative(Call("exp", (negative(x),)))) \
                    and below is add(Call("exp", (x,)), Call("exp", (negative(x),))):
                return Call("tanh", (x,))
    return None


def root_of_squares(e: Any, setting: Setting) -> Expr | None:
    """The root of a sum of squares, as a norm."""
    inside = argument_of(e, "sqrt")
    if inside is None and isinstance(e, Pow) and e.exponent is HALF:
        inside = e.base
    x = setting.seen(inside)
    if isinstance(x, Reduce) and x.kind == "sum" and isinstance(x.arguments[0], Pow) and x.arguments[0].exponent is TWO:
        return Reduce("norm", x.axis, (x.arguments[0].base,))
    return None


def quotient_of_chosen_exp(e: Any, setting: Setting) -> Expr | None:
    """exp(x) times cases, in one of which it is divided by the sum of such exponentials: a softmax in that case."""
    for f in e.factors if isinstance(e, Mul) else ():
        argument = setting.call(f, "exp")
        for chosen in e.factors if argument is not None else ():
            if isinstance(chosen, Cases) and len(chosen.branches) == 1 and chosen.otherwise is ZERO:
                (value, condition), = chosen.branches
                one = Cases(((f, condition),), ZERO)
                if value is ONE and (whole := quotient_of_exp(mul(one, *(g for g in e.factors if g is not f and g is not chosen)), setting)) is not None:
                    return whole
                product = mul(one, *(value.factors if isinstance(value, Mul) else (value,)))
                inside = quotient_of_exp(product, setting) or quotient_of_exp_over_axes(product, setting)
                if inside is not None:
                    rest = [g for g in e.factors if g is not f and g is not chosen]
                    return mul(*rest, Cases(((inside, condition),), ZERO))
    return None


# ---------------------------------------------------------------- norms


def norm_at_tip(e: Any, setting: Setting) -> Expr | None:
    """A derivative in which an entry of a vector stands over its norm: 0 where the norm is 0, the shortest of the subgradients."""
    for divisor in e.factors if isinstance(e, Mul) else ():
        if not (isinstance(divisor, Pow) and divisor.exponent is MINUS_ONE):
            continue
        norm = setting.seen(divisor.base)
        if not (isinstance(norm, Reduce) and norm.kind == "norm" and setting.depends(norm)):
            continue
        letter, (body,) = opened(norm)
        above = next((f for f in e.factors if place_in(body, letter, f) is not None), None)
        if above is not None:
            rest = list(e.factors)
            rest.remove(above)
            rest.remove(divisor)
            return mul(*rest, Cases(((mul(above, divisor), Compare("!=", divisor.base, ZERO)),), ZERO))
    return None


def part_across(e: Any, setting: Setting) -> Expr | None:
    """y[i] less its part along a vector, by the norm of which it is divided: over the other entries of the vector."""
    if not isinstance(e, Add) or len(e.terms) != 2:
        return None
    first, second = e.terms
    return _across(first, second, setting) or _across(second, first, setting)


def _across(own: Expr, along: Expr, setting: Setting) -> Expr | None:
    mine, other = dict(_merged(own, setting)), dict(_merged(along, setting))
    for norm in [b for b, x in other.items() if isinstance(b, Reduce) and b.kind == "norm" and x < 0]:
        outer = mine.get(norm, Fraction(0))
        times = outer - other[norm]
        letter, (body,) = opened(norm)
        entry = next((b for b, x in other.items() if x == 1 and place_in(body, letter, b) is not None), None)
        if entry is None or times not in (1, 2):
            continue
        at = place_in(body, letter, entry)
        common = {b: mine[b] for b in mine if b is not norm and mine[b] == other.get(b) and not isinstance(b, Number)}
        left = {b: x for b, x in mine.items() if b is not norm and b not in common}
        right = {b: x for b, x in other.items() if b is not norm and b is not entry and b not in common}
        shadow = _shadow(left, right, {entry: Fraction(1), norm: Fraction(times - 2)}, norm, at, setting)
        if shadow is None:
            continue
        y, unit = _product(left), VectorCall(UNIT, norm.axis, bind(body, letter), at)
        total = mul(_product({b: x for b, x in left.items() if isinstance(b, Number)}), shadow)
        rest = [add(mul(y, entry), negative(total)), Pow(norm, MINUS_ONE)] if times == 2 else [add(mul(y, unit), negative(total))]
        lacking = VectorCall(DIRECTION, norm.axis, bind(body, letter), at)
        return mul(_product({**common, norm: outer}), add(mul(y, lacking), mul(unit, *rest)))
    return None


def _shadow(left: dict[Expr, Fraction], right: dict[Expr, Fraction], along: dict[Expr, Fraction], norm: Reduce, at: Any, setting: Setting) -> Expr | None:
    """The sum along the vector of what stands on the left, if that is what stands on the right, taken off."""
    sums = [b for b, x in right.items() if not isinstance(b, Number)]
    if len(sums) != 1 or right[sums[0]] != 1 or _number(left) != -_number(right):
        return None
    total = setting.seen(sums[0])
    if not (isinstance(total, Reduce) and total.kind == "sum" and total.axis is norm.axis):
        return None
    letter, (body,) = opened(total)
    found = {b: x for b, x in _merged(renamed(body, {letter: at}), setting) if x}
    wanted = {**{b: x for b, x in left.items() if not isinstance(b, Number)}}
    for b, x in along.items():
        wanted[b] = wanted.get(b, Fraction(0)) + x
    return sums[0] if found == {b: x for b, x in wanted.items() if x} else None


def _number(powers: dict[Expr, Fraction]) -> Fraction:
    return next((b.value for b in powers if isinstance(b, Number)), Fraction(1))


def _product(powers: dict[Expr, Fraction]) -> Expr:
    return mul(*(b if x == 1 else Pow(b, Number(x)) for b, x in powers.items() if x))


def _merged(e: Expr, setting: Setting) -> list[Power]:
    """The bases of a product, each once, with their exponents, and its number."""
    found: dict[Expr, Fraction] = {}
    number = Fraction(1)
    for base, exponent in _powers(e, Fraction(1), setting):
        if isinstance(base, Number) and exponent.denominator == 1 and base.value:
            number *= base.value**exponent.numerator
        else:
            found[base] = found.get(base, Fraction(0)) + exponent
    return [*([(Number(number), Fraction(1))] if number != 1 else []), *found.items()]


def _powers(e: Any, exponent: Fraction, setting: Setting) -> Iterator[Power]:
    """The bases of a product with their exponents, through names of products; a sum of squares is the square of a norm."""
    body = setting.seen(e)
    match body:
        case Mul(factors) if exponent.denominator == 1:
            for f in factors:
                yield from _powers(f, exponent, setting)
        case Pow(base, Number(value)) if exponent.denominator == 1:
            yield from _powers(base, exponent*value, setting)
        case Reduce("sum", axis, (Pow(inner, square),)) if square is TWO:
            yield Reduce("norm", axis, (inner,)), 2*exponent
        case Reduce("norm"):
            yield body, exponent
        case _:
            yield e, exponent


# ---------------------------------------------------------------- squares


def over_square(e: Any, setting: Setting) -> Expr | None:
    """x/d^2 of an input d, whose square may be too small or too large where the quotient is not."""
    if not isinstance(e, Mul):
        return None
    factors = [g for f in e.factors for g in _one_by_one(f)]
    for divisor in factors:
        if not (isinstance(divisor, Pow) and isinstance(divisor.base, Entry) and isinstance(divisor.exponent, Number)):
            continue
        d, times = divisor.base, -divisor.exponent.value
        rest = [f for f in factors if f is not divisor]
        if d.name in setting.definitions or times not in (2, 3) or all(isinstance(f, Number) for f in rest):
            continue
        squared = next((f for f in rest if isinstance(f, Pow) and f.exponent is TWO), None)
        if squared is None:
            return mul(*rest, *[Pow(d, MINUS_ONE)]*int(times))
        others = [f for f in rest if f is not squared]
        return mul(*others, Pow(mul(squared.base, Pow(d, MINUS_ONE)), TWO), *[Pow(d, MINUS_ONE)]*int(times - 2))
    return None


def _one_by_one(f: Any) -> Iterator[Expr]:
    """A divisor that is a product, or a power, factor by factor."""
    if not (isinstance(f, Pow) and f.exponent is MINUS_ONE):
        yield f
        return
    for g in f.base.factors if isinstance(f.base, Mul) else (f.base,):
        match g:
            case Number(value):
                yield Number(1/value)
            case Pow(base, Number(value)):
                yield Pow(base, Number(-value))
            case _:
                yield Pow(g, MINUS_ONE)
