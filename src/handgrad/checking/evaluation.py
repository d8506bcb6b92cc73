"""The value of a formula as it stands on a page: every number exact, every name at what is known of it.

A value is an exact rational or a ball that surely holds it. `None` means that there is none: a name of which nothing is known, a pole, a
matrix. What stands in parentheses behind a known function is its argument; behind anything else it is a factor: `σ(0.7)` calls, `θ(1 − θ)` multiplies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from flint import arb, fmpq

from handgrad import catalogue
from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import HALF, ONE, ZERO, Scalar, Unclear, Unreal, divided, power
from handgrad.axes import Function
from handgrad.errors import HandgradError
from handgrad.reading.surface import (
    Applied,
    Bars,
    Braced,
    Compared,
    Decimal,
    Derivative,
    Dots,
    Factor,
    Group,
    Nabla,
    Piecewise,
    Product,
    Root,
    Scripted,
    Sum,
    Surface,
    Symbol,
    Term,
    children,
    spelled,
)
from handgrad.reading.surface import (
    Fraction as Quotient,
)
from handgrad.worksheet.hand import Hand

Lookup = Callable[[Surface], Scalar | None]
LONGEST = 400                   # digits of a number, and the size of its exponent
LARGEST = arb(10) ** 400        # a number that a page can hold
ALIASES = {"sigma": "sigmoid", "σ": "sigmoid", "logistic": "sigmoid", "sig": "sigmoid", "ln": "log", "ReLU": "relu", "Relu": "relu", "RELU": "relu",
           "sgn": "sign", "th": "tanh", "swish": "silu", "SiLU": "silu", "GELU": "gelu"}
NEAR = fmpq(1, 10)
BASES = {"log2": 2, "log10": 10, "lg": 10, "ld": 2}
EULER, PI = ("e",), ("pi", "π")


class Unknown(Exception):
    """Something in the formula has no value."""


def nothing(node: Surface) -> Scalar | None:
    """The lookup that knows no name."""
    return None


def value(node: Surface, lookup: Lookup = nothing) -> Scalar | None:
    """The value of a formula; None where it has none, or none that this precision tells."""
    try:
        found = _value(node, lookup)
        return found if balls.finite(found) and not _too_large(found) else None
    except (Unknown, Unreal, Unclear, HandgradError, RecursionError):
        return None


def _too_large(found: Scalar) -> bool:
    """Whether it has more digits than a number on a page may have."""
    return bool(abs(arb(found)) > LARGEST)


@lru_cache(maxsize=4096)
def number(text: str) -> Fraction | None:
    """The exact value of a number as it is shown."""
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) > LONGEST or (exponent and (len(exponent) > 4 or abs(int(exponent)) > LONGEST)):
        return None
    try:
        return Fraction(text)
    except ValueError:
        return None


def function_of(node: Surface) -> str | None:
    """The function that a name calls when an argument stands behind it: its name in the catalogue, or of an elementary function."""
    if not isinstance(node, Symbol) or node.accents:
        return None
    name = ALIASES.get(node.name, node.name)
    return name if name in balls.FUNCTIONS or name in ("max", "min") or name in BASES or name in catalogue.functions() else None


def constant_of(node: Surface) -> Scalar | None:
    """The value of π or e."""
    if not isinstance(node, Symbol) or node.accents or node.name not in (*PI, *EULER):
        return None
    return arb.pi() if node.name in PI else arb.const_e()


def is_name(node: Surface) -> bool:
    """Whether it may be the name of a quantity."""
    return isinstance(node, (Symbol, Scripted, Derivative, Nabla))


def numbers_in(node: Surface) -> Iterator[Decimal]:
    """The numbers of a formula that are values, from left to right: not those that are indices of a name."""
    todo = [node]
    while todo:
        found = todo.pop()
        if isinstance(found, Decimal):
            yield found
        elif isinstance(found, Scripted):
            todo += [below for below in (found.sup, found.base) if below is not None and not isinstance(below, (Symbol, Group)) or below is found.base]
        elif not isinstance(found, (Derivative, Nabla)):
            todo.extend(reversed(list(children(found))))


# ---------------------------------------------------------------- evaluating


def _value(node: Surface, lookup: Lookup) -> Scalar:
    match node:
        case Decimal(_, text):
            return _decimal(node, text, lookup)
        case Symbol() | Derivative() | Nabla():
            return _named(node, lookup)
        case Scripted():
            return _scripted(node, lookup)
        case Sum(_, terms):
            return _total(terms, lookup)
        case Product(_, factors):
            return _product(factors, lookup)
        case Quotient(_, numerator, denominator):
            return divided(_value(numerator, lookup), _value(denominator, lookup))
        case Group(_, _, (item,)) | Braced(_, item, _):
            return _value(item, lookup)
        case Bars(_, _, body):
            return abs(_value(body, lookup))
        case Root(_, body, degree):
            return power(_value(body, lookup), HALF if degree is None else divided(ONE, _value(degree, lookup)))
        case Applied(_, function, arguments):
            return _applied(function, arguments, lookup)
        case Piecewise(_, rows):
            return _piecewise(rows, lookup)
    raise Unknown


def _decimal(node: Decimal, text: str, lookup: Lookup) -> Scalar:
    known = lookup(node)
    if known is not None:
        return known
    exact = number(text)
    if exact is None:
        raise Unknown
    return balls.exact(exact)


def _named(node: Surface, lookup: Lookup) -> Scalar:
    known = lookup(node)
    if known is not None:
        return known
    if isinstance(node, Symbol) and not node.accents and node.name in PI:
        return arb.pi()
    raise Unknown


def _scripted(node: Scripted, lookup: Lookup) -> Scalar:
    known = lookup(node)
    if known is not None:
        return known
    if node.sup is None or node.primes:
        raise Unknown
    if isinstance(node.base, Symbol) and node.base.name in EULER and not node.sub and not node.base.accents and lookup(node.base) is None:
        return balls.value("exp", _value(node.sup, lookup))
    base = Scripted(node.span, node.base, node.sub) if node.sub else node.base
    return power(_value(base, lookup), _value(node.sup, lookup))


def _total(terms: tuple[Term, ...], lookup: Lookup) -> Scalar:
    found = ZERO
    for term in terms:
        found = balls.shortened(found + term.sign * _value(term.node, lookup))
    return found


def _product(factors: tuple[Factor, ...], lookup: Lookup) -> Scalar:
    found, at = ONE, 0
    while at < len(factors):
        operator, node = factors[at].operator, factors[at].node
        if isinstance(node, Dots) and at and not operator and isinstance(factors[at - 1].node, Decimal):
            at += 1                         # `0.5592…`: a number of which more digits were carried than are shown
            continue
        behind = factors[at + 1].node if at + 1 < len(factors) and not factors[at + 1].operator else None
        if isinstance(node, Decimal) and isinstance(behind, Scripted) and isinstance(behind.base, Dots):
            node = replace(behind, base=node)               # `0.5592…²`
            at += 1
        call = called(factors, at, lookup)
        if call is None:
            here = _value(node, lookup)
        else:
            here = _called(*call, lookup)
            at += 1
        if operator == "outer":
            raise Unknown
        found = divided(found, here) if operator == "/" else balls.shortened(found * here)
        at += 1
    return found


def called(factors: tuple[Factor, ...], at: int, lookup: Lookup) -> tuple[Surface, tuple[Surface, ...]] | None:
    """The function and its arguments where the factor and the one behind it are a call: a known function that is no quantity here."""
    if at + 1 >= len(factors):
        return None
    node, after = factors[at].node, factors[at + 1]
    base = node.base if isinstance(node, Scripted) and not node.sub else node
    if after.operator or not isinstance(after.node, Group) or function_of(base) is None or lookup(base) is not None:
        return None
    return node, after.node.items


def calls(node: Product) -> Iterator[tuple[Surface, Surface]]:
    """The pairs of a known function and the group behind it, in a product."""
    for first, second in pairwise(node.factors):
        if not second.operator and isinstance(second.node, Group) and function_of(first.node) is not None:
            yield first.node, second.node


# ---------------------------------------------------------------- functions


def _applied(function: Surface, arguments: tuple[Surface, ...], lookup: Lookup) -> Scalar:
    if len(arguments) == 1 and isinstance(arguments[0], Group) and len(arguments[0].items) > 1:
        arguments = arguments[0].items
    return _called(function, arguments, lookup)


def _called(function: Surface, arguments: tuple[Surface, ...], lookup: Lookup) -> Scalar:
    return of_function(function, *(_value(a, lookup) for a in arguments), lookup=lookup)


def of_function(function: Surface, *given: Scalar, lookup: Lookup = nothing) -> Scalar:
    """The value of a named function, primed or with a power, at numbers; it raises `Unknown` where it has none."""
    primes, exponent = 0, None
    if isinstance(function, Scripted) and len(function.sub) == 1 and isinstance(function.base, Symbol) and function.base.name == "log":
        function = replace(function, base=replace(function.base, name=f"log{spelled(function.sub[0])}"), sub=())
    if isinstance(function, Scripted) and not function.sub:
        primes, exponent, function = function.primes, function.sup, function.base
    name = function_of(function)
    if name is None or primes > 1:
        raise Unknown
    found = _slope(name, list(given)) if primes else _call(name, list(given))
    if exponent is None:
        return found
    raised = _value(exponent, lookup)
    if balls.sign(raised) == -1:            # `tanh^{-1}` is an inverse, no power
        raise Unknown
    return power(found, raised)


def _call(name: str, given: list[Scalar]) -> Scalar:
    if name in ("max", "min"):
        return _extreme(given, 1 if name == "max" else -1)
    if name in BASES and len(given) == 1:
        return divided(balls.value("log", given[0]), balls.value("log", fmpq(BASES[name])))
    if name in balls.FUNCTIONS:
        if len(given) != 1:
            raise Unknown
        return balls.value(name, given[0])
    return _defined(catalogue.functions()[name], given)


def _defined(function: Function, given: list[Scalar]) -> Scalar:
    missing = len(function.parameters) - len(given)
    if missing < 0 or missing > len(function.defaults):
        raise Unknown
    hand = Hand({}, catalogue.functions())
    rest = [hand(d) for d in function.defaults[len(function.defaults) - missing:]] if missing else []
    return Hand({(name, ()): v for name, v in zip(function.parameters, [*given, *rest], strict=True)}, catalogue.functions())(function.body)


def _extreme(given: list[Scalar], direction: int) -> Scalar:
    found = given[0]
    for other in given[1:]:
        s = balls.certain_sign(other - found)
        found = other if s * direction > 0 else found
    return found


def _slope(name: str, given: list[Scalar]) -> Scalar:
    """The derivative at a number, of functions that pages write with a prime."""
    if len(given) != 1:
        raise Unknown
    x = given[0]
    match name:
        case "sigmoid":
            s = _call("sigmoid", given)
            return s * (1 - s)
        case "relu":
            return ONE if balls.certain_sign(x) > 0 else ZERO
        case _ if name in balls.FUNCTIONS:
            return balls.taylor(name, x, 1)[1]
    raise Unknown


def _piecewise(rows: tuple[tuple[Surface, Surface | None], ...], lookup: Lookup) -> Scalar:
    for found, condition in rows:
        if condition is None or _holds(condition, lookup):
            return _value(found, lookup)
    raise Unknown


def _holds(condition: Surface, lookup: Lookup) -> bool:
    match condition:
        case Compared(_, "and", left, right):
            return _holds(left, lookup) and _holds(right, lookup)
        case Compared(_, "or", left, right):
            return _holds(left, lookup) or _holds(right, lookup)
        case Compared(_, operator, left, right):
            a, b = _value(left, lookup), _value(right, lookup)
            s = balls.certain_sign(a - b)
            if s and operator in ("==", "=", "!=") and balls.less(NEAR * abs(a), abs(a - b)) is not True:
                raise Unknown               # rounded numbers do not tell whether two are equal
            decided = {"<": s < 0, "<=": s <= 0, ">": s > 0, ">=": s >= 0, "==": s == 0, "=": s == 0, "!=": s != 0}
            if operator in decided:
                return decided[operator]
    raise Unknown


# ---------------------------------------------------------------- comparing


def same(a: Scalar | None, b: Scalar | None) -> bool:
    """Whether two values are equal, of balls as far as the precision tells."""
    return a is not None and b is not None and not balls.apart(a, b)


def exactly(value: Fraction) -> Scalar:
    """The exact fraction as a scalar."""
    return fmpq(value.numerator, value.denominator)
