"""Numbers as they are shown, and how they relate to a value: exact, rounded, cut, one unit of the last place off.

    number = shown(formula("-0.0239"))
    relation(number, exactly(Fraction("-0.023936")))        # 'rounding'
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Literal

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear
from handgrad.arithmetic.decimals import Places, as_told, fraction, in_full
from handgrad.checking.evaluation import exactly, number
from handgrad.reading.surface import Braced, Decimal, Dots, Factor, Group, Product, Scripted, Sum, Surface
from handgrad.records import dataclass

Relation = Literal["exact", "rounding", "truncation", "last_digit", "apart"]
LONG, CERTAIN = 30, 12          # digits: a value that ends within 30 is written in full, else 12 certain ones


@dataclass(frozen=True, slots=True)
class Shown:
    """A number on a page: its exact value, after how many decimals it ends, and its text; `goes_on`: dots behind it say that more digits follow."""

    value: Fraction
    decimals: int
    text: str
    goes_on: bool = False

    @property
    def unit(self) -> Fraction:
        """One unit of the last place."""
        return Fraction(10) ** -self.decimals

    def negated(self) -> Shown:
        """The number with the other sign."""
        return replace(self, value=-self.value, text=self.text[1:] if self.text.startswith("-") else f"-{self.text}")


def shown(node: Surface) -> Shown | None:
    """The number that a side is, with its sign, in brackets or not, with a power of ten or not; None of anything else."""
    match node:
        case Decimal(_, text):
            value = number(text)
            if value is None:
                return None
            mantissa, _, exponent = text.lower().partition("e")
            return Shown(value, len(mantissa.partition(".")[2]) - int(exponent or 0), text)
        case Sum(_, (term,)):
            found = shown(term.node)
            return found.negated() if found is not None and term.sign < 0 else found
        case Group(_, _, (item,)) | Braced(_, item, _):
            return shown(item)
        case Product(_, (Factor(_, Decimal() as digits_), Factor("", Dots()))):
            found = shown(digits_)
            return replace(found, goes_on=True) if found is not None else None
        case Product(_, (first, second)) if second.operator == "*":
            return _scaled(shown(first.node), second.node)
    return None


def _scaled(mantissa: Shown | None, power: Surface) -> Shown | None:
    """The number times a power of ten: `4.3 × 10^{-3}`."""
    if mantissa is None or not isinstance(power, Scripted) or not isinstance(power.base, Decimal) or power.base.text != "10" or power.sup is None:
        return None
    exponent = shown(power.sup)
    if exponent is None or exponent.value.denominator != 1 or abs(exponent.value) > 400:
        return None
    n = int(exponent.value)
    return Shown(mantissa.value * Fraction(10) ** n, mantissa.decimals - n, f"{mantissa.text}e{n}")


def relation(number: Shown, x: Scalar) -> Relation:
    """How the number relates to the value that it should show; either tie rule will do."""
    value, unit = exactly(number.value), exactly(number.unit)
    if isinstance(x, type(value)) and x == value:
        return "exact"
    off = abs(x - value)
    if _at_most(off, unit / 2):
        return "rounding"
    if _at_most(off, unit) and not _at_most(unit, off) and _at_most(number_size(number), abs(x)) and (number.value == 0 or _same_sign(number, x)):
        return "rounding" if number.goes_on else "truncation"
    # within one unit of the last place of the rounded value: the value itself is then at most one and a half units away
    zeros = len(number.text) - len(number.text.rstrip("0")) if number.decimals == 0 and len(number.text.lstrip("-")) > 2 else 0
    if zeros and _at_most(off, exactly(Fraction(10) ** zeros) / 2):
        return "rounding"                   # 1200 may show 1234.5, to the hundreds
    whole = fraction(x) if number.decimals == 0 else None
    if whole is not None and whole.denominator == 1:
        return "apart"                      # a count that is another one: nothing was rounded
    return "last_digit" if _at_most(off, unit * 3 / 2) and (number.value == 0 or _same_sign(number, x) or _at_most(abs(x), unit)) else "apart"


def number_size(number: Shown) -> Scalar:
    """The absolute value as a scalar."""
    return exactly(abs(number.value))


def _same_sign(number: Shown, x: Scalar) -> bool:
    return balls.sign(x) == (1 if number.value > 0 else -1)


def _at_most(a: Scalar, b: Scalar) -> bool:
    """Whether a <= b; a ball that does not tell is taken for equal."""
    return balls.less(b, a) is not True


def fits(number: Shown, x: Scalar | None) -> bool:
    """Whether the number is the value or a rounding of it."""
    return x is not None and relation(number, x) in ("exact", "rounding")


def digits(x: Scalar | None, wanted: int = CERTAIN) -> str | None:
    """The value as a decimal: in full if it ends within 30 digits, else its first certain ones."""
    if x is None:
        return None
    known = fraction(x)
    full = in_full(known, LONG) if known is not None else None
    if full is not None:
        return full
    try:
        return as_told(x, Places(wanted, significant=True))[1]
    except Unclear:
        return None


def told(x: Scalar, wanted: int = 9) -> str:
    """The value for a sentence: in full if it is short, else to so many significant digits."""
    known = fraction(x)
    full = in_full(known, wanted) if known is not None else None
    if full is not None:
        return full
    try:
        return as_told(x, Places(wanted, significant=True))[1]
    except Unclear:
        return ""


def shown_as(number: Shown, x: Scalar) -> Fraction | None:
    """The value rounded to as many decimals as the number shows."""
    try:
        return as_told(x, Places(number.decimals))[0]
    except (Unclear, AssertionError):
        return None


def rounded_like(number: Shown, x: Scalar) -> str:
    """The value with as many decimals as the number shows."""
    try:
        return as_told(x, Places(number.decimals))[1]
    except (Unclear, AssertionError):
        return told(x)


def minus(text: str) -> str:
    """The text with a minus sign for print."""
    return text.replace("-", "\u2212")
