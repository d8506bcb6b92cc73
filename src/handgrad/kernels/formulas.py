"""Formulas as scalar code: one expression of a language over variables, entries of arrays and positions.

A `Dialect` says how a language writes what; a `Scope` what stands for the names and letters where the formula stands. Positions are counted from 0 in
code and from 1 in formulas, so the literal index 2 is the position 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from handgrad.errors import ModelError
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    And,
    Axis,
    Call,
    Cases,
    Compare,
    Delta,
    Entry,
    Expr,
    IndexCompare,
    Letter,
    Literal,
    Mul,
    Not,
    Number,
    Or,
    Pow,
    Size,
    affine,
    mul,
    negative,
)
from handgrad.records import dataclass

MOST_FACTORS = 8
WIDENED = "(double)"
DOUBLES = (Fraction(2), Fraction(-2))
SATURATING = ("sigmoid", "tanh", "sech")
COMPARED: Mapping[str, Callable[[int, int], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a language writes numbers, calls, powers, choices and conditions."""

    functions: Mapping[str, str]                            # of each primitive, the function of the language
    choice: Callable[[str, str, str], str]                  # condition, value, otherwise
    power: Callable[[str, str], str]
    joined: tuple[str, str, str]                            # and, or, not
    number: Callable[[Fraction], str]
    pi: str
    whole: Callable[[str], str]                             # a position as a number of the formula's type
    single: Mapping[str, str] = field(default_factory=dict)     # of some primitives, the function in single precision


@dataclass(frozen=True, slots=True)
class Scope:
    """What stands for letters (positions from 0), for entries and for the sizes of axes."""

    letters: Mapping[Letter, str | int]
    entry: Callable[[str, Sequence[str | int]], str]        # the entry of a name at positions
    size: Callable[[Axis], str | int]
    dialect: Dialect
    narrow: Callable[[str], bool] = lambda _: False         # whether the entries of a name are held in single precision, and computed with in double

    def within(self, letters: Mapping[Letter, str | int]) -> Scope:
        """The scope in which further letters stand for positions."""
        return replace(self, letters={**self.letters, **letters})


def code(e: Expr, scope: Scope) -> str:
    """The formula as code, in brackets where it is a sum or a choice."""
    match e:
        case Number(value):
            return scope.dialect.number(value)
        case Size(axis):
            return scope.dialect.whole(str(scope.size(axis)))
        case Entry(name, indices):
            written = scope.entry(name, [position(i, scope) for i in indices])
            return f"{WIDENED}{written}" if scope.narrow(name) else written
        case Delta(left, right):
            return scope.dialect.choice(_same(left, right, scope), scope.dialect.number(Fraction(1)), scope.dialect.number(Fraction(0)))
        case Add(terms):
            return f"({_sum(terms, scope)})"
        case Mul(factors):
            return _product(factors, scope)
        case Pow(base, exponent):
            return _power(base, exponent, scope)
        case Call(name, arguments):
            return _call(name, arguments, scope)
        case Cases(branches, otherwise):
            return WIDENED + single(e, scope) if is_single(e, scope.dialect, scope.narrow) else _chosen(branches, otherwise, scope, code)
        case _:
            raise ModelError(f"a {type(e).__name__.lower()} has no code of its own", remedy="please report the model")


def _chosen(branches: tuple[tuple[Expr, Any], ...], otherwise: Expr, scope: Scope, written: Callable[[Expr, Scope], str]) -> str:
    """The first branch whose condition holds; where positions are known numbers, it is chosen here, and what is not chosen is not written."""
    if not branches:
        return written(otherwise, scope)
    (branch, condition), *rest = branches
    known = decided(condition, scope)
    if known is not None:
        return written(branch, scope) if known else _chosen(tuple(rest), otherwise, scope, written)
    return scope.dialect.choice(holds(condition, scope), written(branch, scope), _chosen(tuple(rest), otherwise, scope, written))


def decided(condition: Any, scope: Scope) -> bool | None:
    """Whether the condition holds, as far as it is about positions that are known numbers; None where it is not known."""
    match condition:
        case IndexCompare(operator, left, right):
            first, second = position(left, scope), position(right, scope)
            return COMPARED[operator](first, second) if isinstance(first, int) and isinstance(second, int) else None
        case And(conditions):
            found = [decided(c, scope) for c in conditions]
            return False if False in found else None if None in found else True
        case Or(conditions):
            found = [decided(c, scope) for c in conditions]
            return True if True in found else None if None in found else False
        case Not(inner):
            known = decided(inner, scope)
            return None if known is None else not known
        case _:
            return None


def _call(name: str, arguments: tuple[Expr, ...], scope: Scope) -> str:
    if name == "pi":
        return scope.dialect.pi
    if name == "stop":
        return code(arguments[0], scope)
    if is_single(Call(name, arguments), scope.dialect, scope.narrow):
        return WIDENED + single(Call(name, arguments), scope)
    written = [code(a, scope) for a in arguments]
    function = scope.dialect.functions[name]
    while len(written) > 2 and name in ("max", "min"):
        written = [f"{function}({written[0]}, {written[1]})", *written[2:]]
    return f"{function}({', '.join(written)})"


# ---------------------------------------------------------------- single precision


def is_exact(e: Any, narrow: Callable[[str], bool]) -> bool:
    """Whether the value is a number of single precision without rounding: an entry held in it, with either sign, or its absolute value."""
    match e:
        case Entry(name, _):
            return narrow(name)
        case Mul((first, rest)):
            return first is MINUS_ONE and is_exact(rest, narrow)
        case Call("abs", (inner,)):
            return is_exact(inner, narrow)
        case _:
            return False


def is_single(e: Any, dialect: Dialect, narrow: Callable[[str], bool]) -> bool:
    """Whether the value is found in single precision: an exact one, or a function of such, which is rounded as it would be in any case."""
    if isinstance(e, Cases):
        chosen = (*(value for value, _ in e.branches), e.otherwise)
        return _is_about_positions(e) and all(v is ZERO or v is ONE or is_single(v, dialect, narrow) for v in chosen) and not all(map(_is_number, chosen))
    if not isinstance(e, Call):
        return is_exact(e, narrow)
    if e.function == "abs":
        return is_exact(e, narrow)
    doubles = DOUBLES if e.function in SATURATING else ()
    return e.function in dialect.single and all(is_exact(_halved(a, doubles), narrow) for a in e.arguments)


def _is_number(e: Any) -> bool:
    return isinstance(e, Number)


def _is_about_positions(e: Cases) -> bool:
    return all(isinstance(condition, IndexCompare) for _, condition in e.branches)


def _halved(e: Any, doubles: tuple[Fraction, ...]) -> Any:
    """x of 2*x, where twice a number is as exact as it: beyond the greatest number the function is at its end anyway."""
    if isinstance(e, Mul) and len(e.factors) == 2 and isinstance(e.factors[0], Number) and e.factors[0].value in doubles:
        return e.factors[1]
    return e


def single(e: Any, scope: Scope) -> str:
    """A value that is found in single precision, as code of that type."""
    match e:
        case Entry(name, indices):
            return scope.entry(name, [position(i, scope) for i in indices])
        case Mul((Number(value), rest)):
            return f"(-{single(rest, scope)})" if value == -1 else f"({int(value)}.0f*{single(rest, scope)})"
        case Call("abs", (inner,)):
            return f"fabsf({single(inner, scope)})"
        case Number(value):
            return f"{int(value)}.0f"
        case Cases():
            return _chosen(e.branches, e.otherwise, scope, single)
        case Call(name, arguments):
            return f"{scope.dialect.single[name]}({', '.join(single(a, scope) for a in arguments)})"
        case _:
            raise ModelError("no value of single precision", remedy="please report the model")


# ---------------------------------------------------------------- sums, products, powers


def _sum(terms: tuple[Expr, ...], scope: Scope) -> str:
    """The terms; all that are negative as one negative sum, so that what f(-z) and f(z) have in common is computed once."""
    if all(map(_is_negative, terms)):
        return f"-({_sum(tuple(map(_positive, terms)), scope)})"
    written = code(terms[0], scope)
    for term in terms[1:]:
        written += f" - {code(_positive(term), scope)}" if _is_negative(term) else f" + {code(term, scope)}"
    return written


def _is_negative(term: Expr) -> bool:
    first = term.factors[0] if isinstance(term, Mul) else term
    return isinstance(first, Number) and first.value < 0


def _positive(term: Expr) -> Expr:
    """A negative term without its minus."""
    if not isinstance(term, Mul):
        return negative(term)
    first, *rest = term.factors
    return mul(*rest) if first is MINUS_ONE else mul(negative(first), *rest)


def _product(factors: tuple[Expr, ...], scope: Scope) -> str:
    """Factors, divided by the powers with negative exponents."""
    above = [f for f in factors if not divides(f)]
    below = [Pow(f.base, Number(-f.exponent.value)) for f in factors if isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value < 0]
    sign = ""
    if above and above[0] is MINUS_ONE:
        sign, above = "-", above[1:]
    written = "*".join(code(f, scope) for f in above) or scope.dialect.number(Fraction(1))
    if len({*below}) < len(below):          # one after the other: the square of one may be too small
        written += "".join(f"/({code(f, scope)})" for f in below)
    elif below:
        divisor = "*".join(code(f, scope) for f in below)
        written += f"/({divisor})" if len(below) > 1 or "*" in divisor or "/" in divisor else f"/{divisor}"
    return f"({sign}{written})"


def divides(f: Expr) -> bool:
    """Whether a factor is a power with a negative number for exponent."""
    return isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value < 0


def _power(base: Expr, exponent: Expr, scope: Scope) -> str:
    if isinstance(exponent, Number):
        value = exponent.value
        if value < 0:
            return _product((Pow(base, exponent),), scope)
        if value == 0:
            return scope.dialect.number(Fraction(1))
        if value == 1:
            return code(base, scope)
        if value == Fraction(1, 2):
            return f"{scope.dialect.functions['sqrt']}({code(base, scope)})"
        if value.denominator == 1 and value <= MOST_FACTORS and isinstance(base, (Entry, Letter)):
            return "(" + "*".join([code(base, scope)] * int(value)) + ")"
        if value == 2:
            return f"{scope.dialect.functions['square']}({code(base, scope)})"
    wide = replace(scope, narrow=lambda _: False)          # what the base is off by the power multiplies
    return scope.dialect.power(code(base, wide), code(exponent, scope))


# ---------------------------------------------------------------- positions and conditions


def position(index: Any, scope: Scope) -> str | int:
    """The index as a position from 0."""
    match index:
        case Letter():
            return scope.letters[index]
        case Literal(value):
            return value - 1
        case Entry(name, indices):
            return _less_one(scope.entry(name, [position(i, scope) for i in indices]))
        case _:
            return _shifted(index, scope)


def _less_one(written: str) -> str:
    return f"({written} - 1)"


def _shifted(index: Any, scope: Scope) -> str | int:
    known = affine(index)
    if known is None:
        raise ModelError("an index that is a formula other than an entry is not compiled", remedy="give the positions as an input of their own")
    terms, constant = known
    words: list[str] = []
    for factor, atom in terms:
        at = scope.size(atom.axis) if isinstance(atom, Size) else scope.letters[atom] if isinstance(atom, Letter) else None
        assert at is not None, "a bound index is opened before it is written"
        constant += 0 if isinstance(atom, Size) else factor         # letters count from 0 in code
        if isinstance(at, int):
            constant += factor * at
        else:
            words.append(at if factor == 1 else f"{factor}*{at}")
    constant -= 1
    return constant if not words else "(" + " + ".join(words) + (f" + {constant}" if constant > 0 else f" - {-constant}" if constant < 0 else "") + ")"


def _same(left: Any, right: Any, scope: Scope) -> str:
    return f"{position(left, scope)} == {position(right, scope)}"


def holds(condition: Any, scope: Scope) -> str:
    """The condition as code."""
    both, either, negated = scope.dialect.joined
    match condition:
        case Compare(operator, left, right):
            return f"({code(left, scope)} {operator} {code(right, scope)})"
        case IndexCompare(operator, left, right):
            return f"({position(left, scope)} {operator} {position(right, scope)})"
        case And(conditions):
            return "(" + f" {both} ".join(holds(c, scope) for c in conditions) + ")"
        case Or(conditions):
            return "(" + f" {either} ".join(holds(c, scope) for c in conditions) + ")"
        case Not(inner):
            return f"({negated}{holds(inner, scope)})"
        case _:
            raise ModelError("a fact is no condition", remedy="please report the model")
