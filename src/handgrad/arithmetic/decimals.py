"""Numbers as by hand: exact decimals, rounded to places after the point or to significant digits, and how they are written.

A value is an exact rational or a ball. Rounding a ball is certain or refused (`Unclear`), so that a rounded digit is never a guess.
Decimal strings have a plain ASCII minus; a rounded value is an exact `Fraction` that ends where it was rounded.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Literal

from flint import arb, fmpq, fmpz

from handgrad.arithmetic.balls import Scalar, Unclear, ball
from handgrad.records import dataclass

Ties = Literal["away", "even"]
IN_FULL = 10                    # a value of at most so many digits is written in full


@dataclass(frozen=True, slots=True)
class Places:
    """How many digits are kept: after the point, or significant ones."""

    count: int
    significant: bool = False


def fraction(value: Scalar) -> Fraction | None:
    """The exact rational; None of a ball."""
    return Fraction(int(value.p), int(value.q)) if type(value) is fmpq else None


def rounded(value: Scalar, places: Places, ties: Ties = "away") -> Fraction:
    """The value to the places asked for. Halves go away from zero, or to the even digit; of a ball the digit has to be certain."""
    decimals = decimals_of(value, places)
    if type(value) is fmpq:
        count = _nearest(int(value.p), int(value.q), decimals, ties)
    else:
        found = (abs(value) * _scalar(Fraction(10) ** decimals) + arb(1) / 2).floor().unique_fmpz()
        if found is None:
            raise Unclear("a last digit that the precision does not decide")
        count = -int(found) if value < 0 else int(found)
    return Fraction(count, 10**decimals) if decimals > 0 else Fraction(count * 10**-decimals)


def _nearest(numerator: int, denominator: int, decimals: int, ties: Ties) -> int:
    """The fraction in units of the last decimal, the nearest whole number of them."""
    above, below = (abs(numerator) * 10**decimals, denominator) if decimals > 0 else (abs(numerator), denominator * 10**-decimals)
    whole, rest = divmod(above, below)
    if 2 * rest > below or (2 * rest == below and (ties == "away" or whole % 2)):
        whole += 1
    return -whole if numerator < 0 else whole


def _scalar(value: Fraction) -> Scalar:
    return fmpq(value.numerator, value.denominator)


def decimals_of(value: Scalar, places: Places) -> int:
    """After how many decimals the value is rounded; negative where digits before the point go."""
    if not places.significant:
        return places.count
    return places.count - 1 - magnitude(value) if value != 0 else 0


def magnitude(value: Scalar) -> int:
    """The exponent of ten of the first digit that is not 0."""
    exact = fraction(value)
    size = abs(exact) if exact is not None else abs(ball(value))
    if exact is None and not ball(value).abs_lower() > 0:
        raise Unclear("a first digit that the precision does not decide")
    digits = len(str(floor(size))) if exact is not None and size >= 1 else 0
    guess = digits - 1 if digits else floor(float(ball(value).abs_upper().log().mid()) / 2.302585093) if exact is None else _below_one(exact)
    while not _at_most(guess, value):
        guess -= 1
    while _at_most(guess + 1, value):
        guess += 1
    return guess


def _below_one(value: Fraction) -> int:
    return len(str(abs(value).numerator)) - len(str(value.denominator))


def _at_most(exponent: int, value: Scalar) -> bool:
    """Whether ten to the exponent is at most the size of the value."""
    exact = fraction(value)
    power = Fraction(10) ** exponent
    if exact is not None:
        return power <= abs(exact)
    gap = abs(ball(value)) - ball(_scalar(power))
    if gap >= 0:
        return True
    if gap < 0:
        return False
    raise Unclear("a first digit that the precision does not decide")


def fixed(value: Fraction, decimals: int) -> str:
    """The decimal with so many digits after the point; the value ends there."""
    shown = max(decimals, 0)
    whole, rest = divmod(abs(value.numerator) * 10**shown, value.denominator)
    assert not rest, "a value that does not end at its last place"
    digits = str(whole).rjust(shown + 1, "0")
    point = len(digits) - shown
    sign = "-" if value.numerator < 0 else ""
    return sign + digits[:point] + (f".{digits[point:]}" if shown else "")


def as_rounded(value: Scalar, places: Places, ties: Ties = "away") -> tuple[Fraction, str]:
    """The rounded value, and as it is written: with all of its places."""
    found = rounded(value, places, ties)
    decimals = decimals_of(_scalar(found) if found else value, places)
    return found, fixed(found, decimals)


NEAR = 40                       # decimals to which a ball that the rounding does not decide is taken


def as_told(value: Scalar, places: Places, ties: Ties = "away") -> tuple[Fraction, str]:
    """The rounded value for print beside others: a ball that lies on a half, as far as its precision tells, is taken for that half."""
    try:
        return as_rounded(value, places, ties)
    except Unclear:
        near = (ball(value).mid() * arb(10) ** NEAR + arb(1) / 2).floor().mid()
        return as_rounded(fmpq(near.unique_fmpz() or 0, fmpz(10) ** NEAR), places, ties)


def in_full(value: Fraction, digits: int = IN_FULL) -> str | None:
    """The decimal in full if it ends and has at most so many digits; leading zeros do not count."""
    decimals = ending(value)
    if decimals is None or decimals > 3 * digits + 10:
        return None
    text = fixed(value, decimals)
    return text if len(text.lstrip("-").replace(".", "").lstrip("0")) <= digits else None


def ending(value: Fraction) -> int | None:
    """After how many decimals the value ends; None if it does not."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


def cut(value: Scalar, decimals: int) -> str:
    """The decimal cut after so many digits, toward zero."""
    scale = Fraction(10) ** decimals
    exact = fraction(value)
    found = fmpz(floor(abs(exact) * scale)) if exact is not None else (abs(value) * _scalar(scale)).floor().unique_fmpz()
    if found is None:
        raise Unclear("a digit that the precision does not decide")
    negative = exact < 0 if exact is not None else bool(value < 0)
    return fixed((-1 if negative else 1) * Fraction(int(found)) / scale, decimals)
