"""Formulas over named axes as expressions of a package of arrays.

A formula is lowered in a scope, the letters of its part in order. Its array has the axes of the scope from the first letter that stands in it to the last,
of length 1 where a letter does not stand, so that all arrays of one scope fit together as the packages broadcast them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from fractions import Fraction
from typing import Any, NamedTuple

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
    Shift,
    Size,
    affine,
    mul,
)
from handgrad.kernels.formulas import divides
from handgrad.kernels.naming import axis_names, names_for, unused
from handgrad.kernels.program import Program
from handgrad.records import dataclass

CHOICE, SUM, PRODUCT, POWER, ATOM = range(5)            # how tightly a text binds

PARTIAL = ("log", "log1p", "sqrt", "tan")               # calls without a value somewhere
EXACT = 1 << 53


class Text(NamedTuple):
    """Code, and how tightly it binds."""

    code: str
    level: int = ATOM

    def within(self, level: int) -> str:
        """The code, in brackets where what is around it binds more tightly."""
        return self.code if self.level >= level else f"({self.code})"


@dataclass(frozen=True, slots=True)
class Package:
    """How a package of arrays writes what."""

    module: str                                         # what its functions are called by: np
    functions: Mapping[str, str]                        # of each primitive, the function: "exp": "np.exp", "sigmoid": "sigmoid"
    helpers: Mapping[str, str]                          # the text of the functions that the package lacks, by their names
    header: Callable[[str], str]                        # the lines that import it, after the docstring
    inputs: Callable[[Program, Mapping[str, str]], Iterator[str]]           # lines that make arrays of the arguments
    reductions: Mapping[str, Callable[[str], str]]      # of each kind, over the last axis
    transposed: Callable[[str, tuple[int, ...]], str]
    positions: Callable[[str], str]                     # 0, 1, … so many
    result: Callable[[str], str]                        # what is handed out, of the type asked for
    decorator: str = ""
    differentiable: bool = False                        # whether derivatives are taken of the text: then no nan may stand where it is not chosen
    clipped: Callable[[str, str], str] = field(default=lambda at, last: f"np.clip({at}, 0, {last})")
    einsum: Callable[[str, list[str]], str] = field(default=lambda pattern, operands: f'np.einsum("{pattern}", {", ".join(operands)}, optimize=True)')


def plain(e: Any) -> bool:
    """Whether the formula is a number of Python in the code: no entry and no letter stands in it."""
    return not e.tensors and not e.letters


def number_text(value: Fraction) -> Text:
    """A number as Python writes it, the nearest double where it is not exact."""
    if value.denominator == 1 and abs(value.numerator) < EXACT:
        return Text(str(value.numerator), ATOM if value >= 0 else SUM)
    text = repr(float(value)) if abs(value) < Fraction(10) ** 308 else f"{value.numerator}/{value.denominator}"
    return Text(text, SUM if value < 0 or "/" in text else ATOM)


@dataclass(slots=True)
class Formulas:
    """Writes formulas in the words of a package; what has to be computed before a formula is added to `lines`."""

    program: Program
    package: Package
    names: Mapping[str, str] = field(init=False)
    axes: Mapping[Axis, str] = field(init=False)
    used: dict[str, None] = field(default_factory=dict)         # helpers
    positions: dict[Axis, None] = field(default_factory=dict)   # axes of which the positions are needed as an array
    lines: list[str] = field(default_factory=list)
    _guards: list[str] = field(default_factory=list)            # where what is written now is chosen
    _cases: dict[str, str] = field(default_factory=dict)        # the conditions that have names

    def __post_init__(self) -> None:
        reserved = {"np", "jnp", "torch", "jax", "math", "number", "numpy", *self.package.helpers}
        self.names = names_for(self.program, reserved)
        self.axes = axis_names(self.program, {*self.names.values(), *reserved})

    # ------------------------------------------------------------ formulas

    def at(self, e: Any, scope: tuple[Letter, ...]) -> Text:
        """The formula as code in the scope."""
        match e:
            case Number(value):
                return number_text(value)
            case Size(axis):
                return Text(f"n_{self.axes[axis]}")
            case Entry():
                return self._entry(e, scope)
            case Delta(left, right):
                return Text(f"{self.package.module}.where({self._compared('==', left, right, scope)}, {self._number(Text('1.0')).code}, 0.0)")
            case Add(terms):
                return self._sum(terms, scope)
            case Mul(factors):
                return self._product(factors, scope)
            case Pow(base, exponent):
                return self._power(base, exponent, scope)
            case Call(name, arguments):
                return self._call(name, arguments, scope)
            case Cases():
                return self._chosen(e, scope)
            case _:
                raise ModelError(f"a {type(e).__name__.lower()} has no code over arrays", remedy="please report the model")

    def _number(self, text: Text) -> Text:
        """A number of Python as one of the package."""
        if "number(" in text.code:
            return text
        self.used.setdefault("number")
        return Text(f"number({text.code})")

    def _sum(self, terms: tuple[Expr, ...], scope: tuple[Letter, ...]) -> Text:
        code = self.at(terms[0], scope).code
        for term in terms[1:]:
            negated = taken_off(term)
            code += f" + {self.at(term, scope).within(PRODUCT)}" if negated is None else f" - {self.at(negated, scope).within(PRODUCT)}"
        return Text(code, SUM)

    def _product(self, factors: tuple[Expr, ...], scope: tuple[Letter, ...]) -> Text:
        above = [f for f in factors if not divides(f)]
        below = [mul(Pow(f.base, Number(-f.exponent.value)) if f.exponent.value != -1 else f.base)
                 for f in factors if isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value < 0]
        sign = ""
        if len(above) > 1 and isinstance(above[0], Number) and above[0].value < 0:
            sign, above = "-", above[1:] if above[0] is MINUS_ONE else [Number(-above[0].value), *above[1:]]
        if above:
            written = [self.at(f, scope) for f in above]
            code = "*".join(text.within(POWER if number else PRODUCT) for number, text in enumerate(written))
            level = PRODUCT if len(above) > 1 or below else written[0].level
        else:
            code, level = "1", PRODUCT
        for divisor in below:
            text = self._guarded(self.at(divisor, scope), divisor)
            is_number = all(plain(f) for f in above) and plain(divisor)
            code += f"/{self._number(text).code if is_number else text.within(POWER)}"
        return Text(f"-{code if level >= PRODUCT else f'({code})'}", SUM) if sign else Text(code, level)

    def _guarded(self, text: Text, e: Any) -> Text:
        """What is divided by, or has a logarithm only somewhere: 1 where the branch of cases in which it stands is not chosen."""
        if self.package.differentiable and self._guards and not plain(e):
            return Text(f"{self.package.module}.where({self._guards[-1]}, {text.code}, 1.0)")
        return text

    def _power(self, base: Expr, exponent: Expr, scope: tuple[Letter, ...]) -> Text:
        if not isinstance(exponent, Number):
            below = self._guarded(self.at(base, scope), base)
            if plain(base):
                below = self._number(below)
            return Text(f"{below.within(ATOM)}**{self.at(exponent, scope).within(ATOM)}", POWER)
        if exponent.value < 0:
            return self._product((Pow(base, exponent),), scope)
        if exponent.value == Fraction(1, 2):
            return self._call("sqrt", (base,), scope)
        below = self.at(base, scope)
        if exponent.value.denominator != 1:
            below = self._guarded(below, base)
        return Text(f"{below.within(ATOM)}**{number_text(exponent.value).within(ATOM)}", POWER)

    def _call(self, name: str, arguments: tuple[Expr, ...], scope: tuple[Letter, ...]) -> Text:
        function = self.package.functions[name]
        if name == "pi":
            return self._number(Text(function))
        written = [self._number(self.at(a, scope)).code if plain(a) else self.at(a, scope).code for a in arguments]
        if name in PARTIAL:
            written = [self._guarded(Text(code), a).code for code, a in zip(written, arguments, strict=True)]
        if function in self.package.helpers:
            self.used.setdefault(function)
        while len(written) > 2 and name in ("max", "min"):
            written = [f"{function}({written[0]}, {written[1]})", *written[2:]]
        return Text(written[0] if function == "" else f"{function}({', '.join(written)})", CHOICE if function == "" else ATOM)

    # ------------------------------------------------------------ cases

    def _chosen(self, e: Cases, scope: tuple[Letter, ...]) -> Text:
        """`where` on conditions that have names; the last case is the innermost."""
        values: list[str] = []
        conditions: list[str] = []
        for branch, test in e.branches:
            conditions.append(self._named(self._holds(test, scope)))
            with self._guard(conditions[-1]):
                values.append(self._valued(branch, scope))
        with self._guard(f"~({' | '.join(conditions)})" if len(conditions) > 1 else f"~{conditions[0]}"):
            code = self._valued(e.otherwise, scope)
        if plain(e.otherwise) and plain(e.branches[-1][0]):
            code = self._number(Text(code)).code
        for value, condition in zip(reversed(values), reversed(conditions), strict=True):
            code = f"{self.package.module}.where({condition}, {value}, {code})"
        return Text(code)

    def _valued(self, e: Any, scope: tuple[Letter, ...]) -> str:
        return f"{float(e.value)!r}" if isinstance(e, Number) else self._number(self.at(e, scope)).code if plain(e) else self.at(e, scope).code

    @contextmanager
    def _guard(self, condition: str) -> Iterator[None]:
        self._guards.append(condition)
        yield
        self._guards.pop()

    def _named(self, condition: str) -> str:
        """The name of a condition; equal ones have one name."""
        if condition not in self._cases:
            self._cases[condition] = unused(f"case{len(self._cases) + 1}", self.names.values())
            self.lines.append(f"{self._cases[condition]} = {condition}")
        return self._cases[condition]

    def _holds(self, condition: Any, scope: tuple[Letter, ...]) -> str:
        match condition:
            case Compare(operator, left, right):
                sides = self.at(left, scope), self.at(right, scope)
                first = self._number(sides[0]) if plain(left) and plain(right) else sides[0]
                return f"{first.within(SUM)} {operator} {sides[1].within(SUM)}"
            case IndexCompare(operator, left, right):
                return self._compared(operator, left, right, scope)
            case And(conditions):
                return " & ".join(f"({self._holds(c, scope)})" for c in conditions)
            case Or(conditions):
                return " | ".join(f"({self._holds(c, scope)})" for c in conditions)
            case Not(inner):
                return f"~({self._holds(inner, scope)})"
            case _:
                raise ModelError("a fact is no condition", remedy="please report the model")

    def _compared(self, operator: str, left: Any, right: Any, scope: tuple[Letter, ...]) -> str:
        sides = [self.position(i, scope) for i in (left, right)]
        if plain(left) and plain(right):
            sides[0] = self._number(sides[0])
        return f"{sides[0].within(SUM)} {operator} {sides[1].within(SUM)}"

    # ------------------------------------------------------------ entries and positions

    def _entry(self, e: Entry, scope: tuple[Letter, ...]) -> Text:
        name = self.names[e.name]
        if not e.indices:
            return Text(name)
        letters = [i for i in e.indices if isinstance(i, Letter)]
        if len({*letters}) == len(letters) and all(isinstance(i, (Letter, Literal)) for i in e.indices):
            if len(letters) < len(e.indices):
                name += f"[{', '.join(str(i.value - 1) if isinstance(i, Literal) else ':' for i in e.indices)}]"
            order = tuple(sorted(range(len(letters)), key=lambda n: scope.index(letters[n])))
            if order != tuple(range(len(letters))):
                name = self.package.transposed(name, order)
            return Text(spread(name, tuple(letters[n] for n in order), scope))
        at = [self._clipped(i, axis, scope) for i, axis in zip(e.indices, self.program.axes_of(e.name), strict=True)]
        return Text(f"{name}[{', '.join(at)}]")

    def _clipped(self, index: Any, axis: Axis, scope: tuple[Letter, ...]) -> str:
        """A position within the axis: where it runs past the end, its entry is not asked for."""
        code = self.position(index, scope).code
        return self.package.clipped(code, f"n_{self.axes[axis]} - 1") if isinstance(index, Shift) else code

    def position(self, index: Any, scope: tuple[Letter, ...]) -> Text:
        """The index as a position from 0."""
        match index:
            case Letter():
                self.positions.setdefault(index.axis)
                return Text(spread(f"at_{self.axes[index.axis]}", (index,), scope))
            case Literal(value):
                return number_text(Fraction(value - 1))
            case Entry():
                return Text(f"{self._entry(index, scope).code} - 1", SUM)
            case _:
                return self._shifted(index, scope)

    def _shifted(self, index: Any, scope: tuple[Letter, ...]) -> Text:
        known = affine(index)
        if known is None:
            raise ModelError("an index that is a formula other than an entry is not compiled", remedy="give the positions as an input of their own")
        terms, constant = known
        words = ""
        for factor, atom in terms:
            constant += 0 if isinstance(atom, Size) else factor
            at = f"n_{self.axes[atom.axis]}" if isinstance(atom, Size) else self.position(atom, scope).code
            words += (" - " if words else "-") if factor < 0 else " + " if words else ""
            words += at if abs(factor) == 1 else f"{abs(factor)}*{at}"
        constant -= 1
        return Text(words + (f" + {constant}" if constant > 0 else f" - {-constant}" if constant else ""), SUM)


def spread(code: str, letters: tuple[Letter, ...], scope: tuple[Letter, ...]) -> str:
    """An array over letters, in the order of the scope, with axes of length 1 for the letters between and behind that it lacks."""
    if not letters:
        return code
    first = scope.index(letters[0])
    marks = [":" if i in letters else "None" for i in scope[first:]]
    while marks and marks[-1] == ":":
        marks.pop()
    return f"{code}[{', '.join(marks)}]" if "None" in marks else code


def taken_off(term: Expr) -> Expr | None:
    """What is taken off, where the term has a minus in front."""
    match term:
        case Number(value) if value < 0:
            return Number(-value)
        case Mul((Number(value), *rest)) if value < 0:
            return mul(*rest) if value == -1 else mul(Number(-value), *rest)
        case _:
            return None
