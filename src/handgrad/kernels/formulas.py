"""Formulas as scalar code: one expression of a language over variables, entries of arrays and positions.

A `Dialect` says how a language writes what; a `Scope` what stands for the names and letters where the formula stands. Positions are counted from 0 in
code and from 1 in formulas, so the literal index 2 is the position 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from handgrad.errors import ModelError
from handgrad.expr import (
    MINUS_ONE,
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
)

MOST_FACTORS = 8
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


@dataclass(frozen=True, slots=True)
class Scope:
    """What stands for letters (positions from 0), for entries and for the sizes of axes."""

    letters: Mapping[Letter, str | int]
    entry: Callable[[str, Sequence[str | int]], str]        # the entry of a name at positions
    size: Callable[[Axis], str | int]
    dialect: Dialect
    labels: frozenset[str] = field(default_factory=frozenset)

    def within(self, letters: Mapping[Letter, str | int]) -> Scope:
        """The scope in which further letters stand for positions."""
        return Scope({**self.letters, **letters}, self.entry, self.size, self.dialect, self.labels)


def code(e: Expr, scope: Scope) -> str:
    """The formula as code, in brackets where it is a sum or a choice."""
    match e:
        case Number(value):
            return scope.dialect.number(value)
        case Size(axis):
            return scope.dialect.whole(str(scope.size(axis)))
        case Entry(name, indices):
            return scope.entry(name, [position(i, scope) for i in indices])
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
            return _chosen(branches, otherwise, scope)
        case _:
            raise ModelError(f"a {type(e).__name__.lower()} has no code of its own", remedy="please report the model")


def _chosen(branches: tuple[tuple[Expr, Any], ...], otherwise: Expr, scope: Scope) -> str:
    """The first branch whose condition holds; where positions are known numbers, it is chosen here, and what is not chosen is not written."""
    if not branches:
        return code(otherwise, scope)
    (branch, condition), *rest = branches
    known = decided(condition, scope)
    if known is not None:
        return code(branch, scope) if known else _chosen(tuple(rest), otherwise, scope)
    return scope.dialect.choice(holds(condition, scope), code(branch, scope), _chosen(tuple(rest), otherwise, scope))


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
    written = [code(a, scope) for a in arguments]
    function = scope.dialect.functions[name]
    while len(written) > 2 and name in ("max", "min"):
        written = [f"{function}({written[0]}, {written[1]})", *written[2:]]
    return f"{function}({', '.join(written)})"


def _sum(terms: tuple[Expr, ...], scope: Scope) -> str:
    written = code(terms[0], scope)
    for term in terms[1:]:
        match term:
            case Number(value) if value < 0:
                written += f" - {scope.dialect.number(-value)}"
            case Mul((first, *rest)) if isinstance(first, Number) and first.value < 0:
                factors = rest if first is MINUS_ONE else [Number(-first.value), *rest]
                written += f" - {_product(tuple(factors), scope)}"
            case _:
                written += f" + {code(term, scope)}"
    return written


def _product(factors: tuple[Expr, ...], scope: Scope) -> str:
    """Factors, divided by the powers with negative exponents."""
    above = [f for f in factors if not divides(f)]
    below = [Pow(f.base, Number(-f.exponent.value)) for f in factors if isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value < 0]
    sign = ""
    if above and above[0] is MINUS_ONE:
        sign, above = "-", above[1:]
    written = "*".join(code(f, scope) for f in above) or scope.dialect.number(Fraction(1))
    if below:
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
    return scope.dialect.power(code(base, scope), code(exponent, scope))


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
