"""Certified arithmetic: what is decided, what is left open, and what is refused."""

from __future__ import annotations

import time
from fractions import Fraction

import mpmath
import pytest
from flint import arb, ctx, fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Unclear, Unreal
from handgrad.errors import LimitError

REAL = {
    "exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p, "expm1": mpmath.expm1, "sqrt": mpmath.sqrt, "sin": mpmath.sin, "cos": mpmath.cos,
    "tan": mpmath.tan, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh, "sech": mpmath.sech, "erf": mpmath.erf,
}


def close(x: object, y: object) -> bool:
    with mpmath.workdps(40):
        return abs(mpmath.mpf(balls.decimal(balls.ball(x), 25)) - y) <= mpmath.mpf(10) ** -20 * max(1, abs(y))


@pytest.mark.parametrize("name", REAL)
def test_every_taylor_coefficient_is_a_derivative_of_the_function(name: str) -> None:
    with balls.working_precision(160), mpmath.workdps(60):
        for x in (Fraction(5, 8), Fraction(7, 3)):
            expected = mpmath.taylor(REAL[name], mpmath.mpf(x.numerator) / x.denominator, 4)
            assert all(close(c, y) for c, y in zip(balls.taylor(name, balls.exact(x), 4), expected, strict=True))


@pytest.mark.parametrize("exponent", [Fraction(-2), Fraction(3), Fraction(1, 2), Fraction(-5, 3)])
def test_every_taylor_coefficient_of_a_power(exponent: Fraction) -> None:
    with balls.working_precision(160), mpmath.workdps(60):
        power = mpmath.mpf(exponent.numerator) / exponent.denominator
        expected = mpmath.taylor(lambda t: t**power, mpmath.mpf(5) / 8, 4)
        assert all(close(c, y) for c, y in zip(balls.taylor_power(fmpq(5, 8), balls.exact(exponent), 4), expected, strict=True))


def test_a_comparison_of_balls_has_three_answers() -> None:
    straddling = arb(0, 1)
    assert balls.less(straddling, fmpq(0)) is None and balls.sign(straddling) is None
    assert balls.less(fmpq(1, 3), fmpq(1, 2)) is True and balls.less(arb(2), fmpq(1)) is False
    assert not balls.apart(straddling, fmpq(1, 2)) and balls.apart(fmpq(1, 10), balls.exact(Fraction(1, 10) + Fraction(1, 2**99)))
    with pytest.raises(Unclear):
        balls.certain_sign(straddling)


def test_rationals_stay_exact() -> None:
    exact = [balls.power(fmpq(9, 4), fmpq(3, 2)), balls.value("sqrt", fmpq(1, 9)), balls.value("exp", fmpq(0)), balls.power(fmpq(2, 3), fmpq(-2))]
    assert exact == [fmpq(27, 8), fmpq(1, 3), fmpq(1), fmpq(9, 4)]
    assert balls.power(fmpq(0), fmpq(0)) == 1


OUTSIDE = {
    "a root": lambda: balls.value("sqrt", fmpq(-1)), "a logarithm": lambda: balls.value("log", fmpq(0)), "a pole": lambda: balls.power(fmpq(0), fmpq(-1)),
    "a fractional power": lambda: balls.power(fmpq(-8), fmpq(1, 3)), "a slope of a root": lambda: balls.taylor("sqrt", fmpq(0), 1),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_what_has_no_real_value_says_so(case: str) -> None:
    with pytest.raises(Unreal):
        OUTSIDE[case]()


def test_values_too_large_are_refused_at_once() -> None:
    nine, ten, start = fmpq(9), fmpq(10), time.perf_counter()
    with pytest.raises(LimitError, match="exponent too large to evaluate"):
        balls.power(nine, balls.power(nine, balls.power(nine, nine)))
    with pytest.raises(LimitError, match="exponent too large to evaluate"):
        balls.value("exp", balls.power(ten, fmpq(30)))
    with pytest.raises(LimitError, match="argument too large"):
        balls.value("sin", balls.power(ten, fmpq(4000000)))
    assert isinstance(balls.power(fmpq(2), fmpq(1000000000)), arb)
    assert time.perf_counter() - start < 1


def test_the_precision_is_put_back() -> None:
    before = ctx.prec
    with pytest.raises(ValueError), balls.working_precision(777):
        assert ctx.prec == 777
        raise ValueError
    assert ctx.prec == before
