"""Certified real numbers: a `Scalar` is an exact rational (`fmpq`) or a ball (`arb`) that surely holds the value.

Rationals stay rational for as long as they can. Comparisons are three-valued: a ball that straddles a number is neither below,
nor equal, nor above it, and the answer is `None`. What has no real value raises `Unreal`; what a higher precision might decide
raises `Unclear`. The working precision is one global of the process, so it is only ever set by `working_precision`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from handgrad.errors import LimitError

Scalar = Any                    # fmpq | arb; flint carries no types
ZERO, ONE, TWO, HALF = fmpq(0), fmpq(1), fmpq(2), fmpq(1, 2)
LARGEST_EXACT_BITS = 4096       # rationals longer than this go on as balls
MOST_DIGITS = 5000              # that are ever shown
LARGEST_EXPONENT = 2**40        # |log2| of the largest value that is worked out


class Unreal(ArithmeticError):
    """There is no real value here: a pole, or an argument outside the domain."""


class Unclear(ArithmeticError):
    """This precision does not decide; a higher one might."""


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """The bits that balls are computed with inside the block."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def exact(value: Fraction | int) -> Scalar:
    """The exact rational as a scalar."""
    return fmpq(value.numerator, value.denominator)


def ball(x: Scalar) -> Scalar:
    """The scalar as a ball of the working precision."""
    return x if type(x) is arb else arb(x)


def shortened(x: Scalar) -> Scalar:
    """The scalar; a rational of too many digits becomes a ball."""
    return arb(x) if type(x) is fmpq and x.height_bits() > LARGEST_EXACT_BITS else x


# ---------------------------------------------------------------- comparing


def sign(x: Scalar) -> int | None:
    """The sign -1, 0 or 1; None where the ball does not tell."""
    if type(x) is fmpq:
        return (x > 0) - (x < 0)
    return 1 if x > 0 else -1 if x < 0 else 0 if x.is_zero() else None


def certain_sign(x: Scalar) -> int:
    """The sign, or `Unclear`."""
    s = sign(x)
    if s is None:
        raise Unclear("a sign that the precision does not decide")
    return s


def vanishes(x: Scalar) -> bool:
    """Whether it is known to be exactly zero."""
    return type(x) is fmpq and x == 0


def less(a: Scalar, b: Scalar) -> bool | None:
    """Whether a < b: certainly, certainly not, or unknown."""
    s = sign(a - b)
    return None if s is None else s < 0


def apart(a: Scalar, b: Scalar) -> bool:
    """Whether the two are certainly different."""
    if type(a) is fmpq and type(b) is fmpq:
        return bool(a != b)
    return not ball(a).overlaps(ball(b))


def finite(x: Scalar) -> bool:
    """Whether it is a number: poles give nan or an unbounded ball without an exception."""
    return type(x) is fmpq or bool(x.is_finite())


def relative_bits(x: Scalar) -> int:
    """To how many bits the value is known, relative to itself."""
    return LARGEST_EXACT_BITS if type(x) is fmpq or x.rad() == 0 else int(x.rel_accuracy_bits())


def size(x: Scalar) -> float:
    """About the largest absolute value that it may have."""
    return float(abs(ball(x)).abs_upper())


def magnitude(x: Scalar) -> float:
    """About |log2| of the absolute value; 0 of what may be 0."""
    lower, upper = ball(x).abs_lower(), ball(x).abs_upper()
    return max(abs(float(lower.log())), abs(float(upper.log()))) * 1.4427 if lower > 0 else 0.0


def decimal(x: Scalar, digits: int = 30) -> str:
    """The value for people: an exact fraction, or only its certain digits."""
    if type(x) is fmpq:
        return str(x)
    shown = str(x.str(digits, radius=False))
    return shown if shown != "0" or x.is_zero() else str(x.str(3))


def telling_digits(a: Scalar, b: Scalar) -> int:
    """How many digits of two values that are apart show it, at least 30."""
    gap = magnitude(a - b) if sign(a - b) else 0.0
    return 30 if gap < 64 else min(MOST_DIGITS, 12 + int(0.302 * (gap + max(magnitude(a), magnitude(b)))))


# ---------------------------------------------------------------- arithmetic


def divided(a: Scalar, b: Scalar) -> Scalar:
    """The quotient a/b; `Unreal` at a certain pole."""
    s = sign(b)
    if s == 0:
        raise Unreal("a division by zero")
    if s is None:
        raise Unclear("a divisor that may be zero")
    return a / b


def power(base: Scalar, exponent: Scalar) -> Scalar:
    """The real power: any base to an integer, a base >= 0 to anything else."""
    if type(exponent) is fmpq:
        if exponent.q == 1:
            return _integer_power(base, exponent.p)
        if sign(base) == 0:
            return _power_of_zero(exponent)
        if exponent.q == 2 and exponent.p == 1:
            return value("sqrt", base)
        root = _exact_root(base, int(exponent.q)) if type(base) is fmpq and exponent.q < 64 else None
        if root is not None:
            return _integer_power(root, exponent.p)
    if sign(base) == 0:
        return _power_of_zero(exponent)
    return value("exp", exponent * value("log", base))


def _power_of_zero(exponent: Scalar) -> Scalar:
    if certain_sign(exponent) < 0:
        raise Unreal("a negative power of zero")
    return ZERO if certain_sign(exponent) else ONE


def _integer_power(base: Scalar, n: Any) -> Scalar:
    if n == 1:
        return base
    if n == -1:
        return divided(ONE, base)
    if type(base) is fmpq:
        if base == 0:
            return _power_of_zero(fmpq(n))
        height = base.height_bits()
        if height > 1 and abs(n) * (height - 1) <= LARGEST_EXACT_BITS:
            return base ** int(n)
        if height <= 1 and base.q == 1:                 # 1 and -1 to any power
            return ONE if base > 0 or n % 2 == 0 else -ONE
    if n < 0:
        certain_sign(base)
    size = ball(base)
    if abs(n).bit_length() > 64 or not _modest(size, abs(n)):
        raise LimitError("exponent too large to evaluate")
    return size ** arb(fmpz(n)) if abs(n).bit_length() > 60 else size ** int(n)


def _modest(base: Scalar, n: Any) -> bool:
    """Whether base^n stays within what is worked out."""
    if n < 4096:
        return True
    upper, lower = base.abs_upper(), base.abs_lower()
    logs = [abs(x.log()) for x in (upper, lower) if x > 0]
    return not any(x * n > LARGEST_EXPONENT for x in logs)


def _exact_root(base: Scalar, degree: int) -> Scalar | None:
    """The rational root, where there is one."""
    if base < 0:
        return None
    roots = []
    for part in (base.p, base.q):
        root = part.root(degree)
        if root**degree != part:
            return None
        roots.append(root)
    return fmpq(roots[0], roots[1])


def real_roots(polynomial: Any) -> list[Scalar]:
    """The real roots of a polynomial with whole coefficients."""
    return [root.real for root, _ in polynomial.complex_roots() if root.imag == 0]


# ---------------------------------------------------------------- elementary functions


def _positive(x: Scalar) -> Scalar:
    s = sign(x)
    if s is None:
        raise Unclear("an argument that may be outside the domain")
    if s <= 0:
        raise Unreal("a logarithm of what is not positive")
    return ball(x)


def _log(x: Scalar) -> Scalar:
    return _positive(x).log() if type(x) is not fmpq or x != 1 else ZERO


def _log1p(x: Scalar) -> Scalar:
    _positive(1 + x)
    return ball(x).log1p()


def _sqrt(x: Scalar) -> Scalar:
    if type(x) is fmpq:
        if x < 0:
            raise Unreal("a root of a negative number")
        root = _exact_root(x, 2)
        return arb(x).sqrt() if root is None else root
    if x < 0:
        raise Unreal("a root of a negative number")
    if not x > 0:
        raise Unclear("a root of what may be negative")
    return x.sqrt()


def _exponential(of: Callable[[Any], Any]) -> Callable[[Scalar], Scalar]:
    def value_at(x: Scalar) -> Scalar:
        if abs(ball(x)).abs_upper() > LARGEST_EXPONENT:
            raise LimitError("exponent too large to evaluate")
        return of(ball(x))

    return value_at


def _periodic(of: Callable[[Any], Any]) -> Callable[[Scalar], Scalar]:
    def value_at(x: Scalar) -> Scalar:
        if ball(x).abs_upper() > arb(2) ** 4096:
            raise LimitError("argument too large to evaluate a periodic function at")
        return of(ball(x))

    return value_at


def _absolute(x: Scalar) -> Scalar:
    return abs(x)


def _sign_value(x: Scalar) -> Scalar:
    return fmpq(certain_sign(x))


_VALUES: dict[str, Callable[[Scalar], Scalar]] = {
    "exp": _exponential(arb.exp), "expm1": _exponential(arb.expm1), "log": _log, "log1p": _log1p, "sqrt": _sqrt,
    "abs": _absolute, "sign": _sign_value, "sin": _periodic(arb.sin), "cos": _periodic(arb.cos), "tan": _periodic(arb.tan),
    "sinh": _exponential(arb.sinh), "cosh": _exponential(arb.cosh), "tanh": lambda x: ball(x).tanh(),
    "sech": _exponential(arb.sech), "erf": lambda x: ball(x).erf(),
}
_AT_ZERO = {"exp": ONE, "expm1": ZERO, "log1p": ZERO, "sin": ZERO, "cos": ONE, "tan": ZERO, "sinh": ZERO, "cosh": ONE,
            "tanh": ZERO, "sech": ONE, "erf": ZERO}
FUNCTIONS = frozenset(_VALUES)


def value(name: str, x: Scalar) -> Scalar:
    """The value of an elementary function; exact where it is known to be rational."""
    if type(x) is fmpq and x == 0 and name in _AT_ZERO:
        return _AT_ZERO[name]
    y = _VALUES[name](x)
    if type(y) is arb and not y.is_finite():
        raise Unclear(f"{name} is not decided here")
    return y


# ---------------------------------------------------------------- Taylor coefficients


def taylor(name: str, x: Scalar, order: int) -> list[Scalar]:
    """The coefficients f(x), f'(x), f''(x)/2, ... up to the order. At its kink abs has derivative 0."""
    if name in ("abs", "sign"):
        s = fmpq(certain_sign(x))
        lead = [abs(x), s] if name == "abs" else [s, ZERO]
        return (lead + [ZERO] * order)[: order + 1]
    if name in ("log", "log1p"):
        start = x if name == "log" else 1 + x
        return [value(name, x)] + [divided(fmpq((-1) ** (m - 1), m), start**m) for m in range(1, order + 1)]
    if name == "sqrt":
        return taylor_power(x, HALF, order)
    return _SERIES[name](x, order)


def taylor_power(base: Scalar, exponent: Scalar, order: int) -> list[Scalar]:
    """The Taylor coefficients of t^exponent at t = base."""
    coefficients, binomial = [], ONE
    for m in range(order + 1):
        coefficients.append(ZERO if vanishes(binomial) else binomial * power(base, exponent - m))
        binomial = binomial * (exponent - m) / (m + 1)
    return coefficients


def _cycle(*values: Scalar) -> Callable[[int], list[Scalar]]:
    """The series whose derivatives run through the values again and again."""

    def series(order: int) -> list[Scalar]:
        coefficients, factorial = [], 1
        for m in range(order + 1):
            factorial *= max(m, 1)
            coefficients.append(values[m % len(values)] / factorial)
        return coefficients

    return series


def _exp_series(x: Scalar, order: int) -> list[Scalar]:
    return _cycle(value("exp", x))(order)


def _expm1_series(x: Scalar, order: int) -> list[Scalar]:
    return [value("expm1", x), *_exp_series(x, order)[1:]]


def _sin_series(x: Scalar, order: int) -> list[Scalar]:
    s, c = value("sin", x), value("cos", x)
    return _cycle(s, c, -s, -c)(order)


def _cos_series(x: Scalar, order: int) -> list[Scalar]:
    s, c = value("sin", x), value("cos", x)
    return _cycle(c, -s, -c, s)(order)


def _sinh_series(x: Scalar, order: int) -> list[Scalar]:
    return _cycle(value("sinh", x), value("cosh", x))(order)


def _cosh_series(x: Scalar, order: int) -> list[Scalar]:
    return _cycle(value("cosh", x), value("sinh", x))(order)


def _series_quotient(a: list[Scalar], b: list[Scalar]) -> list[Scalar]:
    q: list[Scalar] = []
    for m in range(len(a)):
        rest = a[m]
        for j in range(m):
            rest = rest - q[j] * b[m - j]
        q.append(divided(rest, b[0]))
    return q


def _tan_series(x: Scalar, order: int) -> list[Scalar]:
    return _series_quotient(_sin_series(x, order), _cos_series(x, order))


def _sech_series(x: Scalar, order: int) -> list[Scalar]:
    return _series_quotient([ONE] + [ZERO] * order, _cosh_series(x, order))


def _tanh_series(x: Scalar, order: int) -> list[Scalar]:
    return _series_quotient(_sinh_series(x, order), _cosh_series(x, order))


def _erf_series(x: Scalar, order: int) -> list[Scalar]:
    # erf' = 2/sqrt(pi) g with g = exp(-t^2) and g' = -2 t g
    g = [value("exp", -x * x)]
    for m in range(order - 1):
        g.append(-2 * (x * g[m] + (g[m - 1] if m else ZERO)) / (m + 1))
    scale = 2 / arb.const_sqrt_pi()
    return [value("erf", x), *(scale * g[m] / (m + 1) for m in range(order))]


_SERIES: dict[str, Callable[[Scalar, int], list[Scalar]]] = {
    "exp": _exp_series, "expm1": _expm1_series, "sin": _sin_series, "cos": _cos_series, "tan": _tan_series, "sinh": _sinh_series,
    "cosh": _cosh_series, "tanh": _tanh_series, "sech": _sech_series, "erf": _erf_series,
}
