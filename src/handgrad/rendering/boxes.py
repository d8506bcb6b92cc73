"""Formulas as boxes: what stands beside, above, below and around what, for printers that set mathematics in two dimensions.

`arranging` makes the boxes of a formula, signs, brackets and quotients decided; a printer (`tex`, `mathml`, `typst`) says how each box is
written. A printer breaks long lines where `pieces` ends a piece: between terms, and between factors that stand in no tight bracket.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction as Value
from typing import Union, assert_never

from handgrad.records import dataclass
from handgrad.rendering import names, shape

LONG = 40       # how many signs what stands in brackets may have before a line may end in it
ROWS = 2        # how many rows of cases may stand in brackets in which a line ends, since these do not grow
BROAD = 56      # how many signs may stand above a fraction bar


class Joint(Enum):
    """What stands between two factors."""

    NOTHING = 0
    DOT = 1
    FACTORS = 2
    QUOTIENTS = 3
    HADAMARD = 4
    OUTER = 5


@dataclass(frozen=True, slots=True)
class Row:
    """Boxes side by side."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """A relation between what stands left and right of it."""

    sign: str


@dataclass(frozen=True, slots=True)
class Words:
    """Words inside a formula."""

    text: str


@dataclass(frozen=True, slots=True)
class Digits:
    """A number; `ratio`: halves, thirds and their like are written 3/2, as in an exponent."""

    value: Value
    ratio: bool = False

    @property
    def size(self) -> str:
        """The number without its sign."""
        size = abs(self.value)
        return str(size) if self.ratio and shape.is_plain_fraction(size) else shape.decimal(size) or str(size)


@dataclass(frozen=True, slots=True)
class Letter:
    """The letter of an index, or the number of binders between a loose one and its own."""

    name: str | int


@dataclass(frozen=True, slots=True)
class Shifted:
    """An index that is a sum of letters, each with its factor, and a number."""

    terms: tuple[tuple[int, Box], ...]
    constant: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name with indices below it; a whole tensor is bold."""

    spelling: str
    indices: tuple[Box, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Symbol:
    """The sign of a known function, with the index along which it runs below it; `wide`: below a sign that stands alone, as under max."""

    function: str
    below: Box | None = None
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """A function of its arguments; without brackets where one short argument follows: `log x`."""

    head: Symbol | Name
    arguments: tuple[Box, ...]
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """A sum: its terms, each with whether it is taken away."""

    terms: tuple[tuple[bool, Box], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Factors, each with what stands in front of it, after a minus sign or none."""

    negative: bool
    factors: tuple[tuple[Joint, Box], ...]


@dataclass(frozen=True, slots=True)
class Fraction:
    """What stands above and below a fraction bar."""

    above: Box
    below: Box


@dataclass(frozen=True, slots=True)
class Root:
    """A square root."""

    under: Box


@dataclass(frozen=True, slots=True)
class Power:
    """A base with its exponent."""

    base: Box
    exponent: Box


@dataclass(frozen=True, slots=True)
class Exponential:
    """e with an exponent."""

    exponent: Box


@dataclass(frozen=True, slots=True)
class Transposed:
    """A matrix transposed."""

    matrix: Box


@dataclass(frozen=True, slots=True)
class Below:
    """A box with an index below its end."""

    base: Box
    index: Box


@dataclass(frozen=True, slots=True)
class Brackets:
    """A box in brackets as tall as it is: `()`, `||` or `‖‖`."""

    inside: Box
    signs: str = "()"


@dataclass(frozen=True, slots=True)
class Set:
    """Boxes between braces; None is what is left out."""

    items: tuple[Box | None, ...]


@dataclass(frozen=True, slots=True)
class Big:
    """A sum or product over an index."""

    kind: str
    index: Box
    body: Box


@dataclass(frozen=True, slots=True)
class Differential:
    """The fraction of a derivative: its order, the body where that is short, and each entry with how often it is taken."""

    order: int
    body: Box | None
    by: tuple[tuple[Box, int], ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """Cases under a brace, each a value and its condition; the last has none."""

    rows: tuple[tuple[Box, Box | None], ...]


Box = Union[
    Row, Sign, Words, Digits, Letter, Shifted, Name, Symbol, Applied, Terms, Product, Fraction, Root, Power, Exponential, Transposed, Below, Brackets, Set,
    Big, Differential, Branches,
]  # fmt: skip


def are_single(indices: tuple[Box, ...]) -> bool:
    """Whether each index is one sign, so that they stand side by side without commas."""
    return all(isinstance(i, Letter) and isinstance(i.name, str) or (isinstance(i, Digits) and 0 <= i.value < 10) for i in indices)


def is_broad(fraction: Fraction) -> bool:
    """Whether the fraction is written as one over its denominator, times what stands above, since that fills a line."""
    return isinstance(fraction.above, (Terms, Product)) and signs(fraction.above) > BROAD and rows(fraction.above) <= ROWS


def narrowed(fraction: Fraction) -> Product:
    """A broad fraction as a product over whose factors a line may end."""
    one = Fraction(Digits(Value(1)), fraction.below)
    above = fraction.above
    if isinstance(above, Product) and not above.negative:
        return Product(False, ((Joint.NOTHING, one), (Joint.QUOTIENTS, above.factors[0][1]), *above.factors[1:]))
    return Product(False, ((Joint.NOTHING, one), (Joint.FACTORS, Brackets(above))))


def breaks(box: Brackets) -> bool:
    """Whether a line may end inside the brackets."""
    return box.signs == "()" and isinstance(box.inside, (Terms, Product, Big)) and signs(box.inside) > LONG and rows(box.inside) <= ROWS


# ---------------------------------------------------------------- measuring


def children(box: Box) -> tuple[Box, ...]:
    """The boxes inside the box."""
    match box:
        case Sign() | Words() | Digits() | Letter():
            return ()
        case Row(inner) | Name(_, inner, _):
            return inner
        case Root(inside) | Exponential(inside) | Transposed(inside) | Brackets(inside, _):
            return (inside,)
        case Fraction(first, second) | Power(first, second) | Below(first, second) | Big(_, first, second):
            return first, second
        case Terms(terms) | Shifted(terms, _) | Product(_, terms):
            return tuple(term for _, term in terms)
        case Symbol(_, below, _):
            return (below,) if below else ()
        case Applied(head, arguments, _):
            return head, *arguments
        case Set(items):
            return tuple(item for item in items if item)
        case Differential(_, body, by):
            return (*((body,) if body else ()), *(entry for entry, _ in by))
        case Branches(rows):
            return tuple(part for row in rows for part in row if part)
        case _:
            assert_never(box)


def rows(box: Box) -> int:
    """How many rows of cases stand one below the other in the box; 0 where there are none."""
    if isinstance(box, Branches):
        return sum(max([1, *(rows(part) for part in row if part)]) for row in box.rows)
    return max(map(rows, children(box)), default=0)


def signs(box: Box) -> int:
    """How many signs of the formula stand side by side."""
    inside = [signs(child) for child in children(box)]
    match box:
        case Fraction():
            return max(inside)
        case Differential(order, body, _):
            above = 1 + (order > 1) + (inside[0] if body else 0)
            return max(above, sum(inside[1 if body else 0 :]) + len(box.by))
        case _:
            return sum(inside) + _own_signs(box)


def _own_signs(box: Box) -> int:
    match box:
        case Words(text):
            return len(text)
        case Digits(value):
            return len(box.size) + (value < 0)
        case Name(spelling, indices, _):
            name = names.parsed(spelling)
            stem = 1 if name.stem in names.GREEK else len(name.stem)
            return stem + len(name.below) + name.primes + (0 if are_single(indices) else len(indices) - 1)
        case Symbol(function, _, _):
            return len(names.symbol(function).sign)
        case Terms(found):
            return len(found) - 1 + (1 if found[0][0] else 0)
        case Product(negative, factors):
            return int(negative) + sum(joint in (Joint.DOT, Joint.HADAMARD, Joint.OUTER) for joint, _ in factors)
        case Applied(_, arguments, bare):
            return 0 if bare else len(arguments) + 1
        case Brackets() | Set():
            return 2
        case Root() | Exponential() | Transposed() | Big() | Sign() | Letter():
            return 1
        case Shifted(terms, constant):
            return len(terms) - 1 + len(str(constant or ""))
        case _:
            return 0
