"""The point at which two formulas differ, for a person: short numbers where they show it too, and values with the digits that tell them apart.

    >>> told("4053/2048", "1.97900390625000000001727049680")
    'both about 1.97900, 1.73e-20 apart'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction

from flint import fmpq

from handgrad.errors import HandgradError
from handgrad.expr import Axis, Expr
from handgrad.verification import Certificate, Verifier
from handgrad.verification.worlds import GIVEN, Place, Point

SHORT, LONGEST = 9, 12          # characters of a number that is shown as it is, and of a fraction that is shown as the decimals that it is
FEWEST, MOST = 6, 12            # digits that are shown
WIDE = Context(prec=5100, Emax=10**9, Emin=-10**9)
GRIDS = (1, 2, 10, 100)         # the numbers that are tried: whole ones, halves, one decimal, two
NEAR = (Fraction(0), Fraction(1, 97), Fraction(-1, 97))     # a point that is shown shows the difference beside it too: it lies on no kink
CLEAR = Fraction(1, 1000)       # of the larger value: a difference that is seen with the eye
ENTRY = re.compile(r"(.+?)(?:\[([\d,]+)\])?")


def simpler(verifier: Verifier, left: Expr, right: Expr, found: Certificate) -> Certificate:
    """The same proof at a point of short numbers, where one near by serves; else as it was found."""
    from_sample = found.samples[0] if found.samples else None
    if from_sample is None or verifier.model.facts or any(name.endswith("(0)") for name in from_sample.inputs):
        return found
    sizes = {Axis(name.rpartition(".")[0], int(name.rpartition(".")[2])): n for name, n in from_sample.sizes.items()}
    places = {name: _place(name) for name in from_sample.inputs}
    for numbers in _rounded({name: Fraction(value) for name, value in from_sample.inputs.items()}):
        values = []
        for step in NEAR:
            point = Point("given", GIVEN, sizes, {places[name]: _exact(number + step) for name, number in numbers.items()})
            values.append(_values(verifier, (left, right), point, dict(from_sample.letters)))
        if all(_clearly(pair) for pair in values) and values[0] is not None:
            shown = {**(found.point or {}), **{name: str(number) for name, number in numbers.items()}}
            return replace(found, point=shown, left=str(values[0][0]), right=str(values[0][1]), samples=())
    return found


def _rounded(numbers: dict[str, Fraction]) -> Iterator[dict[str, Fraction]]:
    for grid in GRIDS:
        rounded = {name: Fraction(round(number * grid), grid) for name, number in numbers.items()}
        if all(rounded.values()):
            yield rounded


def _place(name: str) -> Place:
    entry = ENTRY.fullmatch(name)
    assert entry is not None
    return entry[1], tuple(map(int, entry[2].split(","))) if entry[2] else ()


def _exact(number: Fraction) -> fmpq:
    return fmpq(number.numerator, number.denominator)


def _values(verifier: Verifier, sides: tuple[Expr, Expr], point: Point, letters: dict[str, int]) -> tuple[Fraction | str, Fraction | str] | None:
    try:
        return verifier.value(sides[0], point, letters=letters), verifier.value(sides[1], point, letters=letters)
    except (HandgradError, KeyError):
        return None


def _clearly(pair: tuple[Fraction | str, Fraction | str] | None) -> bool:
    """Whether two values that are right in all their digits are far apart."""
    if pair is None or any(len(str(value)) > 100 for value in pair):
        return False
    left, right = map(_decimal, map(str, pair))
    if left is None or right is None:
        return False
    return WIDE.subtract(left, right).copy_abs() > WIDE.multiply(max(left.copy_abs(), right.copy_abs()), _quotient(CLEAR))


# ---------------------------------------------------------------- for people


def told(left: str, right: str) -> str:
    """Two values as they are said: short, and with as many digits as tell them apart."""
    one, other = _decimal(left), _decimal(right)
    if one is None or other is None:
        return f"{short(left)} and {short(right)}"
    for digits in range(FEWEST, MOST + 1, 2):
        shown = short(left, digits), short(right, digits)
        if _decimal(shown[0]) != _decimal(shown[1]) and _rounded_to(one, digits) != _rounded_to(other, digits):
            return f"{shown[0]} and {shown[1]}"
    apart = WIDE.subtract(one, other).copy_abs()
    about = f"both about {_rounded_to(one, FEWEST)}"
    return f"{about}, {_rounded_to(apart, 3)} apart" if apart else f"{about}, the same in the digits that are told"


def short(number: str, digits: int = FEWEST) -> str:
    """A number as it is said: as it is if that is short, else rounded."""
    value = _decimal(number)
    if value is None:
        return number
    decimals = format(value, "f") if -SHORT < value.adjusted() < SHORT else number
    if "/" in number and len(decimals) <= LONGEST:
        return decimals
    return number if len(number) <= SHORT else _rounded_to(value, digits)


def _rounded_to(value: Decimal, digits: int) -> str:
    rounded = Context(prec=digits, Emax=10**9, Emin=-10**9).plus(value)
    text = str(rounded) if -5 <= rounded.adjusted() < 12 else f"{rounded:e}"
    return format(rounded, "f") if "E" in text else text.replace("e+", "e")


def _decimal(text: str) -> Decimal | None:
    """The number that is written as decimals or as a fraction; None for what is no number."""
    try:
        above, _, below = text.partition("/")
        return WIDE.divide(Decimal(above), Decimal(below)) if below else Decimal(above)
    except InvalidOperation:
        return None


def _quotient(number: Fraction) -> Decimal:
    return WIDE.divide(Decimal(number.numerator), Decimal(number.denominator))
